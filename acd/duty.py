"""What stands beside the rosters' files, over all nodes: who is away by command, and who was called in.

`acd.duty_redis` keeps it in Redis, `DutyInOneProcess` in memory. Every node may change it; who was slower looks again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

from acd.distributor import DistributorError, Unavailable
from events.catalogue import AgentAway, AgentBack, Event
from events.sink import Sink

MOST_AWAY = 2_000
LONGEST_AWAY_MS = 400 * 86_400_000
TRIES = 20
AUTHOR = "svar"
"""Whoever ends what ends by itself."""


class DutyError(DistributorError):
    """What somebody wanted of duty cannot be done; the message says why."""


@dataclass(frozen=True, slots=True)
class Away:
    """An agent who is away by command until a moment (epoch), and who stands in, where somebody does."""

    agent: str
    until_ms: int
    instead: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Came:
    """A reserve on duty, since when (epoch)."""

    agent: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A reserve who was asked and is not on duty by it: no, no_answer, unreachable; when that was (epoch)."""

    agent: str
    answer: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class CallIn:
    """A rule at work, from when it first held until all who came by it are released.

    `held_ms` is when it held last. While `calling` names somebody, `node` asks them, until `until_ms`; no other call
    ever has the same `call`, so that an answer to an earlier one changes nothing.
    """

    rule: str
    queue: str
    held_ms: int
    calling: str = ""
    call: int = 0
    node: str = ""
    called_ms: int = 0
    until_ms: int = 0
    came: tuple[Came, ...] = ()
    asked: tuple[Asked, ...] = ()

    @property
    def on_duty(self) -> tuple[str, ...]:
        return tuple(one.agent for one in self.came)


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it."""

    sequence: int = 0
    away: tuple[Away, ...] = ()
    calls: tuple[CallIn, ...] = ()

    def call_in(self, rule: str) -> CallIn | None:
        return next((one for one in self.calls if one.rule == rule), None)

    def absent(self, now_ms: int) -> dict[str, str]:
        """Who is away by command now, and who stands in ("": nobody)."""
        return {one.agent: one.instead for one in self.away if now_ms < one.until_ms}

    def with_call(self, rule: str, call_in: CallIn | None) -> "Standing":
        """This one in place of the rule's; None: it is at work no more."""
        others = tuple(one for one in self.calls if one.rule != rule)
        return replace(self, calls=others if call_in is None else (*others, call_in))


@dataclass(frozen=True, slots=True)
class Change:
    """A change that was not made yet, and what it tells."""

    to: Standing
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class By:
    """Who changes it, for the events."""

    author: str
    tenant: str
    node: str


class DutyStore(Protocol):
    """Every method raises Unavailable when the store cannot be reached."""

    async def standing(self) -> Standing: ...

    async def change(self, expected: int, change: Change) -> Standing | None:
        """Make a change and tell its events in one step. None: somebody was faster than `expected` (a sequence)."""

    async def changed(self, after: int, within_s: float) -> None:
        """Return when something changed past `after`, at the latest after `within_s`."""

    async def duty_told(self, queue: str) -> frozenset[str] | None:
        """Who is on duty as the distributor was told last, by whatever node; None: it was not, or has forgotten it."""


async def make(store: DutyStore, decide: Callable[[Standing], Change | None]) -> Standing:
    """Decide by what stands now, again when somebody was faster; None changes nothing. Raises what both raise."""
    for _ in range(TRIES):
        seen = await store.standing()
        change = decide(seen)
        if change is None:
            return seen
        made = await store.change(seen.sequence, change)
        if made is not None:
            return made
    raise Unavailable("others keep changing who is on duty; look at `svar roster today`")


# --- Absence by command -------------------------------------------------------------------------------------------


def go_away(standing: Standing, away: Away, now_ms: int, by: By) -> Change:
    """Be away from now on; for somebody who is, this counts instead. Raises DutyError."""
    others = tuple(one for one in standing.away if one.agent != away.agent)
    if not now_ms < away.until_ms <= now_ms + LONGEST_AWAY_MS:
        raise DutyError(f"the end has to be ahead, and within {LONGEST_AWAY_MS // 86_400_000} days")
    if away.instead == away.agent:
        raise DutyError(f"{away.agent} cannot stand in for {away.agent}")
    if len(others) >= MOST_AWAY:
        raise DutyError(f"{MOST_AWAY} agents are away already, which is the most")
    told = AgentAway(
        at_ms=now_ms, tenant=by.tenant, node=by.node, agent=away.agent, until_ms=away.until_ms, instead=away.instead,
        author=by.author,
    )  # fmt: skip
    return Change(replace(standing, away=(*others, replace(away, author=by.author))), (told,))


def come_back(standing: Standing, agent: str, now_ms: int, by: By) -> Change:
    """Be there again. Raises DutyError for somebody who is not away by command."""
    if all(one.agent != agent for one in standing.away):
        raise DutyError(f"{agent} is not away by command; an absence in a roster's file ends where it stands")
    left = tuple(one for one in standing.away if one.agent != agent)
    return Change(replace(standing, away=left), (_back(agent, now_ms, by, "command"),))


def swept(standing: Standing, now_ms: int, by: By) -> Change | None:
    """End the absences whose time is up; None where there are none."""
    over = [one.agent for one in standing.away if one.until_ms <= now_ms]
    if not over:
        return None
    left = tuple(one for one in standing.away if one.agent not in over)
    return Change(replace(standing, away=left), tuple(_back(agent, now_ms, by, "time_is_up") for agent in over))


def _back(agent: str, now_ms: int, by: By, cause: str) -> AgentBack:
    return AgentBack(
        at_ms=now_ms, tenant=by.tenant, node=by.node, agent=agent, author=by.author, cause=cause
    )  # fmt: skip


# --- Records ------------------------------------------------------------------------------------------------------


def standing_of(record: Mapping[str, Any]) -> Standing:
    """From a store's record; what a newer svar added is left out. Raises DutyError."""
    try:
        calls = tuple(
            CallIn(
                **{**_known(CallIn, one), "came": _all(Came, one.get("came")), "asked": _all(Asked, one.get("asked"))}
            )
            for one in record.get("calls") or ()
        )
        return Standing(int(record["sequence"]), _all(Away, record.get("away")), calls)
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise DutyError(f"the store's record of duty cannot be read: {error}") from None


def _all(kind: type, records: Sequence[Mapping[str, Any]] | None) -> tuple[Any, ...]:
    # An empty list of Lua's comes as an object.
    return tuple(kind(**_known(kind, one)) for one in records or ())


def _known(kind: type, record: Mapping[str, Any]) -> dict[str, Any]:
    names = {one.name for one in fields(kind)}
    return {name: value for name, value in record.items() if name in names}


class DutyInOneProcess:
    """A store in memory; `sink` hears the events."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._standing = Standing()
        self._moved = asyncio.Event()

    async def standing(self) -> Standing:
        return self._standing

    async def change(self, expected: int, change: Change) -> Standing | None:
        if expected != self._standing.sequence:
            return None
        self._standing = replace(change.to, sequence=max(expected, change.to.sequence) + 1)
        for event in change.events:
            self._sink.emit(event)
        self._moved.set()
        self._moved = asyncio.Event()
        return self._standing

    async def duty_told(self, queue: str) -> frozenset[str] | None:
        return None

    async def changed(self, after: int, within_s: float) -> None:
        if self._standing.sequence <= after:
            try:
                await asyncio.wait_for(self._moved.wait(), within_s)
            except TimeoutError:
                return
