import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.catalogue import (
    CanaryEnded,
    ContactEnded,
    ContactQueued,
    Event,
    FlowsPublished,
    FlowsRolledBack,
    VoicemailLeft,
    WrapUpEnded,
)
from metrics.cdr import LONGEST_CONTACT_MS, LONGEST_ENDING_MS, MOST_LATE, MOST_VISITS, CallRecord, CallRecords
from metrics.pipeline import Folds
from tests.metrics.told import (
    DAY_MS,
    answered,
    became,
    ended,
    failed,
    left,
    node_started,
    offered,
    partner_answered,
    partner_released,
    queued,
    released,
    started,
    stepped,
    stream,
    tell,
    tier_opened,
    transferred,
    transferring,
    whole_call,
    wrapped_up,
)


def records(events: list[Event], *, keep_callers: bool = False) -> list[CallRecord]:
    fold = CallRecords(keep_callers=keep_callers)
    tell(fold, events)
    return fold.take()


def test_a_whole_call_is_one_record() -> None:
    (record,) = records(whole_call("c1"))
    assert record == {
        "contact": "c1",
        "tenant": "nav",
        "node": "n1",
        "number": "600",
        "flow": "main",
        "flow_version": "v1",
        "trunk": "loopback",
        "pii_caller": "",
        "started_ms": DAY_MS,
        "answered_ms": DAY_MS + 40_000,
        "ended_ms": DAY_MS + 100_010,
        "duration_ms": 90_000,
        "last_step": "menu",
        "queue": "pensjon",
        "visits": [
            {
                "queue": "pensjon",
                "at_ms": DAY_MS + 10_000,
                "arrived_ms": DAY_MS + 10_000,
                "waited_ms": 30_000,
                "end": "answered",
                "tier": 1,
            }
        ],
        "offers": [
            {
                "offer": "offer-c1",
                "queue": "pensjon",
                "agent": "kari",
                "site": "oslo",
                "at_ms": DAY_MS + 38_000,
                "outcome": "answered",
                "rang_ms": 2_000,
                "tier": 1,
                "rule": "longest_idle",
                "candidates": 1,
                "total_waited_ms": 0,
            }
        ],
        "waited_ms": 30_000,
        "total_wait_ms": 40_000,
        "offers_made": 1,
        "agent": "kari",
        "site": "oslo",
        "talked_ms": 60_000,
        "wrap_up_ms": 30_000,
        "topic": "alderspensjon",
        "outcome": "answered",
        "cause": "caller_hung_up",
        "closed_by": "ended",
        "concluded": "",
        "total_waited_ms": 30_000,
        "partner": "",
        "transfers": [],
        "units": ["pensjon"],
        "bounces": 0,
        "callback_of": "",
        "legs": [
            {
                "who": "caller",
                "name": "",
                "site": "",
                "begun_ms": DAY_MS,
                "answered_ms": 0,
                "ended_ms": DAY_MS + 100_010,
                "cause": "caller_hung_up",
                "offer": "",
            },
            {
                "who": "agent",
                "name": "kari",
                "site": "oslo",
                "begun_ms": DAY_MS + 38_000,
                "answered_ms": DAY_MS + 40_000,
                "ended_ms": DAY_MS + 100_000,
                "cause": "caller_hung_up",
                "offer": "offer-c1",
            },
        ],
        "recording": "",
        "pseudonym": "",
        "routing_version": "v1",
    }


def test_the_callers_number_is_kept_only_where_that_is_asked_for() -> None:
    assert records(whole_call("c1"), keep_callers=True)[0]["pii_caller"] == "+4722000000"


def test_contact_that_ends_in_the_menu_is_closed_at_once() -> None:
    (record,) = records([started("c1"), stepped("c1", "menu"), ended("c1", "menu_ended")])
    assert (record["outcome"], record["last_step"], record["visits"]) == ("menu_ended", "menu", [])


def test_caller_who_hangs_up_while_waiting_has_the_wait_in_the_record_though_the_end_was_told_first() -> None:
    fold = CallRecords()
    tell(fold, [started("c1"), queued("c1"), ended("c1", "abandoned")])
    assert fold.take() == []
    assert fold.in_progress == 0
    tell(fold, [left("c1", 12_000)])
    (record,) = fold.take()
    assert (record["waited_ms"], record["visits"][0]["end"], record["agent"]) == (12_000, "caller_hung_up", "")


