"""Crises that are switched on, over all nodes: what is kept, what changes it, and where it is kept (a port).

Several may be on at once, since a flood does not wait until late payments are over. Each ends by itself.
`acd.crises_redis` keeps them in Redis, `CrisesInOneProcess` in memory.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Protocol

from acd.distributor import DistributorError, Unavailable
from events.catalogue import CrisisChanged
from events.sink import Sink

MOST_ON = 8
LONGEST_AUTHOR = 100
LONGEST_MESSAGE = 500
KEY_MS = 24 * 3_600_000
"""For how long after a crisis callers who ring again are known."""
AUTHOR = "svar"
"""Whoever ends a crisis whose time has come."""
TRIES = 10
SAID_S = 60
"""How long a node's word counts that it does not repeat."""


class CrisisError(DistributorError):
    """What somebody wanted of crises cannot be done; the message says why."""


class DamagedRecord(CrisisError):
    """What the store gave is no record of crises."""


@dataclass(frozen=True, slots=True)
class Running:
    """A crisis that is on. Times are the epoch's; `version` is that of the flows by which it was checked."""

    crisis: str
    since_ms: int
    until_ms: int
    author: str
    message: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """All that are on, the one that was switched on last at the end.

    `key` makes callers' numbers into what only tells whether two are the same; it goes 24 hours after the last end.
    """

    sequence: int = 0
    on: tuple[Running, ...] = ()
    key: str = field(default="", repr=False)
    key_until_ms: int = 0

    def running(self, crisis: str) -> Running | None:
        """The crisis of this name, where it is on."""
        return next((one for one in self.on if one.crisis == crisis), None)


@dataclass(frozen=True, slots=True)
class Change:
    """A change that was not made yet. `due_ms`: by the store's clock it must not be made before."""

    to: Standing
    events: tuple[CrisisChanged, ...] = ()
    due_ms: int = 0


@dataclass(frozen=True, slots=True)
class By:
    """Who changes it, for the events. Raises CrisisError."""

    author: str
    tenant: str
    node: str
    message: str = ""

    def __post_init__(self) -> None:
        if not self.author or len(self.author) > LONGEST_AUTHOR or not self.author.isprintable():
            raise CrisisError(f"author: expected 1 to {LONGEST_AUTHOR} printable characters")
        if len(self.message) > LONGEST_MESSAGE:
            raise CrisisError(f"message: {len(self.message)} characters, expected at most {LONGEST_MESSAGE}")


class CrisisStore(Protocol):
    """Every method raises Unavailable when the store cannot be reached, and DamagedRecord when it gives nonsense."""

    async def standing(self) -> Standing:
        """What is on; those whose time has come stand in it until somebody ends them."""

    async def change(self, expected: int, change: Change) -> Standing | None:
        """Make a change and tell its events in one step, by the store's clock, which sets a `since_ms` that is 0.

        None: somebody was faster than `expected` (a sequence), or it is not yet due.
        """

    async def changed(self, after: int, within_s: float) -> None:
        """Return when something changed past `after`, at the latest after `within_s`."""

    async def say(self, node: str, sequence: int) -> None:
        """A node's word that it follows what stands at `sequence`; it counts for `SAID_S`."""

    async def said(self, nodes: Sequence[str]) -> dict[str, int]:
        """The words of those of these nodes that gave one."""


def switch_on(standing: Standing, wish: Running, by: By, fresh_key: str) -> Change:
    """Switch it on; one that is on gets a new end, and is the last one again. Raises CrisisError."""
    others = tuple(one for one in standing.on if one.crisis != wish.crisis)
    if len(others) >= MOST_ON:
        raise CrisisError(f"{MOST_ON} crises are on already, which is the most; `svar crisis off NAME` ends one")
    before = standing.running(wish.crisis)
    running = replace(wish, since_ms=0 if before is None else before.since_ms, author=by.author, message=by.message)
    key, key_until_ms = standing.key or fresh_key, max(standing.key_until_ms, wish.until_ms + KEY_MS)
    cause = "switched_on" if before is None else "new_end"
    told = _told(running, by, cause, on=True)
    return Change(replace(standing, on=(*others, running), key=key, key_until_ms=key_until_ms), (told,))


