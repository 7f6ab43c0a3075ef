"""Days that have names."""

from datetime import date, timedelta

import holidays
import pytest

from ivr.language.named_days import NAMED_DAYS, day_named, easter

PUBLIC = (
    "new_years_day",
    "maundy_thursday",
    "good_friday",
    "easter_sunday",
    "easter_monday",
    "labour_day",
    "constitution_day",
    "ascension_day",
    "whit_sunday",
    "whit_monday",
    "christmas_day",
    "boxing_day",
)


@pytest.mark.parametrize("year", range(1990, 2060))
def test_the_public_holidays_are_where_the_law_has_them(year: int) -> None:
    public = holidays.country_holidays("NO", years=year)
    for name in PUBLIC:
        assert day_named(name, year) in public, name
    assert len({day_named(name, year) for name in PUBLIC}) == len(public)


@pytest.mark.parametrize(("year", "month", "day"), [(2008, 3, 23), (2011, 4, 24), (2026, 4, 5), (2038, 4, 25)])
def test_easter(year: int, month: int, day: int) -> None:
    assert easter(year) == date(year, month, day)


def test_days_around_easter_follow_it() -> None:
    assert day_named("easter_wednesday", 2026) == easter(2026) - timedelta(days=4)
    assert day_named("easter_eve", 2026).strftime("%a") == "Sat"
    assert all(day_named(name, 2027).year == 2027 for name in NAMED_DAYS)
    with pytest.raises(KeyError):
        day_named("easter", 2026)
