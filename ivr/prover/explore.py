"""Follows every move of every state, once: states with the same future are one, so loops and counters end."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product

from ivr.language.prompting import CHARACTERS_PER_S, Said
from ivr.language.unknowns import CannotWorkError
from ivr.language.ways import UNKNOWN, Known, Move, Reached
from ivr.prover.landscape import Landscape
from ivr.prover.moments import LONGEST_CALL_S, Timeline
from ivr.prover.state import Caller, Here, Moment, State, kept, reached_after
from ivr.running.run import MOST_FRAMES

MOST_STATES = 200_000
_CHOSEN = frozenset({"press", "records", "hang_up"})


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """One move from a state; `target` None: the call ends. `sets` are the variables' values that it gives.

    `chosen`: the caller has to do something for it. `ages`: the caller waits in a queue meanwhile, and the hours ahead
    will be others before the day is over, so that nobody goes round for ever by it.
    """

    source: int
    move: Move
    target: int | None
    reached: Reached | None
    speech_s: float
    sets: tuple[tuple[str, Known], ...] = ()
    ages: bool = False
    chosen: bool = False

    @property
    def talked(self) -> bool:
        return self.move.reached in (Reached.PERSON, Reached.PARTNER)

    @property
    def takes_s(self) -> float:
        """Speech and silence, the time in queues left out."""
        return self.speech_s + self.move.waits_s


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong that shows at one state, before the whole is seen; `edge` is the move that shows it."""

    kind: str
    state: int
    message: str
    edge: Edge | None = None


@dataclass(slots=True)
class Graph:
    """All states within reach and the moves between them, by the states' numbers; the first `starts` begin calls."""

    states: list[State] = field(default_factory=list)
    moves: list[list[Edge]] = field(default_factory=list)
    parents: list[Edge | None] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)
    starts: int = 0
    complete: bool = True

    def edges(self) -> Iterator[Edge]:
        return (edge for moves in self.moves for edge in moves)


def explore(land: Landscape, time: Timeline, crises: Iterable[str]) -> Graph:
    """The graph of a flow's callers, over all classes of moments, crises and numbers."""
    return _Explorer(land, time).whole(crises)


