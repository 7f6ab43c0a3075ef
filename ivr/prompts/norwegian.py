"""Numbers and lengths of time in Norwegian bokmål, as they are said."""

_ONES = ["null", "én", "to", "tre", "fire", "fem", "seks", "sju", "åtte", "ni"]
_TEENS = ["ti", "elleve", "tolv", "tretten", "fjorten", "femten", "seksten", "sytten", "atten", "nitten"]
_TENS = ["", "", "tjue", "tretti", "førti", "femti", "seksti", "sytti", "åtti", "nitti"]


def cardinal(number: int, *, neuter: bool = False) -> str:
    """`number` (0 to 999,999) in words; `neuter` as before a word like *minutt*: ett, tjueett."""
    if number < 10:
        return "ett" if number == 1 and neuter else _ONES[number]
    if number < 20:
        return _TEENS[number - 10]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (cardinal(ones, neuter=neuter) if ones else "")
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        head = "hundre" if hundreds == 1 else f"{_ONES[hundreds]} hundre"
        return f"{head} og {cardinal(rest, neuter=neuter)}" if rest else head
    thousands, rest = divmod(number, 1000)
    head = "tusen" if thousands == 1 else f"{cardinal(thousands, neuter=True)} tusen"
    if not rest:
        return head
    joint = "og " if rest < 100 else "ett " if rest < 200 else ""
    return f"{head} {joint}{cardinal(rest, neuter=neuter)}"


def digit(value: int) -> str:
    return "en" if value == 1 else _ONES[value]


def minutes(count: int) -> str:
    return f"{cardinal(count, neuter=True)} {'minutt' if count == 1 else 'minutter'}"


def hours(count: int) -> str:
    return f"{cardinal(count)} {'time' if count == 1 else 'timer'}"


ABOUT = "omtrent {}"
UNDER = "under {}"
OVER = "mer enn {}"
LINKS = ("hundre", "tusen", "og", "ett", *(cardinal(tens + 1, neuter=True) for tens in range(20, 100, 10)))
"""What large numbers are put together from, beside the numbers under a hundred."""
