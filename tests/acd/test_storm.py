"""Many callers at once who answer, reject, hang up and vanish at any moment, while Redis is killed: nobody is stuck."""

import asyncio
import json
import random
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from acd.connection import blocking_client, command_client
from acd.distributor import Refused, Unavailable
from acd.model import AgentId, Enqueue, NodeId, Offer, QueueId, QueueNumbers, Revoked
from acd.store import RedisDistributor
from acd.worker import Listener, Pulse, Worker
from events.catalogue import ContactAnswered, ContactLeftQueue, ContactQueued, ContactReleased, Event
from events.codec import decode
from tests.acd.redis_server import RedisServer
from tests.acd.twin import agent, queue

CALLERS, AGENTS = 240, 16


class Node:
    """One node and its callers, each with an inbox."""

    def __init__(self, url: str, name: str, seed: int) -> None:
        self.name = NodeId(name)
        self.chance = random.Random(seed)
        self.client, self.reading = command_client(url), blocking_client(url)
        self.distributor = RedisDistributor(self.client, "nav", self.name)
        self.inboxes: dict[str, asyncio.Queue[Offer]] = {}
        self.distributor.listen(self.name, self._heard)
        pulse = Pulse(self.distributor, self.name, lambda: len(self.inboxes))
        listener = Listener(self.reading, "nav", self.name, self.distributor.post)
        self.worker = asyncio.create_task(Worker(pulse, listener).run())
        self.ended: Counter[str] = Counter()

    def _heard(self, message: Offer | Revoked) -> None:
        if isinstance(message, Offer) and message.contact in self.inboxes:
            self.inboxes[message.contact].put_nowait(message)

    async def caller(self, contact: str, name: str) -> None:
        await asyncio.sleep(self.chance.random() * 1.5)
        inbox = self.inboxes[contact] = asyncio.Queue()
        await patiently(lambda: self.distributor.enqueue(Enqueue(contact, QueueId(name), self.name)))
        patience_s = self.chance.choice((0.0, 0.2, 1.0, 30.0, 30.0))
        try:
            async with asyncio.timeout(patience_s):
                while not await self._ringing(await inbox.get()):
                    pass
        except TimeoutError:
            self.ended["gave up"] += 1
        del self.inboxes[contact]
        await patiently(lambda: self.distributor.finish(contact, "caller_hung_up"))

    async def _ringing(self, offer: Offer) -> bool:
        """True when the contact is over."""
        wish = self.chance.random()
        accept = patiently(lambda: self.distributor.accept(offer.offer, offer.fence))
        if wish < 0.2:
            accept.close()
            cause = self.chance.choice(("rejected", "busy", "no_answer"))
            await quietly(patiently(lambda: self.distributor.fail(offer.offer, offer.fence, cause)))
            return False
        if wish < 0.3:
            leave = patiently(lambda: self.distributor.leave(offer.contact, "caller_hung_up"))
            await asyncio.gather(quietly(accept), leave)
            self.ended["left while accepting"] += 1
            return True
        if not await quietly(accept):
            return False
        await asyncio.sleep(self.chance.random() * 0.02)
        self.ended["talked"] += 1
        return True

    async def close(self) -> None:
        self.worker.cancel()
        await asyncio.gather(self.worker, return_exceptions=True)
        await self.client.aclose()
        await self.reading.aclose()


async def patiently(command: Callable[[], Awaitable[object]]) -> None:
    """Repeats while Redis is away."""
    while True:
        try:
            await command()
        except Unavailable:
            await asyncio.sleep(0.05)
        else:
            return


async def quietly(command: Awaitable[object]) -> bool:
    """False when it was refused."""
    try:
        await command
    except Refused:
        return False
    return True


async def storm(server: RedisServer) -> tuple[list[QueueNumbers], Counter[str], list[Event]]:
    nodes = [Node(server.url, f"n{i}", i) for i in range(2)]
    first = nodes[0].distributor
    specs = [agent(f"a{n}", "oslo", {"x": 1, "y": n % 2}, rest_s=1) for n in range(AGENTS)]
    await first.configure([queue("x", offer_s=2), queue("y", offer_s=2)], specs)
    for n in range(AGENTS):
        await first.log_in(AgentId(f"a{n}"))
    callers = [asyncio.create_task(nodes[n % 2].caller(f"c{n}", "xy"[n % 3 == 0])) for n in range(CALLERS)]
    for _ in range(2):
        await asyncio.sleep(0.4)
        server.kill()
        await asyncio.sleep(0.2)
        server.start()
    await asyncio.gather(*callers)
    async with asyncio.timeout(20):
        while {now.state for now in await first.agents()} != {"ready"}:  # noqa: ASYNC110 - Redis holds it
            await asyncio.sleep(0.05)
    queues = await first.queues()
    entries: Any = await nodes[0].client.xrange("svar:{nav}:events")
    events = [decode(json.loads(fields["e"])) for _, fields in entries]
    ended = nodes[0].ended + nodes[1].ended
    for node in nodes:
        await node.close()
    return queues, ended, events


async def test_storm_with_a_killed_redis_leaves_nobody_stuck_and_every_count_right() -> None:
    with tempfile.TemporaryDirectory(prefix="svar-") as folder, RedisServer(Path(folder)) as server:
        queues, ended, events = await storm(server)
    assert sum(numbers.offered for numbers in queues) == CALLERS
    assert [numbers.waiting for numbers in queues] == [0, 0]
    for numbers in queues:
        assert numbers.offered == numbers.answered + numbers.lost
    kinds = Counter(type(event) for event in events)
    assert kinds[ContactQueued] == CALLERS
    assert kinds[ContactAnswered] == kinds[ContactReleased] == sum(numbers.answered for numbers in queues)
    assert kinds[ContactLeftQueue] == sum(numbers.lost for numbers in queues)
    assert ended["talked"] > 50
    assert ended["left while accepting"] > 3
    assert ended["gave up"] > 20
