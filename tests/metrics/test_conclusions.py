"""Avslutningsgrad: concluded with a topic, not transferred, over those answered, by the half-hour of the answer."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from events.catalogue import CallbackPromised, Event, TransferEnded
from metrics.conclusions import Conclusions
from tests.metrics.told import DAY_MS, NODE, TENANT, answered, released, tell, wrapped_up


def transfer(contact: str, outcome: str, agent: str = "kari") -> TransferEnded:
    return TransferEnded(
        at_ms=DAY_MS, tenant=TENANT, node=NODE, contact=contact, how="blind", to="agent", target="ola",
        outcome=outcome, lasted_ms=1, agent=agent,
    )  # fmt: skip


def share(*events: Event, since_ms: int = 0) -> dict[str, float]:
    fold = Conclusions()
    tell(fold, list(events))
    return fold.avslutningsgrad(since_ms)


def test_who_was_concluded_with_a_topic_counts() -> None:
    events = [answered("c1"), released("c1"), wrapped_up("c1", concluded="yes"), answered("c2"), wrapped_up("c2")]
    assert share(*events) == {"pensjon": 0.5}


def test_no_topic_or_no_conclusion_does_not_count() -> None:
    for topic, concluded in (("", "yes"), ("alderspensjon", "no"), ("alderspensjon", "")):
        assert share(answered("c1"), wrapped_up("c1", topic, concluded=concluded)) == {"pensjon": 0.0}


def test_who_was_transferred_is_not_concluded() -> None:
    for moved in (released("c1", cause="transferred"), transfer("c1", "answered"), transfer("c1", "queued")):
        assert share(answered("c1"), moved, wrapped_up("c1", concluded="yes")) == {"pensjon": 0.0}


def test_who_will_be_rung_back_is_not_concluded() -> None:
    promised = CallbackPromised(
        at_ms=DAY_MS, tenant=TENANT, node=NODE, contact="c1", first="c1", queue="pensjon", chosen_ms=0, waited_ms=0,
        position=1,
    )  # fmt: skip
    assert share(answered("c1"), promised, wrapped_up("c1", concluded="yes")) == {"pensjon": 0.0}


def test_a_transfer_that_came_to_nothing_and_one_of_the_flow_leave_it_concluded() -> None:
    for none in (transfer("c1", "taken_back"), transfer("c1", "busy"), transfer("c1", "answered", agent="")):
        assert share(answered("c1"), none, wrapped_up("c1", concluded="yes")) == {"pensjon": 1.0}


def test_a_late_wrap_up_does_not_conclude_what_the_next_agent_has() -> None:
    events = [answered("c1"), released("c1", cause="transferred"), answered("c1", queue="skatt", agent="ola")]
    late = wrapped_up("c1", concluded="yes")
    assert share(*events, late) == {"pensjon": 0.0, "skatt": 0.0}
    assert share(*events, late, wrapped_up("c1", concluded="yes", queue="skatt", agent="ola"))["skatt"] == 1.0


def test_a_contact_is_concluded_once() -> None:
    fold = Conclusions()
    tell(fold, [answered("c1"), *[wrapped_up("c1", concluded="yes")] * 3])
    assert fold.by_queue() == {("pensjon",): 1}


def test_only_those_answered_since_a_moment_are_seen() -> None:
    before = [answered("c0", at_ms=DAY_MS - 3_600_000), wrapped_up("c0", concluded="yes")]
    assert share(*before, answered("c1"), since_ms=DAY_MS) == {"pensjon": 0.0}


def test_the_oldest_goes_when_there_are_too_many() -> None:
    fold = Conclusions(most_open=2, most_intervals=1)
    tell(fold, [answered(f"c{n}", at_ms=DAY_MS + n * 1_800_000) for n in range(3)])
    assert sorted(key for key in fold.snapshot() if key.startswith("c|")) == ["c|c1", "c|c2"]
    assert len(fold.counts) == 1


EVENTS = st.sampled_from(
    [answered("c1"), answered("c2", queue="skatt"), released("c1", cause="transferred"), transfer("c2", "queued")]
    + [wrapped_up(c, concluded=word, queue=q) for c in ("c1", "c2") for word in ("yes", "no") for q in ("pensjon",)]
)


@settings(max_examples=100)
@given(st.lists(EVENTS, max_size=20), st.integers(0, 20))
def test_a_restart_anywhere_changes_nothing(events: list[Event], at: int) -> None:
    whole, first, second = Conclusions(), Conclusions(), Conclusions()
    tell(whole, events)
    tell(first, events[:at])
    saved = {key: part for key, part in first.changes().items() if part is not None}
    assert saved.keys() == first.snapshot().keys()
    second.restore(json.loads(json.dumps(saved)))
    tell(second, events[at:])
    assert second.snapshot() == whole.snapshot()
    assert all(0 <= ratio <= 1 for ratio in whole.avslutningsgrad(0).values())
