"""Values in the two written kinds of Norwegian, as they are said: `BOKMAL` (nb) and `NYNORSK` (nn).

A time of day is read as it is shown, "klokken ni tretti": "halv ti" does not say whether it is morning or evening.
"""

from dataclasses import dataclass

from ivr.prompts.grammar import months, weekdays

_ONES = ("null", "", "to", "tre", "fire", "fem", "seks", "sju", "åtte", "ni")
_TEENS = ("ti", "elleve", "tolv", "tretten", "fjorten", "femten", "seksten", "sytten", "atten", "nitten")
_TENS = ("", "", "tjue", "tretti", "førti", "femti", "seksti", "sytti", "åtti", "nitti")
_LOW_ORDINALS = ("", "første", "andre", "tredje", "fjerde", "femte", "sjette", "", "", "", "", "ellevte", "tolvte")


@dataclass(frozen=True, slots=True)
class Norwegian:
    """Where the two differ: words for one by gender, endings, and names of time."""

    locale: str
    one: str
    neuter: str
    ending: str
    """Of ordinals: sjuende, sjuande."""
    plurals: tuple[str, str]
    """Several minutes, several hours."""
    over: str
    clock: str

    @property
    def greatest_ordinal(self) -> int:
        return 99

    @property
    def links(self) -> dict[str, str]:
        neuters = {self.cardinal(tens + 1, neuter=True): f"{tens + 1}-neuter" for tens in (0, *range(20, 100, 10))}
        return {"hundre": "hundred", "tusen": "thousand", "og": "and", **neuters}

    def cardinal(self, number: int, *, neuter: bool = False) -> str:
        """`number` (0 to 999,999) in words; `neuter` as before a word like *minutt*: ett, tjueett."""
        if number < 10:
            return (self.neuter if neuter else self.one) if number == 1 else _ONES[number]
        if number < 20:
            return _TEENS[number - 10]
        if number < 100:
            tens, ones = divmod(number, 10)
            return _TENS[tens] + (self.cardinal(ones, neuter=neuter) if ones else "")
        if number < 1000:
            hundreds, rest = divmod(number, 100)
            head = "hundre" if hundreds == 1 else f"{_ONES[hundreds]} hundre"
            return f"{head} og {self.cardinal(rest, neuter=neuter)}" if rest else head
        thousands, rest = divmod(number, 1000)
        head = "tusen" if thousands == 1 else f"{self.cardinal(thousands, neuter=True)} tusen"
        if not rest:
            return head
        joint = "og " if rest < 100 else f"{self.neuter} " if rest < 200 else ""
        return f"{head} {joint}{self.cardinal(rest, neuter=neuter)}"

    def digit(self, value: int) -> str:
        return self.one.replace("é", "e") if value == 1 else _ONES[value]

    def ordinal(self, number: int) -> str:
        tens, ones = divmod(number, 10)
        if number < len(_LOW_ORDINALS) and _LOW_ORDINALS[number]:
            return _LOW_ORDINALS[number]
        if number < 20:
            stem = self.cardinal(number).removesuffix("en" if number > 12 else "e")
            return stem + self.ending
        if not ones:
            return f"{_TENS[tens].removesuffix('e')}{self.ending}"
        return _TENS[tens] + self.ordinal(ones)

    def minutes(self, count: int) -> str:
        return f"{self.cardinal(count, neuter=True)} {'minutt' if count == 1 else self.plurals[0]}"

    def hours(self, count: int) -> str:
        return f"{self.cardinal(count)} {'time' if count == 1 else self.plurals[1]}"

    def wait(self, minutes: int) -> str:
        return f"omtrent {self.minutes(minutes)}" if minutes else f"under {self.minutes(1)}"

    def wait_hours(self, hours: int, *, over: bool) -> str:
        return f"{self.over if over else 'omtrent'} {self.hours(hours)}"

    def interval(self, low: int, high: int) -> str:
        end = self.hours(1) if 60 in (low, high) else self.minutes(high or low)
        if not low or not high:
            return f"{'over' if low else 'under'} {end}"
        return f"mellom {self.minutes(low) if high == 60 else self.cardinal(low, neuter=True)} og {end}"

    def weekday(self, number: int) -> str:
        return weekdays(self.locale)[number]

    def day(self, number: int) -> str:
        return f"den {self.ordinal(number)}"

    def month(self, number: int) -> str:
        return months(self.locale)[number - 1]

    def date(self, weekday: str, day: str, month: str) -> tuple[str, ...]:
        return weekday, day, month

    def hour(self, hour: int, *, sharp: bool) -> str:
        if not hour:
            return "midnatt" if sharp else f"{self.clock} null null"
        return f"{self.clock} {self.cardinal(hour)}"

    def minute(self, minute: int) -> str:
        return f"null {self.cardinal(minute)}" if minute < 10 else self.cardinal(minute)

    def half_day(self, hour: int, minute: int) -> str:
        return ""


BOKMAL = Norwegian("nb", "én", "ett", "ende", ("minutter", "timer"), "mer enn", "klokken")
NYNORSK = Norwegian("nn", "ein", "eitt", "ande", ("minutt", "timar"), "meir enn", "klokka")
