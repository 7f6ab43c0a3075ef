"""Opening hours, Norway's time and holidays."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ivr.calendar import OSLO, Calendar, Opening

OFFICE = Calendar(
    "office",
    (*[((540, 900),)] * 5, (), ()),
    yearly={(12, 24): (), (12, 31): (), (5, 4): ((600, 660),)},
    dated={date(2026, 11, 24): ((540, 720), (780, 900)), date(2026, 12, 31): ((540, 600),)},
)


def at(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=OSLO).timestamp() * 1000)


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        ("2026-11-23 09:00", Opening.OPEN),
        ("2026-11-23 08:59", Opening.CLOSED),
        ("2026-11-23 14:59", Opening.OPEN),
        ("2026-11-23 15:00", Opening.CLOSED),
        ("2026-11-22 10:00", Opening.CLOSED),
        ("2026-05-17 10:00", Opening.HOLIDAY),
        ("2027-05-17 10:00", Opening.HOLIDAY),
        ("2026-12-25 10:00", Opening.HOLIDAY),
        ("2026-04-03 10:00", Opening.HOLIDAY),
        ("2026-12-24 10:00", Opening.HOLIDAY),
        ("2027-12-31 10:00", Opening.HOLIDAY),
        ("2026-12-31 09:30", Opening.OPEN),
        ("2026-12-31 10:30", Opening.CLOSED),
        ("2026-11-24 12:30", Opening.CLOSED),
        ("2026-11-24 13:30", Opening.OPEN),
        ("2026-05-04 09:30", Opening.CLOSED),
        ("2026-05-04 10:30", Opening.OPEN),
        ("2026-07-01 09:00", Opening.OPEN),
        ("2026-07-01 08:59", Opening.CLOSED),
    ],
)
def test_it_says_whether_a_moment_is_open(moment: str, opening: Opening) -> None:
    assert OFFICE.at(at(moment)) is opening


def test_public_holidays_can_be_left_out() -> None:
    every_day = Calendar("always", (((0, 1440),),) * 7, public_holidays=False)
    assert every_day.at(at("2026-12-25 23:59")) is Opening.OPEN


@pytest.mark.parametrize(
    ("utc", "local", "hours"),
    [
        ("2026-03-29 00:59", "2026-03-29 01:59", 1),
        ("2026-03-29 01:00", "2026-03-29 03:00", 2),
        ("2026-10-25 00:59", "2026-10-25 02:59", 2),
        ("2026-10-25 01:00", "2026-10-25 02:00", 1),
        ("2026-10-25 02:00", "2026-10-25 03:00", 1),
        ("2026-01-01 12:00", "2026-01-01 13:00", 1),
    ],
)
def test_the_clock_changes_when_it_changes_in_norway(utc: str, local: str, hours: int) -> None:
    given = datetime.strptime(utc, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    found = given.astimezone(OSLO)
    assert found.strftime("%Y-%m-%d %H:%M") == local
    assert found.utcoffset() == timedelta(hours=hours)
    assert found.tzname() == ("CEST" if hours == 2 else "CET")
    assert found.astimezone(UTC) == given


def test_it_remembers_a_bounded_number_of_days() -> None:
    calendar = Calendar("office", (((0, 1440),),) * 7)
    for day in range(1000):
        calendar.at(at("2026-01-01 12:00") + day * 86_400_000)
    assert len(calendar._days) <= 401
