from typing import Any

import pytest

from events.callbacks import CallbackEnded, CallbackPromised, CallbackTried
from events.catalogue import (
    Deflected,
    Event,
    EventsLost,
    LookupDone,
    MediaReported,
    MediaTimedOut,
    SurveyAnswered,
    VoicemailLeft,
)
from metrics.call_record import blank
from metrics.counters import MOST_WAITING, Counters
from tests.metrics.told import (
    DAY_MS,
    answered,
    ended,
    failed,
    left,
    node_started,
    offered,
    queued,
    released,
    started,
    tell,
    whole_call,
    wrapped_up,
)

BASE: dict[str, Any] = {"at_ms": DAY_MS, "tenant": "nav", "node": "n1"}
LOOKUP: dict[str, Any] = {"service": "cases", "outcome": "timeout", "status": 0, "lasted_ms": 90}
PROMISE: dict[str, Any] = {"first": "c0", "queue": "pensjon", "waited_ms": 0}
LEG: dict[str, Any] = {"leg": "a", "sent": 5, "received": 4, "lost": 1, "jitter_ms": 0.0}


def counted(events: list[Event], max_labels: int = 200) -> dict[str, dict[tuple[str, ...], int]]:
    fold = Counters(max_labels=max_labels)
    tell(fold, events)
    return fold.copy()


@pytest.mark.parametrize(
    ("event", "series", "labels", "count"),
    [
        (started("c"), "contacts_started", ("main",), 1),
        (ended("c", "menu_ended"), "contacts_ended", ("menu_ended",), 1),
        (queued("c"), "offered", ("pensjon",), 1),
        (answered("c"), "answered", ("pensjon",), 1),
        (left("c"), "lost", ("pensjon", "caller_hung_up"), 1),
        (left("c", disposition="flowed_out", cause="overflow"), "flowed_out", ("pensjon", "overflow"), 1),
        (offered("c"), "offers", ("pensjon",), 1),
        (failed("c", "busy"), "offers_failed", ("pensjon", "busy"), 1),
        (released("c", 1_500), "talk_ms", ("pensjon",), 1_500),
        (wrapped_up("c", lasted_ms=700), "wrap_up_ms", ("pensjon",), 700),
        (MediaReported(**BASE, leg="a", sent=5, received=4, lost=1, jitter_ms=0.0), "media_sent", (), 5),
        (MediaReported(**BASE, leg="a", sent=5, received=4, lost=1, jitter_ms=0.0), "media_received", (), 4),
        (MediaReported(**BASE, leg="a", sent=5, received=4, lost=-1, jitter_ms=0.0), "media_lost", (), 0),
        (MediaReported(**BASE, **LEG, peer_lost=3), "media_peer_lost", (), 3),
        (MediaReported(**BASE, **LEG), "media_peer_lost", (), 0),
        (MediaReported(**BASE, **LEG, peer_jitter_ms=7.6), "media_jitter_ms", ("phone",), 8),
        (MediaReported(**BASE, **LEG, peer_jitter_ms=0.0), "media_jitter_legs", ("phone",), 1),
        (MediaReported(**BASE, **LEG | {"jitter_ms": 4.0}), "media_jitter_ms", ("here",), 4),
        (MediaReported(**BASE, **LEG, round_trip_ms=31.4), "media_round_trip_ms", (), 31),
        (MediaReported(**BASE, **LEG, round_trip_ms=0.0), "media_round_trip_legs", (), 1),
        (LookupDone(**BASE, **LOOKUP), "lookups", ("cases", "timeout"), 1),
        (LookupDone(**BASE, **LOOKUP), "lookup_ms", ("cases",), 90),
        (Deflected(**BASE, to="sms", outcome="sent"), "deflections", ("sms", "sent"), 1),
        (VoicemailLeft(**BASE, mailbox="family", message="m", duration_ms=1), "voicemails", ("family",), 1),
        (
            SurveyAnswered(**BASE, survey="care", question="grade", answer=4, queue="q"),
            "survey_answers",
            ("care", "grade", "4"),
            1,
        ),
        (CallbackPromised(**BASE, **PROMISE, chosen_ms=0, position=1), "callbacks_promised", ("pensjon",), 1),
        (
            CallbackTried(**BASE, queue="pensjon", cause="busy", tries=1, again_ms=0),
            "callbacks_tried",
            ("pensjon", "busy"),
            1,
        ),
        (
            CallbackEnded(**BASE, **PROMISE, outcome="reached", cause="", tries=0),
            "callbacks_ended",
            ("pensjon", "reached"),
            1,
        ),
        (MediaTimedOut(**BASE, leg="a", silent_ms=1), "media_timeouts", (), 1),
        (EventsLost(**BASE, count=7), "events_lost", (), 7),
    ],
)
def test_each_event_is_counted_in_its_series(event: Event, series: str, labels: tuple[str, ...], count: int) -> None:
    assert counted([event])[series] == {labels: count}


