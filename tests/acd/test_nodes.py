"""Which nodes beat."""

import pytest

from acd.connection import command_client
from acd.distributor import Unavailable
from acd.model import NodeId
from acd.nodes import living
from acd.store import RedisDistributor


async def test_nodes_that_beat_are_named(redis_url: str) -> None:
    client = command_client(redis_url)
    for name in ("n2", "n1"):
        await RedisDistributor(client, "nav", NodeId(name)).beat(NodeId(name), 0)
    assert await living(client, "nav") == ["n1", "n2"]
    assert await living(client, "skatt") == []
    await client.aclose()


async def test_without_redis_nobody_can_say() -> None:
    client = command_client("unix:///nowhere/r.sock")
    with pytest.raises(Unavailable, match="redis"):
        await living(client, "nav")
    await client.aclose()
