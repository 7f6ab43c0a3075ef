from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.catalogue import Event
from metrics.service_level import (
    INTERVAL_MS,
    SERVICEGRAD,
    Limits,
    ServiceLevel,
    Tally,
    servicegrad_45,
    servicegrad_of_answered,
    servicegrad_of_offered,
    servicegrad_with_lost,
    servicegrad_without_short,
    svargrad,
    svartid_mean_s,
    svartid_median_s,
)
from tests.metrics.told import DAY_MS, answered, left, queued, tell


def fold(events: Sequence[Event], **limits: Limits) -> ServiceLevel:
    level = ServiceLevel(limits)
    tell(level, events)
    return level


def twenty_contacts() -> list[Event]:
    """O 20: A 12 (8 of them within 45 s), L 6 (4 within 45 s, of which 3 under 10 s), F 1, W 1."""
    events: list[Event] = [queued(f"c{n}") for n in range(20)]
    waits_s = [5, 10, 20, 30, 40, 44, 45, 45, 46, 60, 90, 120]
    events += [answered(f"c{n}", wait_s * 1000) for n, wait_s in enumerate(waits_s)]
    events += [left(f"c{12 + n}", wait_ms) for n, wait_ms in enumerate([1_000, 2_000, 9_999, 10_000, 45_001, 100_000])]
    events += [left("c18", 5_000, disposition="flowed_out", cause="overflow")]
    return events


def test_the_counts_add_up() -> None:
    tally = fold(twenty_contacts()).tally("pensjon")
    assert (tally.offered, tally.answered, tally.lost, tally.flowed_out, tally.waiting) == (20, 12, 6, 1, 1)
    assert (tally.answered_in_target, tally.lost_in_target, tally.lost_short) == (8, 4, 3)


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        (svargrad, 12 / 18),
        (servicegrad_45, 8 / 18),
        (servicegrad_of_answered, 8 / 12),
        (servicegrad_with_lost, 12 / 18),
        (servicegrad_without_short, 8 / 15),
        (servicegrad_of_offered, 8 / 20),
        (svartid_mean_s, 555 / 12),
        (svartid_median_s, 44.5),
    ],
)
def test_each_measure_is_by_its_own_formula(measure: object, value: float) -> None:
    assert callable(measure)
    assert measure(fold(twenty_contacts()).tally()) == pytest.approx(value)


@pytest.mark.parametrize("measure", [svargrad, svartid_mean_s, svartid_median_s, *SERVICEGRAD.values()])
def test_there_is_no_measure_of_nothing(measure: object) -> None:
    assert callable(measure)
    assert measure(Tally()) is None


def test_all_lost_and_short_leaves_one_variant_without_a_value() -> None:
    tally = fold([queued("a"), left("a", 1_000)]).tally()
    assert servicegrad_without_short(tally) is None
    assert svargrad(tally) == 0


def test_exactly_the_target_is_within_it_and_a_millisecond_more_is_not() -> None:
    level = fold([queued("a"), queued("b"), answered("a", 45_000), answered("b", 45_001)])
    assert level.tally().answered_in_target == 1


def test_a_configured_queue_is_there_before_anybody_calls() -> None:
    level = fold([queued("a", "uføre")], pensjon=Limits())
    assert level.queues() == ["pensjon", "uføre"]
    assert level.tally("pensjon") == Tally()


def test_a_queue_may_have_limits_of_its_own() -> None:
    events = [queued("a"), answered("a", 50_000), queued("b"), left("b", 15_000)]
    tally = fold(events, pensjon=Limits(target_s=60, short_s=20)).tally()
    assert (tally.answered_in_target, tally.lost_in_target, tally.lost_short) == (1, 1, 1)


def test_limits_that_are_learnt_later_count_from_then_on() -> None:
    level = fold([queued("a"), answered("a", 50_000)], pensjon=Limits())
    level.learn({"pensjon": Limits(target_s=60), "housing": Limits()})
    tell(level, [queued("b"), answered("b", 50_000)])
    assert level.tally("pensjon").answered_in_target == 1
    assert level.queues() == ["housing", "pensjon"]


def test_median_of_an_odd_number_is_the_one_in_the_middle() -> None:
    events = [event for n, s in enumerate([100, 3, 7]) for event in (queued(f"c{n}"), answered(f"c{n}", s * 1000))]
    assert svartid_median_s(fold(events).tally()) == 7


def test_contact_belongs_to_the_half_hour_in_which_it_arrived() -> None:
    late = DAY_MS + INTERVAL_MS - 1
    level = fold([queued("a", at_ms=late), answered("a", 60_000, at_ms=late + 60_000), queued("b", at_ms=late + 1)])
    assert level.cohorts["pensjon", DAY_MS].answered == 1
    assert level.cohorts["pensjon", DAY_MS + INTERVAL_MS].waiting == 1
    assert level.tally(since_ms=DAY_MS + INTERVAL_MS).offered == 1
    assert level.tally(until_ms=DAY_MS + INTERVAL_MS).offered == 1
    assert level.tally("uføre").offered == 0


def test_wait_that_began_before_a_transfer_keeps_its_cohort() -> None:
    level = fold([queued("a", at_ms=DAY_MS + INTERVAL_MS, arrived_ms=DAY_MS + 5)])
    assert set(level.cohorts) == {("pensjon", DAY_MS)}
    assert dict(level.waiting("pensjon")) == {"a": DAY_MS + 5}


