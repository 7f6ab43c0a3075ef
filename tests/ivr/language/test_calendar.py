"""Opening hours, Norway's time and holidays."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.language.calendar import OSLO, Calendar, Day, DaySpan, Opening, Season, all_of, clock_changes

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


WORK = (*[((540, 900),)] * 5, (), ())
SUMMER = (*[((540, 840),)] * 5, (), ())
FULL = Calendar(
    "full",
    WORK,
    named={"easter_wednesday": ((540, 720),), "christmas_eve": ()},
    spans=(
        (DaySpan(Day("2026-07-13"), Day("2026-07-17")), ()),
        (DaySpan(Day("12-27"), Day("01-02")), ((600, 720),)),
        (DaySpan(Day("holy_monday"), Day("holy_tuesday")), ((600, 660),)),
    ),
    seasons=(Season(DaySpan(Day("05-15"), Day("09-14")), SUMMER),),
)


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        ("2026-04-01 11:59", Opening.OPEN),
        ("2026-04-01 12:00", Opening.CLOSED),
        ("2026-03-30 10:30", Opening.OPEN),
        ("2026-03-31 11:00", Opening.CLOSED),
        ("2026-04-02 10:00", Opening.HOLIDAY),
        ("2026-12-24 10:00", Opening.HOLIDAY),
        ("2026-07-13 10:00", Opening.HOLIDAY),
        ("2026-07-17 10:00", Opening.HOLIDAY),
        ("2026-07-20 10:00", Opening.OPEN),
        ("2027-07-13 10:00", Opening.OPEN),
        ("2026-06-15 14:00", Opening.CLOSED),
        ("2026-09-14 13:59", Opening.OPEN),
        ("2026-09-15 14:00", Opening.OPEN),
        ("2026-12-28 09:30", Opening.CLOSED),
        ("2026-12-28 10:30", Opening.OPEN),
        ("2026-12-27 10:30", Opening.CLOSED),
        ("2027-01-01 10:30", Opening.HOLIDAY),
        ("2026-01-02 12:30", Opening.CLOSED),
        ("2026-01-05 12:30", Opening.OPEN),
    ],
)
def test_named_days_spans_and_seasons_have_hours_of_their_own(moment: str, opening: Opening) -> None:
    assert FULL.at(at(moment)) is opening


def test_a_day_that_a_year_has_not_is_in_no_span() -> None:
    leap = DaySpan(Day("02-29"), Day("02-29"))
    assert leap.has(date(2028, 2, 29))
    assert not leap.has(date(2027, 3, 1))


def test_boundaries_are_where_the_answer_changes() -> None:
    found = FULL.boundaries(at("2026-04-01 00:00"), at("2026-04-08 00:00"))
    assert [datetime.fromtimestamp(each / 1000, OSLO).strftime("%m-%d %H:%M") for each in found] == [
        "04-01 09:00",
        "04-01 12:00",
        "04-02 00:00",
        "04-04 00:00",
        "04-05 00:00",
        "04-07 00:00",
        "04-07 09:00",
        "04-07 15:00",
    ]


@pytest.mark.parametrize(
    ("day", "hours", "said"),
    [
        ("2026-03-29", ((150, 240),), ["01:00", "02:00"]),  # 02:30 is skipped: it opens as the clock goes to 03:00
        ("2026-10-25", ((150, 165),), ["00:30", "00:45", "01:00", "01:30", "01:45"]),  # 02:30 comes twice
    ],
)
def test_boundaries_of_a_night_with_a_change_of_the_clock(
    day: str, hours: tuple[tuple[int, int], ...], said: list[str]
) -> None:
    night = Calendar("night", (hours,) * 7, public_holidays=False)
    found = night.boundaries(at(f"{day} 00:00"), at(f"{day} 12:00"))
    assert [datetime.fromtimestamp(each / 1000, UTC).strftime("%H:%M") for each in found] == said


def test_the_clock_changes_twice_a_year() -> None:
    changes = [
        datetime.fromtimestamp(each / 1000, UTC)
        for each in clock_changes(at("2026-01-01 00:00"), at("2027-01-01 00:00"))
    ]
    assert changes == [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)]


@settings(max_examples=40, deadline=None)
@given(st.integers(at("2026-01-01 00:00"), at("2029-01-01 00:00")), st.integers(1, 5 * 86_400_000), st.data())
def test_between_two_boundaries_the_answer_is_the_same(from_ms: int, lasts_ms: int, data: st.DataObject) -> None:
    until_ms = from_ms + lasts_ms
    edges = [from_ms, *FULL.boundaries(from_ms, until_ms), until_ms]
    for begin, end in itertools.pairwise(edges):
        if begin < end:
            assert FULL.at(data.draw(st.integers(begin, end - 1))) is FULL.at(begin)


def test_several_calendars_are_open_where_all_are() -> None:
    assert all_of([Opening.OPEN, Opening.OPEN]) is Opening.OPEN
    assert all_of([Opening.OPEN, Opening.CLOSED]) is Opening.CLOSED
    assert all_of([Opening.CLOSED, Opening.HOLIDAY, Opening.OPEN]) is Opening.HOLIDAY


@pytest.mark.parametrize(
    ("now", "closes"),
    [
        ("2026-11-23 10:00", "2026-11-23 15:00"),
        ("2026-11-23 14:59", "2026-11-23 15:00"),
        ("2026-11-23 15:00", None),
        ("2026-11-22 10:00", None),
        ("2026-11-25 10:00", "2026-11-25 12:00"),
        ("2026-11-27 23:30", "2026-11-28 02:00"),
    ],
)
def test_it_closes_when_it_is_open_no_more(now: str, closes: str | None) -> None:
    hours = ((540, 900),)
    short: dict[date, tuple[tuple[int, int], ...]] = {date(2026, 11, 25): ((540, 720),)}
    late: tuple[tuple[tuple[int, int], ...], ...] = (hours,) * 4 + (((540, 1440),), ((0, 120),), ())
    found = Calendar("c", late, dated=short).closes_after(at(now))
    assert found == (None if closes is None else at(closes))


def test_what_never_closes_closes_at_no_time() -> None:
    assert Calendar("c", (((0, 1440),),) * 7, public_holidays=False).closes_after(at("2026-11-23 10:00")) is None
