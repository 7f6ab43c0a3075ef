"""A journey over queues, partners and transfers: what its record and the figures make of it."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from events.catalogue import CallbackEnded, CallbackPromised, Event
from events.routing import PartnerAnswered
from metrics.call_record import MOST_VISITS, partner_of
from metrics.cdr import CallRecord, CallRecords
from metrics.counters import Counters
from metrics.pipeline import Folds
from metrics.service_level import ServiceLevel
from metrics.wallboard import Wallboard
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
    partner_released,
    queued,
    released,
    started,
    stream,
    tell,
    tier_opened,
    transferred,
    wrapped_up,
)


def at(seconds: int) -> int:
    return DAY_MS + seconds * 1000


def one_record(events: list[Event]) -> CallRecord:
    fold = CallRecords()
    tell(fold, events)
    (record,) = fold.take()
    return record


def at_the_partner(contact: str) -> list[Event]:
    """45 s for ours, one miss of the partner, then its person answers after 70 s in all."""
    return [
        started(contact, at(0)),
        queued(contact, at_ms=at(10)),
        tier_opened(contact, 2, at(55)),
        offered(contact, "o1", "help/1", at_ms=at(55)),
        failed(contact, "no_answer", "o1", "help/1", at_ms=at(65), rang_ms=10_000),
        offered(contact, "o2", "help/2", at_ms=at(75)),
        partner_answered(contact, at(80), "o2", 70_000),
        left(contact, 70_000, at_ms=at(80), disposition="flowed_out", cause="partner"),
        partner_released(contact, at(150)),
        ended(contact, "transferred", at(150)),
    ]


def test_a_contact_that_a_partner_answers_has_it_in_its_record_and_flowed_out_of_the_queue() -> None:
    record = one_record(at_the_partner("c1"))
    (visit,) = record["visits"]
    assert (visit["queue"], visit["waited_ms"], visit["tier"], visit["end"]) == ("pensjon", 70_000, 2, "partner")
    assert [(offer["agent"], offer["outcome"]) for offer in record["offers"]] == [
        ("help/1", "no_answer"),
        ("help/2", "answered"),
    ]
    assert (record["partner"], record["total_waited_ms"], record["closed_by"]) == ("help", 70_000, "ended")
    assert (record["answered_ms"], record["talked_ms"]) == (0, 0)
    assert record["transfers"] == [
        {"how": "partner", "target": "help", "outcome": "answered", "at_ms": at(80), "talked_ms": 70_000}
    ]


def test_the_record_stays_open_while_the_partner_talks_and_ends_when_the_node_is_lost() -> None:
    events = at_the_partner("c1")
    fold = CallRecords()
    tell(fold, [*events[:8], events[9]])
    assert fold.take() == []
    tell(fold, [partner_released("c1", at(150), "node_lost")])
    assert [record["closed_by"] for record in fold.take()] == ["ended"]
    lost = CallRecords()
    tell(lost, [*events[:8], partner_released("c1", at(150), "node_lost")])
    assert [(record["outcome"], record["cause"]) for record in lost.take()] == [("failed", "node_lost")]


def test_waits_of_all_queues_add_up_and_talks_and_menus_do_not() -> None:
    events = [
        started("c1", at(0)),
        queued("c1", "pensjon", at(30)),
        offered("c1", "o1", at_ms=at(40)),
        answered("c1", 15_000, "pensjon", at(45), "kari", "o1"),
        released("c1", 60_000, "pensjon", at(105), "kari", "transferred"),
        became("kari", "ready", "talking", at(105)),
        queued("c1", "uføre", at(105)),
        offered("c1", "o2", "per", "uføre", at(125)),
        answered("c1", 25_000, "uføre", at(130), "per", "o2"),
        released("c1", 60_000, "uføre", at(190), "per"),
        became("per", "ready", "talking", at(190)),
        ended("c1", at_ms=at(190)),
    ]
    record = one_record(events)
    assert record["total_waited_ms"] == 15_000 + 25_000
    assert record["total_wait_ms"] == 45_000
    assert (record["units"], record["bounces"]) == (["pensjon", "uføre"], 1)
    folds = Folds(TENANT)
    folds.apply(stream(events))
    counts = folds.counters.copy()
    assert counts["journey_wait_sum"] == {("uføre",): 40_000}
    assert counts["units_met"] == {("2",): 1}


def test_the_wait_of_an_earlier_call_counts_where_the_distributor_knows_it() -> None:
    made = replace(offered("c1", at_ms=at(20)), total_waited_ms=100_000, tier=2)
    events = [started("c1", at(0)), queued("c1", at_ms=at(10)), made, answered("c1", 12_000, at_ms=at(22))]
    record = one_record([*events, released("c1"), became("kari", "ready", "talking"), ended("c1")])
    assert record["total_waited_ms"] == 102_000
    assert record["offers"][0]["tier"] == 2


def test_a_case_that_is_passed_on_meets_each_unit_that_took_it_and_no_other() -> None:
    events: list[Event] = [started("c1"), queued("c1"), offered("c1"), answered("c1")]
    events += [transferred("c1", "skatt", "no_answer"), transferred("c1", "kari", "answered", "agent")]
    events += [transferred("c1", "skatt", "answered"), transferred("c1", "skatt", "answered")]
    record = one_record([*events, released("c1"), became("kari", "ready", "talking"), ended("c1")])
    assert (record["units"], record["bounces"]) == (["pensjon", "skatt"], 1)
    assert [one["outcome"] for one in record["transfers"]] == ["no_answer", "answered", "answered", "answered"]


def test_a_callback_is_a_record_of_its_own_that_names_the_first_and_counts_in_no_answer() -> None:
    common: dict[str, Any] = {"tenant": TENANT, "node": NODE, "contact": "c9", "first": "c1", "queue": "pensjon"}
    asked = [started("c1", at(0)), queued("c1", at_ms=at(5)), ended("c1", "completed", at(30))]
    asked.insert(2, left("c1", 20_000, at_ms=at(25), disposition="flowed_out", cause="callback"))
    talking = replace(became("kari", "talking", "offered", at(940)), contact="c9")
    rung = [
        CallbackPromised(at_ms=at(25), **common, chosen_ms=0, waited_ms=20_000, position=4),
        offered("c9", "o9", at_ms=at(900)),
        CallbackEnded(at_ms=at(940), **common, outcome="reached", cause="", tries=0, waited_ms=915_000),
        talking,
        started("c9", at(940)),
        ended("c9", "answered", at(1_000)),
        released("c9", 60_000, at_ms=at(1_000)),
        became("kari", "wrap_up", "talking", at(1_000)),
        wrapped_up("c9", "uføre", at_ms=at(1_030)),
    ]
    folds = Folds(TENANT)
    folds.apply(stream([*asked, *rung]))
    tally, counts = folds.service_level.tally(), folds.counters.copy()
    assert (tally.offered, tally.answered, tally.flowed_out, tally.waiting) == (1, 0, 1, 0)
    assert counts["callbacks_ended"] == {("pensjon", "reached"): 1}
    assert counts["total_wait_bucket"] == {}
    assert folds.call_records.in_progress == 0
    fold = CallRecords()
    tell(fold, [*asked, *rung])
    first, second = fold.take()
    assert (first["contact"], first["visits"][0]["end"]) == ("c1", "callback")
    assert {name: second[name] for name in ("contact", "callback_of", "agent", "talked_ms", "topic", "outcome")} == {
        "contact": "c9",
        "callback_of": "c1",
        "agent": "kari",
        "talked_ms": 60_000,
        "topic": "uføre",
        "outcome": "answered",
    }


def test_a_promise_that_is_not_kept_makes_no_record() -> None:
    common: dict[str, Any] = {"tenant": TENANT, "node": NODE, "contact": "c9", "first": "c1", "queue": "pensjon"}
    fold = CallRecords()
    tell(fold, [CallbackEnded(at_ms=at(1), **common, outcome="gave_up", cause="busy", tries=3, waited_ms=1)])
    assert (fold.take(), fold.in_progress) == ([], 0)


def test_a_journey_without_end_keeps_a_bounded_number_of_units_and_transfers() -> None:
    events: list[Event] = [started("c1"), tier_opened("c1", 3)]
    for n in range(2 * MOST_VISITS):
        events += [queued("c1", f"q{n}"), answered("c1", queue=f"q{n}"), released("c1", queue=f"q{n}")]
        events.append(transferred("c1", "skatt", "busy"))
    record = one_record([*events, became("kari", "ready", "talking"), ended("c1")])
    assert (len(record["units"]), len(record["transfers"]), record["bounces"]) == (MOST_VISITS, MOST_VISITS, 49)


def test_a_partner_that_is_released_without_having_answered_ends_nothing_else() -> None:
    events = [started("c1"), transferred("c1", "skatt"), partner_released("c1", at(1)), ended("c1")]
    record = one_record([*events])
    assert [one["talked_ms"] for one in record["transfers"]] == [0]


def test_an_offer_beyond_those_that_are_kept_still_ends() -> None:
    events: list[Event] = [started("c1"), queued("c1")]
    for n in range(MOST_VISITS + 1):
        events += [offered("c1", f"o{n}"), failed("c1", offer=f"o{n}")]
    record = one_record([*events, left("c1"), ended("c1")])
    assert (record["offers_made"], len(record["offers"])) == (MOST_VISITS + 1, MOST_VISITS)


def test_transfers_are_counted_by_target_and_their_answers_are_a_rate() -> None:
    fold = Counters()
    tell(fold, at_the_partner("c1"))
    tell(fold, [transferred("c2", "skatt", outcome) for outcome in ("answered", "busy", "no_answer", "taken_back")])
    tell(fold, [transferred("c3", "uføre", "queued", "queue"), transferred("c4", "tolk", "joined", how="conference")])
    assert fold.transfer_answer_rates() == {"skatt": 0.25, "help": 0.5}
    counts = fold.copy()
    assert counts["transfers"]["blind", "skatt", "busy"] == 1
    assert counts["partner_offers"] == {("help",): 2}
    assert (counts["partner_answered"], counts["partner_failed"]) == ({("help",): 1}, {("help", "no_answer"): 1})
    assert counts["partner_talk_ms"] == {("help",): 70_000}
    restored = Counters()
    restored.restore(fold.snapshot())
    assert restored.transfer_answer_rates() == fold.transfer_answer_rates()
    assert not restored.queues & {"help", "skatt", "blind"}


def test_slots_of_partners_are_no_agents_on_the_wallboard() -> None:
    board = Wallboard(ServiceLevel())
    tell(
        board, [became("help/1", "ready", "logged_out"), became("a/b", "ready", "logged_out"), became("kari", "ready")]
    )
    assert board.by_state()["ready"] == 2
    assert (partner_of("help/12"), partner_of("a/b"), partner_of("kari")) == ("help", "", "")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["queue", "queue 2", "answer", "lose", "partner"]))))
def test_offered_is_answered_lost_flowed_out_and_waiting_with_partners_and_transfers(
    told: list[tuple[int, str]],
) -> None:
    """Also where a queue told no end before the contact came into the next one."""
    events: list[Event] = []
    for n, what in told:
        contact = f"c{n}"
        may: dict[str, list[Event]] = {
            "queue": [queued(contact, "a")],
            "queue 2": [queued(contact, "b")],
            "answer": [answered(contact, queue=_in(events, contact))],
            "lose": [left(contact, queue=_in(events, contact))],
            "partner": [
                partner_answered(contact, DAY_MS),
                left(contact, queue=_in(events, contact), disposition="flowed_out", cause="partner"),
            ],
        }
        events += may[what if _in(events, contact) or what.startswith("queue") else "queue"]
    folds = Folds(TENANT)
    folds.apply(stream(events))
    assert set(folds.service_level.balances().values()) <= {0}
    counts = folds.counters.copy()
    for queue in ("a", "b"):
        ends = sum(
            n for name in ("answered", "lost", "flowed_out") for labels, n in counts[name].items() if labels[0] == queue
        )
        assert counts["offered"].get((queue,), 0) == ends + len(folds.service_level.waiting(queue))


def _in(events: list[Event], contact: str) -> str:
    """The queue in which the contact waits."""
    mine = [event for event in events if event.contact == contact and not isinstance(event, PartnerAnswered)]
    return str(getattr(mine[-1], "queue", "")) if mine and mine[-1].kind == "contact_queued" else ""
