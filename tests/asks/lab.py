"""Nodes' distributors on one real Redis, and a clock that is moved by hand."""

import asyncio
from dataclasses import dataclass, field

from redis.asyncio import Redis

from acd.invariants import INVARIANTS, Invariants
from acd.model import AgentId, AgentSpec, AgentState, Enqueue, NodeId, Offer, QueueId, Revoked, SiteId
from acd.store import RedisDistributor

OSLO = SiteId("oslo")
WORK, FAMILY, PENSION = QueueId("work"), QueueId("family"), QueueId("pension")


@dataclass
class Clock:
    """Moved by hand."""

    ms: int = 1_000_000

    def now(self) -> int:
        return self.ms


@dataclass
class Node:
    """One node's distributor, and what it was told."""

    acd: RedisDistributor
    told: list[Offer | Revoked] = field(default_factory=list)

    async def comes(self, contact: str, queue: QueueId = WORK) -> None:
        await self.acd.enqueue(Enqueue(contact, queue, self.acd.node))

    async def live(self, clock: "Clock", seconds: int) -> None:
        """Time goes on, with a node that beats and does what is due."""
        for _ in range(seconds):
            clock.ms += 1_000
            await self.acd.beat(self.acd.node, 0)
            await self.acd.due()

    async def offers(self) -> list[Offer]:
        """Those heard since the last time."""
        await asyncio.sleep(0)
        heard = [message for message in self.told if isinstance(message, Offer)]
        self.told.clear()
        return heard

    async def state(self, agent: str) -> tuple[AgentState, str]:
        [found] = [one for one in await self.acd.agents() if one.agent == agent]
        return found.state, found.reason


def node(client: Redis, clock: Clock, name: str = "n1") -> Node:
    made = Node(RedisDistributor(client, "nav", NodeId(name), now_ms=clock.now))
    made.acd.listen(NodeId(name), made.told.append)
    return made


def agents(*names: str, queues: tuple[str, ...] = ("work",), rest_s: int = 0) -> list[AgentSpec]:
    return [AgentSpec(AgentId(name), OSLO, dict.fromkeys(queues, 5), rest_s=rest_s) for name in names]


async def proven(client: Redis) -> None:
    """Nothing that must never happen was seen, and every queue adds up."""
    proofs = await Invariants(client, "nav").read()
    assert proofs.violations == dict.fromkeys(INVARIANTS, 0)
    assert set(proofs.balances.values()) <= {0}
