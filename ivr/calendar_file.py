"""The file of a calendar: weekly hours, public holidays or not, and days with rules of their own."""

import re
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from ivr.calendar import Calendar, Hours

_SPAN = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])\Z")
_YEARLY = re.compile(r"(0[1-9]|1[0-2])-([0-3][0-9])\Z")
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
    text = str(given)
    match = _YEARLY.match(text)
    try:
        # A leap year, so that 29 February may have a rule.
        if match is not None:
            date(2024, int(match[1]), int(match[2]))
        else:
            date.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("day", "a day is written 2026-12-28, or 12-24 for every year") from None
    return text


def _weekdays(given: object) -> str:
    first, dash, last = str(given).partition("-")
    if first not in _DAYS or (dash and last not in _DAYS) or (dash and _DAYS.index(last) < _DAYS.index(first)):
        raise PydanticCustomError(
            "weekdays", "weekdays are written mon-fri or sat, of {days}", {"days": ", ".join(_DAYS)}
        )
    return str(given)


OpenHours = Annotated[Hours, PlainValidator(_hours), WithJsonSchema({"type": "string"})]


class CalendarFile(BaseModel):
    """`weekly` by weekdays ("mon-fri"), `days` by date or by day of every year; what is not named is closed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    calendar: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
    title: str = Field(default="", max_length=200)
    public_holidays: bool = True
    weekly: dict[Annotated[str, PlainValidator(_weekdays)], OpenHours] = Field(min_length=1, max_length=7)
    days: dict[Annotated[str, PlainValidator(_day)], OpenHours] = Field(default_factory=dict, max_length=1000)

    def made(self) -> Calendar:
        """The calendar that the file describes."""
        weekly: list[Hours] = [()] * 7
        for days, hours in self.weekly.items():
            first, _, last = days.partition("-")
            for day in range(_DAYS.index(first), _DAYS.index(last or first) + 1):
                weekly[day] = hours
        yearly = {(int(day[:2]), int(day[3:])): hours for day, hours in self.days.items() if len(day) == 5}
        dated = {date.fromisoformat(day): hours for day, hours in self.days.items() if len(day) > 5}
        return Calendar(self.calendar, tuple(weekly), self.public_holidays, yearly, dated)
