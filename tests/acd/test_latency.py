from acd.connection import command_client
from acd.latency import BOUNDS_S, Latency
from acd.model import NodeId
from acd.store import RedisDistributor


def test_what_took_as_long_as_a_bound_is_within_it_and_the_longest_beyond_all() -> None:
    seen = Latency()
    for seconds in (0.0005, 0.001, 0.0011, 3.0):
        seen.observe(seconds)
    found = seen.cumulative()
    assert found[:2] == [("0.001", 2.0), ("0.002", 3.0)]
    assert found[-2:] == [(str(BOUNDS_S[-1]), 3.0), ("+Inf", 4.0)]
    assert round(seen.total_s, 4) == 3.0026


async def test_every_command_to_redis_is_timed(redis_url: str) -> None:
    client = command_client(redis_url)
    try:
        distributor = RedisDistributor(client, "t", NodeId("n1"))
        for _ in range(3):
            await distributor.beat(NodeId("n1"), 0)
        assert distributor.latency.cumulative()[-1][1] >= 3
        assert distributor.latency.total_s > 0
    finally:
        await client.aclose()
