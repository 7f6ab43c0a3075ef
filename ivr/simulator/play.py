"""A call that somebody plays by hand: what they may do to the caller, the agent, the queue and the world around."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from acd.model import AgentId, Enqueue, Offer, QueueId
from ivr.book import FlowBook
from ivr.language.calendar import OSLO
from ivr.language.crises import CrisesInMemory, CrisisOn
from ivr.language.prompting import Prompts
from ivr.nodes.queue import Queue
from ivr.ports.call import AgentLeg, CallInfo
from ivr.ports.lookups import Cause, Failed, Kind, Outcome, Question, Wanted
from ivr.running.run import Scalar
from ivr.simulator.call import SimulatedCall, SimulatedLeg
from ivr.simulator.caller import ActingCaller
from ivr.simulator.line import CallersLine
from ivr.simulator.scenario_file import Agent, Scenario
from ivr.simulator.story import Line, Moment, line_of
from ivr.simulator.virtual_time import PacedLoop
from ivr.simulator.world import FIRST, LONGEST_S, NODE, World, info_of
from ivr.web.answers import taken

AGENT = AgentId("agent")
ANSWERS_AFTER_S = 1.0
STEP_S = 0.5
LONGEST_SILENCE_S = 60.0
ASKED_FOR_S = 10.0
"""How long a look-up waits to be told what it gives, before it is found."""
_OTHERS_TALK_S = 60.0

Show = Callable[[Line], None]


class Play:
    """One call. To be made inside a PacedLoop; `show` gets every moment in words as it comes."""

    def __init__(self, book: FlowBook, scenario: Scenario, number: str, show: Show, prompts: Prompts) -> None:
        self._book = book
        self._show = show
        self.phone = _Phone()
        self.asked = _Asked(lambda text: self.tell("queue", text), scenario)
        self.world = World(book, _with_agent(scenario, book), prompts, self.phone, self.asked)
        self.call = SimulatedCall(info_of(FIRST, scenario, number))
        self.line: CallersLine = self.world.line(self.call, ActingCaller(self.call, ()))
        self.line.watched = self._watched
        self._others = 0

    async def through(self) -> None:
        """From the first ring to the end."""
        await self.world.prepare()
        await self.world.serve(self.line)
        await self.world.end()

    # --- what may be done ---

    def press(self, key: str) -> None:
        self.call.press(key)

    def hang_up(self) -> None:
        self.call.hang_up()

    async def agent(self) -> None:
        """Let an agent come and answer; in a talk, let the agent hang up."""
        if self.phone.leg is not None and not self.phone.leg.ended.done():
            self.phone.leg.end()
            return
        self.tell("queue", "an agent is there, who answers the next call")
        await self.world.distributor.log_in(AGENT)

    async def other(self) -> None:
        """Put another caller into the queue, before this one."""
        entry = self.line.run.entry if self.line.run is not None else None
        queues = [entry.queue] if entry is not None else sorted(_queues(self._book))
        for queue in queues:
            self._others += 1
            contact = f"other-{_OTHERS_TALK_S:g}-{queue}-p{self._others}"
            arrived_ms = entry.arrived_ms - self._others if entry is not None else 0
            await self.world.distributor.enqueue(Enqueue(contact, QueueId(queue), NODE, 0, arrived_ms))
        where = f"the queue {queues[0]}, before you" if entry is not None else "each queue"
        self.tell("queue", f"another caller is in {where}")

    def crisis(self) -> None:
        """Switch on the next of the crises that are prepared, and none after the last."""
        names = sorted(self._book.crises)
        crises, now_ms = self.world.services.crises, self.world.now_ms()
        if not names or not isinstance(crises, CrisesInMemory):
            self.tell("queue", "there is no crisis to switch on: one is a file under crises/")
            return
        on = [each.crisis for each in crises.on(now_ms)]
        for name in on:
            crises.switch_off(name)
        follows = names.index(on[0]) + 1 if on else 0
        if follows < len(names):
            crises.switch_on(CrisisOn(names[follows], now_ms, now_ms + round(LONGEST_S * 1000), "play"))
        self.tell("queue", f"crisis {names[follows]} is on" if follows < len(names) else "no crisis is on")

    def move_on(self, seconds: float) -> None:
        """Let time pass at once."""
        loop = asyncio.get_running_loop()
        if isinstance(loop, PacedLoop) and not loop.jumps:
            loop.move_on(seconds)

    async def wait(self, seconds: float) -> None:
        """Wait for so long, in no time."""
        self.move_on(seconds)
        await asyncio.sleep(seconds)

    async def silence(self) -> None:
        """Wait until something happens, in no time; a minute at most."""
        seen, waited_s = len(self.line.moments), 0.0
        while len(self.line.moments) == seen and not self.call.ended and waited_s < LONGEST_SILENCE_S:
            await self.wait(STEP_S)
            waited_s += STEP_S

    def variables(self) -> Mapping[str, Scalar]:
        """Those of the flow that is run now; personal ones are not among them."""
        return dict(self.line.run.variables) if self.line.run is not None else {}

    def trace(self) -> list[str]:
        """The steps until now."""
        return list(self.line.run.trace) if self.line.run is not None else []

    @property
    def waits(self) -> bool:
        """Whether nothing is said now: a key is awaited, or an agent, or there is a talk."""
        return self.call.listens or bool(self.call.music) or self.asked.waits

    @property
    def now(self) -> datetime:
        """The clock of the story."""
        return datetime.fromtimestamp(self.world.now_ms() / 1000, OSLO)

    def tell(self, role: str, text: str) -> None:
        """Show something that is no moment of the call."""
        self._show(Line(asyncio.get_running_loop().time(), role, text))

    def _watched(self, moment: Moment) -> None:
        line = line_of(moment, self.line.first_flow)
        if line is not None:
            self._show(line)


def _queues(book: FlowBook) -> set[str]:
    return {node.queue for flow in book.by_name.values() for node in flow.nodes.values() if isinstance(node, Queue)}


def _with_agent(scenario: Scenario, book: FlowBook) -> Scenario:
    queues = sorted(_queues(book))
    if not queues:
        return scenario
    agent = Agent.model_validate({"name": AGENT, "queues": queues, "from": "24h"})
    return scenario.model_copy(update={"agents": [agent]})


class _Phone:
    """The AgentPhones port: the agent answers whatever rings, and talks until somebody hangs up."""

    def __init__(self) -> None:
        self.leg: SimulatedLeg | None = None

    async def ring(self, offer: Offer, info: CallInfo) -> AgentLeg:
        await asyncio.sleep(ANSWERS_AFTER_S)
        self.leg = SimulatedLeg(offer.agent)
        return self.leg


class _Asked:
    """The Lookups port: whoever plays says what is found, where the scenario does not."""

    def __init__(self, tell: Callable[[str], None], scenario: Scenario) -> None:
        self._tell = tell
        self._given = scenario.lookups
        self._wanted: asyncio.Future[str] | None = None

    @property
    def waits(self) -> bool:
        return self._wanted is not None and not self._wanted.done()

    def say(self, outcome: str) -> None:
        """y: found, n: not found, f: failed. Nothing where nothing is asked."""
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(outcome)

    async def ask(self, question: Question) -> Outcome:
        given = self._given.get(question.service)
        if given is not None:
            await asyncio.sleep(given.after_s)
            return taken(given.gives, question.take) if given.fails is None else Failed(given.fails, given.status)
        self._tell(f"look-up {question.service}{question.path}: y found, n not found, f fails")
        self._wanted = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(ASKED_FOR_S):
                said = await self._wanted
        except TimeoutError:
            said = "y"
        finally:
            self._wanted = None
        if said == "y":
            return taken(_sample(question.take), question.take)
        return Failed(Cause.STATUS, 404) if said == "n" else Failed(Cause.TIMEOUT)


def _sample(take: Mapping[str, Wanted]) -> dict[str, Any]:
    """An answer with something in every field that is wanted."""
    found: dict[str, Any] = {}
    for wanted in take.values():
        place = found
        for name in wanted.field[:-1]:
            place = place.setdefault(name, {})
        place[wanted.field[-1]] = sample_value(wanted)
    return found


def sample_value(wanted: Wanted) -> Scalar:
    """Something that the field may be."""
    match wanted.kind:
        case Kind.NUMBER:
            return 1
        case Kind.TRUE_OR_FALSE:
            return True
    return wanted.one_of[0] if wanted.one_of else "example"


def scenario_of(given: Mapping[str, Any]) -> Scenario:
    """The world of a played call, by the fields of a scenario. Raises ValueError naming the field."""
    try:
        return Scenario.model_validate({"name": "play", "expect": {}, **given})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        told = first["msg"].removeprefix("Value error, ")
        raise ValueError(f"{first['loc'][0]}: {told}") from None
