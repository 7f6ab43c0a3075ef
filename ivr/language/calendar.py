"""Opening hours: weekly hours, seasons, Norwegian public holidays, and days with rules of their own."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import holidays

from ivr.language.named_days import day_named

Hours = tuple[tuple[int, int], ...]
"""Spans of open minutes of the day, `(540, 900)` is 09:00-15:00. The end is closed."""

_DAY = timedelta(days=1)
_DAY_MS = 86_400_000
_WEEK_DAYS = 7


class Opening(StrEnum):
    """What the calendar says of a moment. `holiday`: closed by a public holiday or a day with its own rule."""

    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"


OSLO = ZoneInfo("Europe/Oslo")


@dataclass(frozen=True, slots=True)
class Day:
    """A day of one year (2026-07-01), of every year (12-24), or with a name (maundy_thursday), as it is written."""

    text: str

    def in_year(self, year: int) -> date | None:
        """None in years that don't have it: 29 February, or another year than its own."""
        if self.text[0].isalpha():
            return day_named(self.text, year)
        try:
            found = date.fromisoformat(self.text if len(self.text) > 5 else f"{year}-{self.text}")
        except ValueError:
            return None
        return found if found.year == year else None


@dataclass(frozen=True, slots=True)
class DaySpan:
    """From a day to a day, both included. One of every year may go over New Year: 12-27 to 01-02."""

    first: Day
    last: Day

    def has(self, day: date) -> bool:
        for year in (day.year, day.year - 1):
            begin = self.first.in_year(year)
            if begin is None or begin > day:
                continue
            end = self.last.in_year(year)
            if end is None or end < begin:
                end = self.last.in_year(year + 1)
            if end is not None and day <= end:
                return True
        return False


@dataclass(frozen=True, slots=True)
class Season:
    """Weekly hours (Monday first) for a part of the year."""

    span: DaySpan
    weekly: tuple[Hours, ...]


@dataclass(slots=True)
class Calendar:
    """When a service is open. The first of these that knows the day says it: `dated`, `yearly` (month, day), `named`,
    `spans` that are closed, public holidays, `seasons`, `weekly` (Monday first). A span with hours changes those of
    its days that are open anyhow.
    """

    name: str
    weekly: tuple[Hours, ...]
    public_holidays: bool = True
    yearly: dict[tuple[int, int], Hours] = field(default_factory=dict)
    dated: dict[date, Hours] = field(default_factory=dict)
    named: dict[str, Hours] = field(default_factory=dict)
    spans: tuple[tuple[DaySpan, Hours], ...] = ()
    seasons: tuple[Season, ...] = ()
    _holidays: dict[int, frozenset[date]] = field(default_factory=dict)
    _days: dict[date, tuple[Hours, Opening]] = field(default_factory=dict)

    def at(self, now_ms: int) -> Opening:
        """Open, closed or a holiday at this moment (milliseconds since the epoch)."""
        local = datetime.fromtimestamp(now_ms / 1000, OSLO)
        hours, otherwise = self._known(local.date())
        minute = local.hour * 60 + local.minute
        return Opening.OPEN if any(begin <= minute < end for begin, end in hours) else otherwise

    def closes_after(self, now_ms: int) -> int | None:
        """When it closes next, milliseconds since the epoch. None when it is closed now, or open for a week on end."""
        if self.at(now_ms) is not Opening.OPEN:
            return None
        from_ms = now_ms + 1
        for _ in range(_WEEK_DAYS):
            until_ms = from_ms + _DAY_MS
            for moment in self.boundaries(from_ms, until_ms):
                if self.at(moment) is not Opening.OPEN:
                    return moment
            from_ms = until_ms
        return None

    def boundaries(self, from_ms: int, until_ms: int) -> tuple[int, ...]:
        """The moments in that span, the end left out, from which on the answer is another than just before.

        Changes of the clock are among them, whether or not the answer changes.
        """
        changes = set(clock_changes(from_ms, until_ms))
        found = set()
        for moment in {*self._candidates(from_ms, until_ms), *changes}:
            within = from_ms <= moment < until_ms
            if within and (moment in changes or self.at(moment) is not self.at(moment - 1)):
                found.add(moment)
        return tuple(sorted(found))

    def _candidates(self, from_ms: int, until_ms: int) -> Iterator[int]:
        """Each midnight, beginning and end of hours by the clock on the wall, twice where the clock has it twice."""
        day, last = (datetime.fromtimestamp(at / 1000, OSLO).date() for at in (from_ms, until_ms))
        while day <= last:
            minutes = {0, *(minute for span in self._known(day)[0] for minute in span if minute < 24 * 60)}
            for minute in minutes:
                wall = datetime.combine(day, time(minute // 60, minute % 60), OSLO)
                for fold in (0, 1):
                    yield round(wall.replace(fold=fold).timestamp()) * 1000
            day += _DAY

    def _known(self, day: date) -> tuple[Hours, Opening]:
        known = self._days.get(day)
        if known is None:
            if len(self._days) > 400:
                self._days.clear()
            known = self._days[day] = self._of_day(day)
        return known

    def _of_day(self, day: date) -> tuple[Hours, Opening]:
        own = self._own_rule(day)
        if own is not None:
            return own, Opening.CLOSED if own else Opening.HOLIDAY
        if self.public_holidays and day in self._holidays_of(day.year):
            return (), Opening.HOLIDAY
        weekly = next((season.weekly for season in self.seasons if season.span.has(day)), self.weekly)
        hours = weekly[day.weekday()]
        shorter = next((hours for span, hours in self.spans if hours and span.has(day)), None)
        return (shorter if hours and shorter is not None else hours), Opening.CLOSED

    def _own_rule(self, day: date) -> Hours | None:
        own = self.dated.get(day, self.yearly.get((day.month, day.day)))
        if own is None:
            own = next((hours for name, hours in self.named.items() if day_named(name, day.year) == day), None)
        if own is None and any(not hours and span.has(day) for span, hours in self.spans):
            own = ()
        return own

    def _holidays_of(self, year: int) -> frozenset[date]:
        found = self._holidays.get(year)
        if found is None:
            found = self._holidays[year] = frozenset(holidays.country_holidays("NO", years=year))
        return found


def clock_changes(from_ms: int, until_ms: int) -> Iterator[int]:
    """When Norway's clock is put forward or back in that span, the end left out: milliseconds since the epoch."""
    hour_ms = 3_600_000
    at_ms = from_ms // hour_ms * hour_ms
    day_ms = 24 * hour_ms
    while at_ms < until_ms:
        if _offset(at_ms) != _offset(at_ms + day_ms):
            moments = range(at_ms, at_ms + day_ms, hour_ms)
            changed = next(moment + hour_ms for moment in moments if _offset(moment) != _offset(moment + hour_ms))
            if from_ms <= changed < until_ms:
                yield changed
        at_ms += day_ms


def _offset(at_ms: int) -> timedelta | None:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(OSLO).utcoffset()


def all_of(openings: Iterable[Opening]) -> Opening:
    """What several calendars say together: open where all are, a holiday where one has it."""
    said = set(openings)
    if Opening.HOLIDAY in said:
        return Opening.HOLIDAY
    return Opening.CLOSED if Opening.CLOSED in said else Opening.OPEN
