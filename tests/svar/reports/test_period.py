"""Periods: days of 23, 24 and 25 hours, weeks and months, and how they are asked for."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from svar.config import ConfigError
from svar.reports.gathering import By, Names
from svar.reports.period import Kind, period
from svar.reports.words import Language, label, title

OSLO = ZoneInfo("Europe/Oslo")
TODAY = date(2026, 11, 22)
HOUR_MS = 3_600_000


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-22", 24)])
def test_a_day_has_as_many_hours_as_the_clock_gives_it(day: str, hours: int) -> None:
    found = period(Kind.DAY, day, OSLO, TODAY)
    assert found.until_ms - found.since_ms == hours * HOUR_MS
    slots = [found.slot(start) for start in range(found.since_ms, found.until_ms, HOUR_MS // 2)]
    assert len(set(slots)) == len(slots) == 2 * hours


def test_the_hour_that_comes_twice_says_which_of_them_it_is() -> None:
    found = period(Kind.DAY, "2026-10-25", OSLO, TODAY)
    slots = [found.slot(start) for start in range(found.since_ms, found.until_ms, HOUR_MS // 2)]
    assert slots[3:9] == ["01:30", "02:00 +02", "02:30 +02", "02:00 +01", "02:30 +01", "03:00"]


def test_in_a_month_the_times_of_day_are_those_of_every_day() -> None:
    found = period(Kind.MONTH, "2026-10", OSLO, TODAY)
    assert len({found.slot(start) for start in range(found.since_ms, found.until_ms, HOUR_MS // 2)}) == 48


@pytest.mark.parametrize(
    ("kind", "text", "name", "days"),
    [
        (Kind.DAY, "", "2026-11-22", 1),
        (Kind.DAY, "last", "2026-11-21", 1),
        (Kind.WEEK, "", "2026-W47", 7),
        (Kind.WEEK, "2026-W01", "2026-W01", 7),
        (Kind.WEEK, "2027-01-02", "2026-W53", 7),
        (Kind.MONTH, "last", "2026-10", 31),
        (Kind.MONTH, "2028-02", "2028-02", 29),
        (Kind.MONTH, "2026-12-31", "2026-12", 31),
    ],
)
def test_a_period_is_found_by_its_name_or_a_date_in_it(kind: Kind, text: str, name: str, days: int) -> None:
    found = period(kind, text, OSLO, TODAY)
    assert (found.name, (found.after - found.first).days) == (name, days)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.DAY, "2026-02-30"),
        (Kind.DAY, "2026-W47"),
        (Kind.WEEK, "2026-W54"),
        (Kind.MONTH, "2026-13"),
        (Kind.DAY, "x"),
    ],
)
def test_what_is_no_period_is_told(kind: Kind, text: str) -> None:
    with pytest.raises(ConfigError, match=f"{text}.*expected"):
        period(kind, text, OSLO, TODAY)


def test_a_year_without_records_is_told() -> None:
    with pytest.raises(ConfigError, match="no records of 0026"):
        period(Kind.DAY, "0026-11-22", OSLO, TODAY)


def test_titles_are_as_people_write_them() -> None:
    nb, en = Language.NORWEGIAN, Language.ENGLISH
    day, week, month = (
        period(Kind.DAY, "2026-11-20", OSLO, TODAY),
        period(Kind.WEEK, "2026-12-01", OSLO, TODAY),
        period(Kind.MONTH, "2026-11", OSLO, TODAY),
    )
    assert (title(day, nb), title(day, en)) == ("fredag 20. november 2026", "Friday 20 November 2026")
    assert (title(week, nb), title(week, en)) == (
        "uke 49, 30. november–6. desember 2026",
        "week 49, 30 November–6 December 2026",
    )
    assert (title(month, nb), title(month, en)) == ("november 2026", "November 2026")
    assert label(By.DAY, "2026-10-01", Names(), nb) == "to. 1. okt."
    assert label(By.DAY, "2026-05-02", Names(), nb) == "lø. 2. mai"
    assert label(By.DAY, "2026-10-01", Names(), en) == "Thu 1 Oct"
