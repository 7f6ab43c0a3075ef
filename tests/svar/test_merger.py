"""19 sites become 12 while callers come and agents talk: two nodes, a real Redis, the national example published."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from acd import pointing
from acd.connection import blocking_client, command_client
from acd.model import AgentId, AgentState, Enqueue, NodeId, Offer, QueueId, Revoked, SiteId
from acd.store import RedisDistributor
from acd.versions import Content, VersionId
from acd.versions_folder import FolderVersions
from acd.versions_redis import RedisVersions
from acd.worker import Listener, Pulse, Worker
from events.sink import MemorySink
from ivr.book import FlowBook, load_book
from ivr.over_sip.telephony import Identity
from svar.config import load
from svar.edition import Edition, Press
from svar.flows_in_service import FlowsInService
from svar.routing_in_service import RoutingInService
from tests.svar import national
from tests.svar.credentials import passwords
from tests.svar.editions import KARI, Silent, keep
from tests.svar.system.installation import eventually
from tests.svar.test_routing_in_service import Measured

TENANT = "national"
QUEUES = ("social", "work_health", "family", "disability", "other", "pension")
CALLS = 160
A_SECOND = 20.0
TALK_S = 2.0


class Node:
    """What distributes in one node, without telephony. Its calls talk for TALK_S with whoever is offered."""

    def __init__(self, url: str, name: str, folder: Path) -> None:
        self.name = NodeId(name)
        self.clients = [command_client(url), blocking_client(url), blocking_client(url)]
        self.distributor = RedisDistributor(self.clients[0], TENANT, self.name)
        self.versions = RedisVersions(self.clients[0], TENANT, watching=self.clients[1])
        self.routing = RoutingInService(load(national.FOLDER / "svar.toml", {}))
        self.routing.attach(self.distributor, Measured(), passwords(folder))
        identity = Identity(TENANT, name, lambda: time.time_ns() // 1_000_000)
        press = Press(folder / "copies", self._load, self._speak)
        mirror = FolderVersions(folder / "mirror")
        self.flows = FlowsInService(
            self.versions, mirror, press, national.FLOWS, MemorySink(), identity, ready=self._ready
        )
        self.talked: set[str] = set()
        self.busy: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def _load(self, path: Path) -> FlowBook:
        return load_book(path, self.routing.views.known)

    async def _speak(self, book: FlowBook, path: Path) -> Silent:
        return Silent()

    async def _ready(self, edition: Edition, current: bool) -> None:
        await self.routing.serve(edition.book.routing, current=current)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.distributor.listen(self.name, self._heard)
        listener = Listener(self.clients[2], TENANT, self.name, self.distributor.post, after="0")
        pulse = Pulse(self.distributor, self.name, lambda: 0)
        tasks = [asyncio.create_task(work) for work in (Worker(pulse, listener).run(), self.routing.run())]
        await self.flows.start()
        tasks.append(asyncio.create_task(self.flows.run()))
        try:
            yield
        finally:
            for task in (*tasks, *self._tasks):
                task.cancel()
            await asyncio.gather(*tasks, *self._tasks, return_exceptions=True)
            for client in self.clients:
                await client.aclose()

    def _heard(self, message: Offer | Revoked) -> None:
        assert isinstance(message, Offer), f"an offer was lost: {message}"
        task = asyncio.create_task(self._talk(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(self, offer: Offer) -> None:
        await self.distributor.accept(offer.offer, offer.fence)
        assert offer.agent not in self.busy
        assert offer.contact not in self.talked
        self.busy.add(offer.agent)
        await asyncio.sleep(TALK_S)
        self.busy.discard(offer.agent)
        await self.distributor.finish(offer.contact, "caller_hung_up")
        self.talked.add(offer.contact)

    async def call(self, number: int, rng: random.Random) -> None:
        site = SiteId(rng.choice(sorted(self.flows.active.book.routing.sites.keys() - {"municipalities", "service"})))
        contact = f"{self.name}-{number}"
        await self.distributor.enqueue(Enqueue(contact, QueueId(rng.choice(QUEUES)), self.name, site=site))


async def publish(versions: RedisVersions, content: Content) -> VersionId:
    id_ = await keep(versions, content)
    await pointing.make(versions, await versions.pointer(), lambda seen: pointing.publish(seen, id_, KARI))
    return id_


async def log_in(node: Node) -> set[AgentId]:
    """Everybody of the agency whose number is even: half of the chairs are taken."""
    agents = sorted(agent for agent in node.routing.given.agents if int(agent.rpartition("-")[2]) % 2 == 0)
    for some in (agents[at : at + 100] for at in range(0, len(agents), 100)):
        await asyncio.gather(*(node.distributor.log_in(AgentId(agent)) for agent in some))
    return {AgentId(agent) for agent in agents}


async def come(nodes: list[Node], rng: random.Random) -> None:
    """Callers one by one, A_SECOND of them, by turns at each node."""
    clock = asyncio.get_running_loop().time
    began = clock()
    for number in range(CALLS):
        await asyncio.sleep(max(0.0, began + number / A_SECOND - clock()))
        await nodes[number % len(nodes)].call(number, rng)


async def test_a_merger_of_sites_under_load_loses_no_caller_and_logs_nobody_out(redis_url: str, tmp_path: Path) -> None:
    nodes = [Node(redis_url, name, tmp_path / name) for name in ("n1", "n2")]
    one = nodes[0]
    await publish(one.versions, national.before())
    async with AsyncExitStack() as stack:
        for node in nodes:
            await stack.enter_async_context(node.running())
        there = await log_in(one)
        calls = asyncio.create_task(come(nodes, random.Random(7)))
        await eventually(lambda: len(one.talked) >= CALLS // 8, "calls that were talked", 20)
        assert len({now.site for now in await one.distributor.agents()}) == 20

        merged = await publish(one.versions, national.after())
        for node in nodes:
            await eventually(lambda node=node: node.flows.active.id == merged, "the merger in service", 10)  # type: ignore[misc]
        assert not calls.done(), "the merger has to come while callers do"
        now = {agent.agent: agent for agent in await one.distributor.agents()}
        assert len({agent.site for agent in now.values()}) == 13
        assert {agent for agent in there if now[agent].state == AgentState.LOGGED_OUT} == set()

        await calls
        await eventually(lambda: sum(len(node.talked) for node in nodes) == CALLS, "every caller talked to", 30)
        numbers = await one.distributor.queues()
        assert sum(queue.offered for queue in numbers) == sum(queue.answered for queue in numbers) == CALLS
        assert [queue.lost + queue.flowed_out + queue.waiting for queue in numbers] == [0] * len(numbers)
        states = {agent.agent: agent.state for agent in await one.distributor.agents()}
        assert {agent for agent in there if states[agent] == AgentState.LOGGED_OUT} == set()
