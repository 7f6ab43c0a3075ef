"""Classes of moments: every boundary is there, and one representative of each kind of stretch."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.language.calendar import OSLO, Calendar, Opening
from ivr.prover.moments import LONGEST_CALL_S, Horizon, Timeline, Year

OFFICE = Calendar("office", (((540, 900),),) * 5 + ((), ()), yearly={(12, 24): ((540, 720),)})
NIGHT = Calendar("night", ((),) * 6 + (((0, 150),),), public_holidays=False)
DAY_MS = 86_400_000


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=OSLO).timestamp()) * 1000


FROM_MS = ms("2026-11-23 00:00")
HORIZON = Horizon(FROM_MS, FROM_MS + 400 * DAY_MS)


def timeline(*calendars: Calendar, instants: tuple[int, ...] = ()) -> Timeline:
    return Timeline({each.name: Year(each, HORIZON) for each in calendars}, instants, HORIZON)


@settings(max_examples=200)
@given(st.integers(0, 400 * 24 * 60 - 1))
def test_a_stretch_says_what_the_calendars_say_at_each_of_its_moments(minute: int) -> None:
    at_ms = FROM_MS + minute * 60_000
    (stretch,) = (each for each in BOTH.stretches if each.from_ms <= at_ms < each.until_ms)
    assert stretch.says[:2] == (OFFICE.at(at_ms), NIGHT.at(at_ms))


BOTH = timeline(OFFICE, NIGHT)


def test_stretches_follow_each_other_without_a_gap() -> None:
    for one, after in zip(BOTH.stretches, BOTH.stretches[1:], strict=False):
        assert one.until_ms == after.from_ms
        assert one.says != after.says
    assert (BOTH.stretches[0].from_ms, BOTH.stretches[-1].until_ms) == (HORIZON.from_ms, HORIZON.until_ms)


def test_every_stretch_has_its_kind_among_the_classes() -> None:
    said = {BOTH.stretches[index].says for index in BOTH.classes}
    assert said == {stretch.says for stretch in BOTH.stretches}
    assert len(BOTH.classes) < len(BOTH.stretches) / 20
    assert BOTH.boundaries > 600


def test_the_hour_that_comes_twice_is_seen_twice() -> None:
    """The night of 25 October 2026 is open until 02:30, twice."""
    horizon = Horizon(ms("2026-10-25 00:00"), ms("2026-10-26 00:00"))
    time = Timeline({"night": Year(NIGHT, horizon)}, (), horizon)
    opens = [stretch for stretch in time.stretches if stretch.says == (Opening.OPEN,)]
    assert [(stretch.until_ms - stretch.from_ms) / 60_000 for stretch in opens] == [150, 30]


def test_instants_cut_the_horizon_and_spans_are_told() -> None:
    instant = ms("2026-12-01 12:00")
    time = timeline(instants=(instant,))
    assert [stretch.from_ms for stretch in time.stretches] == [FROM_MS, instant]
    assert time.between(0, None, instant)
    assert not time.between(1, None, instant)
    assert time.between(1, instant, None)


def test_a_calendar_that_does_not_exist_is_closed() -> None:
    assert timeline().opening(0, "nowhere") is Opening.CLOSED


@pytest.mark.parametrize(("took_s", "ahead"), [(1.0, 1), (6 * 3600.0, 1), (6 * 3600.0 + 1, 2)])
def test_callers_may_be_in_a_later_stretch_after_a_while(took_s: float, ahead: int) -> None:
    """Monday: closed until nine, open for six hours, closed again."""
    time = timeline(OFFICE)
    assert time.later(0, 0, took_s) == tuple(range(ahead + 1))


def test_a_second_boundary_is_crossed_in_a_queue_alone() -> None:
    time = timeline(OFFICE)
    assert time.later(0, 1, 7 * 3600.0) == (1,)
    assert time.later(0, 1, 7 * 3600.0, queued=True) == (1, 2)


def test_a_call_is_followed_for_a_day_beyond_its_first_boundary() -> None:
    time = timeline(OFFICE)
    later = time.later(0, 0, 30 * DAY_MS, queued=True)
    assert later == (0, 1, 2, 3)
    begins_ms = time.stretches[4].from_ms
    assert begins_ms - time.stretches[0].until_ms > LONGEST_CALL_S * 1000
