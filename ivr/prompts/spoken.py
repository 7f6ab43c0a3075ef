"""Values in words: what a caller hears for a number, a length of time, or digits.

A length of time is an estimate and is said as one, so coarsely that nobody takes it for a promise: to the minute up to
ten minutes, to five minutes up to an hour, and no finer than "more than an hour" above.
"""

from functools import cache
from types import ModuleType

from ivr.prompting import Duration, Number, Spelled, Value
from ivr.prompts import english, norwegian

LARGEST_NUMBER = 999_999
LONGEST_SPELLED = 32
FINE_MINUTES = 10
COARSE_STEP_MINUTES = 5

DIGITS = "0123456789"


def rounded_minutes(seconds: int) -> int:
    """Whole minutes as they are said, half a minute up; 0 is less than one."""
    if seconds < 60:
        return 0
    fine = (seconds + 30) // 60
    if fine <= FINE_MINUTES:
        return fine
    step = COARSE_STEP_MINUTES * 60
    return (seconds + step // 2) // step * COARSE_STEP_MINUTES


def _grammar(language: str) -> ModuleType:
    """Languages that have no rules here (only recordings could say them) fall back on English."""
    return norwegian if language in ("nb", "nn", "no") else english


def spoken(value: Value, language: str) -> tuple[str, ...]:
    """The words, in pieces to be said one after the other; nothing for a negative or too large number."""
    grammar = _grammar(language)
    match value:
        case Number(number):
            return (grammar.cardinal(number),) if 0 <= number <= LARGEST_NUMBER else ()
        case Spelled(pii_text):
            return tuple(grammar.digit(int(sign)) for sign in pii_text[:LONGEST_SPELLED] if sign in DIGITS)
        case Duration(seconds):
            return (_duration(grammar, rounded_minutes(seconds)),)


def _duration(grammar: ModuleType, count: int) -> str:
    if not count:
        return str(grammar.UNDER.format(grammar.minutes(1)))
    if count < 60:
        return str(grammar.ABOUT.format(grammar.minutes(count)))
    return str((grammar.ABOUT if count == 60 else grammar.OVER).format(grammar.hours(count // 60)))


@cache
def vocabulary(language: str) -> frozenset[str]:
    """Everything that values are put together from: digits, numbers under a hundred, lengths of time up to a day."""
    grammar = _grammar(language)
    numbers = (grammar.cardinal(number) for number in range(100))
    digits = (grammar.digit(number) for number in range(10))
    minutes = (*range(FINE_MINUTES + 1), *range(FINE_MINUTES, 60, COARSE_STEP_MINUTES), *range(60, 300, 30))
    return frozenset([*numbers, *digits, *grammar.LINKS, *(_duration(grammar, count) for count in minutes)])
