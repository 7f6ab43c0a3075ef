from hypothesis import given
from hypothesis import strategies as st

from rtp.ports import PortPool


def test_a_port_comes_back_only_after_quarantine() -> None:
    pool = PortPool([2000, 2002], 5.0)
    assert [pool.take(0.0), pool.take(0.0), pool.take(0.0)] == [2000, 2002, None]
    pool.give(2002, 1.0)
    assert pool.take(5.9) is None
    assert pool.take(6.0) == 2002
    assert pool.free == 0


def test_the_port_that_has_been_free_the_longest_is_taken_first() -> None:
    pool = PortPool([2000, 2002], 0.0)
    pool.take(0.0)
    pool.give(2000, 0.0)
    assert [pool.take(1.0), pool.take(1.0)] == [2002, 2000]


@given(st.lists(st.booleans(), max_size=60))
def test_no_port_is_given_twice(takes: list[bool]) -> None:
    pool, held = PortPool(range(2000, 2010, 2), 2.0), []
    for now, take in enumerate(takes):
        if take:
            port = pool.take(now)
            assert port not in held
            held += [port] if port is not None else []
        elif held:
            pool.give(held.pop(0), now)
    assert len(set(held)) == len(held)
