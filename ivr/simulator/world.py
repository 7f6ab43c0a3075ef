"""One scenario's world: queues, agents, services, other callers, and the caller in virtual time."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

from acd.model import NodeId
from events.catalogue import Event
from ivr.book import FlowBook
from ivr.contact import begin, serve
from ivr.language.crises import CrisesInMemory, CrisisOn
from ivr.language.prompting import Prompts
from ivr.nodes.queue import Queue
from ivr.ports.call import CallInfo, ContactId
from ivr.ports.lookups import Lookups
from ivr.ports.phones import AgentPhones
from ivr.running.commands import Commands
from ivr.running.offers import Offers
from ivr.running.run import Services
from ivr.simulator.call import SimulatedCall
from ivr.simulator.caller import ActingCaller
from ivr.simulator.distribution import ScenarioDistributor
from ivr.simulator.line import CallersLine, NotedCallbacks, NotedTexts
from ivr.simulator.mailboxes import SimulatedMailboxes
from ivr.simulator.phones import Behaviour, SimulatedPhones
from ivr.simulator.prompts import WrittenPrompts
from ivr.simulator.reserves import ReserveWatch
from ivr.simulator.scenario_file import Agent, Caller, LookedUp, Scenario
from ivr.simulator.story import Story
from ivr.web.simulated import Answer, SimulatedLookups

NODE = NodeId("simulator")
LONGEST_S = 86_400.0
FIRST = "caller"
"""The contact of the scenario's caller; further ones are called by their names."""
_THEN = {"hang_up": "agent_hung_up", "transfer": "transferred"}


