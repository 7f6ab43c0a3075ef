"""Days that have names: those around Easter, and those that are the same every year."""

from datetime import date, timedelta
from functools import lru_cache

_FROM_EASTER = {
    "palm_sunday": -7,
    "holy_monday": -6,
    "holy_tuesday": -5,
    "easter_wednesday": -4,
    "maundy_thursday": -3,
    "good_friday": -2,
    "easter_eve": -1,
    "easter_sunday": 0,
    "easter_monday": 1,
    "ascension_day": 39,
    "ascension_friday": 40,
    "whit_eve": 48,
    "whit_sunday": 49,
    "whit_monday": 50,
}
_FIXED = {
    "new_years_day": (1, 1),
    "labour_day": (5, 1),
    "constitution_day": (5, 17),
    "little_christmas_eve": (12, 23),
    "christmas_eve": (12, 24),
    "christmas_day": (12, 25),
    "boxing_day": (12, 26),
    "new_years_eve": (12, 31),
}
NAMED_DAYS = (*_FROM_EASTER, *_FIXED)
"""The names, in the order of people's year: Easter first."""


@lru_cache(maxsize=4096)
def day_named(name: str, year: int) -> date:
    """The day of that year. Raises KeyError for a name that is none of `NAMED_DAYS`."""
    if name in _FROM_EASTER:
        return easter(year) + timedelta(days=_FROM_EASTER[name])
    month, day = _FIXED[name]
    return date(year, month, day)


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the method of Meeus, Jones and Butcher)."""
    golden = year % 19
    century, of_century = divmod(year, 100)
    leaps, left = divmod(century, 4)
    moon = (19 * golden + century - leaps - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    sunday = (32 + 2 * left + 2 * (of_century // 4) - moon - of_century % 4) % 7
    late = (golden + 11 * moon + 22 * sunday) // 451
    month, day = divmod(moon + sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)
