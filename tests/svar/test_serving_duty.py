"""What duty knows of queues and agents comes from the events, and reserves' question is among what is spoken."""

from events.catalogue import AgentStateChanged, ContactAnswered, ContactQueued
from metrics.pipeline import Folds
from svar.feature_codes import SPOKEN
from svar.reserve_calls import QUESTION
from svar.serving_duty import FoldedFacts, with_questions

NOW = 1_764_000_000_000


def queued(contact: str, ago_ms: int) -> ContactQueued:
    at_ms = NOW - ago_ms
    return ContactQueued(
        at_ms=at_ms, tenant="t", node="n1", contact=contact, queue="desk", arrived_ms=at_ms, priority_s=0, position=1
    )


async def test_who_waits_and_for_how_long_is_known_from_the_events() -> None:
    folds = Folds("t")
    facts = FoldedFacts(folds, lambda: NOW)
    assert facts.queue("desk") == (0, 0)
    await folds([("1-0", queued("a", 90_500)), ("2-0", queued("b", 10_000))])
    assert facts.queue("desk") == (2, 90)
    assert facts.queue("other") == (0, 0)
    answered = ContactAnswered(
        at_ms=NOW, tenant="t", node="n1", contact="a", offer="o", queue="desk", agent="anna", site="s",
        waited_ms=90_500, rang_ms=1,
    )  # fmt: skip
    await folds([("3-0", answered)])
    assert facts.queue("desk") == (1, 10)


async def test_the_state_of_an_agent_is_known_from_the_events() -> None:
    folds = Folds("t")
    facts = FoldedFacts(folds, lambda: NOW)
    assert facts.state("anna") == "logged_out"
    changed = AgentStateChanged(
        at_ms=NOW, tenant="t", node="n1", agent="anna", site="s", state="talking", reason="", previous="offered",
        lasted_ms=1,
    )  # fmt: skip
    await folds([("1-0", changed)])
    assert facts.state("anna") == "talking"


def test_what_reserves_are_asked_is_spoken_too() -> None:
    assert with_questions(SPOKEN) == (*SPOKEN, QUESTION)
