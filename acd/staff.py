"""Agents as the distributor has them, to be looked at: how each is configured now, and what each may serve."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from redis.asyncio import Redis

from acd.connection import available
from acd.keys import Keys
from acd.model import AgentId, AgentNow, AgentSpec, AgentState, SiteId

SLICE = 100


@dataclass(frozen=True, slots=True)
class Staffed:
    """An agent: the state, how it is configured (`put`: by who administers, not by files), and the queues it serves.

    `queue` is that of the contact at hand.
    """

    now: AgentNow
    spec: AgentSpec
    queue: str = ""
    queues: tuple[str, ...] = ()
    put: bool = False


class RedisStaff:
    """One tenant's agents, partners' slots left out. Every method raises Unavailable."""

    def __init__(self, client: Redis, tenant: str) -> None:
        self._client: Any = client
        keys = Keys(tenant)
        self._agents, self._put, self._duty = keys.named("agents"), keys.named("put"), keys.named("duty")

    async def one(self, agent: str) -> Staffed | None:
        async with available():
            text = await self._client.hget(self._agents, agent)
            put = text is not None and bool(await self._client.hexists(self._put, agent))
        found = orjson.loads(text) if text is not None else None
        return None if found is None or found["profile"]["partner"] else _staffed(agent, found, put=put)

    async def wrapping_up(self, agent: str) -> str:
        """The queue that an agent in wrap-up has answered for; empty: no wrap-up."""
        found = await self.one(agent)
        return "" if found is None or found.now.state is not AgentState.WRAP_UP else found.queue

    async def slices(self) -> AsyncIterator[list[Staffed]]:
        """All of them, some at a time, so that calls are not held up meanwhile; one may come twice."""
        async with available():
            put = set(await self._client.hkeys(self._put))
            cursor = 0
            while True:
                cursor, found = await self._client.hscan(self._agents, cursor, count=SLICE)
                records = [(name, orjson.loads(text)) for name, text in found.items()]
                yield [_staffed(name, one, put=name in put) for name, one in records if not one["profile"]["partner"]]
                if not int(cursor):
                    return

    async def all(self) -> list[Staffed]:
        """By name."""
        found = {one.now.agent: one async for some in self.slices() for one in some}
        return [one for _, one in sorted(found.items())]

    async def on_duty(self) -> Mapping[str, list[str]]:
        """Who is on duty now, by rostered queue."""
        async with available():
            found = await self._client.hgetall(self._duty)
        return {queue: orjson.loads(text) for queue, text in sorted(found.items())}


def _staffed(name: str, record: dict[str, Any], *, put: bool) -> Staffed:
    agent, profile = AgentId(name), record["profile"]
    state, site = AgentState(record["state"]), SiteId(profile["site"])
    now = AgentNow(agent, site, state, record["reason"], int(record["since"]), record["contact"])
    spec = AgentSpec(
        agent,
        site,
        dict(profile["skills"]),
        int(profile["rest"]) // 1000,
        tuple(profile["groups"]),
        {cause: int(ms) // 1000 for cause, ms in dict(profile["rests"]).items()},
        int(profile["log_out_after"]),
    )
    queues = tuple(sorted(queue for queue in dict(record["pools"]) if queue))
    return Staffed(now, spec, record.get("queue", ""), queues, put)
