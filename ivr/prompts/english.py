"""Values in English, as they are said."""

from ivr.prompts.grammar import months, weekdays

_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth"}
_ORDINALS["twelve"] = "twelfth"


class English:
    """The Grammar of English."""

    greatest_ordinal = 99
    links = {"hundred": "hundred", "thousand": "thousand", "and": "and"}  # noqa: RUF012 - never changed

    def cardinal(self, number: int) -> str:
        """`number` (0 to 999,999) in words."""
        if number < 10:
            return _ONES[number]
        if number < 20:
            return _TEENS[number - 10]
        if number < 100:
            tens, ones = divmod(number, 10)
            return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
        if number < 1000:
            hundreds, rest = divmod(number, 100)
            return f"{_ONES[hundreds]} hundred" + (f" and {self.cardinal(rest)}" if rest else "")
        thousands, rest = divmod(number, 1000)
        joint = " and " if rest < 100 else " "
        return f"{self.cardinal(thousands)} thousand" + (f"{joint}{self.cardinal(rest)}" if rest else "")

    def digit(self, value: int) -> str:
        return _ONES[value]

    def ordinal(self, number: int) -> str:
        head, hyphen, last = self.cardinal(number).rpartition("-")
        ending = _ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
        return f"{head}{hyphen}{ending}"

    def minutes(self, count: int) -> str:
        return f"{self.cardinal(count)} {'minute' if count == 1 else 'minutes'}"

    def hours(self, count: int) -> str:
        return f"{self.cardinal(count)} {'hour' if count == 1 else 'hours'}"

    def wait(self, minutes: int) -> str:
        return f"about {self.minutes(minutes)}" if minutes else f"less than {self.minutes(1)}"

    def wait_hours(self, hours: int, *, over: bool) -> str:
        return f"{'more than' if over else 'about'} {self.hours(hours)}"

    def interval(self, low: int, high: int) -> str:
        end = self.hours(1) if 60 in (low, high) else self.minutes(high or low)
        if not low or not high:
            return f"{'more' if low else 'less'} than {end}"
        return f"between {self.minutes(low) if high == 60 else self.cardinal(low)} and {end}"

    def weekday(self, number: int) -> str:
        return weekdays("en")[number]

    def day(self, number: int) -> str:
        return f"the {self.ordinal(number)} of"

    def month(self, number: int) -> str:
        return months("en")[number - 1]

    def date(self, weekday: str, day: str, month: str) -> tuple[str, ...]:
        return weekday, day, month

    def hour(self, hour: int, *, sharp: bool) -> str:
        if sharp and hour in (0, 12):
            return "noon" if hour else "midnight"
        return self.cardinal((hour - 1) % 12 + 1)

    def minute(self, minute: int) -> str:
        return f"oh {_ONES[minute]}" if minute < 10 else self.cardinal(minute)

    def half_day(self, hour: int, minute: int) -> str:
        if not minute and hour in (0, 12):
            return ""
        return "a.m." if hour < 12 else "p.m."


ENGLISH = English()
