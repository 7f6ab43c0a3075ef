"""Crises: what is prepared for one (`flows/crises/NAME.yaml`), and the Crises port, which tells which ones are on.

A crisis that is on changes flows only where the flows' version of the contact knows it: its message is said by
`message` nodes with `crisis: true`, and its head starts and deflections count at `queue` nodes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ivr.language.expression import Expression, Scalar
from ivr.language.prompting import Said

Values = Callable[[str], Scalar]


@dataclass(frozen=True, slots=True)
class HeadStart:
    """Callers of `queue` who are let through first, by `by_s` seconds; only those for whom `when` holds."""

    queue: str
    by_s: int
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Deflection:
    """What callers of `queue` are told instead of waiting. Where it `ends`, they wait only by pressing `stay`."""

    queue: str
    say: Said
    ends: bool
    stay: str = ""
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Crisis:
    """One prepared crisis. Without `flows` it is heard in all of them; it may be on for `longest_s` at most."""

    name: str
    title: str
    message: Said
    flows: frozenset[str] = frozenset()
    first: tuple[HeadStart, ...] = ()
    deflect: tuple[Deflection, ...] = ()
    longest_s: float = 7 * 86_400.0

    def said(self) -> list[Said]:
        """Everything that may be said in it."""
        return [self.message, *(each.say for each in self.deflect)]

    def is_heard_in(self, flows: Sequence[str]) -> bool:
        """Whether it is meant for a caller in one of these flows."""
        return not self.flows or not self.flows.isdisjoint(flows)

    def head_start_s(self, queue: str, values: Values) -> int:
        """The greatest head start that the caller gets in `queue`."""
        return max((each.by_s for each in self.first if each.queue == queue and holds(each.when, values)), default=0)

    def deflection(self, queue: str, values: Values) -> Deflection | None:
        """What the caller is told instead of waiting in `queue`."""
        return next((each for each in self.deflect if each.queue == queue and holds(each.when, values)), None)


def holds(when: Expression | None, values: Values) -> bool:
    """Whether a condition holds, or is none."""
    return when is None or bool(when.evaluate(values))


@dataclass(frozen=True, slots=True)
class CrisisOn:
    """A crisis that somebody switched on. Times are the epoch's milliseconds; it ends by itself at `until_ms`."""

    crisis: str
    since_ms: int
    until_ms: int
    author: str


class Crises(Protocol):
    """Which crises are on. Read for every caller, so nothing here waits."""

    def on(self, now_ms: int) -> Sequence[CrisisOn]:
        """Those that are on at this moment, the one that was switched on last first."""


class CrisesInMemory:
    """Crises of one process, for the simulator and for tests."""

    def __init__(self, *on: CrisisOn) -> None:
        self._on = {each.crisis: each for each in on}

    def switch_on(self, on: CrisisOn) -> None:
        """From now on, or until another moment than before."""
        self._on.pop(on.crisis, None)
        self._on[on.crisis] = on

    def switch_off(self, crisis: str) -> None:
        self._on.pop(crisis, None)

    def on(self, now_ms: int) -> Sequence[CrisisOn]:
        return [on for on in reversed(self._on.values()) if on.since_ms <= now_ms < on.until_ms]


def crisis_now(
    crises: Crises | None, prepared: Mapping[str, Crisis], flows: Sequence[str], now_ms: int
) -> Crisis | None:
    """The crisis that a caller in these flows meets; of several the one that was switched on last."""
    if crises is None or not prepared:
        return None
    for on in crises.on(now_ms):
        crisis = prepared.get(on.crisis)
        if crisis is not None and crisis.is_heard_in(flows):
            return crisis
    return None