def test_caller_who_hangs_up_while_ringing_has_the_offers_end_in_the_record() -> None:
    fold = CallRecords()
    tell(fold, [started("c1"), queued("c1"), offered("c1"), left("c1", 9_000), ended("c1", "abandoned")])
    assert fold.take() == []
    tell(fold, [failed("c1", "caller_left", rang_ms=4_000)])
    (record,) = fold.take()
    assert (record["offers"][0]["outcome"], record["offers"][0]["rang_ms"]) == ("caller_left", 4_000)


def test_every_offer_is_in_the_record_with_its_outcome() -> None:
    events = [started("c1"), queued("c1"), offered("c1", "o1"), failed("c1", "busy", "o1"), offered("c1", "o2", "ola")]
    events += [answered("c1", 20_000, agent="ola", offer="o2"), failed("c1", "no_answer", "unknown")]
    events += [released("c1", agent="ola"), became("ola", "ready", "talking"), ended("c1")]
    (record,) = records(events)
    assert [(o["agent"], o["outcome"]) for o in record["offers"]] == [("kari", "busy"), ("ola", "answered")]
    assert (record["agent"], record["offers_made"]) == ("ola", 2)


@pytest.mark.parametrize("last", [0, 1, 2])
def test_without_wrap_up_the_record_closes_when_end_release_and_agent_were_told_in_any_order(last: int) -> None:
    fold = CallRecords()
    tell(fold, [started("c1"), queued("c1"), answered("c1")])
    three = [ended("c1"), released("c1", 60_000), became("kari", "ready", "talking")]
    held = three.pop(last)
    tell(fold, three)
    assert fold.take() == []
    tell(fold, [held])
    assert [r["talked_ms"] for r in fold.take()] == [60_000]


def test_agent_who_goes_to_wrap_up_keeps_the_record_open_until_the_topic_is_told() -> None:
    fold = CallRecords()
    tell(fold, whole_call("c1")[:-2])
    assert fold.take() == []
    tell(fold, [became("kari", "ready", "wrap_up")])
    assert fold.take() == []
    tell(fold, [wrapped_up("c1", "")])
    assert [r["topic"] for r in fold.take()] == [""]


def test_wrap_up_that_names_no_contact_belongs_to_whom_the_agent_served() -> None:
    fold = CallRecords()
    tell(fold, [*whole_call("c1")[:-2], wrapped_up(""), wrapped_up("", agent="nobody")])
    assert [r["topic"] for r in fold.take()] == ["alderspensjon"]


def test_wrap_up_whose_end_was_never_told_does_not_keep_the_record_for_ever() -> None:
    fold = CallRecords()
    tell(fold, whole_call("c1")[:-2])
    at_ms = DAY_MS + 100_010 + LONGEST_ENDING_MS
    tell(fold, [started("c2", at_ms - 1), ended("c2", at_ms=at_ms - 1)])
    assert [r["contact"] for r in fold.take()] == ["c2"]
    tell(fold, [ended("unknown", at_ms=at_ms)])
    assert [(r["contact"], r["closed_by"], r["outcome"]) for r in fold.take()] == [("c1", "overdue", "answered")]


def test_transferred_contact_is_one_record_with_both_queues_and_the_last_agent() -> None:
    events = [started("c1"), queued("c1"), answered("c1", 5_000), released("c1", 20_000, cause="transferred")]
    events += [queued("c1", "uføre", arrived_ms=DAY_MS), became("kari", "wrap_up", "talking")]
    events += [answered("c1", 40_000, "uføre", agent="ola", offer="o2"), wrapped_up("c1", "første")]
    fold = CallRecords()
    tell(fold, [*events, ended("c1")])
    assert fold.take() == []
    tell(fold, [released("c1", 30_000, agent="ola"), became("ola", "ready", "talking")])
    (record,) = fold.take()
    assert [v["queue"] for v in record["visits"]] == ["pensjon", "uføre"]
    assert (record["agent"], record["talked_ms"], record["waited_ms"], record["topic"]) == (
        "ola",
        50_000,
        40_000,
        "første",
    )


def test_the_time_to_the_first_answer_counts_from_the_first_ring() -> None:
    events = [started("c1", DAY_MS), queued("c1", at_ms=DAY_MS + 7_000), answered("c1", 5_000, at_ms=DAY_MS + 12_000)]
    events += [answered("c1", 5_000, at_ms=DAY_MS + 99_000), released("c1"), became("kari", "ready", "talking")]
    assert records([*events, ended("c1")])[0]["total_wait_ms"] == 12_000


