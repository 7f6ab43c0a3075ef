"""Agents' states and offers as topics: told as they change, without a caller's data, and again to a new broker."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from events.catalogue import ColleagueFound, Event
from metrics.agents_live import AgentsLive
from metrics.pipeline import Folds
from tests.metrics.told import DAY_MS, answered, became, failed, offered, queued, started, stream


def live() -> tuple[Folds, AgentsLive]:
    folds = Folds("nav")
    journeys = {"c1": ["skatt", "pensjon"]}
    found = AgentsLive(folds.wallboard.agents, lambda c: journeys.get(c, []), lambda agent: {"pensjon", "helse"})
    return folds, found


def told(*events: Event) -> list[dict[str, Any]]:
    """What each topic says after the events."""
    folds, found = live()
    for at, event in enumerate(events):
        folds.apply(stream([event], first=at + 1))
        found.tell(event)
    return [{topic: json.loads(text) if text else None for topic, text in found.take(100)}]


def test_a_state_says_since_when_why_and_for_which_queues() -> None:
    [topics] = told(became("kari", "not_ready", reason="break"))
    assert topics == {
        "agent/kari": {
            "agent": "kari", "site": "oslo", "state": "not_ready", "reason": "break", "since_ms": DAY_MS, "queue": "",
            "queues": ["helse", "pensjon"],
        }
    }  # fmt: skip


def test_an_offer_carries_the_journey_and_no_number() -> None:
    [topics] = told(started("c1"), queued("c1"), became("kari", "offered"), offered("c1"))
    offer = topics["agent/kari/offer"]
    assert (offer["contact"], offer["queue"], offer["journey"]) == ("c1", "pensjon", ["skatt", "pensjon"])
    assert {"waited_ms", "total_waited_ms", "deadline_ms"} <= offer.keys()
    assert topics["agent/kari"]["queue"] == "pensjon"
    assert started("c1").pii_caller not in json.dumps(topics)


def test_an_offer_that_is_over_is_taken_away_and_the_queue_stays_while_they_talk() -> None:
    for over in (failed("c1"), answered("c1"), became("kari", "not_ready", previous="offered")):
        [topics] = told(queued("c1"), offered("c1"), over)
        assert topics["agent/kari/offer"] is None
    [topics] = told(queued("c1"), offered("c1"), answered("c1"), became("kari", "talking", previous="offered"))
    assert topics["agent/kari"]["queue"] == "pensjon"
    [topics] = told(queued("c1"), offered("c1"), answered("c1"), became("kari", "ready", previous="wrap_up"))
    assert topics["agent/kari"]["queue"] == ""


def test_an_offer_to_help_a_colleague_is_over_when_it_is_taken() -> None:
    taken = ColleagueFound(
        at_ms=DAY_MS + 20_000, tenant="nav", node="n1", contact="c1", offer="o-c1", queue="pensjon", agent="kari",
        site="oslo", waited_ms=3_000, rang_ms=1_000,
    )  # fmt: skip
    [topics] = told(offered("c1"), taken, became("kari", "talking", previous="offered"))
    assert topics["agent/kari/offer"] is None
    assert topics["agent/kari"]["queue"] == "pensjon"


def test_partners_slots_are_no_agents_and_names_stay_one_level() -> None:
    assert told(became("tax/1", "ready")) == [{}]
    assert list(told(became("a+b#c", "ready"))[0]) == ["agent/a_b_c"]


def test_all_of_it_is_told_again_a_few_at_a_time() -> None:
    folds, found = live()
    for at in range(5):
        folds.apply(stream([became(f"a{at}", "ready")], first=at + 1))
    found.again()
    assert [len(found.take(2)) for _ in range(4)] == [2, 2, 1, 0]


def test_who_may_serve_other_queues_is_told_anew() -> None:
    folds, found = live()
    folds.apply(stream([became("kari", "ready")], first=1))
    found.touch("kari")
    found.touch("nobody")
    assert [topic for topic, _ in found.take(5)] == ["agent/kari"]


EVENTS = st.sampled_from(
    [became("kari", state) for state in ("ready", "offered", "talking", "wrap_up", "logged_out")]
    + [queued("c1"), offered("c1"), failed("c1"), answered("c1")]
)


@given(st.lists(EVENTS, max_size=30))
def test_whatever_happens_a_new_broker_is_told_what_one_that_followed_knows(events: list[Event]) -> None:
    folds, found = live()
    known: dict[str, str] = {}
    for at, event in enumerate(events):
        folds.apply(stream([event], first=at + 1))
        found.tell(event)
        known |= dict(found.take(100))
    found.again()
    again = dict(found.take(100))
    assert {topic: text for topic, text in known.items() if text} == {
        topic: text for topic, text in again.items() if text
    }
