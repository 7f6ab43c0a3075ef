"""The time that a report is about: days of a zone, so that one with a change of the clock has 23 or 25 hours."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from svar.config import ConfigError

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_WEEK = re.compile(r"(\d{4})-W(\d{2})")
_MONTH = re.compile(r"(\d{4})-(\d{2})")


class Kind(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Period:
    """From the midnight before `first` to that before `after`."""

    kind: Kind
    first: date
    after: date
    zone: ZoneInfo

    @property
    def since_ms(self) -> int:
        return _midnight_ms(self.first, self.zone)

    @property
    def until_ms(self) -> int:
        return _midnight_ms(self.after, self.zone)

    @property
    def name(self) -> str:
        """`2026-11-22`, `2026-W47` or `2026-11`, as it may be asked for."""
        if self.kind is Kind.WEEK:
            year, week, _ = self.first.isocalendar()
            return f"{year}-W{week:02d}"
        return self.first.isoformat()[: 7 if self.kind is Kind.MONTH else 10]

    def local(self, at_ms: int) -> datetime:
        return datetime.fromtimestamp(at_ms / 1000, self.zone)

    def slot(self, at_ms: int) -> str:
        """The time of day of a half-hour; in the hour that comes twice a year, with its distance from UTC."""
        local = self.local(at_ms)
        written = f"{local:%H:%M}"
        twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
        return f"{written} {local:%z}"[:9] if twice and self.kind is Kind.DAY else written


def period(kind: Kind, text: str, zone: ZoneInfo, today: date) -> Period:
    """The one that holds the date in `text` (a week also as 2026-W47, a month as 2026-11); empty: that of today,
    `last`: the one before it. Raises ConfigError.
    """
    if text == "last":
        return starting(kind, starting(kind, today, zone).first - timedelta(days=1), zone)
    return starting(kind, _date(kind, text) if text else today, zone)


def starting(kind: Kind, day: date, zone: ZoneInfo) -> Period:
    """The one that holds this day."""
    if kind is Kind.WEEK:
        first = day - timedelta(days=day.weekday())
        return Period(kind, first, first + timedelta(days=7), zone)
    if kind is Kind.MONTH:
        first = day.replace(day=1)
        return Period(kind, first, (first + timedelta(days=32)).replace(day=1), zone)
    return Period(kind, day, day + timedelta(days=1), zone)


def _date(kind: Kind, text: str) -> date:
    try:
        if kind is Kind.WEEK and (week := _WEEK.fullmatch(text)):
            return date.fromisocalendar(int(week[1]), int(week[2]), 1)
        if kind is Kind.MONTH and (month := _MONTH.fullmatch(text)):
            return date(int(month[1]), int(month[2]), 1)
        if not _DATE.fullmatch(text):
            raise ValueError(text)
        found = date.fromisoformat(text)
    except ValueError:
        forms = {Kind.WEEK: "2026-W47 or a date in it", Kind.MONTH: "2026-11 or a date in it", Kind.DAY: "2026-11-22"}
        raise ConfigError(f"{text!r} is no {kind}: expected {forms[kind]}, or last") from None
    if not 2000 <= found.year <= 2100:
        raise ConfigError(f"there are no records of {found}: expected a date of this century")
    return found


def _midnight_ms(day: date, zone: ZoneInfo) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)
