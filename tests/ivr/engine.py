"""A small engine for tests: one flow, one queue, agents who do as they are told, a distributor that can be away."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from acd.distributor import Distributor, Unavailable
from acd.model import (
    AgentId,
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
    SiteId,
)
from acd.simulated import ModelDistributor
from events.catalogue import Event
from events.sink import MemorySink
from ivr.book import FlowBook, book_of
from ivr.checks.flows import check_flow
from ivr.contact import begin, serve
from ivr.files.flow import Flow
from ivr.files.load import load_flow
from ivr.language.calendar import Calendar
from ivr.language.crises import Crisis
from ivr.ports.call import AgentLeg, CallInfo, ContactId
from ivr.ports.phones import AgentPhones, NotAnswered
from ivr.running.commands import Commands
from ivr.running.offers import Offers
from ivr.running.run import FlowRun, Scalar, Services
from ivr.simulator.call import SimulatedCall, SimulatedLeg
from ivr.simulator.prompts import WrittenPrompts

T = TypeVar("T")
NODE = NodeId("n1")
BEGINS_MS = 1_795_424_400_000  # Monday 23 November 2026, 09:00 UTC, 10:00 in Norway
QUEUE = """
flow: test
title: Test
numbers: [5000]
languages: [nb]
start: wait
nodes:
  wait:
    type: queue
    queue: q
    max_wait: 600s
    waiting:
      position: {nb: "Du er nummer {position}."}
      delayed: {nb: Vent litt.}
    overflow: too_long
    unavailable: unavailable
  too_long: {type: hangup, say: {nb: Ring igjen.}}
  unavailable: {type: hangup, say: {nb: Teknisk feil.}}
