"""What measures are made of: sums that add up over queues, sites and half-hours, and how they are written down."""

from dataclasses import dataclass, field, fields
from typing import Any

from metrics.service_level import Tally

Counts = dict[str, int]


@dataclass(slots=True)
class Work:
    """What the agents of a site did for the contacts of a cohort. Whom an agent puts on hold is talked with."""

    answered: int = 0
    talk_ms: int = 0
    wrap_up_ms: int = 0
    concluded: int = 0
    offers: int = 0
    missed: int = 0


@dataclass(slots=True)
class Staff:
    """The agents' time in three states, by the clock and not by cohort. Time in which a phone rings is none of them."""

    talking_ms: int = 0
    wrap_up_ms: int = 0
    ready_ms: int = 0


@dataclass(slots=True)
class Whole:
    """What only a whole contact shows.

    `really_lost` waited s or longer and were not served by a redial or a callback; of `unknown` among them nobody could
    have seen it, as their caller is not known. `first_ring_*` are of contacts by their first answer. `units` counts
    contacts by how many units had them, `outcomes` by how they ended.
    """

    really_lost: int = 0
    unknown: int = 0
    first_answers: int = 0
    first_ring_ms: int = 0
    first_ring_waits: dict[int, int] = field(default_factory=dict)
    units: dict[int, int] = field(default_factory=dict)
    outcomes: Counts = field(default_factory=dict)


@dataclass(slots=True)
class Told:
    """What became of the estimated waits; `error_ms` is by how much the `answered` waited longer than estimated."""

    within: int = 0
    sooner: int = 0
    later: int = 0
    left: int = 0
    silent: int = 0
    answered: int = 0
    error_ms: int = 0

    def count(self, waited_ms: int, estimate_ms: int, low_ms: int, high_ms: int, *, answered: bool) -> None:
        """Of a wait that was between `low_ms` (-1: nothing was told) and `high_ms` (-1: without end) as was told."""
        if answered:
            self.answered += 1
            self.error_ms += waited_ms - estimate_ms
        if low_ms < 0:
            self.silent += answered
        elif 0 <= high_ms < waited_ms:
            self.later += 1
        elif not answered:
            self.left += 1
        elif waited_ms < low_ms:
            self.sooner += 1
        else:
            self.within += 1


@dataclass(slots=True)
class Passed:
    """Transfers by target, why callers were lost or flowed out, and callbacks by what became of them."""

    transfers: Counts = field(default_factory=dict)
    transfers_answered: Counts = field(default_factory=dict)
    lost_by: Counts = field(default_factory=dict)
    flowed_by: Counts = field(default_factory=dict)
    callbacks: Counts = field(default_factory=dict)


@dataclass(slots=True)
class Sums:
    """All of it, of one queue, site and half-hour or of any number of them together."""

    arrivals: Tally = field(default_factory=Tally)
    work: Work = field(default_factory=Work)
    staff: Staff = field(default_factory=Staff)
    whole: Whole = field(default_factory=Whole)
    told: Told = field(default_factory=Told)
    passed: Passed = field(default_factory=Passed)

    def add(self, other: "Sums") -> None:
        for name in PARTS:
            _add(getattr(self, name), getattr(other, name))

    def written(self) -> list[Any]:
        """As JSON can hold it; see `read`. Of what is nought as a whole nothing is written."""
        found = []
        for part, names in zip(self.parts(), FIELDS, strict=True):
            values = [getattr(part, name) for name in names]
            found.append([dict(one) if isinstance(one, dict) else one for one in values] if any(values) else [])
        return found

    def parts(self) -> tuple[Any, ...]:
        """In the order in which they are written."""
        return tuple(getattr(self, name) for name in PARTS)


PARTS = tuple(one.name for one in fields(Sums))
FIELDS = tuple(tuple(f.name for f in fields(kind)) for kind in (Tally, Work, Staff, Whole, Told, Passed))
NUMBERED = frozenset({"waits", "first_ring_waits", "units"})
"""Counts by a number, which JSON turns into text."""
_NAMES = dict(zip((Tally, Work, Staff, Whole, Told, Passed), FIELDS, strict=True))


def read(written: list[Any]) -> Sums:
    """What `Sums.written` gave. Fields that came later than what was written are nought."""
    sums = Sums()
    for part, names, values in zip(sums.parts(), FIELDS, written, strict=False):
        for name, value in zip(names, values, strict=False):
            numbered = name in NUMBERED
            setattr(part, name, {int(key): count for key, count in value.items()} if numbered else value)
    return sums


def _add(mine: Any, theirs: Any) -> None:
    for name in _NAMES[type(theirs)]:
        value = getattr(theirs, name)
        if not value:
            continue
        if isinstance(value, dict):
            counts = getattr(mine, name)
            for key, count in value.items():
                counts[key] = counts.get(key, 0) + count
        else:
            setattr(mine, name, getattr(mine, name) + value)
