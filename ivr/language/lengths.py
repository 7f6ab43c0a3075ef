"""Lengths of time as people write them: 45s, 5m, 1h30m, 500ms, 7d."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

LONGEST_S = 86_400.0
LONGEST_DAYS_S = 31 * 86_400.0

_LENGTH = re.compile(
    r"(?=.)(?:([0-9]{1,2})d)?(?:([0-9]{1,3})h)?(?:([0-9]{1,4})m)?(?:([0-9]{1,5}(?:\.[0-9]{1,3})?)s)?(?:([0-9]{1,8})ms)?\Z"
)


def seconds_of(text: str) -> float | None:
    """Seconds of a length such as `1h30m`; None when it is none."""
    match = _LENGTH.match(text)
    if match is None:
        return None
    days, hours, minutes, seconds, thousandths = match.groups()
    whole = int(days or 0) * 86_400 + int(hours or 0) * 3600
    return whole + int(minutes or 0) * 60 + float(seconds or 0) + int(thousandths or 0) / 1000


def length_text(seconds: float) -> str:
    """The shortest way to write it: 5400 is `1h30m`."""
    whole, rest = divmod(round(seconds * 1000), 1000)
    hours, minutes, left = whole // 3600, whole // 60 % 60, whole % 60
    if rest and not whole:
        return f"{rest}ms"
    last = f"{left}.{rest:03}".rstrip("0") if rest else left
    parts = [f"{count}{unit}" for count, unit in ((hours, "h"), (minutes, "m"), (last, "s")) if count]
    return "".join(parts) or "0s"


def _read(given: object) -> float:
    if isinstance(given, str) and (seconds := seconds_of(given)) is not None:
        return seconds
    if isinstance(given, int | float) and not isinstance(given, bool):
        message = "a length of time has a unit: write {given}s (or m, h, ms)"
        raise PydanticCustomError("length", message, {"given": given})
    raise PydanticCustomError("length", "a length of time is written 45s, 5m, 1h30m or 500ms")


def _bounded(least_s: float, most_s: float = LONGEST_S) -> object:
    def check(seconds: float) -> float:
        if not least_s <= seconds <= most_s:
            context = {"least": length_text(least_s), "most": length_text(most_s)}
            raise PydanticCustomError("length", "a length of time is {least} to {most} here", context)
        return seconds

    return BeforeValidator(lambda given: check(_read(given)))


_SCHEMA = WithJsonSchema({"type": "string", "pattern": r"^([0-9]+h)?([0-9]+m)?([0-9]+(\.[0-9]+)?s)?([0-9]+ms)?$"})
_WRITTEN = PlainSerializer(length_text)

Length = Annotated[float, _bounded(0.001), _SCHEMA, _WRITTEN]
"""Seconds, more than none, at most a day."""

LengthOrNone = Annotated[float, _bounded(0.0), _SCHEMA, _WRITTEN]
"""Seconds, at most a day; `0s` is none."""

LongLength = Annotated[
    float,
    _bounded(60.0, LONGEST_DAYS_S),
    WithJsonSchema({"type": "string", "pattern": r"^([0-9]+d)?([0-9]+h)?([0-9]+m)?$"}),
    _WRITTEN,
]
"""Seconds, a minute to 31 days; days may be written, `7d`."""

WholeSeconds = Annotated[int, Field(ge=0), BeforeValidator(lambda given: round(_read(given))), _SCHEMA, _WRITTEN]

Seconds = Annotated[int, BeforeValidator(round), _bounded(1.0), _SCHEMA, _WRITTEN]
"""Whole seconds, at least one, at most a day."""

SecondsOrNone = Annotated[int, BeforeValidator(round), _bounded(0.0), _SCHEMA, _WRITTEN]
"""Whole seconds, at most a day; `0s` is none."""
