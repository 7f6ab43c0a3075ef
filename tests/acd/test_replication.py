"""How Redis is: asked of a real one, and read from what a master with replicas says."""

import pytest

from acd.connection import command_client
from acd.distributor import Unavailable
from acd.replication import Replicas, Replication, replicas


async def test_a_redis_by_itself_answers_and_has_no_replicas(redis_url: str) -> None:
    client = command_client(redis_url)
    try:
        asked = Replication(client)
        await asked.ping()
        assert await asked.read() == Replicas()
    finally:
        await client.aclose()


async def test_a_redis_that_is_away_is_told_of() -> None:
    client = command_client("unix:///nowhere/redis.sock")
    try:
        with pytest.raises(Unavailable):
            await Replication(client).ping()
        with pytest.raises(Unavailable):
            await Replication(client).read()
    finally:
        await client.aclose()


def test_the_replica_that_is_furthest_behind_counts_and_one_that_is_not_in_step_does_not() -> None:
    told = {
        "role": "master",
        "connected_slaves": 3,
        "master_repl_offset": 1_000,
        "slave0": {"ip": "192.0.2.1", "state": "online", "offset": 990},
        "slave1": {"ip": "192.0.2.2", "state": "online", "offset": 400},
        "slave2": {"ip": "192.0.2.3", "state": "wait_bgsave", "offset": 0},
        "slave_read_only": 1,
    }
    assert replicas(told) == Replicas(in_step=2, behind_bytes=600)
