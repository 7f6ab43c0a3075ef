"""Opening hours: weekly hours, Norwegian public holidays, and days with rules of their own."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import holidays

Hours = tuple[tuple[int, int], ...]
"""Spans of open minutes of the day, `(540, 900)` is 09:00-15:00. The end is closed."""


class Opening(StrEnum):
    """What the calendar says of a moment. `holiday`: closed by a public holiday or a day with its own rule."""

    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"


OSLO = ZoneInfo("Europe/Oslo")


@dataclass(slots=True)
class Calendar:
    """When a service is open. `weekly` has Monday first; `yearly` (month, day) and `dated` go before everything."""

    name: str
    weekly: tuple[Hours, ...]
    public_holidays: bool = True
    yearly: dict[tuple[int, int], Hours] = field(default_factory=dict)
    dated: dict[date, Hours] = field(default_factory=dict)
    _holidays: dict[int, frozenset[date]] = field(default_factory=dict)
    _days: dict[date, tuple[Hours, Opening]] = field(default_factory=dict)

    def at(self, now_ms: int) -> Opening:
        """Open, closed or a holiday at this moment (milliseconds since the epoch)."""
        local = datetime.fromtimestamp(now_ms / 1000, OSLO)
        day = local.date()
        known = self._days.get(day)
        if known is None:
            if len(self._days) > 400:
                self._days.clear()
            known = self._days[day] = self._of_day(day)
        hours, otherwise = known
        minute = local.hour * 60 + local.minute
        return Opening.OPEN if any(begin <= minute < end for begin, end in hours) else otherwise

    def _of_day(self, day: date) -> tuple[Hours, Opening]:
        own = self.dated.get(day, self.yearly.get((day.month, day.day)))
        if own is not None:
            return own, Opening.CLOSED if own else Opening.HOLIDAY
        if self.public_holidays and day in self._holidays_of(day.year):
            return (), Opening.HOLIDAY
        return self.weekly[day.weekday()], Opening.CLOSED

    def _holidays_of(self, year: int) -> frozenset[date]:
        found = self._holidays.get(year)
        if found is None:
            found = self._holidays[year] = frozenset(holidays.country_holidays("NO", years=year))
        return found
