from hypothesis import given
from hypothesis import strategies as st

from sip.deadlines import Deadlines


def rung() -> tuple[list[tuple[str, float]], Deadlines]:
    return [], Deadlines()


def test_nothing_is_due_without_deadlines() -> None:
    deadlines = Deadlines()
    deadlines.run(100.0)
    assert deadlines.next() is None
    assert len(deadlines) == 0


def test_alarms_ring_in_order_once_their_time_has_come() -> None:
    heard, deadlines = rung()
    for at, name in ((3.0, "c"), (1.0, "a"), (2.0, "b")):
        deadlines.set(at, lambda name, now: heard.append((name, now)), name)
    assert deadlines.next() == 1.0
    deadlines.run(2.0)
    assert heard == [("a", 2.0), ("b", 2.0)]
    assert deadlines.next() == 3.0
    assert len(deadlines) == 1


def test_equal_times_keep_their_order() -> None:
    heard, deadlines = rung()
    for name in "abc":
        deadlines.set(1.0, lambda name, now: heard.append((name, now)), name)
    deadlines.run(1.0)
    assert [name for name, _ in heard] == ["a", "b", "c"]


def test_cancelled_deadline_is_silent_and_cancelling_again_does_nothing() -> None:
    heard, deadlines = rung()
    first = deadlines.set(1.0, lambda name, now: heard.append((name, now)), "first")
    deadlines.set(2.0, lambda name, now: heard.append((name, now)), "second")
    first.cancel()
    first.cancel()
    assert deadlines.next() == 2.0
    assert len(deadlines) == 1
    deadlines.run(5.0)
    assert heard == [("second", 5.0)]
    first.cancel()
    assert len(deadlines) == 0


def test_alarm_set_by_an_alarm_for_the_past_rings_in_the_same_run() -> None:
    heard, deadlines = rung()

    def again(name: str, now: float) -> None:
        heard.append((name, now))
        if len(heard) < 3:
            deadlines.set(now, again, "again")

    deadlines.set(1.0, again, "first")
    deadlines.run(1.0)
    assert [name for name, _ in heard] == ["first", "again", "again"]


def test_cancelled_ones_are_thrown_out_when_they_outnumber_the_living() -> None:
    deadlines = Deadlines()
    made = [deadlines.set(float(at), lambda name, now: None) for at in range(2000)]
    for deadline in made[1:]:
        deadline.cancel()
    assert len(deadlines) == 1
    assert len(deadlines._heap) < 600
    assert deadlines.next() == 0.0


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=40), st.floats(0, 100))
def test_exactly_the_living_and_due_ring(plan: list[tuple[float, bool]], now: float) -> None:
    heard, deadlines = rung()
    for number, (at, cancelled) in enumerate(plan):
        deadline = deadlines.set(at, lambda name, now: heard.append((name, now)), str(number))
        if cancelled:
            deadline.cancel()
    deadlines.run(now)
    due = {str(number) for number, (at, cancelled) in enumerate(plan) if at <= now and not cancelled}
    assert {name for name, _ in heard} == due
    assert len(deadlines) == sum(not cancelled for _, cancelled in plan) - len(due)
