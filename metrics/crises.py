"""What crises do to callers: who heard the message, hung up at it, was told something instead of waiting, rang again.

Callers are known by the key that events carry during a crisis (`pii_caller_key`), and in memory only: after a restart
nobody who rang before it is seen to ring again, which `forgotten` tells.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

from events.catalogue import ContactEnded, ContactStarted, CrisisChanged, CrisisDeflected, CrisisHeard, Event
from metrics.counters import OTHER, Labels
from metrics.fold import Part, Route

K = TypeVar("K")
V = TypeVar("V")

HUNG_UP_WITHIN_MS = 10_000
"""Who hangs up during the message, or this soon after it, hung up on it."""
RANG_AGAIN_WITHIN_MS = 24 * 3_600_000
MOST_CONTACTS = 20_000
MOST_CALLERS = 100_000
MOST_CRISES = 16
OUTCOMES = ("ended", "stayed", "told")


@dataclass(slots=True)
class Tally:
    """Contacts that heard the message, hung up on it, and by what came of a deflection: ended, stayed, told.

    Callers, each once: `rang_again` within 24 hours; of them and of others `known` can be seen to do so, and
    `forgotten` could have been, but the process was started again, or there were too many.
    """

    heard: int = 0
    hung_up: int = 0
    ended: int = 0
    stayed: int = 0
    told: int = 0
    rang_again: int = 0
    known: int = 0
    forgotten: int = 0


@dataclass(slots=True)
class CrisisFigures:
    """Of one crisis: `total` of all times, `last` since it was last switched on, at `since_ms` (0: never seen)."""

    since_ms: int = 0
    total: Tally = field(default_factory=Tally)
    last: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class _Met:
    """A caller who met a crisis, and when last; `again` when they have rung again."""

    at_ms: int
    since_ms: int
    again: bool = False


class Crises:
    """The fold. Past the bounds the oldest contacts and callers are forgotten, and new crises are `(other)`."""

    name = "crises.1"

    def __init__(self) -> None:
        self.figures: dict[str, CrisisFigures] = {}
        self._changed: set[str] = set()
        self._callers: dict[str, str] = {}
        self._hearing: dict[str, tuple[str, int]] = {}
        self._met: dict[tuple[str, str], _Met] = {}

    def routes(self) -> Mapping[type[Event], Route]:
        return {
            CrisisChanged: self._on_changed,
            ContactStarted: self._on_started,
            CrisisHeard: self._on_heard,
            CrisisDeflected: self._on_deflected,
            ContactEnded: self._on_ended,
        }

    def counts(self, what: str) -> dict[Labels, int]:
        """A field of `Tally` by crisis, of all times."""
        return {(crisis,): getattr(figures.total, what) for crisis, figures in self.figures.items()}

    def deflections(self) -> dict[Labels, int]:
        """By crisis and outcome, of all times."""
        tallies = {crisis: figures.total for crisis, figures in self.figures.items()}
        return {(crisis, outcome): getattr(tally, outcome) for crisis, tally in tallies.items() for outcome in OUTCOMES}

    # --- Events -----------------------------------------------------------------------------------------------------

    def _on_changed(self, event: CrisisChanged) -> None:
        if event.cause == "switched_on":
            figures = self._of(self._label(event.crisis))
            figures.since_ms, figures.last = event.at_ms, Tally()

    def _on_started(self, event: ContactStarted) -> None:
        caller = event.pii_caller_key
        if not caller:
            return
        _bound(self._callers, MOST_CONTACTS)
        self._callers[event.contact] = caller
        for crisis in self.figures:
            met = self._met.get((crisis, caller))
            if met is not None and not met.again and 0 <= event.at_ms - met.at_ms <= RANG_AGAIN_WITHIN_MS:
                met.again = True
                self._count(crisis, "rang_again", since_ms=met.since_ms)

    def _on_heard(self, event: CrisisHeard) -> None:
        crisis = self._label(event.crisis)
        # Who changes the language hears it again, and is still one who heard it.
        if self._hearing.pop(event.contact, ("", 0))[0] != crisis:
            self._count(crisis, "heard")
        _bound(self._hearing, MOST_CONTACTS)
        self._hearing[event.contact] = (crisis, event.at_ms + event.lasts_ms + HUNG_UP_WITHIN_MS)
        self._meet(crisis, event.contact, event.at_ms)

    def _on_deflected(self, event: CrisisDeflected) -> None:
        crisis = self._label(event.crisis)
        if event.outcome in OUTCOMES:
            self._count(crisis, event.outcome)
        self._meet(crisis, event.contact, event.at_ms)

    def _on_ended(self, event: ContactEnded) -> None:
        self._callers.pop(event.contact, None)
        crisis, until_ms = self._hearing.pop(event.contact, ("", 0))
        if crisis and event.cause == "caller_hung_up" and event.at_ms <= until_ms:
            self._count(crisis, "hung_up")

    def _meet(self, crisis: str, contact: str, at_ms: int) -> None:
        caller = self._callers.get(contact)
        if caller is None:
            return
        since_ms = self._of(crisis).since_ms
        met = self._met.get((crisis, caller))
        if met is not None and met.since_ms == since_ms:
            met.at_ms = at_ms
            return
        gone = _bound(self._met, MOST_CALLERS)
        if gone is not None:
            (forgotten, _), whom = gone
            self._count(forgotten, "known", -1, since_ms=whom.since_ms)
            self._count(forgotten, "forgotten", since_ms=whom.since_ms)
        self._met[crisis, caller] = _Met(at_ms, since_ms)
        self._count(crisis, "known")

    # --- Counting ---------------------------------------------------------------------------------------------------

    def _label(self, crisis: str) -> str:
        return crisis if crisis in self.figures or len(self.figures) < MOST_CRISES else OTHER

    def _of(self, crisis: str) -> CrisisFigures:
        self._changed.add(crisis)
        return self.figures.setdefault(crisis, CrisisFigures())

    def _count(self, crisis: str, what: str, count: int = 1, *, since_ms: int | None = None) -> None:
        """In `last` only where it is about the time since `since_ms`."""
        figures = self._of(crisis)
        setattr(figures.total, what, getattr(figures.total, what) + count)
        if since_ms is None or since_ms == figures.since_ms:
            setattr(figures.last, what, getattr(figures.last, what) + count)

    # --- Saving -----------------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Part]:
        return {crisis: asdict(figures) for crisis, figures in self.figures.items()}

    def changes(self) -> dict[str, Part]:
        changed, self._changed = self._changed, set()
        return {crisis: asdict(self.figures[crisis]) for crisis in changed}

    def restore(self, parts: Mapping[str, Part]) -> None:
        self.figures = {crisis: figures_of(part) for crisis, part in parts.items()}
        for crisis, figures in self.figures.items():
            for tally in (figures.total, figures.last):
                if tally.known:
                    tally.forgotten, tally.known = tally.forgotten + tally.known, 0
                    self._changed.add(crisis)


def figures_of(part: Part) -> CrisisFigures:
    """One crisis' figures as they were saved."""
    return CrisisFigures(part["since_ms"], _tally(part["total"]), _tally(part["last"]))


def _tally(record: Mapping[str, Any]) -> Tally:
    names = {one.name for one in fields(Tally)}
    return Tally(**{name: value for name, value in record.items() if name in names})


def _bound(kept: dict[K, V], most: int) -> tuple[K, V] | None:
    """Make room for one more; gives what had to go."""
    if len(kept) < most:
        return None
    oldest = next(iter(kept))
    return oldest, kept.pop(oldest)