"""


def flow_of(text: str) -> Flow:
    """A flow that has to be right."""
    flow, marked = load_flow("test.yaml", text)
    if flow is not None:
        check_flow(flow, marked)
    assert not marked.problems, "\n".join(map(str, marked.problems))
    assert flow is not None
    return flow


class Fickle(ModelDistributor):
    """The model, which can be away, do its work and `forget` to say so, or take its time."""

    def __init__(self, now_ms: Callable[[], int], sink: MemorySink) -> None:
        super().__init__("t", NODE, now_ms, sink)
        self.away = False
        self.forgets = False
        self.deaf_to: set[str] = set()
        self.slow_s = 0.0
        self.asked: list[str] = []

    async def _reach(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        self.asked.append(name)
        if self.slow_s:
            await asyncio.sleep(self.slow_s)
        if self.away and self.forgets:
            await work()
        if self.away or name in self.deaf_to:
            raise Unavailable("away")
        return await work()

    async def enqueue(self, entry: Enqueue) -> Place:
        return await self._reach("enqueue", lambda: ModelDistributor.enqueue(self, entry))

    async def leave(self, contact: str, cause: str, *, flowed_out: bool = False) -> None:
        await self._reach("leave", lambda: ModelDistributor.leave(self, contact, cause, flowed_out=flowed_out))

    async def place(self, contact: str) -> Place:
        return await self._reach("place", lambda: ModelDistributor.place(self, contact))

    async def queues(self) -> list[QueueNumbers]:
        return await self._reach("queues", lambda: ModelDistributor.queues(self))

    async def accept(self, offer: OfferId, fence: int) -> None:
        await self._reach("accept", lambda: ModelDistributor.accept(self, offer, fence))

    async def fail(self, offer: OfferId, fence: int, cause: str) -> None:
        await self._reach("fail", lambda: ModelDistributor.fail(self, offer, fence, cause))

    async def finish(self, contact: str, cause: str) -> None:
        await self._reach("finish", lambda: ModelDistributor.finish(self, contact, cause))


class Phones:
    """`answer` is what every ring does: a leg after `after_s`, or NotAnswered."""

    def __init__(self) -> None:
        self.cause = ""
        self.after_s = 1.0
        self.talks_s: float | None = 60.0
        self.error: Exception | None = None
        self.rung: list[str] = []
        self.asked_by: list[str] = []
        self.legs: list[SimulatedLeg] = []
        self.stopped = 0
        self.answers_when_stopped = False
        self.deaf_s = 0.0

    async def ring(self, offer: Offer, info: CallInfo) -> AgentLeg:
        self.rung.append(offer.agent)
        self.asked_by.append(info.asked_by)
        try:
            await asyncio.sleep(self.after_s)
        except asyncio.CancelledError:
            self.stopped += 1
            await asyncio.sleep(self.deaf_s)
            if not self.answers_when_stopped and not self.deaf_s:
                raise
        if self.error is not None:
            raise self.error
        if self.cause:
            raise NotAnswered(self.cause)
        leg = SimulatedLeg(offer.agent, self.talks_s)
        self.legs.append(leg)
        return leg


class Engine:
    """Made inside the loop. `configure` before the first call when agents are needed."""

    def __init__(
        self, calendars: Mapping[str, Calendar] | None = None, settings: Mapping[str, Scalar] | None = None
    ) -> None:
        self.calendars = calendars or {}
        self.crises: dict[str, Crisis] = {}
        self.others: list[Flow] = []
        self.sink = MemorySink()
        self.distributor = Fickle(self.now_ms, self.sink)
        self.distributor.when_due(self._arm)
        self.phones = Phones()
        self.commands = Commands()
        self.unclaimed: list[Offer] = []
        self.tasks: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.services = Services(
            tenant="t",
            node=NODE,
            prompts=WrittenPrompts(),
            distributor=self.distributor,
            offers=Offers(self.distributor, NODE, self.unclaimed.append),
            phones=self.phones,
            commands=self.commands,
            sink=self.sink,
            now_ms=self.now_ms,
            settings=settings or {},
        )

    def use(self, distributor: Distributor, phones: AgentPhones) -> None:
        """Another distributor and other phones, from now on."""
        offers = Offers(distributor, NODE, self.unclaimed.append)
        self.services = replace(self.services, distributor=distributor, phones=phones, offers=offers)

    def now_ms(self) -> int:
        return BEGINS_MS + round(asyncio.get_running_loop().time() * 1000)

    async def staff(self, *agents: str, max_waiting: int = 100) -> None:
        """Queue q, and agents who serve it, logged in and ready."""
        specs = [AgentSpec(AgentId(agent), SiteId("s"), {"q": 1}) for agent in agents]
        await self.distributor.configure([QueueSpec(QueueId("q"), max_waiting=max_waiting)], specs)
        for agent in agents:
            await self.distributor.log_in(AgentId(agent))
        self.spawn(self._beat())

    def dial(
        self, flow: Flow, contact: str = "c1", data: FlowRun | None = None
    ) -> tuple[SimulatedCall, "asyncio.Task[FlowRun]"]:
        """A caller, and the task that leads them."""
        call = SimulatedCall(CallInfo(ContactId(contact), "5000", "test"))
        call.answered = data is not None and bool(data.trace)
        return call, self.spawn(serve(call, self.book(flow), flow, self.services, data))

    def begin(self, flow: Flow, contact: str) -> FlowRun:
        """A run to look at while it runs."""
        return begin(SimulatedCall(CallInfo(ContactId(contact), "5000", "test")), self.book(flow), flow, self.services)

    def book(self, flow: Flow) -> FlowBook:
        """The flow alone, with the engine's other flows, calendars and crises."""
        return book_of(flow, *self.others, calendars=self.calendars, crises=self.crises)

    def spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        return task

    async def state(self, agent: str) -> AgentState:
        return next(now.state for now in await self.distributor.agents() if now.agent == agent)

    def told(self, kind: type[Event]) -> list[Any]:
        """The events of a kind, so far."""
        return [event for event in self.sink.events if isinstance(event, kind)]

    async def close(self) -> None:
        """End all that is still under way."""
        if self._timer is not None:
            self._timer.cancel()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.commands.drain(0.1)

    def _arm(self, in_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(in_s, lambda: self.spawn(self._due()))

    async def _due(self) -> None:
        await self.distributor.due()

    async def _beat(self) -> None:
        while True:
            await self.distributor.beat(NODE, 1)
            await asyncio.sleep(1)
