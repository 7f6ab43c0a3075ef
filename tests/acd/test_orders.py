"""Live commands: they reach the node that is meant, are done once and in time, and each gets an answer."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from acd.connection import blocking_client, command_client
from acd.distributor import Refused, Unavailable
from acd.model import AgentId, AgentSpec, Enqueue, NodeId, QueueId, QueueSpec, SiteId
from acd.orders import NotHere, Order, OrderRefused, Orders, OrdersHere, Outcome
from acd.post import Post
from acd.store import RedisDistributor
from acd.worker import Listener

NOW_MS = 1_000_000
ORDER = Order("o1", "kari", "hang_up", NOW_MS + 5_000, {"contact": "c1"})


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    client = command_client(redis_url)
    yield client
    await client.aclose()


class Desk:
    """What one node can be ordered to do."""

    def __init__(self, client: Redis, *, now_ms: int = NOW_MS) -> None:
        self.done: list[Mapping[str, str]] = []
        self.told: list[tuple[str, Outcome]] = []
        self.orders = Orders(client, "t")
        self.here = OrdersHere(self.orders, lambda: now_ms, lambda order, out: self.told.append((order.order, out)))
        self.here.kinds["hang_up"] = self.hang_up

    async def hang_up(self, arguments: Mapping[str, str]) -> None:
        if arguments["contact"] == "elsewhere":
            raise NotHere
        if arguments["contact"] == "busy":
            raise OrderRefused("it is being transferred")
        if arguments["contact"] == "gone":
            raise Refused("NOCONTACT", "there is no contact gone")
        if arguments["contact"] == "broken":
            raise RuntimeError("broken")
        if arguments["contact"] == "slow":
            await asyncio.sleep(60)
        self.done.append(arguments)

    async def outcome(self, order: Order) -> Outcome:
        await self.here.carry_out(order)
        return await self.orders.outcome(order.order, 0.1)


@asynccontextmanager
async def listening(url: str, name: str, desk: Desk) -> AsyncIterator[None]:
    reading = blocking_client(url)
    listener = Listener(reading, "t", NodeId(name), Post(), after="0")
    listener.ordered = desk.here.heard
    task = asyncio.create_task(listener.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await reading.aclose()


async def test_an_order_reaches_the_node_that_is_meant_and_is_answered(redis_url: str, client: Redis) -> None:
    first, second = Desk(client), Desk(client)
    async with listening(redis_url, "n1", first), listening(redis_url, "n2", second):
        await first.orders.send(ORDER, "n2")
        assert await first.orders.outcome("o1", 5) == Outcome("done")
    assert (first.done, second.done) == ([], [{"contact": "c1"}])
    assert second.told == [("o1", Outcome("done"))]


async def test_of_all_nodes_the_one_that_has_the_contact_answers(redis_url: str, client: Redis) -> None:
    first, second = Desk(client), Desk(client)

    async def not_mine(arguments: Mapping[str, str]) -> None:
        raise NotHere

    first.here.kinds["hang_up"] = not_mine
    async with listening(redis_url, "n1", first), listening(redis_url, "n2", second):
        await first.orders.send(ORDER, "n1", "n2")
        assert await first.orders.outcome("o1", 5) == Outcome("done")
    assert first.told == []


async def test_an_order_that_comes_twice_is_done_once_and_answered_twice(client: Redis) -> None:
    desk = Desk(client)
    assert await desk.outcome(ORDER) == Outcome("done")
    await client.delete("svar:{t}:order:o1")
    assert await desk.outcome(ORDER) == Outcome("done")
    assert len(desk.done) == len(desk.told) == 1


async def test_a_repeat_of_an_order_that_is_under_way_does_nothing(client: Redis) -> None:
    desk = Desk(client)
    order = replace(ORDER, arguments={"contact": "slow"})
    first = asyncio.create_task(desk.here.carry_out(order))
    await asyncio.sleep(0)
    await desk.here.carry_out(order)
    assert desk.told == []
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)


@pytest.mark.parametrize(
    ("order", "outcome"),
    [
        (replace(ORDER, deadline_ms=NOW_MS - 1_500), Outcome("late", "1.5 s after its deadline")),
        (replace(ORDER, kind="sing"), Outcome("refused", "there is no order 'sing'")),
        (replace(ORDER, arguments={}), Outcome("refused", "the order lacks 'contact'")),
        (replace(ORDER, arguments={"contact": "busy"}), Outcome("refused", "it is being transferred")),
        (replace(ORDER, arguments={"contact": "gone"}), Outcome("refused", "NOCONTACT there is no contact gone")),
        (replace(ORDER, arguments={"contact": "broken"}), Outcome("failed", "see the node's log")),
        (
            replace(ORDER, arguments={"contact": "slow"}, deadline_ms=NOW_MS + 20),
            Outcome("late", "it was not done by its deadline"),
        ),
    ],
)
async def test_what_is_not_done_says_why(client: Redis, order: Order, outcome: Outcome) -> None:
    desk = Desk(client)
    assert await desk.outcome(order) == outcome
    assert desk.told == [("o1", outcome)]
    assert desk.done == []


async def test_nobody_answers_for_what_is_at_no_node(client: Redis) -> None:
    desk = Desk(client)
    assert (await desk.outcome(replace(ORDER, arguments={"contact": "elsewhere"}))).outcome == "unknown"
    assert desk.told == []


async def test_the_owner_of_a_contact_in_a_queue_is_known(client: Redis) -> None:
    distributor = RedisDistributor(client, "t", NodeId("n7"))
    await distributor.configure([QueueSpec(QueueId("q"))], [AgentSpec(AgentId("a"), SiteId("s"), {"q": 1})])
    await distributor.enqueue(Enqueue("c1", QueueId("q"), NodeId("n7")))
    orders = Orders(client, "t")
    assert await orders.owner("c1") == "n7"
    assert await orders.owner("c2") == ""
    assert await Orders(client, "other").owner("c1") == ""


async def test_without_redis_an_order_cannot_be_given() -> None:
    client = command_client("unix:///nowhere/r.sock")
    desk = Desk(client)
    for question in (desk.orders.owner("c"), desk.orders.send(ORDER, "n1"), desk.orders.outcome("o", 1)):
        with pytest.raises(Unavailable, match="redis"):
            await question
    await desk.here.carry_out(ORDER)
    assert desk.told == [("o1", Outcome("done"))]
    await client.aclose()
