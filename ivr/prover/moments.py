"""Classes of moments: the horizon cut at every boundary of what a flow asks, and one moment for each kind of stretch.

Two moments are of one class when the calendars say the same at both, and go on to say the same at the same distances
for as long as a call may last. A caller who comes in one stretch may be in a later one when the flow asks again.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise

from ivr.language.calendar import Calendar, Opening, clock_changes

LONGEST_CALL_S = 86_400.0
"""How far beyond the first boundary that it crosses a call is followed."""

BEYOND_S = 14 * 86_400.0
"""How far stretches are known beyond the last moment at which a call may come."""

SHORT_S = 1_800.0
"""A caller outside queues, who has come into a stretch, is gone before the next one unless it is as short as this."""

Signature = tuple[Opening | bool, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A span of the epoch in which nothing that the flow asks changes: each calendar's answer, each instant passed."""

    from_ms: int
    until_ms: int
    says: Signature


@dataclass(frozen=True, slots=True)
class Horizon:
    """From when to when moments are looked at, in milliseconds since the epoch."""

    from_ms: int
    until_ms: int


class Year:
    """What one calendar says over the horizon."""

    __slots__ = ("at_ms", "says")

    def __init__(self, calendar: Calendar, horizon: Horizon) -> None:
        inside = (at for at in calendar.boundaries(horizon.from_ms, horizon.until_ms) if at > horizon.from_ms)
        self.at_ms = [horizon.from_ms, *inside]
        self.says = [calendar.at(at_ms) for at_ms in self.at_ms]

    def opening(self, at_ms: int) -> Opening:
        return self.says[bisect_right(self.at_ms, at_ms) - 1]


class Timeline:
    """The stretches of a horizon. `classes` has the index of the first stretch of each class, the commonest first.

    `boundaries` counts all moments at which something might have changed, changes of the clock among them.
    """

    def __init__(self, years: Mapping[str, Year], instants: Collection[int], horizon: Horizon) -> None:
        """The last `BEYOND_S` of the horizon are for calls that came before."""
        self._come_until_ms = max(horizon.until_ms - round(BEYOND_S * 1000), horizon.from_ms + 1)
        self._years = years
        self._calendars = {name: index for index, name in enumerate(years)}
        self._instants = sorted(instants)
        within = [at for at in self._instants if horizon.from_ms < at < horizon.until_ms]
        changes = clock_changes(horizon.from_ms, horizon.until_ms) if years else ()
        cuts = {horizon.from_ms, *within, *changes, *(at for year in years.values() for at in year.at_ms)}
        self.boundaries = len(cuts) - 1
        self.stretches = self._merged(sorted(cuts), horizon.until_ms)
        self.classes = self._classes()

    def _merged(self, cuts: list[int], until_ms: int) -> tuple[Stretch, ...]:
        found: list[Stretch] = []
        for from_ms, to_ms in pairwise([*cuts, until_ms]):
            says = self._says(from_ms)
            if found and found[-1].says == says:
                found[-1] = Stretch(found[-1].from_ms, to_ms, says)
            else:
                found.append(Stretch(from_ms, to_ms, says))
        return tuple(found)

    def _says(self, at_ms: int) -> Signature:
        return (
            *(year.opening(at_ms) for year in self._years.values()),
            *(at_ms >= instant for instant in self._instants),
        )

    def _classes(self) -> tuple[int, ...]:
        coming = [index for index, each in enumerate(self.stretches) if each.from_ms < self._come_until_ms]
        keys = [self._key(index) for index in coming]
        common = Counter(keys)
        first: dict[object, int] = {}
        for index, key in enumerate(keys):
            first.setdefault(key, index)
        return tuple(sorted(first.values(), key=lambda index: (-common[keys[index]], index)))

    def _key(self, index: int) -> object:
        """What a caller who comes in that stretch may meet: what it says, and what comes after it how soon."""
        one = self.stretches[index]
        later = []
        for after in self.stretches[index + 1 :]:
            distance_ms = after.from_ms - one.until_ms
            if distance_ms > LONGEST_CALL_S * 1000:
                break
            later.append((distance_ms, after.says))
        return one.says, tuple(later)

    def opening(self, index: int, calendar: str) -> Opening:
        """What a calendar says in that stretch; one that does not exist is closed."""
        at = self._calendars.get(calendar)
        found = self.stretches[index].says[at] if at is not None else Opening.CLOSED
        assert isinstance(found, Opening)
        return found

    def between(self, index: int, from_ms: int | None, until_ms: int | None) -> bool:
        """Whether that stretch lies in a span of the epoch; both ends are among the instants."""
        at_ms = self.stretches[index].from_ms
        return (from_ms is None or from_ms <= at_ms) and (until_ms is None or at_ms < until_ms)

    def later(self, origin: int, index: int, took_s: float, *, queued: bool = False) -> tuple[int, ...]:
        """The stretches that a caller who came in `origin`, and is in `index`, may be in after so many seconds.

        The caller may have come at any moment of `origin`, so the next stretch is always among them. From there on only
        who waits in a queue is followed further, or comes into a stretch so short that talking alone outlasts it.
        """
        found = [index]
        stretches = self.stretches
        if index != origin and not queued and self._lasts_s(index) > SHORT_S:
            return (index,)
        for after in range(index + 1, len(stretches)):
            begins_ms = stretches[after].from_ms
            between_ms = begins_ms - stretches[index].until_ms
            since_ms = begins_ms - stretches[origin].until_ms
            if between_ms >= took_s * 1000 or since_ms > LONGEST_CALL_S * 1000:
                break
            found.append(after)
        return tuple(found)

    def _lasts_s(self, index: int) -> float:
        stretch = self.stretches[index]
        return (stretch.until_ms - stretch.from_ms) / 1000
