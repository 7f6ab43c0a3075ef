"""Events are stretched to simulated time, and the sums hold at any moment."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from events.catalogue import AgentStateChanged, ContactAnswered, ContactLeftQueue, ContactQueued
from metrics.service_level import Limits, servicegrad_45
from svar.demo.figures import Figures, SimulatedTime, balances, whole

BEGAN_MS = 1_800_000_000_000
NINE_MS = 9 * 3_600_000
WHO: dict[str, Any] = {"tenant": "t", "node": "n"}


def queued(contact: str, at_ms: int) -> ContactQueued:
    return ContactQueued(
        at_ms=at_ms, contact=contact, queue="q", arrived_ms=at_ms, priority_s=0, position=1, **WHO
    )  # fmt: skip


def answered(contact: str, at_ms: int, waited_ms: int) -> ContactAnswered:
    return ContactAnswered(
        at_ms=at_ms, contact=contact, offer="o", queue="q", agent="demo1", site="s",
        waited_ms=waited_ms, rang_ms=50, **WHO,
    )  # fmt: skip


def left(contact: str, at_ms: int, disposition: str) -> ContactLeftQueue:
    return ContactLeftQueue(
        at_ms=at_ms, contact=contact, queue="q", disposition=disposition, cause="caller_hung_up", waited_ms=10, **WHO
    )  # fmt: skip


def figures(speed: float = 60.0) -> Figures:
    return Figures(SimulatedTime(BEGAN_MS, speed), {"q": Limits(45, 10)})


def test_a_real_second_is_a_simulated_minute_at_speed_60() -> None:
    told = SimulatedTime(BEGAN_MS, 60).stretched(answered("c", BEGAN_MS + 1000, 750))
    assert (told.at_ms, told.waited_ms, told.rang_ms) == (NINE_MS + 60_000, 45_000, 3_000)
    assert (told.contact, told.queue) == ("c", "q")


def test_the_target_of_45_seconds_counts_simulated_ones() -> None:
    board = figures()
    for contact, waited_ms in (("in time", 750), ("late", 751)):
        board.tell(queued(contact, BEGAN_MS))
        board.tell(answered(contact, BEGAN_MS + waited_ms, waited_ms))
    assert servicegrad_45(whole(board.board(0))) == 0.5


def test_the_longest_wait_is_told_in_simulated_time() -> None:
    board = figures()
    board.tell(queued("c", BEGAN_MS + 1000))
    row = board.board(7).queues[0]
    assert row.longest_wait_s(board.time.at_ms(BEGAN_MS + 2000)) == 60
    assert board.board(7).contacts == 7


def test_an_agents_state_is_known_from_the_events() -> None:
    board = figures()
    assert board.state_of("demo1") == ""
    board.tell(
        AgentStateChanged(
            at_ms=BEGAN_MS, agent="demo1", site="s", state="ready", reason="", previous="not_ready", lasted_ms=5, **WHO
        )
    )
    assert board.state_of("demo1") == "ready"


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["queued", "answered", "lost", "flowed_out"])), max_size=60)
)
def test_the_sums_hold_after_every_event(story: list[tuple[int, str]]) -> None:
    board = figures()
    for second, (number, what) in enumerate(story):
        contact, at_ms = str(number), BEGAN_MS + 1000 * second
        if what == "queued":
            board.tell(queued(contact, at_ms))
        elif what == "answered":
            board.tell(answered(contact, at_ms, 10))
        else:
            board.tell(left(contact, at_ms, what))
        assert balances(board.board(0))
