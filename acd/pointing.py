"""What publishing, canaries and rolling back do to the pointer: pure, so that every store does the same."""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from acd.versions import (
    LONGEST_AUTHOR,
    LONGEST_MESSAGE,
    Canary,
    Move,
    Pointer,
    VersionError,
    VersionId,
    VersionStore,
    short,
)
from events.catalogue import CanaryEnded, CanaryStarted, Event, FlowsPublished, FlowsRolledBack

BACK = ("rolled_back",)
FORWARD = ("published", "promoted")


class Pointless(VersionError):
    """The move would change nothing, or has nothing to begin from."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who moves the pointer, and why: both go into the history and the events."""

    author: str
    message: str
    tenant: str
    node: str

    def __post_init__(self) -> None:
        """Raises VersionError."""
        if not self.author or len(self.author) > LONGEST_AUTHOR or not self.author.isprintable():
            raise VersionError(f"author: expected 1 to {LONGEST_AUTHOR} printable characters")
        if len(self.message) > LONGEST_MESSAGE:
            raise VersionError(f"message: {len(self.message)} characters, expected at most {LONGEST_MESSAGE}")


@dataclass(frozen=True, slots=True)
class Step:
    """A move that has not been made: where the pointer goes, how it is remembered, what is told."""

    to: Pointer
    move: Move
    events: tuple[Event, ...]


def publish(pointer: Pointer, version: VersionId, who: Who, *, forced: bool = False) -> Step:
    """All new contacts get `version`. Raises Pointless."""
    if pointer.active == version and pointer.canary is None:
        raise Pointless(f"version {short(version)} is in service already")
    what = "promoted" if pointer.canary is not None and pointer.canary.version == version else "published"
    ended = _ended(pointer, who, "promoted" if what == "promoted" else "replaced")
    told = FlowsPublished(
        at_ms=_now_ms(), tenant=who.tenant, node=who.node, flow_version=short(version), previous=short(pointer.active),
        author=who.author, message=who.message, forced=forced,
    )  # fmt: skip
    events = (*ended, *([told] if pointer.active != version else []))
    return _step(pointer, what, who, events, active=version, cause="forced" if forced else "")


def start_canary(
    pointer: Pointer, version: VersionId, share: float, who: Who, *, promote_after_s: int = 0, forced: bool = False
) -> Step:
    """A share of new contacts gets `version`. Raises Pointless, and VersionError for a share that is none."""
    if not 0 < share < 1:
        raise VersionError(f"share {share:.0%}: expected more than 0 % and less than 100 %")
    if not pointer.active:
        raise Pointless(
            "nothing is published yet, so the other callers would have no version: "
            "publish what is in service now without --share, then the change with it"
        )
    if version == pointer.active:
        raise Pointless(f"version {short(version)} is in service already")
    canary = Canary(version, share, who.author, promote_after_s=promote_after_s)
    told = CanaryStarted(
        at_ms=_now_ms(), tenant=who.tenant, node=who.node, flow_version=short(version), active=short(pointer.active),
        share=share, author=who.author, message=who.message,
    )  # fmt: skip
    events = (*_ended(pointer, who, "replaced"), told)
    return _step(
        pointer, "canary_started", who, events, active=pointer.active, canary=canary, cause="forced" if forced else ""
    )


def end_canary(pointer: Pointer, who: Who, cause: str) -> Step:
    """Nobody gets the canary any more; `cause` as in `CanaryEnded`. Raises Pointless."""
    if pointer.canary is None:
        raise Pointless("there is no canary")
    events = _ended(pointer, who, cause)
    step = _step(pointer, "canary_ended", who, events, active=pointer.active, cause=cause)
    return replace(step, move=replace(step.move, canary=pointer.canary.version))


def roll_back(pointer: Pointer, version: VersionId, who: Who) -> Step:
    """All new contacts get an earlier version again. Raises Pointless."""
    if pointer.active == version and pointer.canary is None:
        raise Pointless(f"version {short(version)} is in service already")
    told = FlowsRolledBack(
        at_ms=_now_ms(), tenant=who.tenant, node=who.node, flow_version=short(version), previous=short(pointer.active),
        author=who.author, message=who.message,
    )  # fmt: skip
    return _step(pointer, "rolled_back", who, (*_ended(pointer, who, "withdrawn"), told), active=version)


def before(moves: Sequence[Move]) -> VersionId:
    """The version that was in service before the one that is, rollbacks undone; `moves` have the newest first.

    Raises Pointless where none is remembered.
    """
    trail: list[VersionId] = []
    for move in reversed(moves):
        if move.what in BACK and move.active in trail:
            del trail[trail.index(move.active) + 1 :]
        elif move.what in (*FORWARD, *BACK) and trail[-1:] != [move.active]:
            trail.append(move.active)
    if len(trail) < 2:
        raise Pointless("no version is known to have been in service before; `svar versions` lists those there are")
    return trail[-2]


async def make(store: VersionStore, seen: Pointer, decide: Callable[[Pointer], Step]) -> Pointer:
    """Decide from the pointer as it was seen, and move it if it still stands there. Raises what both raise."""
    step = decide(seen)
    return await store.move(seen.sequence, step.to, step.move, step.events)


def _ended(pointer: Pointer, who: Who, cause: str) -> tuple[Event, ...]:
    if pointer.canary is None:
        return ()
    return (
        CanaryEnded(
            at_ms=_now_ms(), tenant=who.tenant, node=who.node, flow_version=short(pointer.canary.version),
            active=short(pointer.active), cause=cause, author=who.author, message=who.message,
        ),
    )  # fmt: skip


def _step(
    pointer: Pointer,
    what: str,
    who: Who,
    events: tuple[Event, ...],
    *,
    active: VersionId,
    canary: Canary | None = None,
    cause: str = "",
) -> Step:
    salt = pointer.salt or secrets.token_hex(16)
    to = Pointer(pointer.sequence, active, canary, salt)
    name, share = (canary.version, canary.share) if canary is not None else ("", 0.0)
    return Step(to, Move(what, who.author, who.message, active, name, share, cause), events)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
