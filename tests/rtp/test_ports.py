from hypothesis import given
from hypothesis import strategies as st

from rtp.ports import PortPool, divide


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


def test_a_port_that_another_process_used_is_in_quarantine_from_the_start() -> None:
    pool = PortPool([2000, 2002, 2004], 5.0, (2002,), 10.0)
    assert [pool.take(10.0), pool.take(10.0), pool.take(14.9), pool.take(15.0)] == [2000, 2004, None, 2002]


@given(st.integers(1, 200), st.integers(0, 200), st.integers(1, 8))
def test_a_divided_range_has_every_pair_once_and_in_parts_alike(first: int, more: int, parts: int) -> None:
    ranges = divide(first, first + more, parts)
    pairs = [list(range(low, high + 1, 2)) for low, high in ranges]
    assert [port for part in pairs for port in part] == list(range(first + first % 2, first + more + 1, 2))
    assert len(pairs) == parts
    assert max(map(len, pairs)) - min(map(len, pairs)) <= 1
