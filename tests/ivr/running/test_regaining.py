"""Callers who were cut off in a queue and ring again."""

import asyncio
from dataclasses import replace

import pytest

from acd.model import AgentId, AgentSpec, QueueId, QueueSpec, SiteId
from events.catalogue import ContactQueued
from ivr.contact import begin, serve
from ivr.ports.call import CallInfo, ContactId
from ivr.ports.places import Regained
from ivr.running.run import FlowRun
from ivr.simulator.call import SimulatedCall
from tests.ivr.engine import BEGINS_MS, QUEUE, Engine, flow_of
from tests.ivr.nodes.test_callback import Promises

VIRTUAL_TIME = True
CODED = QUEUE.replace("    waiting:\n", '    waiting:\n      welcome: {nb: "Koden er {place_code}."}\n')
RETURNING = CODED.replace("start: wait", "start: again").replace(
    "  wait:\n    type",
    "  again:\n    type: returning\n    say: {nb: Tast 9.}\n    code: {nb: Koden?}\n    stands: wait\n    next: wait\n"
    "  wait:\n    type",
)


class Places:
    """Keeps what it is told; `place` is what the next caller gets back."""

    def __init__(self, place: Regained | None = None, known: str = "") -> None:
        self.place = place
        self.known = known
        self.told: list[tuple[str, object]] = []

    def code(self, info: CallInfo) -> str:
        return "20410732"

    def entered(self, info: CallInfo, queue: str, since_ms: int) -> None:
        self.told.append((queue, since_ms - BEGINS_MS))

    def left(self, info: CallInfo, *, cut: bool) -> None:
        self.told.append(("cut" if cut else "left", info.contact))

    async def regain(self, info: CallInfo, queue: str) -> Regained | None:
        return self.place if info.asserted else None

    async def regain_by(self, pii_code: str) -> Regained | None:
        return self.place if pii_code == self.known else None


class World:
    def __init__(self, places: Places | None, text: str = QUEUE) -> None:
        self.engine = Engine()
        self.flow = flow_of(text)
        self.services = replace(self.engine.services, places=places, callbacks=Promises())

    def dial(self, contact: str, *, asserted: bool = True) -> tuple[SimulatedCall, FlowRun, "asyncio.Task[FlowRun]"]:
        call = SimulatedCall(CallInfo(ContactId(contact), "5000", "test", "22334455", asserted=asserted))
        data = begin(call, self.engine.book(self.flow), self.flow, self.services)
        return call, data, self.engine.spawn(serve(call, self.engine.book(self.flow), self.flow, self.services, data))

    async def staff(self) -> None:
        await self.engine.distributor.configure(
            [QueueSpec(QueueId("q"))], [AgentSpec(AgentId("anna"), SiteId("s"), {"q": 1})]
        )
        self.engine.spawn(self.engine._beat())


async def test_a_caller_who_hangs_up_in_the_queue_was_cut_off() -> None:
    places = Places()
    world = World(places)
    await world.staff()
    call, _, task = world.dial("c1")
    await asyncio.sleep(30)
    call.hang_up()
    await task
    assert places.told == [("q", 0), ("cut", "c1")]
    await world.engine.close()


@pytest.mark.parametrize("hangs_up", [False, True])
async def test_who_has_talked_was_not(hangs_up: bool) -> None:
    places = Places()
    world = World(places)
    await world.staff()
    await world.engine.distributor.log_in(AgentId("anna"))
    call, _, task = world.dial("c1")
    await asyncio.sleep(5)
    if hangs_up:
        call.hang_up()
    await task
    assert places.told == [("q", 0), ("left", "c1")]
    await world.engine.close()


async def test_who_waited_too_long_was_led_on() -> None:
    places = Places()
    world = World(places)
    await world.staff()
    _, data, task = world.dial("c1")
    await task
    assert data.trace == ["wait", "too_long"]
    assert places.told == [("q", 0), ("left", "c1")]
    await world.engine.close()


async def test_the_place_of_the_earlier_call_counts() -> None:
    places = Places(Regained("q", 90_000))
    world = World(places)
    await world.staff()
    _, data, _ = world.dial("c1")
    await asyncio.sleep(5)
    assert places.told == [("q", -90_000)]
    assert [(visit.outcome, visit.waited_ms) for visit in data.journey] == [("regained", 90_000)]
    await world.engine.close()


async def test_a_node_without_places_serves_as_before() -> None:
    world = World(None, CODED)
    await world.staff()
    call, _, task = world.dial("c1")
    await asyncio.sleep(5)
    assert call.heard[0].text == "Koden er ."
    call.hang_up()
    await task
    assert len(world.engine.told(ContactQueued)) == 1
    await world.engine.close()


async def test_a_code_is_told_where_a_text_says_it() -> None:
    world = World(Places(), CODED)
    await world.staff()
    call, data, _ = world.dial("c1", asserted=False)
    await asyncio.sleep(5)
    assert call.heard[0].text == "Koden er to null fire en null sju tre to."
    assert "20410732" not in str(data.to_data())
    await world.engine.close()


@pytest.mark.parametrize(("code", "regained"), [("20410732", 90_000), ("11111111", 0)])
async def test_a_code_gives_the_place_back(code: str, regained: int) -> None:
    places = Places(Regained("q", 90_000), known="20410732")
    world = World(places, RETURNING)
    await world.staff()
    call, data, _ = world.dial("c1", asserted=False)
    for index, key in enumerate(code):
        asyncio.get_running_loop().call_later(0.2 + index / 10, call.press, key)
    await asyncio.sleep(40)
    assert sum(visit.waited_ms for visit in data.journey) == regained
    assert data.trace == ["again", "wait"]
    await world.engine.close()
