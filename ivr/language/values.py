"""What is spoken in the slots of a text: the kinds of values, and the forms that a slot may name, `{when:date}`."""

import re
from dataclasses import dataclass
from datetime import date

from ivr.language.lengths import seconds_of


@dataclass(frozen=True, slots=True)
class Number:
    """A cardinal, spoken as one: `Number(21)` is "tjueen"."""

    value: int


@dataclass(frozen=True, slots=True)
class Ordinal:
    """A place in a row: `Ordinal(3)` is "tredje"."""

    value: int


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time, spoken as people say it: 150 s is "omtrent tre minutter"."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Interval:
    """A wait between two lengths of time; without `high_s` over `low_s`: "mellom fem og ti minutter"."""

    low_s: int
    high_s: int | None


@dataclass(frozen=True, slots=True)
class Day:
    """A date, spoken with its weekday and without its year: "tirsdag den tjuefjerde november"."""

    date: date


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, spoken so that morning and evening cannot be mistaken: "klokken femten tretti"."""

    hour: int
    minute: int


@dataclass(frozen=True, slots=True)
class Spelled:
    """Digits spoken one by one. They may be personal and are in no log."""

    pii_text: str


Value = Number | Ordinal | Duration | Interval | Day | Clock | Spelled
Given = str | int | float | bool
"""What a variable of a flow holds."""

FORMS = ("number", "ordinal", "duration", "date", "time", "digits")

_INTEGER = re.compile(r"[0-9]{1,9}\Z")
_DATES = (
    re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})(?:[T ].*)?\Z"),
    re.compile(r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})\Z"),
    re.compile(r"(?P<day>[0-9]{2})(?P<month>[0-9]{2})(?P<year>[0-9]{4})\Z"),
)
_TIME = re.compile(r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[T ])?([0-9]{1,2})[:.]?([0-9]{2})(?::[0-9]{2}.*)?\Z")


def spoken_value(given: Given, form: str = "") -> Value:
    """A variable's value as it is spoken: without a form a number is a number and text is spelled."""
    plain = Number(given) if isinstance(given, int) else Spelled(str(given))
    return in_form(plain, form) if form else plain


def in_form(value: Value, form: str) -> Value:
    """`value` as the form wants it spoken; where it does not fit ("2026-02-30" is no date) as it was.

    A date is `2026-11-24`, `24.11.2026` or `24112026` as keys give it; a time `09:30`, `9.30` or `0930`; a date with
    a time is either; a duration is seconds or `1h30m`.
    """
    made: Value | None = None
    match form:
        case "number" | "ordinal":
            whole = _whole(value)
            made = None if whole is None else Number(whole) if form == "number" else Ordinal(whole)
        case "duration":
            made = _duration(value)
        case "date":
            made = _day(value)
        case "time":
            made = _clock(value)
        case "digits" if isinstance(value, Number | Ordinal):
            made = Spelled(str(value.value))
    return value if made is None else made


def _whole(value: Value) -> int | None:
    if isinstance(value, Number | Ordinal):
        return value.value
    return int(value.pii_text) if isinstance(value, Spelled) and _INTEGER.match(value.pii_text) else None


def _duration(value: Value) -> Value | None:
    if isinstance(value, Spelled) and not _INTEGER.match(value.pii_text):
        seconds = seconds_of(value.pii_text)
        return None if seconds is None else Duration(round(seconds))
    whole = _whole(value)
    return None if whole is None else Duration(whole)


def _day(value: Value) -> Value | None:
    if not isinstance(value, Spelled):
        return None
    for pattern in _DATES:
        found = pattern.match(value.pii_text)
        if found:
            try:
                return Day(date(int(found["year"]), int(found["month"]), int(found["day"])))
            except ValueError:
                return None
    return None


def _clock(value: Value) -> Value | None:
    found = _TIME.match(value.pii_text) if isinstance(value, Spelled) else None
    if found is None:
        return None
    hour, minute = int(found[1]), int(found[2])
    return Clock(hour, minute) if hour < 24 and minute < 60 else None
