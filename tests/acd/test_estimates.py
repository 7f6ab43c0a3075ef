import pytest

from acd.estimates import (
    BOUND,
    CHECKED,
    CHECKS,
    EFFORTS,
    LONGEST_MS,
    NEAR_MS,
    RECENT_MS,
    SPREAD,
    STEPS_S,
    TRUSTED_AGAIN,
    Estimate,
    Habits,
    Pace,
    Told,
    Trust,
    averaged,
    check,
    expect,
    patience,
    spread,
    take,
    talk_over,
    tell,
    too_late,
    wait_over,
    wrap_up_over,
)
from tests.acd.traffic import Line, Traffic

KNOWN = Pace(taken=0, effort=400_000, efforts=EFFORTS, seen=0)
QUARTERS: tuple[int, ...] = (
    *(557, 649, 711, 742, 773, 773, 742, 711, 711, 680, 649, 619),
    *(526, 526, 588, 619, 649, 649, 619, 588, 557, 526, 464, 371),
)
"""Calls of the agency's quarter-hours from nine o'clock on."""


def of_the_day(share: float, at_s: float) -> float:
    return QUARTERS[min(int(at_s // 900), len(QUARTERS) - 1)] / 900 * share


# --- What is seen ---


def test_mean_of_the_first_few_is_their_plain_mean_and_fades_later() -> None:
    mean = 0
    for count, sample in enumerate((10, 20, 60)):
        mean = averaged(mean, count, sample, 16)
    assert mean == 30
    assert averaged(16_000, 16, 0, 16) == 15_000


def test_effort_is_the_agents_times_the_time_between_two_takes() -> None:
    pace = Pace()
    take(pace, 1_000, 500, 10)
    assert pace == Pace(taken=1_000)
    take(pace, 5_000, 900, 10)
    assert pace == Pace(taken=5_000, effort=40_000, efforts=1, seen=5_000)


def test_time_in_which_the_caller_had_not_come_yet_is_no_effort() -> None:
    pace = Pace(taken=1_000)
    take(pace, 900_000, 880_000, 10)
    assert (pace.efforts, pace.taken) == (0, 900_000)


def test_take_without_agents_at_work_is_no_effort() -> None:
    pace = Pace(taken=1_000)
    take(pace, 2_000, 500, 0)
    assert pace.efforts == 0


def test_no_single_time_counts_for_more_than_four_hours() -> None:
    pace, habits = Pace(taken=1), Habits()
    take(pace, 10 * LONGEST_MS, 0, 1)
    talk_over(habits, 2 * LONGEST_MS)
    wrap_up_over(habits, 2 * LONGEST_MS)
    wait_over(habits, 3 * LONGEST_MS, gave_up=False)
    assert pace.effort == habits.talk == habits.wrap_up == habits.waited == LONGEST_MS


def test_patience_is_all_waiting_by_those_who_gave_up() -> None:
    habits = Habits()
    for gave_up in (True, False, False, True, True, True, True):
        wait_over(habits, 60_000, gave_up=gave_up)
    assert patience(habits) == pytest.approx(7 * 60_000 / 5, rel=0.1)
    assert patience(Habits(waited=9_000_000, gave_up=2_999)) == 0


# --- What comes of it ---


def test_wait_is_the_position_times_the_effort_by_the_agents() -> None:
    found = expect(KNOWN, Habits(), 1, 3, 4)
    assert found == Estimate(300_000, 106_500, 575_400)


def test_twice_the_agents_are_half_the_wait_at_once() -> None:
    before, after = (expect(KNOWN, Habits(), 1, 10, agents) for agents in (5, 10))
    assert before is not None
    assert after is not None
    assert after.expected * 2 == before.expected


@pytest.mark.parametrize(
    ("pace", "habits", "agents"),
    [(Pace(), Habits(), 5), (KNOWN, Habits(), 0), (Pace(effort=9, efforts=2), Habits(talk=9, talks=2), 5)],
    ids=["nothing seen", "nobody at work", "too little seen"],
)
def test_where_nothing_is_known_there_is_no_estimate(pace: Pace, habits: Habits, agents: int) -> None:
    assert expect(pace, habits, 1, 1, agents) is None


@pytest.mark.parametrize("pace", [Pace(effort=9, efforts=2), Pace(effort=9, efforts=16, seen=0)])
def test_handling_time_stands_in_for_an_effort_that_is_old_or_seen_too_seldom(pace: Pace) -> None:
    found = expect(pace, Habits(talk=100_000, talks=3, wrap_up=20_000, wrap_ups=1), RECENT_MS + 1, 2, 4)
    assert found is not None
    assert found.expected == 60_000


def test_agents_who_all_log_in_at_once_do_not_make_callers_cost_nothing() -> None:
    rush = Pace(effort=1_000, efforts=16)
    found = expect(rush, Habits(talk=400_000, talks=9), 1, 10, 10)
    assert found is not None
    assert found.expected == 300_000


def test_those_ahead_who_give_up_make_the_wait_shorter() -> None:
    habits = Habits(waited=7_200_000, gave_up=10_000)
    found, without = (expect(KNOWN, each, 1, 100, 40) for each in (habits, Habits()))
    assert found is not None
    assert without is not None
    assert without.expected == 1_000_000
    assert found.expected == pytest.approx(720_000 * 0.871, rel=0.02)


def test_spread_narrows_with_the_position() -> None:
    assert [spread(p) for p in (1, 7, 10_000)] == [SPREAD[0][1:], (496, 1708), SPREAD[-1][1:]]


# --- What is told ---


@pytest.mark.parametrize(
    ("low_s", "high_s", "told"),
    [
        (0, 60, (0, 120)),
        (0, 120, (0, 120)),
        (130, 121, (120, 300)),
        (301, 599, (300, 600)),
        (1_300, 3_599, (1200, 3600)),
        (1_300, 3_601, (1200, None)),
        (9_000, 9_900, (3600, None)),
    ],
)
def test_interval_is_told_in_steps_that_take_it_in(low_s: int, high_s: int, told: tuple[int, int | None]) -> None:
    low, high = told
    found = tell(Estimate(0, low_s * 1000, high_s * 1000))
    assert found == Told(low * 1000, None if high is None else high * 1000)


def test_interval_is_told_to_nobody_who_would_learn_too_little() -> None:
    assert tell(Estimate(0, 0, STEPS_S[-1] * 1000 + 1)) is None
    assert tell(Estimate(0, 299_000, 3_700_000)) is None


# --- Whether it came true ---


ONE_TO_FIVE = Estimate(180_000, 125_000, 290_000)


def test_estimate_that_comes_true_is_a_hit_and_its_error_the_bias() -> None:
    trust = Trust()
    check(trust, ONE_TO_FIVE, 200_000, answered=True)
    assert trust == Trust(hits=1_000_000, bias=20_000, checked=1)
    check(trust, ONE_TO_FIVE, 100_000, answered=True)
    assert trust == Trust(hits=500_000, bias=-30_000, checked=2)


def test_who_gave_up_before_its_end_shows_nothing() -> None:
    trust = Trust()
    check(trust, ONE_TO_FIVE, 300_000, answered=False)
    check(trust, Estimate(0, 600_000, 9_000_000), 4_000_000, answered=False)
    assert trust == Trust()


def test_who_gave_up_after_its_end_shows_that_it_was_too_short() -> None:
    trust = Trust()
    check(trust, ONE_TO_FIVE, 300_001, answered=False)
    assert (trust.hits, trust.checked) == (0, 1)


def test_interval_that_says_too_little_is_not_counted() -> None:
    trust = Trust()
    check(trust, Estimate(0, 0, 99_000_000), 1, answered=True)
    assert trust == Trust()


def _silent_after(trust: Trust, waited: int) -> int:
    check(trust, ONE_TO_FIVE, waited, answered=True)
    return trust.silent


def test_estimate_falls_silent_below_the_bound_and_speaks_again_well_above_it() -> None:
    trust = Trust()
    states = [_silent_after(trust, 900_000) for _ in range(CHECKED)]
    assert states == [0] * (CHECKED - 1) + [1]
    seen = []
    while _silent_after(trust, 200_000):
        seen.append(trust.hits)
    assert any(hits >= BOUND for hits in seen)
    assert trust.hits >= TRUSTED_AGAIN > seen[-1]
    assert trust.checked == CHECKS


# --- Closing time ---


@pytest.mark.parametrize(
    ("closes", "high", "agents", "late"),
    [
        (1_000, 0, 9, True),
        (61_000, 60_000, 9, False),
        (60_999, 60_000, 9, True),
        (1_000 + NEAR_MS, None, 0, True),
        (1_001 + NEAR_MS, None, 0, False),
        (2_000, None, 1, False),
    ],
    ids=["closed", "just in time", "too late", "nobody and near", "nobody but early", "unknown"],
)
def test_who_cannot_be_served_before_closing_comes_too_late(
    closes: int, high: int | None, agents: int, late: bool
) -> None:
    assert too_late(1_000, closes, None if high is None else Estimate(0, 0, high), agents) is late


# --- A whole day ---

DAYS = {
    "the agency's day": Traffic(lambda s: of_the_day(1.0, s), lambda s: 320),
    "a crisis": Traffic(lambda s: of_the_day(1.5, s), lambda s: 330, hours=3),
    "a small office": Traffic(lambda s: of_the_day(0.037, s), lambda s: 11),
    "lunch": Traffic(lambda s: of_the_day(0.3, s), lambda s: 60 if 7_200 < s < 9_000 else 100),
    "half of them go home": Traffic(lambda s: of_the_day(0.3, s), lambda s: 100 if s < 10_800 else 60),
    "three of ten with a head start": Traffic(lambda s: of_the_day(0.3, s), lambda s: 95, urgent=0.3),
}


@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS.keys())
def test_eight_of_ten_who_are_told_an_interval_are_answered_within_it(day: Traffic) -> None:
    found = Line(day, 1).run()
    assert found.told > 150
    assert found.coverage >= 0.8


@pytest.mark.parametrize("wrong", [200, 6_000], ids=["a fifth", "six times"])
def test_method_that_does_not_fit_falls_silent(wrong: int) -> None:
    line = Line(Traffic(lambda s: 0.25, lambda s: 90, patience_s=3_600), 1, wrong=wrong)
    found = line.run()
    assert found.silent > 0.9 * found.waited
    assert found.told < 0.1 * found.waited
    assert line.trust.silent == 1
