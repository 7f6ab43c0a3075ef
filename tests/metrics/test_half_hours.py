"""The half-hours of reports: by queue, site and arrival; corrected by what is told late; the same after a restart."""

import json
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from events.callbacks import CallbackEnded, CallbackPromised
from events.catalogue import AgentStateChanged, Event
from metrics.followed import LONGEST_MS
from metrics.half_hours import KEPT_MS, HalfHours
from metrics.measures import BY_KEY
from metrics.service_level import INTERVAL_MS, Limits
from metrics.sums import Sums
from tests.metrics.simulated_day import SimulatedDay
from tests.metrics.told import (
    DAY_MS,
    NODE,
    TENANT,
    answered,
    became,
    ended,
    failed,
    left,
    offered,
    partner_answered,
    queued,
    released,
    started,
    tell,
    transferred,
    whole_call,
    wrapped_up,
)

TEN_MS = DAY_MS + 10 * 3_600_000
HERE = ("pensjon", "", TEN_MS)
OSLO = ("pensjon", "oslo", TEN_MS)


def by_key() -> HalfHours:
    return HalfHours(caller_of=lambda event: event.pii_caller_key)


def folded(*events: Event) -> HalfHours:
    fold = by_key()
    tell(fold, events)
    return fold


def came(contact: str, at_ms: int = TEN_MS, estimate: tuple[int, int, int] = (-1, -1, -1), site: str = "") -> Event:
    estimate_ms, low_ms, high_ms = estimate
    event = queued(contact, at_ms=at_ms)
    return replace(event, estimate_ms=estimate_ms, low_ms=low_ms, high_ms=high_ms, site=site)


def held(agent: str, state: str, at_ms: int, lasted_ms: int) -> AgentStateChanged:
    """The agent leaves `state` after so long."""
    return replace(became(agent, "not_ready", state, at_ms), lasted_ms=lasted_ms)


def callback(first: str, outcome: str, at_ms: int) -> Event:
    common = {"at_ms": at_ms, "tenant": TENANT, "node": NODE, "contact": "talk", "first": first, "queue": "pensjon"}
    return CallbackEnded(**common, outcome=outcome, cause="", tries=0, waited_ms=0)  # type: ignore[arg-type]


def test_a_call_counts_where_it_arrived_and_its_work_at_the_site_that_answered() -> None:
    fold = folded(*whole_call("c1", TEN_MS))
    arrived, work = fold.rows[HERE], fold.rows[OSLO].work
    assert (arrived.arrivals.offered, arrived.arrivals.answered, arrived.arrivals.answered_in_target) == (1, 1, 1)
    assert (work.answered, work.talk_ms, work.wrap_up_ms, work.offers, work.missed) == (1, 60_000, 30_000, 1, 0)
    assert BY_KEY["aht"].of(fold.rows[OSLO]) == 90
    assert BY_KEY["svartid_total_mean"].of(arrived) == 40


def test_a_call_belongs_to_its_half_hour_whatever_happens_later() -> None:
    just_before = TEN_MS + INTERVAL_MS - 20_000
    fold = folded(*whole_call("c1", just_before))
    assert {key[2] for key in fold.rows} == {TEN_MS}


def test_the_callers_own_site_and_the_site_that_answers_are_told_apart() -> None:
    fold = folded(came("c1", site="bodo"), answered("c1", 5_000, at_ms=TEN_MS + 5_000))
    assert fold.rows["pensjon", "bodo", TEN_MS].arrivals.answered == 1
    assert fold.rows[OSLO].work.answered == 1


def test_an_answer_after_the_half_hour_corrects_it() -> None:
    fold = folded(came("c1"))
    (written,) = fold.table.changes().values()
    assert written[0][:2] == [1, 0]
    tell(fold, [answered("c1", 3_600_000, at_ms=TEN_MS + 3_600_000)])
    late = fold.table.changes()
    assert [body[0][:2] for body in late.values() if body[0]] == [[1, 1]]


def test_offered_is_the_sum_of_what_became_of_them() -> None:
    fold = folded(
        *(came(f"c{n}") for n in range(5)),
        answered("c0", 1_000),
        left("c1", 2_000),
        left("c2", 2_000, disposition="flowed_out", cause="key"),
        queued("c3", "familie", TEN_MS + 1_000),
    )
    arrivals = fold.rows[HERE].arrivals
    assert (arrivals.offered, arrivals.answered, arrivals.lost, arrivals.flowed_out, arrivals.waiting) == (
        5,
        1,
        1,
        2,
        1,
    )
    assert fold.rows[HERE].passed.flowed_by == {"key": 1, "queue": 1}
    assert fold.balances() == {"pensjon": 0, "familie": 0}


