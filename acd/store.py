"""The distributor on Redis: each command is one script, which decides, changes and writes its events at once."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import orjson
import structlog
from redis.asyncio import Redis

from acd.arguments import configuration, enqueueing, profile_text, sweeps, written
from acd.channel import Channel
from acd.commands import Script, scripts
from acd.distributor import Refused, said_concluded
from acd.keys import Keys
from acd.latency import Latency
from acd.model import (
    FROM_THE_FIRST,
    AgentId,
    AgentNow,
    AgentSpec,
    AgentState,
    Enqueue,
    NodeId,
    Offer,
    OfferId,
    PartnerSpec,
    Place,
    QueueId,
    QueueNumbers,
    QueueSpec,
    Revoked,
    SiteId,
    SiteSpec,
)
from acd.pools import names_of, profile_of
from acd.post import Post, read
from acd.promising import PromisesInRedis

log = structlog.get_logger(__name__)

MISSING_BEATS = 2
SAME_FINISHES_MS, ANY_FINISHES_MS = 3_000, 30_000
"""After so long without a part of it, a configuration is given again by a node that has the same, and by any."""


class RedisDistributor(PromisesInRedis):
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
        self._missing = 0
        self._beaten_s = 0.0
        self._stay: set[str] = set()
        self._configured: list[tuple[str, ...]] = []
        self._has_queues = False
        self._notify: Callable[[float], None] | None = None

    @property
    def latency(self) -> Latency:
        """How long Redis took for commands, those that failed among them."""
        return self._channel.latency

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
        reply = await self._do("enqueue", *enqueueing(entry))
        if entry.node == self.node:
            kept = replace(entry, arrived_ms=reply["arrived"], since_ms=reply["since"], prefer_s=0)
            self._held.setdefault(entry.contact, kept)
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

    async def occupy(self, agent: AgentId, reason: str, at_most_s: float) -> None:
        await self._do("occupy", agent, reason, round(at_most_s * 1000))

    async def end_wrap_up(self, agent: AgentId, topic: str = "", *, concluded: bool | None = None) -> None:
        await self._do("end_wrap_up", agent, topic, said_concluded(concluded))

    # --- Time, nodes, configuration -----------------------------------------------------------------------------

    async def due(self) -> float:
        """After Redis was away every lease gets a fresh term first. Without a deadline: an hour."""
        await self._renew()
        reply = await self._do("due")
        return float(reply["next_in_ms"]) / 1000 if reply["next_in_ms"] >= 0 else 3600.0

    async def beat(self, node: NodeId, contacts: int) -> None:
        """When Redis knows of fewer contacts than this node holds, those that wait are given their places again.

        Only the second time in a row: a contact whose command is under way is no loss.
        """
        await self._renew()
        had_queues = self._has_queues  # a beat that was under way while the first were configured saw none
        reply = await self._do("beat")
        self._beaten_s = asyncio.get_running_loop().time()
        known = reply["number"]
        if had_queues and not reply["queues"]:
            await self._begin_anew()
            return
        if reply["unfinished"]:
            await self._finish_configuring(*reply["unfinished"])
        self._missing = self._missing + 1 if known < len(self._held) else 0
        if self._missing >= MISSING_BEATS:
            log.warning("redis lost contacts of this node", known=known, held=len(self._held), reported=contacts)
            await self._restore()
            self._missing = 0

    async def _renew(self) -> None:
        if not self._channel.interrupted:
            return
        begins, some = FROM_THE_FIRST, True
        while some:
            begins = (await self._do("renew", begins))["number"]
            some = begins != FROM_THE_FIRST
        self._channel.interrupted = False

    async def drop_node(self, node: NodeId, cause: str) -> int:
        dropped = 0
        while number := int((await self._do("drop_node", node, cause))["number"]):
            dropped += number
        return dropped

    async def configure(
        self,
        queues: Sequence[QueueSpec],
        agents: Sequence[AgentSpec],
        sites: Sequence[SiteSpec] = (),
        partners: Sequence[PartnerSpec] = (),
    ) -> None:
        self._configured = configuration(queues, agents, sites, partners)
        self._stay = names_of(agents, partners)
        await self._configure()

    async def _configure(self) -> None:
        """Slice by slice. A later one, by whatever node, overtakes it."""
        run = f"{self._content()}-{secrets.token_hex(8)}"
        try:
            for name, *args in self._configured:
                await self._do(name, run, *args)
                self._has_queues = self._configured[0][1] != "[]"
                await self._still_here()
            found = await self._channel.ask(*(("HKEYS", self.keys.named(name)) for name in ("agents", "specs")))
            for name, *args in sweeps({name for names in found for name in names} - self._stay):
                await self._do(name, run, *args)
                await self._still_here()
        except Refused as refusal:
            if refusal.code != "OVERTAKEN":
                raise
            log.info("a configuration was overtaken by a later one", run=run)

    def _content(self) -> str:
        """By which nodes know that they are configured alike."""
        return hashlib.sha256(repr(self._configured).encode()).hexdigest()[:16]

    async def _still_here(self) -> None:
        """What takes long does not cost the node its lease."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._beaten_s >= 1:
            self._beaten_s = now_s
            await self._do("beat")

    async def _finish_configuring(self, run: str, idle_ms: int) -> None:
        """Whoever gave a configuration may have died in the middle of it: a node that has the same ends it.

        When none has, any does: all of an older one is better than a part of this.
        """
        alike = run.startswith(self._content())
        if self._configured and idle_ms >= (SAME_FINISHES_MS if alike else ANY_FINISHES_MS):
            log.warning("a configuration has not come to its end and is given again", run=run, idle_ms=idle_ms)
            await self._configure()

    async def put_agent(self, spec: AgentSpec) -> None:
        await self._do("put_agent", spec.agent, profile_text(profile_of(spec)))

    async def drop_agent(self, agent: AgentId) -> None:
        await self._do("drop_agent", agent)

    async def on_duty(self, queue: QueueId, agents: Sequence[AgentId]) -> None:
        while (await self._do("on_duty", queue, written(sorted(set(agents)))))["number"]:
            pass

    async def site_lost(self, site: SiteId, cause: str) -> None:
        await self._do("site", site, cause)

    async def site_back(self, site: SiteId) -> None:
        await self._do("site", site, "")

    async def _begin_anew(self) -> None:
        """Redis came back empty: give it queues, agents and waiting contacts again. Who is logged in, others know."""
        log.error("redis has forgotten everything", held=len(self._held))
        await self._configure()
        self.post.begin_anew()
        await self._restore()

    async def _restore(self) -> None:
        waiting = {contact: entry for contact, entry in self._held.items() if entry is not None}
        self._held = dict(waiting)
        for contact, entry in waiting.items():
            if contact not in self._held:
                continue
            try:
                await self._do("enqueue", *enqueueing(entry))
                await self._still_here()
            except Refused as refusal:
                log.warning("a contact could not be put back", contact=contact, error=str(refusal))
            if contact not in self._held:
                await self._do("leave", contact, "caller_hung_up", "lost")

    # --- What is seen -----------------------------------------------------------------------------------------------

    async def queues(self) -> list[QueueNumbers]:
        """Not for every call: it reads all agents."""
        records = await self._records("queues")
        agents = [agent for agent in (await self._records("agents")).values() if not agent["profile"]["partner"]]
        return [await self._numbers(name, [a for a in agents if name in a["pools"]]) for name in sorted(records)]

    async def agents(self) -> list[AgentNow]:
        return [
            AgentNow(
                AgentId(name),
                SiteId(a["profile"]["site"]),
                AgentState(a["state"]),
                a["reason"],
                int(a["since"]),
                a["contact"],
            )
            for name, a in sorted((await self._records("agents")).items())
            if not a["profile"]["partner"]
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


def _place(reply: dict[str, Any]) -> Place:
    position, waiting, waited_ms, *waits = reply["place"]
    wait_s, low_s, high_s = (wait if wait >= 0 else None for wait in waits)
    return Place(position, waiting, waited_ms, wait_s, low_s, high_s)
