"""A talk to try things in: a caller with kari, berit beside, and a table that notes who sits with whom."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from acd.model import AgentId, AgentSpec, QueueId, QueueSpec, SiteId
from events.catalogue import TransferEnded
from ivr.ports.call import AgentLeg, Call, CallInfo, Clip
from ivr.ports.phones import NotAnswered
from ivr.ports.talk import LegTold, TableError, TransferTarget
from ivr.running.conversation import Conversation
from ivr.running.directory import Directory, short_numbers
from ivr.running.run import FlowRun
from ivr.running.talks import Talks
from ivr.simulator.call import SimulatedCall, SimulatedLeg
from tests.ivr.engine import QUEUE, Engine, flow_of

FLOW = flow_of(QUEUE)
BERIT = TransferTarget("agent", "berit")
TAXI = TransferTarget("destination", "taxi")
CODES = {"*1": "consult", "*3": "take_back", "*5": "conference"}


class Table:
    """Notes who sits with whom."""

    def __init__(self) -> None:
        self.told: dict[str, Callable[[LegTold], None]] = {}
        self.followed: dict[AgentLeg, Callable[[LegTold], None]] = {}
        self.released: list[AgentLeg] = []
        self.taken: list[AgentLeg] = []
        self.caller_with: tuple[str, ...] = ()
        self.apart: tuple[str, ...] = ()
        self.gone: list[str] = []
        self.said: list[str] = []
        self.mixes = True
        self.closed = False

    def follow(self, leg: AgentLeg, told: Callable[[LegTold], None]) -> None:
        self.told[leg.agent] = self.followed[leg] = told

    def take(self, leg: AgentLeg) -> None:
        self.taken.append(leg)

    def let_go(self, leg: AgentLeg) -> None:
        self.gone.append(leg.agent)
        self.released.append(leg)

    async def arrange(self, caller_with: tuple[AgentLeg, ...], apart: tuple[AgentLeg, ...] = ()) -> None:
        if len(caller_with) > 1 and not self.mixes:
            raise TableError("mixes nothing")
        self.caller_with = tuple(leg.agent for leg in caller_with)
        self.apart = tuple(leg.agent for leg in apart)

    async def say(self, leg: AgentLeg, clips: tuple[Clip, ...]) -> None:
        self.said += [clip.text for clip in clips]

    async def close(self) -> None:
        self.closed = True


class Destinations:
    def __init__(self) -> None:
        self.cause = ""
        self.after_s = 2.0
        self.legs: list[SimulatedLeg] = []
        self.also: Callable[[], object] = lambda: None

    async def dial(
        self,
        name: str,
        info: CallInfo,
        headers: tuple[tuple[str, str], ...] = (),
        asked: tuple[Clip, ...] | None = None,
    ) -> AgentLeg:
        await asyncio.sleep(self.after_s)
        if self.cause:
            raise NotAnswered(self.cause)
        self.also()
        self.legs.append(SimulatedLeg(name))
        return self.legs[-1]


class Room:
    """kari talks to a caller of queue q; berit serves another queue."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.tables: list[Table] = []
        self.destinations = Destinations()
        self.call: SimulatedCall
        self.task: asyncio.Task[FlowRun]
        directory = Directory(
            agents=lambda: ["kari", "berit"],
            queues=lambda: ["q", "second"],
            destinations=lambda: ["taxi"],
            numbers=short_numbers({"21": "agent:berit"}),
        )
        self.talks = Talks(self._table, self.destinations, directory, CODES)
        engine.services = replace(engine.services, talks=self.talks)

    def _table(self, call: Call, leg: AgentLeg) -> Table:
        self.tables.append(Table())
        return self.tables[-1]

    @property
    def table(self) -> Table:
        return self.tables[-1]

    async def begin(self) -> None:
        await self.engine.staff("kari")
        queues = [QueueSpec(QueueId("q")), QueueSpec(QueueId("second"))]
        skills = {"kari": {"q": 1}, "berit": {"second": 1}}
        agents = [AgentSpec(AgentId(name), SiteId("s"), levels) for name, levels in skills.items()]
        await self.engine.distributor.configure(queues, agents)
        await self.engine.distributor.log_in(AgentId("berit"))
        self.call, self.task = self.engine.dial(FLOW)
        await asyncio.sleep(3)
        assert self.table.caller_with == ("kari",)

    async def states(self) -> dict[str, str]:
        return {now.agent: f"{now.state} {now.reason}".strip() for now in await self.engine.distributor.agents()}

    def outcomes(self) -> list[tuple[str, str, str]]:
        return [(one.how, one.target, one.outcome) for one in self.engine.told(TransferEnded)]


@asynccontextmanager
async def opened() -> AsyncIterator[Room]:
    """A room in which the talk has begun."""
    engine = Engine()
    made = Room(engine)
    await made.begin()
    try:
        yield made
    finally:
        await engine.close()


def with_caller(room: Room) -> tuple[str, ...]:
    return room.table.caller_with


def control(room: Room) -> Conversation:
    found = room.talks.of_agent("kari")
    assert found is not None
    assert found is room.talks.of("c1")
    return found
