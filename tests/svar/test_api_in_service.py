"""What /metrics shows of the agents who may serve a queue."""

from metrics.wallboard import STATES, AgentOnBoard
from svar.api_in_service import agents_by_queue


def test_an_agent_counts_in_every_queue_that_it_may_serve_and_one_never_seen_is_logged_out() -> None:
    states = {"anna": AgentOnBoard("oslo", "ready", "", 0), "bjorn": AgentOnBoard("bodo", "talking", "", 0)}
    queues = {"anna": ("work", "family"), "bjorn": ("work",), "kari": ("work",), "eva": ()}
    found = agents_by_queue(queues, states)
    assert {key: count for key, count in found.items() if count} == {
        ("work", "ready"): 1,
        ("work", "talking"): 1,
        ("work", "logged_out"): 1,
        ("family", "ready"): 1,
    }
    assert {state for queue, state in found if queue == "family"} == set(STATES), "nobody is a nought, not a gap"