def test_contact_that_is_queued_elsewhere_has_flowed_out_of_the_first_queue() -> None:
    level = fold([queued("a"), queued("a", "uføre")])
    assert (level.tally("pensjon").flowed_out, level.tally("uføre").waiting) == (1, 1)
    assert level.queues() == ["pensjon", "uføre"]


def test_contact_that_reenters_its_queue_is_offered_once() -> None:
    assert fold([queued("a"), queued("a")]).tally().offered == 1


def test_end_of_a_contact_that_never_was_in_a_queue_counts_nothing() -> None:
    level = fold([answered("a"), left("b")])
    assert level.tally() == Tally()
    assert level.waiting("pensjon") == {}


def test_when_too_many_wait_the_oldest_counts_as_lost_and_not_within_the_target() -> None:
    level = ServiceLevel(max_waiting=2)
    tell(level, [queued("a"), queued("b"), queued("c"), answered("a")])
    tally = level.tally()
    assert (tally.offered, tally.lost, tally.lost_in_target, tally.waiting, level.evicted) == (3, 1, 0, 2, 1)


def test_when_there_are_too_many_cohorts_the_oldest_goes_whole() -> None:
    level = ServiceLevel(max_cohorts=2)
    tell(level, [queued(f"c{n}", at_ms=DAY_MS + n * INTERVAL_MS) for n in range(3)])
    assert [start_ms for _, start_ms in level.cohorts] == [DAY_MS + INTERVAL_MS, DAY_MS + 2 * INTERVAL_MS]
    tell(level, [answered("c0")])
    assert level.tally().answered == 0
    assert sorted(level.waiting("pensjon")) == ["c1", "c2"]


def test_wait_of_hours_counts_whole_in_the_mean_and_is_cut_in_the_median() -> None:
    tally = fold([queued("a"), answered("a", 10_000_000)]).tally()
    assert (svartid_mean_s(tally), svartid_median_s(tally)) == (10_000, 7_200)


def test_after_a_restart_the_oldest_still_makes_way_first() -> None:
    level, restored = ServiceLevel(max_waiting=2), ServiceLevel(max_waiting=2)
    tell(level, [queued("z", at_ms=DAY_MS), queued("a", at_ms=DAY_MS + 1)])
    restored.restore(dict(sorted(level.snapshot().items())))
    tell(restored, [queued("m", at_ms=DAY_MS + 2)])
    assert sorted(restored.waiting("pensjon")) == ["a", "m"]


NAMES = st.sampled_from(["a", "b", "c", "d"])
QUEUES = st.sampled_from(["pensjon", "uføre"])
TIMES = st.sampled_from([DAY_MS, DAY_MS + 1, DAY_MS + INTERVAL_MS - 1, DAY_MS + INTERVAL_MS, DAY_MS + 3 * INTERVAL_MS])
WAITS = st.sampled_from([-1, 0, 9_999, 10_000, 45_000, 45_001, 10_000_000])
ANY_EVENTS = st.lists(
    st.one_of(
        st.builds(queued, NAMES, QUEUES, TIMES, TIMES),
        st.builds(answered, NAMES, WAITS, QUEUES, TIMES),
        st.builds(left, NAMES, WAITS, QUEUES, TIMES, st.sampled_from(["lost", "flowed_out"])),
    ),
    max_size=40,
)


@settings(max_examples=150)
@given(ANY_EVENTS, st.sampled_from([(50, 50), (2, 3)]))
def test_offered_is_answered_lost_flowed_out_and_waiting_whatever_happens(
    events: list[Event], bounds: tuple[int, int]
) -> None:
    level = ServiceLevel(max_waiting=bounds[0], max_cohorts=bounds[1])
    for event in events:
        tell(level, [event])
        waiting = {name: len(level.waiting(name)) for name in level.queues()}
        for queue, count in waiting.items():
            tally = level.tally(queue)
            assert tally.waiting == count, "W by the formula is who really waits"
            assert tally.offered == tally.answered + tally.lost + tally.flowed_out + count
            assert sum(tally.waits.values()) == tally.answered
        assert all(0 <= c.waiting <= c.offered for c in level.cohorts.values())
        assert all(c.answered_in_target <= c.answered for c in level.cohorts.values())
        assert all(c.lost_short <= c.lost_in_target <= c.lost for c in level.cohorts.values())


@settings(max_examples=100)
@given(ANY_EVENTS, ANY_EVENTS)
def test_a_restored_fold_goes_on_as_if_nothing_had_been(before: list[Event], after: list[Event]) -> None:
    level, restored = ServiceLevel(), ServiceLevel()
    tell(level, before)
    restored.restore(level.snapshot())
    assert restored.snapshot() == level.snapshot()
    tell(level, after)
    tell(restored, after)
    assert restored.snapshot() == level.snapshot()


@settings(max_examples=100)
@given(st.lists(ANY_EVENTS, max_size=5))
def test_the_changes_put_together_are_the_snapshot(batches: list[list[Event]]) -> None:
    level = ServiceLevel(max_waiting=3, max_cohorts=3)
    kept: dict[str, object] = {}
    for batch in batches:
        tell(level, batch)
        kept |= level.changes()
    assert {key: part for key, part in kept.items() if part is not None} == level.snapshot()
    assert level.changes() == {}
