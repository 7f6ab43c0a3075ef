from acd.latency import BOUNDS_S, Latency


def test_what_took_as_long_as_a_bound_is_within_it_and_the_longest_beyond_all() -> None:
    seen = Latency()
    for seconds in (0.0005, 0.001, 0.0011, 3.0):
        seen.observe(seconds)
    found = seen.cumulative()
    assert found[:2] == [("0.001", 2.0), ("0.002", 3.0)]
    assert found[-2:] == [(str(BOUNDS_S[-1]), 3.0), ("+Inf", 4.0)]
    assert round(seen.total_s, 4) == 3.0026