def test_agent_who_answers_the_next_contact_is_through_with_the_last() -> None:
    fold = CallRecords()
    tell(fold, [started("c1"), queued("c1"), answered("c1"), released("c1"), ended("c1")])
    assert fold.take() == []
    tell(fold, [started("c2"), queued("c2"), answered("c2")])
    assert [r["contact"] for r in fold.take()] == ["c1"]


def test_queue_that_is_told_before_the_start_opens_the_record() -> None:
    (record,) = records([queued("c1"), started("c1", DAY_MS - 50), left("c1"), ended("c1", "abandoned")])
    assert (record["number"], record["started_ms"], record["queue"]) == ("600", DAY_MS - 50, "pensjon")


def test_entry_that_is_taken_over_is_one_visit() -> None:
    (record,) = records([started("c1"), queued("c1"), queued("c1"), left("c1"), ended("c1")])
    assert len(record["visits"]) == 1


def test_a_message_that_was_left_and_the_callers_pseudonym_are_named() -> None:
    message = VoicemailLeft(
        at_ms=DAY_MS, tenant="nav", node="n1", contact="c1", mailbox="klage", message="42", duration_ms=9_000
    )
    (record,) = records([started("c1", pseudonym="5eed"), message, ended("c1", "voicemail")])
    assert (record["recording"], record["pseudonym"], record["pii_caller"]) == ("klage/42", "5eed", "")


def test_versions_are_those_of_the_flow_and_of_the_routing_as_it_was_when_the_contact_was_queued() -> None:
    folds = Folds("nav")
    common = {"at_ms": DAY_MS, "tenant": "nav", "node": "n1", "author": "ola", "message": ""}
    told: list[Event] = [started("c0"), queued("c0"), ended("c0"), left("c0")]
    told += [FlowsPublished(flow_version="v2", previous="v1", **common)]  # type: ignore[arg-type]
    told += [started("c1"), queued("c1"), ended("c1"), left("c1")]
    told += [FlowsRolledBack(flow_version="v0", previous="v2", **common)]  # type: ignore[arg-type]
    told += [started("c2"), queued("c2"), ended("c2"), left("c2"), started("c3"), ended("c3")]
    for cause in ("worse", "promoted"):
        told += [CanaryEnded(flow_version=f"v-{cause}", active="v0", cause=cause, **common)]  # type: ignore[arg-type]
    told += [started("c4"), queued("c4"), ended("c4"), left("c4")]
    for _, event in stream(told):
        for route in folds._routes.get(type(event), ()):
            route(event)
    closed = folds.call_records.take()
    versions = {record["contact"]: (record["flow_version"], record["routing_version"]) for record in closed}
    assert versions == {
        "c0": ("v1", "v1"), "c1": ("v1", "v2"), "c2": ("v1", "v0"), "c3": ("v1", ""), "c4": ("v1", "v-promoted"),
    }  # fmt: skip


LATE: list[Callable[[str], Event]] = [
    lambda c: stepped(c, "menu"),
    left,
    offered,
    failed,
    answered,
    released,
    wrapped_up,
    ended,
    partner_answered,
    partner_released,
    tier_opened,
    transferred,
    transferring,
    lambda c: VoicemailLeft(
        at_ms=DAY_MS, tenant="nav", node="n1", contact=c, mailbox="klage", message="42", duration_ms=9_000
    ),
]


@pytest.mark.parametrize("event", LATE)
def test_what_is_told_of_a_contact_without_a_record_is_left_out(event: Callable[[str], Event]) -> None:
    fold = CallRecords()
    tell(fold, [event("c1")])
    assert (fold.take(), fold.snapshot(), fold.in_progress) == ([], {}, 0)


def test_what_a_node_held_before_it_started_anew_is_closed_as_lost() -> None:
    fold = CallRecords()
    tell(fold, [started("old"), started("ending"), queued("ending"), ended("ending"), started("other", node="n2")])
    tell(fold, [started("new", DAY_MS + 10), node_started(at_ms=DAY_MS + 10)])
    (record,) = fold.take()
    assert (record["contact"], record["outcome"], record["cause"], record["closed_by"]) == (
        "old",
        "failed",
        "node_lost",
        "node_lost",
    )
    assert (record["ended_ms"], fold.in_progress) == (DAY_MS + 10, 2)