def test_an_end_of_nobody_who_waits_changes_nothing() -> None:
    fold = folded(came("c1"), answered("c1", 1_000), answered("c1", 1_000), left("c1", 1_000), left("c9"))
    assert (fold.rows[HERE].arrivals.answered, fold.rows[HERE].arrivals.lost) == (1, 0)


def test_a_missed_offer_counts_and_one_that_the_caller_ended_does_not() -> None:
    fold = folded(
        came("c1"),
        offered("c1", "o1", at_ms=TEN_MS),
        failed("c1", offer="o1", at_ms=TEN_MS + 20_000),
        offered("c1", "o2", at_ms=TEN_MS + 21_000),
        left("c1", 25_000, at_ms=TEN_MS + 25_000),
        failed("c1", "caller_left", "o2", at_ms=TEN_MS + 25_000),
    )
    assert BY_KEY["rona"].of(fold.rows[OSLO]) == 0.5


def test_a_partners_slot_is_no_agent_but_a_target_of_transfers() -> None:
    fold = folded(
        came("c1"),
        offered("c1", "o1", "help/1", at_ms=TEN_MS),
        failed("c1", agent="help/1", at_ms=TEN_MS + 5_000),
        offered("c1", "o2", "help/1", at_ms=TEN_MS + 6_000),
        left("c1", 9_000, disposition="flowed_out", cause="partner"),
        partner_answered("c1", TEN_MS + 9_000),
    )
    total = whole(fold)
    assert total.work.offers == 0
    assert (total.passed.transfers, total.passed.transfers_answered) == ({"help": 2}, {"help": 1})


def test_really_lost_is_who_waited_long_and_did_not_get_through_within_the_hour() -> None:
    def lost(contact: str, caller: str, at_ms: int, waited_ms: int = 30_000) -> Sequence[Event]:
        return known(contact, caller, at_ms), came(contact, at_ms), left(contact, waited_ms, at_ms=at_ms + waited_ms)

    def through(contact: str, caller: str, at_ms: int) -> Sequence[Event]:
        return known(contact, caller, at_ms), came(contact, at_ms), answered(contact, 0, at_ms=at_ms)

    fold = folded(
        *lost("short", "a", TEN_MS, 9_999),
        *lost("stays away", "b", TEN_MS),
        *lost("rings again", "c", TEN_MS),
        *lost("too late", "d", TEN_MS),
        *lost("callback", "e", TEN_MS),
        *through("c2", "c", TEN_MS + 1_800_000),
        *through("d2", "d", TEN_MS + 3_700_000),
        callback("callback", "reached", TEN_MS + 7_200_000),
        callback("stays away", "gave_up", TEN_MS + 7_200_000),
    )
    assert (fold.rows[HERE].arrivals.lost, fold.rows[HERE].whole.really_lost) == (5, 2)
    assert fold.rows[HERE].whole.unknown == 0


def test_of_strangers_it_is_said_that_nobody_could_see_them_again() -> None:
    fold = folded(came("c1"), left("c1", 30_000))
    assert (fold.rows[HERE].whole.really_lost, fold.rows[HERE].whole.unknown) == (1, 1)


def test_concluded_is_who_got_an_end_with_a_topic_and_nobody_else() -> None:
    def talk(contact: str, *between: Event, topic: str = "t", concluded: str = "yes") -> list[Event]:
        begin = [came(contact), answered(contact, 0), *between, released(contact)]
        return [*begin, wrapped_up(contact, topic, concluded=concluded)]

    moved = replace(transferred("c4", "skatt"), agent="kari")
    promised = CallbackPromised(
        at_ms=TEN_MS, tenant=TENANT, node=NODE, contact="p", first="c5", queue="pensjon", chosen_ms=0, waited_ms=0,
        position=1,
    )  # fmt: skip
    fold = folded(
        *talk("c1"), *talk("c2", topic=""), *talk("c3", concluded="no"), *talk("c4", moved), *talk("c5", promised),
        *talk("c6", replace(released("c6"), cause="transferred")),
    )  # fmt: skip
    assert (fold.rows[OSLO].work.concluded, fold.rows[OSLO].work.answered) == (1, 6)
    assert fold.rows[HERE].passed.callbacks == {"promised": 1}


def test_transfers_are_counted_by_target_and_a_conference_is_none() -> None:
    one, queue, three = (
        transferred("c1"),
        transferred("c1", "familie", "queued", "queue"),
        transferred("c1", "ola", "joined", "agent", "conference"),
    )
    fold = folded(came("c1"), answered("c1", 0), one, transferred("c1", outcome="no_answer"), queue, three)
    total = whole(fold)
    assert (total.passed.transfers, total.passed.transfers_answered) == ({"skatt": 2}, {"skatt": 1})