class World:
    """Everything around the callers. To be made and used inside a loop of virtual time."""

    def __init__(
        self,
        book: FlowBook,
        scenario: Scenario,
        prompts: Prompts | None = None,
        phones: AgentPhones | None = None,
        lookups: Lookups | None = None,
    ) -> None:
        """Without `prompts` every language has a voice; `phones` and `lookups` are the scenario's unless given."""
        self._book = book
        self._scenario = scenario
        self._clock = asyncio.get_running_loop().time
        self._began_s = self._clock()
        self.begins_ms = int(scenario.at.timestamp() * 1000)
        self._lines: dict[str, CallersLine] = {}
        self._background: set[asyncio.Task[None]] = set()
        self.distributor = ScenarioDistributor(NODE, self.now_ms, self, self.spawn)
        phones = phones or SimulatedPhones({agent.name: _behaviour(agent) for agent in scenario.agents})
        lookups = lookups or SimulatedLookups({name: _answer(given) for name, given in scenario.lookups.items()})
        self.services = self._services(phones, prompts or WrittenPrompts(), lookups)

    def now_ms(self) -> int:
        return self.begins_ms + round((self._clock() - self._began_s) * 1000)

    def emit(self, event: Event) -> None:
        """What flows and the distributor tell, to the line that it is about."""
        line = self._lines.get(event.contact)
        if line is not None:
            line.note(event)

    async def tell(self, number: str) -> Story:
        """Let the callers dial `number`, where they say no other, and all happen."""
        await self.prepare()
        callers: list[tuple[str, Caller, float]] = [(FIRST, self._scenario, 0.0)]
        callers += [(each.name, each, each.rings_after_s) for each in self._scenario.callers]
        lines = await asyncio.gather(*(self._ring(name, caller, number, after_s) for name, caller, after_s in callers))
        await self.end()
        stories = [line.story(self.begins_ms) for line in lines]
        return replace(stories[0], further=tuple(stories[1:]))

    async def prepare(self) -> None:
        """Make the queues, put others into them, and let agents come and go."""
        scenario = self._scenario
        nodes = [node for flow in self._book.by_name.values() for node in flow.nodes.values()]
        await self.distributor.set_up({node.queue for node in nodes if isinstance(node, Queue)}, scenario.agents)
        await self.distributor.put_before(scenario.others)
        self.distributor.troubles = scenario.queues
        for agent in scenario.agents:
            self.spawn(self.distributor.be_there(agent, self._times(agent)))
        reserves = ReserveWatch(self._book.rosters, scenario.agents, self.distributor, self.now_ms, self.spawn)
        if reserves.is_needed:
            self.spawn(reserves.run())

    def _times(self, agent: Agent) -> list[tuple[float, float | None]]:
        """When the agent is there, in seconds from the beginning."""
        if agent.roster is None:
            return [(agent.from_s, agent.until_s)]
        until_ms = self.begins_ms + round(LONGEST_S * 1000)
        duty = self._book.rosters[agent.roster].duty(agent.name, self.begins_ms, until_ms)
        return [((begin - self.begins_ms) / 1000, (end - self.begins_ms) / 1000) for begin, end in duty]

    async def end(self) -> None:
        """Finish what is under way, and stop the rest."""
        await self.services.commands.drain(60.0)
        self.distributor.end()
        for task in self._background:
            task.cancel()

    async def _ring(self, name: str, caller: Caller, number: str, after_s: float) -> CallersLine:
        await asyncio.sleep(after_s)
        transfers = self._scenario.transfers
        call = SimulatedCall(info_of(name, caller, number), lambda target: transfers.get(target) != "refused")
        acting = ActingCaller(call, caller.caller)
        self.spawn(acting.live())
        line = self.line(call, acting)
        await self.serve(line)
        return line

    def line(self, call: SimulatedCall, caller: ActingCaller) -> CallersLine:
        """Note from now on what happens to this caller."""
        line = CallersLine(call, caller, self._began_s)
        self._lines[call.info.contact] = line
        return line

    async def serve(self, line: CallersLine) -> None:
        """Lead the caller through the flow of the number dialled, to the end of the call."""
        loop = asyncio.get_running_loop()
        texts, callbacks = NotedTexts(self._scenario.sms, line), NotedCallbacks(self._scenario.callbacks, line)
        services = replace(self.services, texts=texts, callbacks=callbacks)
        limit = loop.call_later(LONGEST_S, line.call.hang_up, "time_limit")
        flow = self._book.by_number[line.call.info.number]
        line.run = begin(line.call, self._book, flow, services)
        await loop.create_task(serve(line.call, self._book, flow, services, line.run))
        limit.cancel()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this meanwhile; it ends with the world."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _services(self, phones: AgentPhones, prompts: Prompts, lookups: Lookups) -> Services:
        scenario = self._scenario
        return Services(
            tenant="simulator",
            node=NODE,
            prompts=prompts,
            distributor=self.distributor,
            offers=Offers(self.distributor, NODE, self.distributor.unclaimed),
            phones=phones,
            commands=Commands(),
            sink=self,
            now_ms=self.now_ms,
            settings=scenario.settings,
            mailboxes=_mailboxes(scenario),
            lookups=lookups,
            crises=CrisesInMemory(*_crises(scenario, self.begins_ms)),
        )


def info_of(name: str, caller: Caller, number: str) -> CallInfo:
    """Who rings what; `number` where the caller dials no other. A number that is shown is vouched for."""
    shown = caller.from_number or ""
    dialled = caller.number or number
    return CallInfo(ContactId(name), dialled, "simulator", shown, caller.diverted_from or "", bool(shown))


def _behaviour(agent: Agent) -> Behaviour:
    return Behaviour(tuple(agent.does), agent.answers_after_s, agent.talks_s, _THEN[agent.then])


def _answer(given: LookedUp) -> Answer:
    return Answer(given.gives, given.fails, given.status, given.after_s)


def _crises(scenario: Scenario, begins_ms: int) -> Sequence[CrisisOn]:
    until_ms = begins_ms + round(2 * LONGEST_S * 1000)
    return [CrisisOn(scenario.crisis, begins_ms, until_ms, "scenario")] if scenario.crisis else []


def _mailboxes(scenario: Scenario) -> SimulatedMailboxes:
    mailboxes = SimulatedMailboxes()
    mailboxes.full = {name for name, state in scenario.mailboxes.items() if state == "full"}
    mailboxes.broken = "broken" in scenario.mailboxes.values()
    return mailboxes


__all__ = ["FIRST", "LONGEST_S", "NODE", "World", "info_of"]
