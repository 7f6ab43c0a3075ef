"""Redis is killed and comes back: nothing acknowledged is lost, nobody is stuck. All times are real."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from acd.connection import blocking_client, command_client
from acd.distributor import Unavailable
from acd.model import AgentId, AgentState, Enqueue, NodeId, Offer, QueueId, Revoked
from acd.store import RedisDistributor
from acd.worker import Listener, Pulse, Worker
from tests.acd.redis_server import RedisServer
from tests.acd.twin import agent, queue

N1, X = NodeId("n1"), QueueId("x")


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="svar-") as folder, RedisServer(Path(folder)) as server:
        yield server


@pytest.fixture
async def clients(server: RedisServer) -> AsyncIterator[tuple[Redis, Redis, Redis]]:
    """Two for commands, and one that blocks."""
    opened = command_client(server.url), command_client(server.url), blocking_client(server.url)
    yield opened
    for client in opened:
        await client.aclose()


async def test_what_was_acknowledged_outlives_a_killed_redis(
    server: RedisServer, clients: tuple[Redis, Redis, Redis]
) -> None:
    client, _, _ = clients
    distributor = RedisDistributor(client, "nav", N1)
    await distributor.configure([queue("x")], [agent(f"a{i}", "oslo", {"x": 1}) for i in range(4)])
    offers: list[Offer | Revoked] = []
    distributor.listen(N1, offers.append)
    for i in range(4):
        await distributor.log_in(AgentId(f"a{i}"))
    acknowledged: list[str] = []
    enough = asyncio.Event()

    async def callers(start: int) -> None:
        n = start
        while True:
            try:
                await distributor.enqueue(Enqueue(f"c{n}", X, N1))
            except Unavailable:
                return
            acknowledged.append(f"c{n}")
            n += 1
            if len(acknowledged) == 400:
                enough.set()

    crowd = [asyncio.create_task(callers(start * 10_000)) for start in range(8)]
    async with asyncio.timeout(20):
        await enough.wait()
    server.kill()
    await asyncio.gather(*crowd)
    server.start()
    [before] = await distributor.queues()
    assert before.offered >= len(acknowledged)
    assert before.waiting == before.offered
    for contact in acknowledged:
        assert (await distributor.place(contact)).waited_ms >= 0
    held = [offer for offer in offers if isinstance(offer, Offer)]
    for offer in held:
        await distributor.accept(offer.offer, offer.fence)
        await distributor.finish(offer.contact, "caller_hung_up")
    assert len(held) == 4
    [after] = await distributor.queues()
    assert (after.answered, after.agents) == (4, {"offered": 4})


@asynccontextmanager
async def at_work(worker: Worker) -> AsyncIterator[None]:
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_worker_goes_on_after_redis_was_away_and_hears_what_it_missed(
    server: RedisServer, clients: tuple[Redis, Redis, Redis]
) -> None:
    client, other_client, reading = clients
    distributor, other = RedisDistributor(client, "nav", N1), RedisDistributor(other_client, "nav", NodeId("n2"))
    heard = asyncio.Queue[Offer | Revoked]()
    distributor.listen(N1, heard.put_nowait)
    worker = Worker(Pulse(distributor, N1, lambda: 1), Listener(reading, "nav", N1, distributor.post))
    async with asyncio.timeout(60), at_work(worker):
        await distributor.configure([queue("x", offer_s=1)], [agent("a", "oslo", {"x": 1}, rest_s=1)])
        await distributor.log_in(AgentId("a"))
        await distributor.enqueue(Enqueue("c1", X, N1))
        first = await heard.get()
        server.kill()
        with pytest.raises(Unavailable):
            await distributor.place("c1")
        server.start()
        revoked, again = await heard.get(), await heard.get()
        assert isinstance(first, Offer)
        assert isinstance(again, Offer)
        assert revoked == Revoked(first.offer, "c1", "lease_expired")
        assert (again.contact, again.fence > first.fence) == ("c1", True)
        await other.not_ready(AgentId("a"), "break")
        assert await heard.get() == Revoked(again.offer, "c1", "rejected")
        await other.ready(AgentId("a"))
        third = await heard.get()
        assert isinstance(third, Offer)
        await distributor.accept(third.offer, third.fence)
        [now] = await distributor.agents()
        assert now.state == AgentState.TALKING
