"""The file of a calendar: weekly hours, public holidays or not, and days with rules of their own."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from ivr.language.calendar import Calendar, Day, DaySpan, Hours, Season
from ivr.language.named_days import NAMED_DAYS
from ivr.language.problems import did_you_mean
from ivr.language.schema import Part

_SPAN = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])\Z")
_YEARLY = re.compile(r"(0[1-9]|1[0-2])-([0-3][0-9])\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _hours(given: object) -> Hours:
    if given == "closed":
        return ()
    spans = []
    for part in str(given).split(","):
        match = _SPAN.match(part.strip())
        if match is None:
            raise PydanticCustomError("hours", "hours are written 09:00-15:00, several with commas, or closed")
        h1, m1, h2, m2 = map(int, match.groups())
        begin, end = h1 * 60 + m1, h2 * 60 + m2
        if begin >= end or end > 24 * 60:
            raise PydanticCustomError("hours", "{part} ends before it begins", {"part": part.strip()})
        spans.append((begin, end))
    return tuple(spans)


def _day(given: object) -> str:
    """A day, or two with `..` between."""
    first, dots, last = str(given).partition("..")
    for text in (first, last) if dots else (first,):
        _check_day(text)
    if dots and (len(first) == 10) != (len(last) == 10):
        raise PydanticCustomError("day", "both ends of a span have a year, or neither has")
    if len(first) == 10 == len(last) and last < first:
        raise PydanticCustomError("day", "{last} is before {first}", {"first": first, "last": last})
    return str(given)


def _check_day(text: str) -> None:
    match = _YEARLY.match(text)
    try:
        # A leap year, so that 29 February may have a rule.
        if match is not None:
            date(2024, int(match[1]), int(match[2]))
        elif text not in NAMED_DAYS:
            date(*map(int, text.split("-")) if _DATE.match(text) else (0, 0, 0))
    except ValueError:
        hint = did_you_mean(text, NAMED_DAYS)
        said = "a day is written 2026-12-28, 12-24 for every year, or maundy_thursday{hint}"
        raise PydanticCustomError("day", said, {"hint": hint}) from None


def weekdays(given: object) -> str:
    """Weekdays as they are written, checked."""
    first, dash, last = str(given).partition("-")
    if first not in _DAYS or (dash and last not in _DAYS) or (dash and _DAYS.index(last) < _DAYS.index(first)):
        raise PydanticCustomError(
            "weekdays", "weekdays are written mon-fri or sat, of {days}", {"days": ", ".join(_DAYS)}
        )
    return str(given)


OpenHours = Annotated[Hours, PlainValidator(_hours), WithJsonSchema({"type": "string"})]


DayOrSpan = Annotated[str, PlainValidator(_day), WithJsonSchema({"type": "string"})]
Weekly = dict[Annotated[str, PlainValidator(weekdays)], OpenHours]


class SeasonHours(Part):
    """Weekly hours for a part of the year, every year: `{days: 05-15..09-14, weekly: {mon-fri: 09:00-14:00}}`."""

    days: DayOrSpan = Field(description="From a day to a day, both included: 05-15..09-14, or 2026-07-01..2026-07-31.")
    weekly: Weekly = Field(min_length=1, max_length=7, description="The hours then, by weekdays.")

    def made(self) -> Season:
        """The season that is described."""
        return Season(day_span(self.days), _week(self.weekly))


class CalendarFile(BaseModel):
    """`weekly` by weekdays, `days` with rules of their own; what is not named is closed.

    A day's rule goes before a span's, and both before public holidays, seasons and weekly hours. A span with hours
    is for its days that are open anyhow: it opens no Sunday. Days with names: palm_sunday, holy_monday, holy_tuesday,
    easter_wednesday, maundy_thursday, good_friday, easter_eve, easter_sunday, easter_monday, ascension_day,
    ascension_friday, whit_eve, whit_sunday, whit_monday, new_years_day, labour_day, constitution_day,
    little_christmas_eve, christmas_eve, christmas_day, boxing_day, new_years_eve.

    ```yaml
    calendar: office
    weekly: {mon-fri: 09:00-15:00}
    seasons: [{days: 05-15..09-14, weekly: {mon-fri: 09:00-14:00}}]
    days: {12-24: closed, easter_wednesday: 09:00-12:00, 2026-07-13..2026-07-17: closed}
    ```
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    calendar: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$", description="Its name, for `hours` nodes.")]
    title: str = Field(default="", max_length=200, description="Its name for people.")
    public_holidays: bool = Field(default=True, description="Whether Norway's public holidays are closed.")
    weekly: Weekly = Field(min_length=1, max_length=7, description="Hours by weekdays: mon-fri, sat.")
    seasons: list[SeasonHours] = Field(
        default_factory=list, max_length=20, description="Other weekly hours for a part of the year; the first counts."
    )
    days: dict[DayOrSpan, OpenHours] = Field(
        default_factory=dict,
        max_length=1000,
        description="Hours, or closed, by day (2026-12-28, 12-24 for every year, maundy_thursday) or span of days.",
    )

    def made(self) -> Calendar:
        """The calendar that the file describes."""
        single = {day: hours for day, hours in self.days.items() if ".." not in day}
        return Calendar(
            self.calendar,
            _week(self.weekly),
            self.public_holidays,
            yearly={(int(day[:2]), int(day[3:])): hours for day, hours in single.items() if _YEARLY.match(day)},
            dated={date.fromisoformat(day): hours for day, hours in single.items() if day[:4].isdigit()},
            named={day: hours for day, hours in single.items() if day in NAMED_DAYS},
            spans=tuple((day_span(day), hours) for day, hours in self.days.items() if ".." in day),
            seasons=tuple(season.made() for season in self.seasons),
        )


def day_span(text: str) -> DaySpan:
    """The span of days that is written; a day alone is one."""
    first, _, last = text.partition("..")
    return DaySpan(Day(first), Day(last or first))


def _week(given: Mapping[str, Hours]) -> tuple[Hours, ...]:
    weekly: list[Hours] = [()] * 7
    for days, hours in given.items():
        for day in weekday_numbers(days):
            weekly[day] = hours
    return tuple(weekly)


def weekday_numbers(days: str) -> frozenset[int]:
    """The weekdays that are written, Monday is 0."""
    first, _, last = days.partition("-")
    return frozenset(range(_DAYS.index(first), _DAYS.index(last or first) + 1))
