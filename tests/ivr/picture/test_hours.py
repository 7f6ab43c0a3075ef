"""Opening hours in words."""

import pytest

from ivr.language.calendar import Calendar, Day, DaySpan, Hours, Season
from ivr.language.named_days import NAMED_DAYS
from ivr.picture.hours import date_text, day_text, days_text, hours_text, span_text, week_lines


@pytest.mark.parametrize(
    ("hours", "told"), [(((540, 900),), "09-15"), (((540, 690), (720, 900)), "09-11:30 og 12-15"), ((), "stengt")]
)
def test_hours_are_told(hours: Hours, told: str) -> None:
    assert hours_text(hours, "nb") == told


def test_days_are_told_in_runs() -> None:
    assert days_text([0, 1, 2, 4], "en") == "Monday to Wednesday, Friday"
    assert days_text([5, 6], "nb") == "lørdag, søndag"


def test_a_week_puts_days_that_are_alike_together() -> None:
    day: Hours = ((540, 900),)
    calendar = Calendar("c", (day, day, day, day, ((540, 840),), (), ()))
    assert week_lines(calendar, "en") == ["Monday to Thursday 09-15", "Friday 09-14"]
    assert week_lines(Calendar("c", ((),) * 7), "nb") == ["stengt"]


def test_a_date_is_told_with_its_year_where_it_has_one() -> None:
    assert date_text(12, 24, "nb") == "24. desember"
    assert date_text(12, 24, "en", 2026) == "24 December 2026"


def test_every_named_day_has_words() -> None:
    for name in NAMED_DAYS:
        assert day_text(Day(name), "nb") != name.replace("_", " ")
        assert day_text(Day(name), "en") != name.replace("_", " ")
    assert day_text(Day("12-24"), "nb") == "24. desember"
    assert span_text(DaySpan(Day("2026-07-01"), Day("2026-07-31")), "en") == "1 July 2026 to 31 July 2026"


def test_seasons_stand_below_the_week() -> None:
    day: Hours = ((540, 900),)
    summer = Season(DaySpan(Day("07-01"), Day("07-31")), (*(((600, 780),),) * 4, (), (), ()))
    calendar = Calendar("c", (day,) * 5 + ((), ()), seasons=(summer,))
    assert week_lines(calendar, "en") == ["Monday to Friday 09-15", "1 July to 31 July: Monday to Thursday 10-13"]
