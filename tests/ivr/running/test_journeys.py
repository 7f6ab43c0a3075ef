"""A contact's journey in a few words."""

from acd.model import QueueId
from ivr.running.journeys import journey_text
from ivr.running.run import FlowRun, Visit


def run(*visits: Visit, entry: Visit | None = None) -> FlowRun:
    return FlowRun("c", "f", "v", "s", entry=entry, journey=list(visits))


def test_queues_waits_and_outcomes_are_told_the_latest_last() -> None:
    first = Visit(QueueId("family"), 0, outcome="answered", agent="kari", waited_ms=65_400)
    now = Visit(QueueId("debt"), 100_000)
    assert journey_text(run(first, entry=now)) == "family;waited=65;outcome=answered;agent=kari, debt"


def test_who_comes_for_the_first_time_has_their_queue_alone() -> None:
    assert journey_text(run(entry=Visit(QueueId("family"), 0))) == "family"
    assert journey_text(run()) == ""


def test_a_long_journey_is_told_from_its_end() -> None:
    visits = [Visit(QueueId(f"q{n}"), 0, outcome="transferred") for n in range(20)]
    told = journey_text(run(*visits)).split(", ")
    assert (len(told), told[-1]) == (8, "q19;waited=0;outcome=transferred")