def test_contact_whose_node_is_lost_while_it_waits_is_closed() -> None:
    (record,) = records([started("c1"), queued("c1"), left("c1", 3_000, cause="node_lost")])
    assert (record["outcome"], record["cause"], record["waited_ms"]) == ("failed", "node_lost", 3_000)


def test_contact_whose_node_is_lost_while_it_talks_is_closed_when_the_agent_is_through() -> None:
    fold = CallRecords()
    tell(fold, [started("c1"), queued("c1"), answered("c1"), released("c1", cause="node_lost")])
    assert fold.take() == []
    tell(fold, [became("kari", "ready", "talking")])
    assert [(r["outcome"], r["agent"]) for r in fold.take()] == [("failed", "kari")]


def test_an_end_that_was_told_stands_though_the_node_is_lost_afterwards() -> None:
    events = [started("c1"), queued("c1"), answered("c1"), ended("c1"), released("c1", cause="node_lost")]
    (record,) = records([*events, became("kari", "ready", "talking")])
    assert (record["outcome"], record["cause"]) == ("answered", "caller_hung_up")


def test_when_too_many_are_open_the_oldest_is_written_with_the_reason() -> None:
    fold = CallRecords(max_open=2)
    tell(fold, [started("c1"), started("c2"), started("c3")])
    assert [(r["contact"], r["closed_by"], r["cause"]) for r in fold.take()] == [("c1", "evicted", "evicted")]
    assert (fold.in_progress, fold.evicted) == (2, 1)


def test_contact_of_which_nothing_is_heard_for_half_a_day_is_written() -> None:
    fold = CallRecords()
    tell(fold, [started("c1"), started("c2", DAY_MS + LONGEST_CONTACT_MS)])
    assert fold.take() == []
    tell(fold, [started("c3", DAY_MS + LONGEST_CONTACT_MS + 1)])
    assert [(r["contact"], r["closed_by"]) for r in fold.take()] == [("c1", "too_long")]


def test_a_contact_without_end_keeps_a_bounded_number_of_visits_and_offers() -> None:
    fold = CallRecords()
    tell(fold, [started("c1")])
    for n in range(MOST_VISITS + 5):
        tell(fold, [queued("c1", f"q{n}"), offered("c1", f"o{n}"), failed("c1", "busy", f"o{n}"), left("c1", n)])
    tell(fold, [ended("c1")])
    (record,) = fold.take()
    assert (len(record["visits"]), len(record["offers"]), record["offers_made"]) == (
        MOST_VISITS,
        MOST_VISITS,
        MOST_VISITS + 5,
    )


def test_after_a_restart_the_oldest_still_makes_way_first() -> None:
    fold, restored = CallRecords(max_open=2), CallRecords(max_open=2)
    tell(fold, [started("z", DAY_MS), started("a", DAY_MS + 1)])
    restored.restore(dict(sorted(fold.snapshot().items())))
    tell(restored, [started("m", DAY_MS + 2)])
    assert [r["contact"] for r in restored.take()] == ["z"]


CONTACTS = st.sampled_from(["a", "b", "c"])
AGENTS = st.sampled_from(["kari", "ola"])
OFFERS = st.sampled_from(["o1", "o2"])
TIMES = st.sampled_from([DAY_MS, DAY_MS + 1, DAY_MS + LONGEST_ENDING_MS, DAY_MS + LONGEST_CONTACT_MS + 2])
QUEUES = st.sampled_from(["pensjon", "uføre"])
STATES = st.sampled_from(["ready", "wrap_up", "talking"])
CAUSES = st.sampled_from(["caller_hung_up", "node_lost"])
ANY_EVENTS = st.lists(
    st.one_of(
        st.builds(started, CONTACTS, TIMES),
        st.builds(queued, CONTACTS, QUEUES, TIMES),
        st.builds(left, CONTACTS, st.just(1), cause=CAUSES),
        st.builds(offered, CONTACTS, OFFERS, AGENTS),
        st.builds(failed, CONTACTS, st.just("busy"), OFFERS),
        st.builds(answered, CONTACTS, agent=AGENTS, offer=OFFERS),
        st.builds(released, CONTACTS, agent=AGENTS, cause=CAUSES),
        st.builds(became, AGENTS, STATES, STATES),
        st.builds(wrapped_up, st.sampled_from(["a", "b", ""]), agent=AGENTS),
        st.builds(ended, CONTACTS, at_ms=TIMES),
        st.builds(node_started, at_ms=TIMES),
    ),
    max_size=50,
)


