"""Wrong tries are counted in bounded memory, by account and address, whatever is typed."""

from contextlib import ExitStack

from hypothesis import given
from hypothesis import strategies as st

from console.throttle import MOST_BY_ADDRESS, MOST_KEPT, WITHIN_S, Throttle


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_whole_ipv6_network_counts_as_one_address() -> None:
    throttle = Throttle(Clock())
    for n in range(MOST_BY_ADDRESS):
        throttle.wrong(f"a{n}", f"2001:db8::{n}")
    assert throttle.wait_s("kari", "2001:db8::ffff") > 0
    assert throttle.wait_s("kari", "2001:db8:1::1") == 0


def test_after_a_while_it_is_looked_at_again() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(MOST_BY_ADDRESS):
        throttle.wrong("kari", "192.0.2.1")
    assert throttle.wait_s("ola", "192.0.2.1") == WITHIN_S
    clock.now_s += WITHIN_S
    assert throttle.wait_s("ola", "192.0.2.1") == 0
    throttle.wrong("kari", "192.0.2.1")
    assert throttle.wait_s("ola", "192.0.2.1") == 0


def test_memory_is_bounded() -> None:
    throttle = Throttle(Clock())
    for n in range(MOST_KEPT + 100):
        throttle.wrong(f"a{n}", f"10.0.{n // 250}.{n % 250}")
        throttle.right(f"a{n}", f"10.0.{n // 250}.{n % 250}")
        assert throttle.is_news(f"10.0.{n // 250}.{n % 250}")
    assert len(throttle._wrong) == MOST_KEPT
    assert len(throttle._known) == len(throttle._told) == MOST_KEPT


def test_no_more_are_looked_at_together_than_may_be_wrong() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    throttle.wrong("kari", "192.0.2.1")
    with ExitStack() as stack:
        rooms = [stack.enter_context(throttle.looking(f"a{n}", "192.0.2.1")) for n in range(2 * MOST_BY_ADDRESS)]
        assert rooms == [True] * (MOST_BY_ADDRESS - 1) + [False] * (MOST_BY_ADDRESS + 1)
        with throttle.looking("kari", "192.0.2.2") as room:
            assert room
    for _ in range(MOST_BY_ADDRESS):
        throttle.wrong("kari", "192.0.2.1")
    clock.now_s += WITHIN_S
    with throttle.looking("kari", "192.0.2.1") as room:
        assert room


def test_that_nobody_is_looked_at_is_told_now_and_then() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    assert [throttle.is_news(address) for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2")] == [True, False, True]
    clock.now_s += WITHIN_S
    assert throttle.is_news("192.0.2.1")


@given(st.text(max_size=300), st.text(max_size=100))
def test_whatever_is_typed_is_counted_without_a_fault(account: str, address: str) -> None:
    throttle = Throttle(Clock())
    throttle.wrong(account, address)
    throttle.right(account, address)
    assert throttle.wait_s(account, address) == 0
