"""Values in North Sami (se), which no synthetic voice speaks: everything here is read by a person and recorded.

Known here: numbers, digits, the names of weekdays and months (by babel; months in the genitive that a date wants), and
that a date has its month before its day. Not known: ordinals, the day of a month, waiting times, times of day. There
the words are the value as it is written ("24.", "5 min"); the speaker says it as it is right, and the recording, which
is found by the value and not by the words, is what callers hear. Nothing is guessed.
"""

from ivr.prompts.grammar import months, weekdays

_ONES = ("nolla", "okta", "guokte", "golbma", "njeallje", "vihtta", "guhtta", "čieža", "gávcci", "ovcci")


class Sami:
    """The Grammar of North Sami, as far as it is known."""

    greatest_ordinal = 30

    @property
    def links(self) -> dict[str, str]:
        return {**{self.cardinal(100 * count): f"{100 * count}" for count in range(1, 10)}, "duhát": "thousand"}

    def cardinal(self, number: int) -> str:
        """`number` (0 to 999,999) in words, hundreds and thousands apart so that each has its recording."""
        if number < 10:
            return _ONES[number]
        if number < 20:
            return f"{_ONES[number - 10]}nuppelohkái" if number > 10 else "logi"
        if number < 100:
            tens, ones = divmod(number, 10)
            return f"{_ONES[tens]}logi{_ONES[ones] if ones else ''}"
        if number < 1000:
            hundreds, rest = divmod(number, 100)
            head = f"{_ONES[hundreds] if hundreds > 1 else ''}čuođi"
            return f"{head} {self.cardinal(rest)}" if rest else head
        thousands, rest = divmod(number, 1000)
        head = f"{self.cardinal(thousands)} duhát" if thousands > 1 else "duhát"
        return f"{head} {self.cardinal(rest)}" if rest else head

    def digit(self, value: int) -> str:
        return _ONES[value]

    def ordinal(self, number: int) -> str:
        return f"{number}."

    def wait(self, minutes: int) -> str:
        return f"{minutes or '< 1'} min"

    def wait_hours(self, hours: int, *, over: bool) -> str:
        return f"{'> ' if over else ''}{hours} h"

    def interval(self, low: int, high: int) -> str:
        if not low or not high:
            return f"{'>' if low else '<'} {low or high} min"
        return f"{low}–{high} min"

    def weekday(self, number: int) -> str:
        return weekdays("se")[number]

    def day(self, number: int) -> str:
        return f"{number}. beaivi"

    def month(self, number: int) -> str:
        return months("se")[number - 1].replace("mánnu", "mánu")

    def date(self, weekday: str, day: str, month: str) -> tuple[str, ...]:
        return weekday, month, day

    def hour(self, hour: int, *, sharp: bool) -> str:
        return f"{hour}:00" if sharp else f"{hour}:"

    def minute(self, minute: int) -> str:
        return f":{minute:02}"

    def half_day(self, hour: int, minute: int) -> str:
        return ""


SAMI = Sami()
