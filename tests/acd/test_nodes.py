"""Which nodes there are, which of them live, and what they share."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from acd.connection import command_client
from acd.distributor import Unavailable
from acd.model import NODE_LEASE_MS, Enqueue, NodeId, QueueId, QueueSpec
from acd.nodes import NodeRecord, Nodes, Seen, living
from acd.store import RedisDistributor

OSLO = NodeRecord("n1", "oslo", "sip:192.0.2.1:5060", ("192.0.2.1",), "1.0", 1_000)
ALTA = NodeRecord("n2", "alta", "sip:192.0.2.2:5060", ("192.0.2.2", "192.0.2.3"), "1.0", 1_000)


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    client = command_client(redis_url)
    yield client
    await client.aclose()


class Clock:
    """The distributor's clock."""

    now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


async def beating(client: Redis, clock: Clock, *names: str) -> list[RedisDistributor]:
    made = [RedisDistributor(client, "nav", NodeId(name), now_ms=clock) for name in names]
    for name, one in zip(names, made, strict=True):
        await one.beat(NodeId(name), 0)
    return made


async def test_nodes_that_beat_are_named(client: Redis) -> None:
    await beating(client, Clock(), "n2", "n1")
    assert await living(client, "nav") == ["n1", "n2"]
    assert await living(client, "skatt") == []


async def test_a_node_that_stops_beating_is_dead_once_that_was_due(client: Redis) -> None:
    clock, nodes = Clock(), Nodes(client, "nav")
    first, _ = await beating(client, clock, "n1", "n2")
    await nodes.announce(OSLO)
    await nodes.announce(ALTA)
    assert await nodes.look() == Seen({"n1": OSLO, "n2": ALTA}, {})
    for _ in range(NODE_LEASE_MS // 1_000):
        assert (await nodes.look()).dead == {}
        clock.now_ms += 1_000
        await first.beat(NodeId("n1"), 0)
        await first.due()
    assert await nodes.look() == Seen({"n1": OSLO}, {"n2": ALTA})


async def test_a_dead_node_is_buried_once_and_not_after_it_came_back(client: Redis) -> None:
    nodes = Nodes(client, "nav")
    await nodes.announce(ALTA)
    assert await nodes.look() == Seen({}, {"n2": ALTA})
    assert await nodes.bury(ALTA)
    assert not await nodes.bury(ALTA)
    await nodes.announce(replace(ALTA, since_ms=2_000))
    assert not await nodes.bury(ALTA)
    assert len((await nodes.look()).dead) == 1


async def test_a_node_that_stops_in_order_is_gone_at_once_and_says_so(client: Redis) -> None:
    nodes = Nodes(client, "nav")
    await beating(client, Clock(), "n1")
    await nodes.leave("n1")
    assert await nodes.look() == Seen({}, {})
    await beating(client, Clock(), "n1")
    await nodes.announce(OSLO)
    await nodes.leave("n1")
    assert await nodes.look() == Seen({}, {"n1": replace(OSLO, stopped=True)})


async def test_what_a_node_held_when_it_stopped_is_ended_by_another(client: Redis) -> None:
    clock = Clock()
    first, second = await beating(client, clock, "n1", "n2")
    await first.configure([QueueSpec(QueueId("x"))], [])
    await first.enqueue(Enqueue("c1", QueueId("x"), NodeId("n1")))
    await Nodes(client, "nav").leave("n1")
    for _ in range(5):
        clock.now_ms += 1_000
        await second.beat(NodeId("n2"), 0)
        await second.due()
    assert [now.lost for now in await second.queues()] == [1]


async def test_what_redis_forgot_is_told_again_and_the_secret_stays(client: Redis) -> None:
    nodes = Nodes(client, "nav")
    secret = await nodes.secret()
    await client.flushall()
    await nodes.restore(OSLO, secret)
    await Nodes(client, "nav").restore(ALTA, b"x" * 32)
    assert await nodes.secret() == secret
    assert set((await nodes.look()).dead) == {"n1", "n2"}


async def test_the_nodes_of_a_tenant_share_a_secret_that_no_other_has(client: Redis) -> None:
    secret = await Nodes(client, "nav").secret()
    assert len(secret) == 32
    assert await Nodes(client, "nav").secret() == secret
    assert await Nodes(client, "skatt").secret() != secret


async def test_without_redis_nobody_can_say() -> None:
    client = command_client("unix:///nowhere/r.sock")
    nodes = Nodes(client, "nav")
    for question in (
        living(client, "nav"),
        nodes.look(),
        nodes.secret(),
        nodes.announce(OSLO),
        nodes.leave("n1"),
        nodes.restore(OSLO, b"x" * 32),
        nodes.bury(OSLO),
    ):
        with pytest.raises(Unavailable, match="redis"):
            await question
    await client.aclose()
