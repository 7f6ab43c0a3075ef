"""Where a caller may stand, as far as it matters to where they may get: the prover's abstract state."""

from collections.abc import Mapping
from dataclasses import dataclass

from ivr.language.calendar import Opening
from ivr.language.crises import Crisis
from ivr.language.expression import Expression
from ivr.language.unknowns import result
from ivr.language.ways import UNKNOWN, Known, Move, Reached
from ivr.prover.landscape import Landscape
from ivr.prover.moments import Timeline

Variables = tuple[tuple[str, Known], ...]
"""Values by name, in the order of names."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A flow that called another one; its node that called, and its variables."""

    flow: str
    node: str
    variables: Variables


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of the timeline, and the one in which the caller came."""

    origin: int
    index: int


@dataclass(frozen=True, slots=True)
class State:
    """A caller at a node. `moment` is None where no node ahead asks for it.

    `reached` is what the caller got last; None when it was silence, a wait or a key since then.
    """

    flow: str
    node: str
    variables: Variables
    moment: Moment | None = None
    reached: Reached | None = None
    frames: tuple[Caller, ...] = ()

    def value(self, name: str) -> Known | None:
        """A variable's value, if it has one."""
        return next((value for each, value in self.variables if each == name), None)


def kept(values: Mapping[str, Known], names: frozenset[str]) -> Variables:
    """The values as a state has them."""
    return tuple(sorted((name, value) for name, value in values.items() if name in names))


class Here:
    """What nodes may ask of a state: `ivr.language.ways.Moment`."""

    __slots__ = ("_flow", "_land", "_state", "_time", "_types", "_values")

    def __init__(self, land: Landscape, time: Timeline, state: State) -> None:
        self._land = land
        self._time = time
        self._state = state
        self._flow = land.flows[state.flow]
        self._values = dict(state.variables)
        self._types = land.types(state.flow)

    @property
    def language(self) -> str:
        return str(self._values["language"])

    @property
    def crisis(self) -> str:
        prepared = self.prepared
        return "" if prepared is None else prepared.name

    @property
    def prepared(self) -> Crisis | None:
        crisis = self._land.book.crises.get(str(self._values["crisis"]))
        heard = crisis is not None and crisis.is_heard_in(self._flows())
        return crisis if heard else None

    def _flows(self) -> list[str]:
        return [self._state.flow, *(frame.flow for frame in self._state.frames)]

    @property
    def in_use(self) -> frozenset[str]:
        return frozenset(self._flow.languages)

    def opening(self, calendar: str) -> Opening:
        return self._time.opening(self._index(), calendar)

    def between(self, from_ms: int | None, until_ms: int | None) -> bool:
        return self._time.between(self._index(), from_ms, until_ms)

    def _index(self) -> int:
        assert self._state.moment is not None, "a node that asks for the moment says so by needs() or changes_at()"
        return self._state.moment.index

    def value(self, name: str) -> Known:
        if name == "crisis":
            return self.crisis
        found = self._values.get(name)
        return self._flow.unset(name) if found is None else found

    def holds(self, condition: Expression) -> tuple[bool, ...]:
        found = self.result(condition)
        return (True, False) if found is UNKNOWN else (bool(found),)

    def result(self, expression: Expression) -> Known:
        """Raises CannotWorkError where it fails for this caller."""
        return result(expression, self.value, self._types)

    def values(self, variable: str, kind: type) -> tuple[Known, ...]:
        return self._land.values(self._state.flow, variable, kind)

    def results(self, flow: str) -> tuple[str, ...]:
        called = self._land.flows.get(flow)
        nodes = called.nodes.values() if called is not None else ()
        return tuple(dict.fromkeys(str(node.result) for node in nodes if hasattr(node, "result")))


_LASTING = frozenset({Reached.PERSON, Reached.PARTNER, Reached.CALLBACK, Reached.VOICEMAIL})


def reached_after(before: Reached | None, move: Move) -> Reached | None:
    """What the caller got last, after a move. Who got what they rang for keeps it until they wait in vain again."""
    if move.reached is not None:
        polite = move.reached in (Reached.MESSAGE, Reached.GOODBYE)
        return before if polite and before in _LASTING else move.reached
    vain = move.queued_s > 0 or any(act.kind in ("nobody", "full") for act in move.acts)
    if before in _LASTING and not vain:
        return before
    if vain or move.waits_s > 0 or move.acts:
        return None
    return Reached.MESSAGE if move.said else before
