"""Values in words: what a caller hears for a number, a place, a length of time, a date, a time of day, or digits.

A length of time is an estimate and is said as one, so coarsely that nobody takes it for a promise: to the minute up to
ten minutes, to five minutes up to an hour, and no finer than "more than an hour" above. An interval has its ends among
few steps, and is said in one breath.
"""

from functools import cache

from acd.estimates import STEPS_S
from ivr.language.prompting import FORMS, Clock, Day, Duration, Interval, Number, Ordinal, Slot, Spelled, Value
from ivr.prompts.english import ENGLISH
from ivr.prompts.grammar import Grammar
from ivr.prompts.norwegian import BOKMAL, NYNORSK
from ivr.prompts.sami import SAMI

LARGEST_NUMBER = 999_999
LONGEST_SPELLED = 32
FINE_MINUTES = 10
COARSE_STEP_MINUTES = 5
MOST_WAIT_HOURS = 4

STEPS_MIN = tuple(step // 60 for step in STEPS_S)
INTERVALS = tuple(
    Interval(60 * low, None if high is None else 60 * high)
    for low in STEPS_MIN
    for high in (*STEPS_MIN, None)
    if (high is None or high > low) and (low or high)
)
"""Every interval that is said: under, between or over steps."""

DIGITS = "0123456789"
GRAMMARS: dict[str, Grammar] = {"nb": BOKMAL, "no": BOKMAL, "nn": NYNORSK, "en": ENGLISH, "se": SAMI}

UNNAMED: dict[str, tuple[str, ...]] = {
    "position": ("number",),
    "waiting": ("number",),
    "wait": ("duration",),
    "interval": ("interval",),
}
"""The forms of slots that every flow has; another one without a form is a number or spelled."""


SPOKEN_FORMS = (*FORMS, "interval")
"""With those that no slot names, since no variable holds such a value."""


def rounded_minutes(seconds: int) -> int:
    """Whole minutes as they are said, half a minute up; 0 is less than one."""
    if seconds < 60:
        return 0
    fine = (seconds + 30) // 60
    if fine <= FINE_MINUTES:
        return fine
    step = COARSE_STEP_MINUTES * 60
    return (seconds + step // 2) // step * COARSE_STEP_MINUTES


def stepped(interval: Interval) -> tuple[int, int]:
    """The steps in minutes that take the interval in; the second is 0 where it ends beyond the last, or never."""
    low = max((step for step in STEPS_MIN if 60 * step <= interval.low_s), default=0)
    high_s = interval.high_s
    ends = (step for step in STEPS_MIN if high_s is not None and step > low and 60 * step >= high_s)
    return low, next(ends, 0)


def _grammar(language: str) -> Grammar:
    """Languages that have no rules here (only recordings could say them) fall back on English."""
    return GRAMMARS.get(language, ENGLISH)


def spoken(value: Value, language: str) -> tuple[str, ...]:
    """The words, in pieces to be said one after the other; nothing for a negative number.

    A number too large for words is spelled, and a place too far back for an ordinal is a plain number.
    """
    grammar = _grammar(language)
    match value:
        case Number(number) if number > LARGEST_NUMBER:
            return spoken(Spelled(str(number)), language)
        case Number(number):
            return (grammar.cardinal(number),) if number >= 0 else ()
        case Ordinal(number) if not 1 <= number <= grammar.greatest_ordinal:
            return spoken(Number(number), language)
        case Ordinal(number):
            return (grammar.ordinal(number),)
        case Spelled(pii_text):
            return tuple(grammar.digit(int(sign)) for sign in pii_text[:LONGEST_SPELLED] if sign in DIGITS)
        case Duration(seconds):
            return (_wait(grammar, rounded_minutes(seconds)),)
        case Interval():
            low, high = stepped(value)
            return (grammar.interval(low, high),) if low or high else ()
        case Day(day):
            return grammar.date(grammar.weekday(day.weekday()), grammar.day(day.day), grammar.month(day.month))
        case Clock(hour, minute):
            parts = (grammar.hour(hour, sharp=not minute), minute and grammar.minute(minute))
            return tuple(part for part in (*parts, grammar.half_day(hour, minute)) if part)


def _wait(grammar: Grammar, count: int) -> str:
    if count < 60:
        return grammar.wait(count)
    return grammar.wait_hours(min(count // 60, MOST_WAIT_HOURS), over=count > 60)


def forms(slot: Slot) -> tuple[str, ...]:
    """The forms in which the value of `slot` may be spoken."""
    return (slot.form,) if slot.form else UNNAMED.get(slot.name, ("number", "digits"))


@cache
def words(language: str, form: str) -> dict[str, str]:
    """Everything that values of a form are put together from, and the key of a recording of each.

    Numbers under a hundred and what larger ones are made of, digits, ordinals, waiting times up to some hours,
    weekdays, days and months, hours and minutes.
    """
    grammar = _grammar(language)
    found: dict[str, str] = {}
    for words_, name in _named(grammar, form):
        found.setdefault(words_, f"values/{name}")
    return found


def _named(grammar: Grammar, form: str) -> list[tuple[str, str]]:
    match form:
        case "number":
            numbers = [(grammar.cardinal(number), f"number/{number}") for number in range(100)]
            return numbers + [(link, f"number/{name}") for link, name in grammar.links.items()]
        case "digits":
            return [(grammar.digit(number), f"digit/{number}") for number in range(10)]
        case "ordinal":
            return [(grammar.ordinal(n), f"ordinal/{n}") for n in range(1, grammar.greatest_ordinal + 1)]
        case "duration":
            minutes = (*range(FINE_MINUTES + 1), *range(FINE_MINUTES, 60, COARSE_STEP_MINUTES))
            hours = [(grammar.wait_hours(n, over=True), f"wait/over-{n}h") for n in range(1, MOST_WAIT_HOURS + 1)]
            about = (grammar.wait_hours(1, over=False), "wait/1h")
            return [(grammar.wait(n), f"wait/{n}m" if n else "wait/under-1m") for n in minutes] + [about, *hours]
        case "interval":
            return [_interval_named(grammar, *stepped(interval)) for interval in INTERVALS]
        case "date":
            weekdays = [(grammar.weekday(number), f"weekday/{number + 1}") for number in range(7)]
            months = [(grammar.month(number), f"month/{number}") for number in range(1, 13)]
            return weekdays + [(grammar.day(number), f"day/{number}") for number in range(1, 32)] + months
        case _:
            return _clock_named(grammar)


def _interval_named(grammar: Grammar, low: int, high: int) -> tuple[str, str]:
    name = f"{low}-to-{high}m" if low and high else f"under-{high}m" if high else f"over-{low}m"
    return grammar.interval(low, high), f"interval/{name}"


def _clock_named(grammar: Grammar) -> list[tuple[str, str]]:
    sharp = [(grammar.hour(hour, sharp=True), f"hour/{hour}") for hour in range(24)]
    hours = [(grammar.hour(hour, sharp=False), f"hour/{hour}-and") for hour in range(24)]
    minutes = [(grammar.minute(minute), f"minute/{minute}") for minute in range(1, 60)]
    halves = [(grammar.half_day(hour, 1), f"hour/{'am' if hour < 12 else 'pm'}") for hour in (1, 13)]
    return [named for named in sharp + hours + minutes + halves if named[0]]


@cache
def keys(language: str) -> dict[str, str]:
    """The key of a recording of each word or phrase that values are put together from, whatever its form.

    What is said the same in two forms ("three" as a number and as a digit) is recorded once.
    """
    found: dict[str, str] = {}
    for form in SPOKEN_FORMS:
        for words_, key in words(language, form).items():
            found.setdefault(words_, key)
    return found


def vocabulary(language: str, *wanted: str) -> frozenset[str]:
    """What values of the `wanted` forms are put together from; of all forms without any."""
    return frozenset().union(*(words(language, form) for form in wanted or SPOKEN_FORMS))
