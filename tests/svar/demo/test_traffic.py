"""The day of traffic keeps to the definitions, whatever the seed."""

from itertools import pairwise
from random import Random
from statistics import fmean, pstdev

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from svar.demo.traffic import (
    DAY_S,
    PATIENCE_MEAN_S,
    QUARTER_S,
    QUARTERS,
    TALK_CV,
    TALK_MEAN_S,
    WAYS,
    WRAP_UP_S,
    arrivals,
    patience_s,
    talk_s,
    visits,
)

seeds = st.integers(0, 2**32)


@given(seeds, st.floats(0, 0.2))
@example(0, 5e-324)
@settings(max_examples=30, deadline=None)
def test_arrivals_are_in_order_and_within_the_day(seed: int, share: float) -> None:
    times = list(arrivals(Random(seed), share))
    assert all(0 <= at_s < DAY_S for at_s in times)
    assert all(a <= b for a, b in pairwise(times))


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_every_quarter_gets_its_share_of_the_calls(seed: int) -> None:
    counts = [0] * len(QUARTERS)
    for at_s in arrivals(Random(seed), 1.0):
        counts[int(at_s // QUARTER_S)] += 1
    for got, wanted in zip(counts, QUARTERS, strict=True):
        assert abs(got - wanted) < 7 * wanted**0.5
    assert abs(sum(counts) - sum(QUARTERS)) < 7 * sum(QUARTERS) ** 0.5


def test_nobody_rings_when_no_share_is_wanted() -> None:
    assert list(arrivals(Random(1), 0.0)) == []


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_talks_have_the_mean_and_the_variation_of_the_definitions(seed: int) -> None:
    chance = Random(seed)
    drawn = [talk_s(chance) for _ in range(10_000)]
    assert min(drawn) > 0
    assert abs(fmean(drawn) / TALK_MEAN_S - 1) < 0.08
    assert abs(pstdev(drawn) / fmean(drawn) / TALK_CV - 1) < 0.25


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_some_leave_at_once_some_after_a_minute_and_the_rest_wait_long(seed: int) -> None:
    chance = Random(seed)
    drawn = [patience_s(chance) for _ in range(10_000)]
    assert min(drawn) > 0
    assert abs(fmean(drawn) / (0.92 * PATIENCE_MEAN_S) - 1) < 0.1
    below_10 = sum(one < 10 for one in drawn) / len(drawn)
    assert 0.03 < below_10 < 0.07  # 3 %, and those of the Weibull part


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_a_seed_gives_the_same_day_again(seed: int) -> None:
    first, second = (list(visits(Random(seed), 0.05, WAYS)) for _ in range(2))
    assert first == second
    assert len({visit.caller for visit in first}) == len(first)


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_callers_choose_the_services_by_their_weight_and_press_their_keys(seed: int) -> None:
    day = list(visits(Random(seed), 0.5, WAYS))
    total = sum(way.weight for way in WAYS)
    for way in WAYS:
        assert abs(sum(visit.way == way for visit in day) / len(day) - way.weight / total) < 0.03
    assert {visit.keys.removeprefix("9") == visit.way.keys for visit in day} == {True}
    assert 0.02 < sum(visit.keys.startswith("9") for visit in day) / len(day) < 0.08
    assert all(WRAP_UP_S[0] <= visit.wrap_up_s <= WRAP_UP_S[1] for visit in day)


def test_a_day_without_any_way_is_refused() -> None:
    with pytest.raises(ValueError, match="no way"):
        next(visits(Random(1), 1.0, []))
