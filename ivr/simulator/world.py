"""One scenario's world: a distributor on the model, agents, other callers, and the caller in virtual time."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from acd.model import AgentId, AgentSpec, Enqueue, NodeId, Offer, QueueId, QueueSpec, SiteId
from acd.simulated import ModelDistributor
from events.catalogue import ContactEnded, Event
from events.sink import MemorySink
from ivr.book import FlowBook
from ivr.call import CallInfo, ContactId
from ivr.commands import Commands
from ivr.contact import serve
from ivr.nodes.queue import Queue
from ivr.offers import Offers
from ivr.run import FlowRun, Services
from ivr.simulator.call import Heard, SimulatedCall
from ivr.simulator.phones import Behaviour, SimulatedPhones
from ivr.simulator.prompts import WrittenPrompts
from ivr.simulator.scenario_file import Act, Agent, Scenario

NODE = NodeId("simulator")
LONGEST_S = 86_400.0
_BEAT_S = 3.0
_OTHER = "other-"


@dataclass(frozen=True, slots=True)
class Story:
    """What came of a scenario."""

    run: FlowRun
    heard: tuple[Heard, ...]
    rung: tuple[str, ...]
    events: tuple[Event, ...]
    outcome: str
    cause: str
    lasted_s: float


class World:
    """Everything around the caller. To be made and used inside a loop of virtual time."""

    def __init__(self, book: FlowBook, scenario: Scenario) -> None:
        self._book = book
        self._scenario = scenario
        self._begins_ms = int(scenario.at.timestamp() * 1000)
        self._sink = MemorySink()
        self._distributor = ModelDistributor("simulator", NODE, self.now_ms, self._sink)
        self._distributor.when_due(self._arm)
        self._timer: asyncio.TimerHandle | None = None
        self._phones = SimulatedPhones({agent.name: _behaviour(agent) for agent in scenario.agents})
        self._background: set[asyncio.Task[None]] = set()

    def now_ms(self) -> int:
        return self._begins_ms + round(asyncio.get_running_loop().time() * 1000)

    async def tell(self, number: str) -> Story:
        """Let the caller dial `number`, and all happen."""
        await self._prepare()
        call = SimulatedCall(CallInfo(ContactId("caller"), number, "simulator"))
        flow = self._book.by_number[number]
        services = self._services()
        caller = _Caller(call, self._scenario.caller)
        began_s = asyncio.get_running_loop().time()
        limit = asyncio.get_running_loop().call_later(LONGEST_S, call.hang_up, "time_limit")
        self._spawn(caller.live())
        run = await asyncio.get_running_loop().create_task(serve(call, self._book, flow, services))
        limit.cancel()
        lasted_s = asyncio.get_running_loop().time() - began_s
        await services.commands.drain(60.0)
        self._end()
        ended = next(event for event in reversed(self._sink.events) if isinstance(event, ContactEnded))
        rung = tuple(agent for agent, _ in self._phones.rung)
        events = tuple(self._sink.events)
        return Story(run, tuple(call.heard), rung, events, ended.outcome, ended.cause, lasted_s)

    def _services(self) -> Services:
        return Services(
            tenant="simulator",
            node=NODE,
            prompts=WrittenPrompts(),
            distributor=self._distributor,
            offers=Offers(self._distributor, NODE, self._unclaimed),
            phones=self._phones,
            commands=Commands(),
            sink=self._sink,
            now_ms=self.now_ms,
            settings=self._scenario.settings,
        )

    async def _prepare(self) -> None:
        nodes = [node for flow in self._book.by_name.values() for node in flow.nodes.values()]
        queues = {node.queue for node in nodes if isinstance(node, Queue)}
        agents = [
            AgentSpec(AgentId(agent.name), SiteId("here"), dict.fromkeys(agent.queues, 1), rest_s=agent.rests_s)
            for agent in self._scenario.agents
        ]
        await self._distributor.configure([QueueSpec(QueueId(queue)) for queue in sorted(queues)], agents)
        self._spawn(self._beat())
        for others in self._scenario.others:
            for number in range(others.waiting):
                contact = f"{_OTHER}{others.talk_s}-{others.queue}-{number}"
                await self._distributor.enqueue(Enqueue(contact, QueueId(others.queue), NODE))
        for agent in self._scenario.agents:
            self._spawn(self._log_in(agent))

    async def _log_in(self, agent: Agent) -> None:
        await asyncio.sleep(agent.from_s)
        await self._distributor.log_in(AgentId(agent.name))

    def _unclaimed(self, offer: Offer) -> None:
        """Other callers are nobody's call here: agents just talk with them."""
        if offer.contact.startswith(_OTHER):
            self._spawn(self._talk_with_other(offer))

    async def _talk_with_other(self, offer: Offer) -> None:
        await self._distributor.accept(offer.offer, offer.fence)
        await asyncio.sleep(float(offer.contact.split("-")[1]))
        await self._distributor.finish(offer.contact, "caller_hung_up")

    async def _beat(self) -> None:
        while True:
            await self._distributor.beat(NODE, 1)
            await asyncio.sleep(_BEAT_S)

    def _arm(self, in_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(in_s, lambda: self._spawn(self._due()))

    async def _due(self) -> None:
        await self._distributor.due()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for task in self._background:
            task.cancel()


class _Caller:
    """Does what the scenario says, act by act."""

    def __init__(self, call: SimulatedCall, acts: list[Act]) -> None:
        self._call = call
        self._acts = acts
        self._heard = asyncio.Event()
        call.on_heard = lambda heard: self._heard.set()

    async def live(self) -> None:
        listened = 0
        for act in self._acts:
            if act.when_heard:
                listened = await self._hear(act.when_heard, listened)
            await asyncio.sleep(act.after_s)
            if act.hang_up:
                self._call.hang_up()
            elif act.press is not None:
                self._call.press(act.press)

    async def _hear(self, words: str, listened: int) -> int:
        """Wait until something with these words is heard, beyond the first `listened`. Gives how many were heard."""
        while True:
            for index in range(listened, len(self._call.heard)):
                if words.casefold() in self._call.heard[index].text.casefold():
                    return index + 1
            listened = len(self._call.heard)
            self._heard.clear()
            await self._heard.wait()


def _behaviour(agent: Agent) -> Behaviour:
    return Behaviour(tuple(agent.does), agent.answers_after_s, agent.talks_s)