def test_units_are_counted_once_the_contact_is_settled() -> None:
    fold = folded(
        *whole_call("c1", TEN_MS)[:8], transferred("c1"), ended("c1", at_ms=TEN_MS), ended("c1", at_ms=TEN_MS)
    )
    assert whole(fold).whole.units == {}
    tell(fold, [ended("c2", at_ms=TEN_MS + 1_200_000)])
    assert (whole(fold).whole.units, whole(fold).whole.outcomes) == ({2: 1}, {"answered": 1})


def test_estimates_are_compared_with_the_wait() -> None:
    told = (60_000, 30_000, 90_000)
    fold = folded(
        *(came(f"c{n}", estimate=told) for n in range(5)),
        came("silent", estimate=(60_000, -1, -1)),
        answered("c0", 60_000, at_ms=TEN_MS + 70_000),
        answered("c1", 10_000, at_ms=TEN_MS + 10_000),
        answered("c2", 100_000, at_ms=TEN_MS + 100_000),
        left("c3", 5_000, at_ms=TEN_MS + 5_000),
        left("c4", 95_000, at_ms=TEN_MS + 95_000),
        answered("silent", 60_000, at_ms=TEN_MS + 60_000),
    )
    counted = fold.rows[HERE].told
    assert (counted.within, counted.sooner, counted.later, counted.left, counted.silent) == (1, 1, 2, 1, 1)
    assert BY_KEY["ewt_bias"].of(fold.rows[HERE]) == 0


def test_agents_time_goes_by_the_clock_over_the_borders_of_half_hours() -> None:
    at_ms = TEN_MS + INTERVAL_MS + 600_000
    fold = folded(held("kari", "ready", at_ms, 1_500_000), held("kari", "talking", at_ms + 300_000, 300_000))
    first, second = fold.rows["", "oslo", TEN_MS].staff, fold.rows["", "oslo", TEN_MS + INTERVAL_MS].staff
    assert (first.ready_ms, second.ready_ms, second.talking_ms) == (900_000, 600_000, 300_000)
    assert BY_KEY["belegg"].of(whole(fold)) == 300_000 / 1_800_000


def test_a_day_off_and_partners_slots_are_no_time_at_work() -> None:
    assert folded(held("kari", "logged_out", TEN_MS, 60_000), held("help/1", "ready", TEN_MS, 60_000)).rows == {}


def test_a_contact_that_was_never_said_to_have_left_is_lost_when_it_is_let_go() -> None:
    fold = folded(started("c1", TEN_MS), came("c1"), ended("c1", at_ms=TEN_MS + 60_000))
    assert fold.rows[HERE].arrivals.waiting == 1
    tell(fold, [ended("c2", at_ms=TEN_MS + 1_000_000)])
    assert (fold.rows[HERE].arrivals.waiting, fold.rows[HERE].passed.lost_by) == (0, {"not_told": 1})
    tell(fold, [came("old", TEN_MS), came("new", TEN_MS + 1_000_000 + LONGEST_MS)])
    assert fold.rows[HERE].arrivals.lost == 2
    assert fold.balances() == {"pensjon": 0}


def test_half_hours_are_let_go_after_a_day_and_never_begun_anew() -> None:
    fold = folded(*whole_call("c1", TEN_MS))
    fold.changes(), fold.table.changes()
    later_ms = TEN_MS + KEPT_MS + INTERVAL_MS
    tell(fold, [came("c2", later_ms)])
    assert set(fold.rows) == {("pensjon", "", later_ms)}
    assert len(fold.table.changes()) == 2, "the units of c1 were counted as it was let go; oslo's row stays as it is"
    tell(fold, [replace(queued("c3", at_ms=later_ms), arrived_ms=TEN_MS)])
    assert min(start_ms for _, _, start_ms in fold.rows) == later_ms - LONGEST_MS
    tell(fold, [held("kari", "ready", later_ms, 3 * KEPT_MS)])
    assert min(start_ms for _, _, start_ms in fold.rows) == later_ms + INTERVAL_MS - KEPT_MS


def test_a_node_whose_clock_is_wrong_moves_no_others_figures() -> None:
    fold = by_key()
    fold.stream_ms = TEN_MS
    tell(
        fold, [started("ahead", TEN_MS + 10 * KEPT_MS), ended("ahead", "menu_ended", TEN_MS + 10 * KEPT_MS), came("c1")]
    )
    assert {key[2] for key in fold.rows} == {TEN_MS}


