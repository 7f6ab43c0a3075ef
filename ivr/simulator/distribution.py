"""The distributor of a scenario: the model in virtual time, with queues that take nobody or are out of reach."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

from acd.distributor import Refused, Unavailable
from acd.model import AgentId, AgentSpec, Enqueue, NodeId, Offer, Place, QueueId, QueueSpec, SiteId
from acd.simulated import ModelDistributor
from events.sink import Sink
from ivr.simulator.scenario_file import Agent, Others

Spawn = Callable[[Coroutine[Any, Any, None]], object]
_OTHER = "other-"


class ScenarioDistributor(ModelDistributor):
    """`troubles` says which queues are `full`, `away`, or `closing` before who comes can be served.

    Nodes need not beat: time does not pass unseen here.
    """

    def __init__(self, node: NodeId, now_ms: Callable[[], int], sink: Sink, spawn: Spawn) -> None:
        super().__init__("simulator", node, self._tick, sink)
        self._real_now_ms = now_ms
        self._spawn = spawn
        self._timer: asyncio.TimerHandle | None = None
        self.troubles: Mapping[str, str] = {}
        self.when_due(self._arm)

    async def enqueue(self, entry: Enqueue) -> Place:
        trouble = self.troubles.get(entry.queue)
        if trouble == "full":
            raise Refused("FULL", f"queue {entry.queue!r} is full")
        if trouble == "closing" and entry.closes_ms:
            raise Refused("CLOSING", f"queue {entry.queue!r} closes too soon")
        if entry.closes_ms and not entry.arrived_ms:
            # Whether it closes too soon is the scenario's to say: who has waited is let in.
            entry = replace(entry, arrived_ms=self._real_now_ms())
        if trouble == "away":
            raise Unavailable("the distributor is out of reach")
        return await super().enqueue(entry)

    async def set_up(self, queues: Collection[str], agents: Sequence[Agent]) -> None:
        """Make queues and agents; the agents log in and out at their times."""
        specs = [
            AgentSpec(AgentId(agent.name), SiteId("here"), dict.fromkeys(agent.queues, 1), rest_s=agent.rests_s)
            for agent in agents
        ]
        await self.configure([QueueSpec(QueueId(queue)) for queue in sorted(queues)], specs)

    async def put_before(self, others: Sequence[Others]) -> None:
        """Callers of whom nothing is told but that they wait, and talk when an agent comes to them."""
        for row in others:
            for number in range(row.waiting):
                contact = f"{_OTHER}{row.talk_s}-{row.queue}-{number}"
                await self.enqueue(Enqueue(contact, QueueId(row.queue), self.node))

    async def be_there(self, agent: Agent, spans: Sequence[tuple[float, float | None]]) -> None:
        """Log in, and out again, when it is time: `spans` are seconds from the beginning, None where it is not over."""
        now_s = 0.0
        for from_s, until_s in spans:
            await asyncio.sleep(from_s - now_s)
            await self.log_in(AgentId(agent.name))
            if until_s is None:
                return
            await asyncio.sleep(max(0.0, until_s - from_s))
            await self.log_out(AgentId(agent.name), "gone_home")
            now_s = max(from_s, until_s)

    def unclaimed(self, offer: Offer) -> None:
        """Other callers are nobody's call here: agents just talk with them."""
        if offer.contact.startswith(_OTHER):
            self._spawn(self._talk_with_other(offer))

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    async def _talk_with_other(self, offer: Offer) -> None:
        await self.accept(offer.offer, offer.fence)
        await asyncio.sleep(float(offer.contact.split("-")[1]))
        await self.finish(offer.contact, "caller_hung_up")

    def _tick(self) -> int:
        # A store that is silent for a while was away, says the model, unless it is told the time.
        now_ms = self._real_now_ms()
        self.model.clock.now = max(self.model.clock.now, now_ms)
        self.model.deadlines.drop(f"n:{self.node}")
        return now_ms

    def _arm(self, in_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(in_s, lambda: self._spawn(self._be_due()))

    async def _be_due(self) -> None:
        await self.due()