@settings(max_examples=200)
@given(ANY_EVENTS, st.sampled_from([2, 50]))
def test_contacts_in_progress_are_those_open_and_not_ended_whatever_happens(events: list[Event], most: int) -> None:
    fold = CallRecords(max_open=most)
    for event in events:
        tell(fold, [event])
        open_now = fold.snapshot()
        assert fold.in_progress == sum(not part[2] for part in open_now.values())
        assert len(open_now) <= most
    assert all(record["closed_by"] for record in fold.take())


def test_contact_whose_queueing_is_told_after_its_end_is_over() -> None:
    fold = CallRecords()
    tell(fold, [started("c1"), ended("c1"), queued("c1"), left("c1")])
    assert [record["closed_by"] for record in fold.take()] == ["ended"]
    assert (fold.in_progress, fold.snapshot()) == (0, {})


def test_no_more_than_the_last_contacts_are_remembered_for_it() -> None:
    fold = CallRecords()
    for n in range(MOST_LATE + 1):
        tell(fold, [started(f"c{n}"), ended(f"c{n}")])
    tell(fold, [queued("c0"), queued("c1")])
    assert list(fold.snapshot()) == ["c0"]


def in_order(fold: CallRecords) -> list[object]:
    """What is open, oldest first."""
    return [part[1:] for part in sorted(fold.snapshot().values(), key=lambda part: int(part[0]))]


@settings(max_examples=150)
@given(ANY_EVENTS, st.integers(0, 50))
def test_a_restored_fold_writes_the_same_records(events: list[Event], restart: int) -> None:
    events.sort(key=lambda event: event.at_ms)
    before, after = events[:restart], events[restart:]
    # Who ended is not remembered over a restart: what a queue tells of them after it opens a record anew.
    over = {event.contact for event in before if isinstance(event, ContactEnded)}
    after = [event for event in after if not (isinstance(event, ContactQueued) and event.contact in over)]
    fold, restored = CallRecords(), CallRecords()
    tell(fold, before)
    fold.take()
    kept = {name: json.loads(json.dumps(part)) for name, part in fold.changes().items() if part is not None}
    restored.restore(kept)
    assert in_order(restored) == in_order(fold)
    tell(fold, after)
    tell(restored, after)
    assert in_order(restored) == in_order(fold)
    assert sorted(r["contact"] for r in restored.take()) == sorted(r["contact"] for r in fold.take())
    assert restored.in_progress == fold.in_progress


def test_what_the_agent_said_at_the_end_of_wrap_up_is_in_the_record() -> None:
    events = [event for event in whole_call("c1") if not isinstance(event, WrapUpEnded)]
    (record,) = records([*events, wrapped_up("c1", "uføre", concluded="yes")])
    assert (record["topic"], record["concluded"]) == ("uføre", "yes")


def test_open_records_of_a_release_that_knew_fewer_columns_are_taken_over() -> None:
    before, after = CallRecords(), CallRecords()
    tell(before, [started("c1"), queued("c1")])
    order, values, *rest = before.snapshot()["c1"]
    after.restore({"c1": [order, values[:-1], *rest]})
    tell(after, [left("c1"), ended("c1")])
    (record,) = after.take()
    assert (record["queue"], record["concluded"]) == ("pensjon", "")


def test_who_is_there_now_is_told_the_oldest_first_with_what_they_do() -> None:
    fold = CallRecords()
    tell(fold, [started("c1"), started("c2"), queued("c2"), started("c3"), queued("c3"), offered("c3"), answered("c3")])
    tell(fold, whole_call("c0"))
    there = [(record["contact"], waits, talks) for record, waits, talks in fold.open_now(10)]
    assert there == [("c1", False, False), ("c2", True, False), ("c3", False, True)]
    assert [record["contact"] for record, _, _ in fold.open_now(2)] == ["c1", "c2"]


def test_a_record_in_the_making_can_be_looked_at_until_it_is_closed() -> None:
    fold = CallRecords()
    tell(fold, [started("c1"), *whole_call("c2")])
    found = fold.known("c1")
    assert found is not None
    assert found["contact"] == "c1"
    assert fold.known("c2") is None
    assert fold.known("nobody") is None