@pytest.mark.parametrize(
    ("waited_ms", "bucket"), [(-5, "5.0"), (0, "5.0"), (45_000, "45.0"), (45_001, "60.0"), (9_999_999, "+Inf")]
)
def test_a_wait_falls_in_the_bucket_that_it_does_not_exceed(waited_ms: int, bucket: str) -> None:
    counts = counted([answered("c", waited_ms)])
    assert counts["answer_wait_bucket"] == {("pensjon", bucket): 1}
    assert counts["answer_wait_sum"] == {("pensjon",): max(waited_ms, 0)}


def test_waits_of_the_lost_are_kept_apart() -> None:
    counts = counted([left("c", 8_000)])
    assert (counts["lost_wait_sum"], counts["answer_wait_sum"]) == ({("pensjon",): 8_000}, {})


def test_the_wait_from_the_first_ring_is_told_by_the_call_record() -> None:
    fold = Counters()
    record = blank("c1", "nav", "n1") | {"queue": "pensjon", "answered_ms": 1, "total_wait_ms": 61_000}
    fold.closed(record)
    assert fold.copy()["total_wait_bucket"] == {("pensjon", "90.0"): 1}


def test_configured_queues_are_there_before_anybody_calls() -> None:
    fold = Counters(queues=["pensjon", "uføre"])
    assert fold.copy()["offered"] == fold.copy()["answered"] == {("pensjon",): 0, ("uføre",): 0}
    assert fold.queues == {"pensjon", "uføre"}


def test_queues_beyond_the_bound_are_counted_together() -> None:
    counts = counted([queued(f"c{n}", f"q{n}") for n in range(5)], max_labels=2)
    assert counts["offered"] == {("q0",): 1, ("q1",): 1, ("(other)",): 3}


def test_causes_beyond_the_bound_are_counted_together() -> None:
    counts = counted([left("c", cause=f"cause {n}") for n in range(20)], max_labels=1)
    assert len(counts["lost"]) == 9
    assert counts["lost"]["(other)", "(other)"] == 12


def test_a_copy_is_changed_by_no_later_event() -> None:
    fold = Counters()
    tell(fold, [queued("a")])
    copy = fold.copy()
    tell(fold, [queued("b")])
    assert copy["offered"] == {("pensjon",): 1}


def test_what_no_phone_reported_is_counted_nowhere() -> None:
    counts = counted([MediaReported(**BASE, **LEG)])
    assert [counts[name] for name in ("media_jitter_legs", "media_round_trip_legs")] == [{}, {(): 0}]


def test_sides_of_a_leg_are_no_queues_after_a_restart() -> None:
    fold, restored = Counters(), Counters()
    tell(fold, [MediaReported(**BASE, **LEG, peer_jitter_ms=1.0)])
    restored.restore(fold.changes())
    assert restored.copy() == fold.copy()
    assert restored.queues == frozenset()


def test_restored_counts_go_on() -> None:
    fold, restored = Counters(max_labels=2), Counters(max_labels=2)
    tell(fold, [*whole_call("c1"), node_started(), queued("x", "uføre"), queued("y", "third"), left("x")])
    kept = fold.changes()
    assert kept == fold.snapshot()
    restored.restore(kept | {"of_a_newer_version|x": [["x"], 1]})
    assert restored.copy() == fold.copy()
    assert restored.queues == fold.queues == {"pensjon", "uføre"}
    tell(restored, [queued("z", "fourth")])
    assert restored.copy()["offered"] == {("pensjon",): 1, ("uføre",): 1, ("(other)",): 2}
    assert list(restored.changes()) == ["offered|(other)"]


def test_contact_that_is_put_back_into_its_queue_is_offered_once() -> None:
    told_again = [queued("c"), queued("c"), left("c"), queued("c")]
    assert counted(list(told_again))["offered"] == {("pensjon",): 2}


def test_most_who_wait_are_remembered() -> None:
    fold = Counters()
    tell(fold, [queued(f"c{number}") for number in range(MOST_WAITING + 1)])
    tell(fold, [queued(f"c{MOST_WAITING}"), queued("c0")])
    assert fold.copy()["offered"] == {("pensjon",): MOST_WAITING + 2}
