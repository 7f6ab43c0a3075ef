"""The pulse keeps to the deadlines that it is told; the listener hears what other nodes say."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis

from acd.connection import blocking_client, command_client
from acd.distributor import Unavailable
from acd.model import AgentId, Enqueue, NodeId, Offer, QueueId, Revoked
from acd.post import Post
from acd.store import RedisDistributor
from acd.worker import LOOK_S, Listener, Pulse
from tests.acd.twin import agent, queue

N1, N2 = NodeId("n1"), NodeId("n2")


class Noting:
    """A distributor that notes when it was asked, in the loop's time; `next_s` are its answers."""

    def __init__(self, *next_s: float) -> None:
        self.asked: asyncio.Queue[str] = asyncio.Queue()
        self.notify: Callable[[float], None] | None = None
        self.failing: Exception | None = None
        self._next_s = list(next_s)

    def when_due(self, notify: Callable[[float], None]) -> None:
        self.notify = notify

    async def due(self) -> float:
        self.asked.put_nowait("due")
        if self.failing:
            raise self.failing
        return self._next_s.pop(0) if self._next_s else 3600.0

    async def beat(self, node: NodeId, contacts: int) -> None:
        self.asked.put_nowait(f"beat {node} {contacts}")
        if self.failing:
            raise self.failing


@pytest.fixture
async def start() -> AsyncIterator[Callable[[Noting], None]]:
    tasks: list[asyncio.Task[None]] = []

    def start(distributor: Noting) -> None:
        tasks.append(asyncio.create_task(Pulse(distributor, N1, lambda: 3).run()))

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def asked(distributor: Noting, what: str) -> None:
    async with asyncio.timeout(5):
        while await distributor.asked.get() != what:
            pass


async def test_node_beats_with_its_contacts_and_looks_at_once(start: Callable[[Noting], None]) -> None:
    distributor = Noting()
    start(distributor)
    await asked(distributor, "beat n1 3")
    await asked(distributor, "beat n1 3")


async def test_pulse_looks_again_when_due_asked_for_it(start: Callable[[Noting], None]) -> None:
    distributor = Noting(0.0, 0.02)
    start(distributor)
    for _ in range(3):
        await asked(distributor, "due")


async def test_nearer_deadline_brings_the_next_look_forward_and_a_later_one_does_not(
    start: Callable[[Noting], None],
) -> None:
    distributor = Noting(LOOK_S)
    start(distributor)
    await asked(distributor, "due")
    await asyncio.sleep(0)
    assert distributor.notify is not None
    distributor.notify(0.01)
    distributor.notify(1000.0)
    await asked(distributor, "due")


@pytest.mark.parametrize("fault", [Unavailable("gone"), KeyError("a mistake of ours")])
async def test_pulse_outlives_a_store_that_is_away_and_a_fault(
    start: Callable[[Noting], None], fault: Exception
) -> None:
    distributor = Noting()
    distributor.failing = fault
    start(distributor)
    for what in ("due", "due", "beat n1 3"):
        await asked(distributor, what)
    distributor.failing = None
    await asked(distributor, "due")


@pytest.fixture
async def clients(redis_url: str) -> AsyncIterator[tuple[Redis, Redis]]:
    commands, reading = command_client(redis_url), blocking_client(redis_url)
    yield commands, reading
    await commands.aclose()
    await reading.aclose()


async def test_offers_made_by_another_node_s_command_are_heard(clients: tuple[Redis, Redis]) -> None:
    commands, reading = clients
    ours, theirs = RedisDistributor(commands, "nav", N1), RedisDistributor(commands, "nav", N2)
    heard = asyncio.Queue[Offer | Revoked]()
    ours.listen(N1, heard.put_nowait)
    await theirs.configure([queue("x")], [agent("a", "oslo", {"x": 1})])
    await theirs.enqueue(Enqueue("before", QueueId("x"), N1))
    await theirs.log_in(AgentId("a"))
    listener = asyncio.create_task(Listener(reading, "nav", N1, ours.post, after="0").run())
    async with asyncio.timeout(5):
        before = await heard.get()
        assert isinstance(before, Offer)
    await theirs.not_ready(AgentId("a"), "break")
    async with asyncio.timeout(5):
        revoked = await heard.get()
        assert isinstance(revoked, Revoked)
        assert (revoked.offer, revoked.cause) == (before.offer, "rejected")
        await theirs.ready(AgentId("a"))
        offer = await heard.get()
        assert isinstance(offer, Offer)
        assert (offer.contact, offer.node) == ("before", N1)
        await ours.accept(offer.offer, offer.fence)
    listener.cancel()
    await asyncio.gather(listener, return_exceptions=True)


async def test_message_that_is_none_does_not_stop_the_listener(clients: tuple[Redis, Redis]) -> None:
    commands, reading = clients
    post, heard = Post(), asyncio.Queue[Offer | Revoked]()
    post.heard = heard.put_nowait
    listener = asyncio.create_task(Listener(reading, "nav", N1, post, after="0").run())
    await commands.xadd("svar:{nav}:node:n1", {"m": "[]"})
    await commands.xadd("svar:{nav}:node:n1", {"m": '{"offer":"o1","contact":"c1","cause":"busy"}'})
    async with asyncio.timeout(5):
        assert (await heard.get()).contact == "c1"
    listener.cancel()
    await asyncio.gather(listener, return_exceptions=True)
