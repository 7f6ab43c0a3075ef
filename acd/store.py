"""The distributor on Redis: each command is one script, which decides, changes and writes its events at once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import orjson
import structlog
from redis.asyncio import Redis

from acd.channel import Channel
from acd.commands import Script, scripts
from acd.distributor import Refused
from acd.keys import Keys
from acd.model import (
    AgentId,
    AgentNow,
    AgentSpec,
    AgentState,
    Enqueue,
    NodeId,
    Offer,
    OfferId,
    Place,
    QueueId,
    QueueNumbers,
    QueueSpec,
    Revoked,
    SiteId,
)
from acd.post import Post, read

log = structlog.get_logger(__name__)


class RedisDistributor:
    """One tenant's distributor, for one node.

    With `replicas` every change is confirmed by that many (WAIT, on the same connection) before it counts as done.
    `now_ms` replaces the server's clock in tests.
    """

    def __init__(
        self,
        client: Redis,
        tenant: str,
        node: NodeId,
        *,
        replicas: int = 0,
        wait_ms: int = 1000,
        now_ms: Callable[[], int] | None = None,
        texts: dict[str, Script] | None = None,
    ) -> None:
        self.keys = Keys(tenant)
        self.node = node
        self.post = Post()
        self._channel = Channel(client, self.keys, texts or scripts(), replicas, wait_ms)
        self._now_ms = now_ms
        self._held: dict[str, Enqueue | None] = {}
        self._missing = False
        self._configured = ("[]", "[]")
        self._notify: Callable[[float], None] | None = None

    # --- What is heard ------------------------------------------------------------------------------------------

    def listen(self, node: NodeId, heard: Callable[[Offer | Revoked], None]) -> None:
        if node != self.node:
            raise ValueError(f"node {node!r}: this distributor is that of node {self.node!r}")
        self.post.heard = heard

    def when_due(self, notify: Callable[[float], None]) -> None:
        """`notify` gets the seconds to the next deadline after every command."""
        self._notify = notify

    # --- Contacts and offers --------------------------------------------------------------------------------------

    async def enqueue(self, entry: Enqueue) -> Place:
        reply = await self._do("enqueue", entry.contact, entry.queue, entry.node, entry.priority_s, entry.arrived_ms)
        if entry.node == self.node:
            self._held.setdefault(entry.contact, replace(entry, arrived_ms=reply["arrived"]))
        return _place(reply)

    async def leave(self, contact: str, cause: str, *, flowed_out: bool = False) -> None:
        self._held.pop(contact, None)
        await self._do("leave", contact, cause, "flowed_out" if flowed_out else "lost")

    async def finish(self, contact: str, cause: str) -> None:
        await self.leave(contact, cause)

    async def place(self, contact: str) -> Place:
        return _place(await self._do("place", contact))

    async def accept(self, offer: OfferId, fence: int) -> None:
        reply = await self._do("accept", offer, fence)
        if reply["contact"] in self._held:
            self._held[reply["contact"]] = None

    async def fail(self, offer: OfferId, fence: int, cause: str) -> None:
        reply = await self._do("fail", offer, fence, cause)
        if cause == "caller_left":
            self._held.pop(reply["contact"], None)

    # --- Agents -----------------------------------------------------------------------------------------------------

    async def log_in(self, agent: AgentId, *, ready: bool = True) -> None:
        await self._do("log_in", agent, "ready" if ready else "not_ready")

    async def log_out(self, agent: AgentId, reason: str) -> None:
        await self._do("agent", agent, "logged_out", reason)

    async def ready(self, agent: AgentId) -> None:
        await self._do("agent", agent, "ready", "")

    async def not_ready(self, agent: AgentId, reason: str) -> None:
        await self._do("agent", agent, "not_ready", reason)

    async def end_wrap_up(self, agent: AgentId, topic: str = "") -> None:
        await self._do("end_wrap_up", agent, topic)

    # --- Time, nodes, configuration -----------------------------------------------------------------------------

    async def due(self) -> float:
        """After Redis was away every lease gets a fresh term first. Without a deadline: an hour."""
        if self._channel.interrupted:
            await self._do("renew")
            self._channel.interrupted = False
        reply = await self._do("due")
        return float(reply["next_in_ms"]) / 1000 if reply["next_in_ms"] >= 0 else 3600.0

    async def beat(self, node: NodeId, contacts: int) -> None:
        """When Redis knows of fewer contacts than this node holds, those that wait are given their places again.

        Only the second time in a row: a contact whose command is under way is no loss.
        """
        if self._channel.interrupted:
            await self._do("renew")
            self._channel.interrupted = False
        reply = await self._do("beat")
        known = reply["number"]
        if not reply["queues"] and self._configured[0] != "[]":
            await self._begin_anew()
            return
        missing, self._missing = self._missing, known < len(self._held)
        if missing and self._missing:
            log.warning("redis lost contacts of this node", known=known, held=len(self._held), reported=contacts)
            await self._restore()
            self._missing = False

    async def drop_node(self, node: NodeId, cause: str) -> int:
        dropped = 0
        while number := int((await self._do("drop_node", node, cause))["number"]):
            dropped += number
        return dropped

    async def configure(self, queues: Sequence[QueueSpec], agents: Sequence[AgentSpec]) -> None:
        self._configured = configuration(queues, agents)
        await self._do("configure", *self._configured)

    async def _begin_anew(self) -> None:
        """Redis came back empty: give it queues, agents and waiting contacts again. Who is logged in, others know."""
        log.error("redis has forgotten everything", held=len(self._held))
        await self._do("configure", *self._configured)
        self.post.begin_anew()
        await self._restore()

    async def _restore(self) -> None:
        waiting = {contact: entry for contact, entry in self._held.items() if entry is not None}
        self._held = dict(waiting)
        for contact, entry in waiting.items():
            if contact not in self._held:
                continue
            try:
                await self._do("enqueue", contact, entry.queue, entry.node, entry.priority_s, entry.arrived_ms)
            except Refused as refusal:
                log.warning("a contact could not be put back", contact=contact, error=str(refusal))
            if contact not in self._held:
                await self._do("leave", contact, "caller_hung_up", "lost")

    # --- What is seen -----------------------------------------------------------------------------------------------

    async def queues(self) -> list[QueueNumbers]:
        """Not for every call: it reads all agents."""
        records = await self._records("queues")
        agents = (await self._records("agents")).values()
        return [await self._numbers(name, [a for a in agents if name in a["queues"]]) for name in sorted(records)]

    async def agents(self) -> list[AgentNow]:
        return [
            AgentNow(
                AgentId(name), SiteId(a["site"]), AgentState(a["state"]), a["reason"], int(a["since"]), a["contact"]
            )
            for name, a in sorted((await self._records("agents")).items())
        ]

    async def _records(self, hash_name: str) -> dict[str, dict[str, Any]]:
        [found] = await self._channel.ask(("HGETALL", self.keys.named(hash_name)))
        pairs = found.items() if isinstance(found, dict) else zip(found[::2], found[1::2], strict=True)
        return {name: orjson.loads(text) for name, text in pairs}

    async def _numbers(self, queue: str, agents: list[dict[str, Any]]) -> QueueNumbers:
        arrived, named = self.keys.named(f"arrived:{queue}"), self.keys.named
        first, waiting, counts, meta, time = await self._channel.ask(
            ("ZRANGE", arrived, 0, 0),
            ("ZCARD", arrived),
            ("HMGET", named(f"numbers:{queue}"), "o", "a", "l", "f"),
            ("HGET", named("meta"), "now"),
            ("TIME",),
        )
        longest = 0
        if first:
            [entry] = await self._channel.ask(("HGET", named("entries"), first[0][13:]))
            now = self._now_ms() if self._now_ms else int(time[0]) * 1000 + int(time[1]) // 1000
            longest = max(now, int(meta or 0)) - int(orjson.loads(entry)["arrived"]) if entry else 0
        states: dict[str, int] = {}
        for agent in agents:
            states[agent["state"]] = states.get(agent["state"], 0) + 1
        return QueueNumbers(QueueId(queue), int(waiting), longest, states, *(int(count or 0) for count in counts))

    # --- Redis ------------------------------------------------------------------------------------------------------

    async def _do(self, name: str, *args: str | int) -> dict[str, Any]:
        """One command. Raises Refused, Unavailable."""
        now = str(self._now_ms()) if self._now_ms else ""
        text = await self._channel.run(name, now, self.node, *args)
        reply: dict[str, Any] = orjson.loads(text)
        if "heard" in reply:
            self.post.deliver(read(message) for message in reply["heard"])
        if self._notify is not None and reply["next_in_ms"] >= 0:
            self._notify(reply["next_in_ms"] / 1000)
        return reply


def configuration(queues: Sequence[QueueSpec], agents: Sequence[AgentSpec]) -> tuple[str, str]:
    """The arguments of `configure.lua`."""
    queue_records = [
        {
            "queue": q.queue,
            "skill": q.skill or q.queue,
            "level": q.level,
            "priority": q.priority_s * 1000,
            "rings": q.offer_s * 1000,
            "wrap": q.wrap_up_s * 1000,
            "most": q.max_waiting,
            "gone": False,
        }
        for q in queues
    ]
    agent_records = [{"agent": a.agent, "site": a.site, "skills": a.skills, "rest": a.rest_s * 1000} for a in agents]
    return orjson.dumps(queue_records).decode(), orjson.dumps(agent_records).decode()


def _place(reply: dict[str, Any]) -> Place:
    position, waiting, waited_ms, wait = reply["place"]
    return Place(position, waiting, waited_ms, wait if wait >= 0 else None)
