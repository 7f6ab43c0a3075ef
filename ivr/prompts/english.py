"""Numbers and lengths of time in English, as they are said."""

_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def cardinal(number: int) -> str:
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
        return f"{_ONES[hundreds]} hundred" + (f" and {cardinal(rest)}" if rest else "")
    thousands, rest = divmod(number, 1000)
    joint = " and " if rest < 100 else " "
    return f"{cardinal(thousands)} thousand" + (f"{joint}{cardinal(rest)}" if rest else "")


def digit(value: int) -> str:
    return _ONES[value]


def minutes(count: int) -> str:
    return f"{cardinal(count)} {'minute' if count == 1 else 'minutes'}"


def hours(count: int) -> str:
    return f"{cardinal(count)} {'hour' if count == 1 else 'hours'}"


ABOUT = "about {}"
UNDER = "less than {}"
OVER = "more than {}"
LINKS = ("hundred", "thousand", "and")
"""What large numbers are put together from, beside the numbers under a hundred."""