def test_memory_has_bounds() -> None:
    fold = HalfHours(most_open=3, most_rows=4)
    tell(fold, [came(f"c{n}", TEN_MS + n * INTERVAL_MS) for n in range(10)])
    assert len(fold.rows) <= 4
    assert sum(row.arrivals.waiting for row in fold.rows.values()) == 3
    tell(fold, [left(f"c{n}", 50_000, at_ms=TEN_MS + 10 * INTERVAL_MS) for n in range(10)])
    assert len([name for name in fold.snapshot() if name.startswith("l|")]) <= 3


def test_limits_are_those_of_the_queue_as_they_are_learned() -> None:
    fold = HalfHours({"pensjon": Limits(5, 2)})
    tell(fold, [came("c1"), came("c2"), left("c1", 3_000)])
    fold.learn({"pensjon": Limits(60, 10)})
    tell(fold, [left("c2", 3_000)])
    assert (fold.rows[HERE].arrivals.lost_short, fold.rows[HERE].whole.really_lost) == (1, 1)


def test_a_restart_at_any_event_gives_the_same() -> None:
    events: list[Event] = []
    for n in range(6):
        events += whole_call(f"c{n}", TEN_MS + n * 600_000, agent=f"a{n % 2}")
        events += [known(f"l{n}", f"caller{n % 2}", TEN_MS + n * 600_000), came(f"l{n}", TEN_MS + n * 600_000)]
        events += [left(f"l{n}", 20_000 if n % 2 else 20, at_ms=TEN_MS + n * 600_000 + 20_000)]
    at_ms = TEN_MS + 4_000_000
    for name, ended_ms in (("told late", TEN_MS), ("told at once", at_ms), ("later", at_ms + 100_000)):
        events += [started(name, ended_ms), came(name, ended_ms), answered(name, 0, at_ms=ended_ms, agent=name)]
    events += [
        ended("told at once", at_ms=at_ms),
        ended("told late", at_ms=TEN_MS),
        ended("later", at_ms=at_ms + 100_000),
    ]
    events += [came("w", estimate=(1, 2, 3)), *whole_call("again", TEN_MS + 4_000_000)]
    events.append(known("again", "caller1", TEN_MS + 4_000_000))
    once = folded(*events)
    saved, table = dict[str, object](), dict[str, object]()
    fold = by_key()
    for event in events:
        tell(fold, [event])
        saved |= fold.changes()
        table |= fold.table.changes()
        fold = by_key()
        fold.restore(json.loads(json.dumps({name: part for name, part in saved.items() if part is not None})))
        fold.table.restore(json.loads(json.dumps(table)))
    assert fold.rows == once.rows
    assert fold.snapshot() == once.snapshot() == {name: part for name, part in saved.items() if part is not None}
    assert fold.table.snapshot() == once.table.snapshot() == table
    assert (fold.changes(), fold.table.changes()) == ({}, {})


def test_what_was_let_go_is_not_read_again_from_the_table() -> None:
    fold = folded(*whole_call("c1", TEN_MS))
    table, later = fold.table.changes(), came("c2", TEN_MS + KEPT_MS + INTERVAL_MS)
    tell(fold, [later])
    saved = fold.snapshot()
    fold = by_key()
    fold.restore(saved)
    fold.table.restore(table)
    assert fold.rows == {}


def known(contact: str, caller: str, at_ms: int) -> Event:
    return replace(started(contact, at_ms), pii_caller_key=caller)


def whole(fold: HalfHours) -> Sums:
    total = Sums()
    for row in fold.rows.values():
        total.add(row)
    return total


@pytest.mark.parametrize("seed", range(8))
def test_events_in_any_order_some_missing_some_told_twice_leave_figures_that_balance(seed: int) -> None:
    chance = Random(seed)
    events = [event for _, event in SimulatedDay(60, TEN_MS, 3, seed).told()]
    events = chance.choices(events, k=len(events))
    fold = by_key()
    for event in events:
        tell(fold, [event])
        fold = fold if chance.random() < 0.99 else again(fold)
    assert set(fold.balances().values()) == {0}
    assert all(row.arrivals.waiting >= 0 for row in fold.rows.values())
    assert all(row.whole.really_lost >= 0 for row in fold.rows.values())


def again(fold: HalfHours) -> HalfHours:
    """As after a restart."""
    new = by_key()
    new.restore(json.loads(json.dumps(fold.snapshot())))
    new.table.restore(json.loads(json.dumps(fold.table.snapshot())))
    return new