def switch_off(standing: Standing, crisis: str, by: By) -> Change:
    """End it now. Raises CrisisError where it is not on."""
    running = standing.running(crisis)
    if running is None:
        raise CrisisError(f"the crisis {crisis!r} is not on; `svar crisis status` tells what is")
    rest = tuple(one for one in standing.on if one is not running)
    return Change(replace(standing, on=rest), (_told(running, by, "switched_off", on=False),))


def sweep(standing: Standing, now_ms: int, tenant: str, node: str) -> Change | None:
    """End those whose time has come, and forget the key when its time has; None: there is nothing to do."""
    over = [one for one in standing.on if one.until_ms <= now_ms]
    stale = bool(standing.key) and standing.key_until_ms <= now_ms
    if not over and not stale:
        return None
    by = By(AUTHOR, tenant, node)
    events = tuple(_told(one, by, "time_is_up", on=False) for one in over)
    to = replace(standing, on=tuple(one for one in standing.on if one not in over))
    due_ms = max((one.until_ms for one in over), default=0)
    if stale:
        to, due_ms = replace(to, key="", key_until_ms=0), max(due_ms, standing.key_until_ms)
    return Change(to, events, due_ms)


async def make(store: CrisisStore, decide: Callable[[Standing], Change]) -> Standing:
    """Decide by what is on now, again when somebody was faster. Raises what both raise."""
    for _ in range(TRIES):
        seen = await store.standing()
        made = await store.change(seen.sequence, decide(seen))
        if made is not None:
            return made
    raise Unavailable("others keep changing what crises are on; look at `svar crisis status`")


async def swept(store: CrisisStore, now_ms: int, tenant: str, node: str) -> Standing:
    """What is on, after those whose time has come were ended, by this or by somebody else."""
    seen = await store.standing()
    change = sweep(seen, now_ms, tenant, node)
    if change is None:
        return seen
    return await store.change(seen.sequence, change) or await store.standing()


def standing_of(record: Mapping[str, Any]) -> Standing:
    """From a store's record; what a newer svar added is left out. Raises DamagedRecord."""
    try:
        # An empty list of Lua's comes as an object.
        on = tuple(Running(**_known(Running, one)) for one in record.get("on") or ())
        return Standing(**{**_known(Standing, record), "on": on})
    except (TypeError, AttributeError) as error:
        raise DamagedRecord(f"the store's record of crises cannot be read: {error}") from None


def _known(kind: type, record: Mapping[str, Any]) -> dict[str, Any]:
    names = {one.name for one in fields(kind)}
    return {name: value for name, value in record.items() if name in names}


def _told(running: Running, by: By, cause: str, *, on: bool) -> CrisisChanged:
    return CrisisChanged(
        at_ms=0, tenant=by.tenant, node=by.node, crisis=running.crisis, on=on, until_ms=running.until_ms,
        author=by.author, cause=cause, message=by.message, flow_version=running.version,
    )  # fmt: skip


class CrisesInOneProcess:
    """A store in memory; `sink` hears the events."""

    def __init__(self, sink: Sink, now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self._sink = sink
        self._now_ms = now_ms
        self._standing = Standing()
        self._moved = asyncio.Event()
        self._said: dict[str, int] = {}

    async def standing(self) -> Standing:
        return self._standing

    async def change(self, expected: int, change: Change) -> Standing | None:
        now_ms = self._now_ms()
        if expected != self._standing.sequence or now_ms < change.due_ms:
            return None
        on = tuple(replace(one, since_ms=one.since_ms or now_ms) for one in change.to.on)
        self._standing = replace(change.to, sequence=max(expected, change.to.sequence) + 1, on=on)
        for event in change.events:
            self._sink.emit(replace(event, at_ms=now_ms))
        self._moved.set()
        self._moved = asyncio.Event()
        return self._standing

    async def changed(self, after: int, within_s: float) -> None:
        if self._standing.sequence <= after:
            await _within(self._moved.wait(), within_s)

    async def say(self, node: str, sequence: int) -> None:
        self._said[node] = sequence

    async def said(self, nodes: Sequence[str]) -> dict[str, int]:
        return {node: self._said[node] for node in nodes if node in self._said}


async def _within(waiting: Awaitable[object], within_s: float) -> None:
    try:
        await asyncio.wait_for(waiting, within_s)
    except TimeoutError:
        return
