"""What a language has to know so that values can be said in it."""

from functools import cache
from typing import Protocol

from babel import Locale


class Grammar(Protocol):
    """Words for values."""

    @property
    def greatest_ordinal(self) -> int: ...

    @property
    def links(self) -> dict[str, str]:
        """What numbers over 99 are put together from beside the smaller ones, and the name of each for a recording."""

    def cardinal(self, number: int) -> str:
        """`number`, 0 to 999,999."""

    def digit(self, value: int) -> str: ...

    def ordinal(self, number: int) -> str:
        """From 1 to `greatest_ordinal`."""

    def wait(self, minutes: int) -> str:
        """About so many minutes; 0: less than one."""

    def wait_hours(self, hours: int, *, over: bool) -> str:
        """About, or more than, so many hours."""

    def interval(self, low: int, high: int) -> str:
        """Between two numbers of minutes up to 60: under `high` where `low` is 0, over `low` where `high` is."""

    def weekday(self, number: int) -> str:
        """Monday is 0."""

    def day(self, number: int) -> str:
        """The day of a month, as it stands in a date."""

    def month(self, number: int) -> str:
        """January is 1; as it stands in a date."""

    def date(self, weekday: str, day: str, month: str) -> tuple[str, ...]:
        """The parts in the order in which they are said."""

    def hour(self, hour: int, *, sharp: bool) -> str:
        """The first part of a time of day; `sharp`: nothing follows but `half_day`."""

    def minute(self, minute: int) -> str:
        """The second part, 1 to 59."""

    def half_day(self, hour: int, minute: int) -> str:
        """What ends a time of day, such as "a.m."; empty: nothing."""


@cache
def weekdays(locale: str) -> tuple[str, ...]:
    """From Monday on, by babel."""
    names = Locale.parse(locale).days["format"]["wide"]
    return tuple(str(names[number]) for number in range(7))


@cache
def months(locale: str) -> tuple[str, ...]:
    """From January on, by babel, as they stand in a date."""
    names = Locale.parse(locale).months["format"]["wide"]
    return tuple(str(names[number]) for number in range(1, 13))