class _LostError(Exception):
    """A caller for whom there is no way on."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class _Explorer:
    def __init__(self, land: Landscape, time: Timeline) -> None:
        self._land = land
        self._time = time
        self._graph = Graph()
        self._ids: dict[State, int] = {}
        self._ahead: deque[int] = deque()
        self._lengths: dict[tuple[Said, str], float] = {}

    def whole(self, crises: Iterable[str]) -> Graph:
        graph = self._graph
        for state in self._starts(crises):
            self._number(state)
        graph.starts = len(graph.states)
        while self._ahead:
            if len(graph.states) > MOST_STATES:
                graph.complete = False
                break
            self._expand(self._ahead.popleft())
        graph.moves += [[] for _ in graph.states[len(graph.moves) :]]
        return graph

    def _starts(self, crises: Iterable[str]) -> Iterator[State]:
        flow = self._land.root
        names = self._land.kept(flow.flow)
        numbers = flow.numbers if "number" in names else flow.numbers[:1]
        diverted = self._land.values(flow.flow, "diverted_from", str) if "diverted_from" in names else ("",)
        for crisis, number, from_, origin in product(crises, numbers or [""], diverted, self._time.classes):
            values: dict[str, Known] = dict(flow.first_variables(number, self._land.settings))
            values |= {"crisis": crisis, "diverted_from": from_}
            yield self._placed(State(flow.flow, flow.start, kept(values, names)), Moment(origin, origin))

    def _placed(self, state: State, moment: Moment | None) -> State:
        """With the moment only where it matters ahead: callers who will not be asked are the same at any time."""
        minds = self._land.minds_time
        places = [(state.flow, state.node), *((frame.flow, frame.node) for frame in state.frames)]
        return replace(state, moment=moment if any(place in minds for place in places) else None)

    def _number(self, state: State, parent: Edge | None = None) -> int:
        found = self._ids.get(state)
        if found is None:
            found = self._ids[state] = len(self._graph.states)
            self._graph.states.append(state)
            self._graph.parents.append(None)
            self._ahead.append(found)
        return found

    def _expand(self, at: int) -> None:
        graph, state = self._graph, self._graph.states[at]
        assert len(graph.moves) == at
        graph.moves.append([])
        node = self._land.flows[state.flow].nodes.get(state.node)
        if node is None:
            self._flaw("no_node", at, f"there is no node {state.node!r} in the flow {state.flow!r}")
            return
        try:
            moves = list(node.moves(Here(self._land, self._time, state)))
        except CannotWorkError as error:
            self._flaw("expression", at, str(error))
            return
        for move in _once(moves):
            for sets in self._given(state, move):
                self._follow(at, state, move, sets)

    def _given(self, state: State, move: Move) -> Iterator[dict[str, Known]]:
        """The values that the move may give, one of each kind that the flow's conditions can tell apart."""
        names = self._land.kept(state.flow)
        types = self._land.types(state.flow)
        sets = {name: value for name, value in move.sets.items() if name in names}
        choices = []
        for name, value in sets.items():
            open_ = value is UNKNOWN and name in types
            choices.append(self._land.values(state.flow, name, types[name]) if open_ else (value,))
        for values in product(*choices):
            yield dict(zip(sets, values, strict=True))

    def _follow(self, at: int, state: State, move: Move, sets: dict[str, Known]) -> None:
        try:
            after = self._next(state, move, sets)
        except _LostError as lost:
            self._flaw(lost.kind, at, str(lost))
            return
        language = str(state.value("language"))
        speech_s = sum(self._speech_s(said, language) for said in move.said)
        reached = reached_after(state.reached, move)
        given = tuple(sets.items())
        chosen = any(act.kind in _CHOSEN for act in move.acts)
        if after is None:
            self._graph.moves[at].append(Edge(at, move, None, reached, speech_s, given, chosen=chosen))
            return
        after = replace(after, reached=reached)
        ages = move.queued_s > 0 and self._goes_on(state.moment)
        for moment in self._moments(state, speech_s + move.waits_s + move.queued_s, queued=move.queued_s > 0):
            target = self._number(self._placed(after, moment))
            edge = Edge(at, move, target, reached, speech_s, given, ages, chosen)
            self._graph.moves[at].append(edge)
            if self._graph.parents[target] is None and target >= self._graph.starts:
                self._graph.parents[target] = edge

    def _goes_on(self, moment: Moment | None) -> bool:
        """Whether a later stretch is followed."""
        return (
            moment is not None and len(self._time.later(moment.origin, moment.index, LONGEST_CALL_S, queued=True)) > 1
        )

    def _moments(self, state: State, took_s: float, *, queued: bool) -> Iterator[Moment | None]:
        moment = state.moment
        if moment is None:
            yield None
        elif took_s <= 0:
            yield moment
        else:
            for index in self._time.later(moment.origin, moment.index, took_s, queued=queued):
                yield Moment(moment.origin, index)

    def _next(self, state: State, move: Move, sets: dict[str, Known]) -> State | None:
        """Where the caller is then; None where the call ends. Raises _LostError where nobody knows how to go on."""
        if move.enters:
            return self._entered(state, move)
        if move.returns:
            return self._returned(state, move)
        if move.way is None or move.way.target is None:
            return None
        values = {**dict(state.variables), **sets}
        variables = kept(values, self._land.kept(state.flow))
        return replace(state, node=move.way.target, variables=variables)

    def _entered(self, state: State, move: Move) -> State:
        flow = self._land.flows.get(move.enters)
        if flow is None:
            raise _LostError("no_flow", f"there is no flow {move.enters!r}")
        called = [*(frame.flow for frame in state.frames), state.flow]
        if flow.flow in called or len(called) > MOST_FRAMES:
            circle = " > ".join([*called, flow.flow])
            raise _LostError("recursion", f"flows call each other in a circle: {circle}")
        ours = dict(state.variables)
        values: dict[str, Known] = dict(flow.first_variables("", self._land.settings))
        language = str(ours["language"])
        values |= {name: ours[name] for name in ("number", "diverted_from", "crisis") if name in ours}
        values["language"] = language if language in flow.languages else flow.languages[0]
        values |= move.gives
        frame = Caller(state.flow, state.node, state.variables)
        variables = kept(values, self._land.kept(flow.flow))
        return State(flow.flow, flow.start, variables, frames=(*state.frames, frame))

    def _returned(self, state: State, move: Move) -> State:
        if not state.frames:
            raise _LostError("no_caller", f"the flow {state.flow!r} returns, and none called it")
        frame = state.frames[-1]
        node = self._land.flows[frame.flow].nodes[frame.node]
        ways = [way for way in node.ways() if way.kind == "result" and way.detail in (move.returns, "")]
        way = next(iter(sorted(ways, key=lambda way: way.detail == "")), None)
        if way is None or way.target is None:
            message = f"the flow {state.flow!r} gives {move.returns!r}, for which {frame.node!r} has no way"
            raise _LostError("no_result", message)
        values = dict(frame.variables)
        languages = self._land.flows[frame.flow].languages
        for ours, theirs in self._takes(frame).items():
            value = self._left(state, theirs)
            if ours != "language" or value in languages:
                values[ours] = value
        variables = kept(values, self._land.kept(frame.flow))
        return State(frame.flow, way.target, variables, frames=state.frames[:-1])

    def _left(self, state: State, name: str) -> Known:
        found = state.value(name)
        return self._land.flows[state.flow].unset(name) if found is None else found

    def _takes(self, frame: Caller) -> dict[str, str]:
        taken = getattr(self._land.flows[frame.flow].nodes[frame.node], "take", {})
        return {ours: theirs for ours, theirs in taken.items() if isinstance(theirs, str)}

    def _flaw(self, kind: str, at: int, message: str) -> None:
        self._graph.flaws.append(Flaw(kind, at, message))

    def _speech_s(self, said: Said, language: str) -> float:
        key = (said, language)
        if key not in self._lengths:
            self._lengths[key] = len(said.text(language)[1]) / CHARACTERS_PER_S if said.texts else 0.0
        return self._lengths[key]


def _once(moves: list[Move]) -> Iterator[Move]:
    """A node that names each result of a sub-flow enters it once all the same."""
    entered: set[str] = set()
    for move in moves:
        if not move.enters or move.enters not in entered:
            entered.add(move.enters)
            yield move
