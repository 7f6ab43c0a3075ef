"""What a crisis did: who heard its message, hung up early, was told something instead of waiting, and rang again.

Callers are known by a keyed hash of their number, in memory only: after a restart nobody who rang before it is seen to
ring again.
"""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import TypeVar

from events.catalogue import ContactEnded, ContactStarted, CrisisDeflected, CrisisHeard, Event
from metrics.fold import Part, Route

K = TypeVar("K")
V = TypeVar("V")

HUNG_UP_WITHIN_MS = 10_000
"""Who hangs up during the message, or this soon after it, hung up on it."""
RANG_AGAIN_WITHIN_MS = 24 * 3_600_000
MOST_CONTACTS = 20_000
MOST_CALLERS = 100_000
MOST_CRISES = 200


@dataclass(slots=True)
class CrisisFigures:
    """Contacts, but `rang_again`: callers who rang again within 24 hours, each once."""

    heard: int = 0
    hung_up: int = 0
    deflected: int = 0
    stayed: int = 0
    rang_again: int = 0


@dataclass(slots=True)
class _Met:
    """A caller who met a crisis, and when last; `again` when they have rung again."""

    at_ms: int
    again: bool = False


class Crises:
    """The fold. Past the bounds the oldest contacts and callers are forgotten, and new crises are not counted."""

    name = "crises.1"

    def __init__(self, *, salt: bytes = b"") -> None:
        self.figures: dict[str, CrisisFigures] = {}
        self._salt = salt or secrets.token_bytes(16)
        self._changed: set[str] = set()
        self._callers: dict[str, bytes] = {}
        self._hearing: dict[str, tuple[str, int]] = {}
        self._met: dict[tuple[str, bytes], _Met] = {}

    def routes(self) -> Mapping[type[Event], Route]:
        return {
            ContactStarted: self._on_started,
            CrisisHeard: self._on_heard,
            CrisisDeflected: self._on_deflected,
            ContactEnded: self._on_ended,
        }

    def snapshot(self) -> dict[str, Part]:
        return {crisis: asdict(figures) for crisis, figures in self.figures.items()}

    def changes(self) -> dict[str, Part]:
        changed, self._changed = self._changed, set()
        return {crisis: asdict(self.figures[crisis]) for crisis in changed}

    def restore(self, parts: Mapping[str, Part]) -> None:
        self.figures = {crisis: CrisisFigures(**part) for crisis, part in parts.items()}

    def _on_started(self, event: ContactStarted) -> None:
        if not event.pii_caller:
            return
        caller = blake2b(event.pii_caller.encode(), digest_size=16, key=self._salt).digest()
        _bound(self._callers, MOST_CONTACTS)
        self._callers[event.contact] = caller
        for crisis in self.figures:
            met = self._met.get((crisis, caller))
            if met is not None and not met.again and 0 <= event.at_ms - met.at_ms <= RANG_AGAIN_WITHIN_MS:
                met.again = True
                self._count(crisis, "rang_again")

    def _on_heard(self, event: CrisisHeard) -> None:
        self._count(event.crisis, "heard")
        _bound(self._hearing, MOST_CONTACTS)
        self._hearing[event.contact] = (event.crisis, event.at_ms + event.lasts_ms + HUNG_UP_WITHIN_MS)
        self._meet(event.crisis, event.contact, event.at_ms)

    def _on_deflected(self, event: CrisisDeflected) -> None:
        self._count(event.crisis, "stayed" if event.outcome == "stayed" else "deflected")
        self._meet(event.crisis, event.contact, event.at_ms)

    def _on_ended(self, event: ContactEnded) -> None:
        self._callers.pop(event.contact, None)
        crisis, until_ms = self._hearing.pop(event.contact, ("", 0))
        if crisis and event.cause == "caller_hung_up" and event.at_ms <= until_ms:
            self._count(crisis, "hung_up")

    def _meet(self, crisis: str, contact: str, at_ms: int) -> None:
        caller = self._callers.get(contact)
        if caller is None:
            return
        met = self._met.get((crisis, caller))
        if met is not None:
            met.at_ms = at_ms
            return
        _bound(self._met, MOST_CALLERS)
        self._met[crisis, caller] = _Met(at_ms)

    def _count(self, crisis: str, what: str) -> None:
        figures = self.figures.get(crisis)
        if figures is None:
            if len(self.figures) >= MOST_CRISES:
                return
            figures = self.figures[crisis] = CrisisFigures()
        setattr(figures, what, getattr(figures, what) + 1)
        self._changed.add(crisis)


def _bound(kept: dict[K, V], most: int) -> None:
    if len(kept) >= most:
        del kept[next(iter(kept))]
