"""Who cannot be served before closing time is told before they wait; who waits is served, whatever the clock says."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest

from acd.distributor import Refused
from acd.model import Enqueue, Place, QueueId
from events.catalogue import ContactLeftQueue, StepEntered
from ivr.checks.flows import check_flow
from ivr.files.load import load_flow
from ivr.language.calendar import Calendar
from ivr.language.ways import Kind
from ivr.nodes.queue import Queue
from ivr.running.run import FlowRun, Scalar, Visit
from tests.ivr.engine import BEGINS_MS, Engine, Fickle, flow_of
from tests.ivr.nodes.caller import texts
from tests.ivr.nodes.moments import At

VIRTUAL_TIME = True
TEXT = """
flow: test
title: Test
numbers: [5000]
languages: [nb]
variables: {demo: false}
start: wait
nodes:
  wait:
    type: queue
    queue: q
    max_wait: 8h
    waiting: {keys: {1: again}}
    overflow: told
    unavailable: told
    closes: office
    closing: too_late
    always_open_when: demo
  again: {type: queue, queue: q, overflow: told, unavailable: told, closes: [office, late], closing: too_late}
  told: {type: hangup, say: {nb: Ring igjen.}}
  too_late: {type: hangup, say: {nb: Vi stenger snart.}}
"""
FLOW = flow_of(TEXT)
HOUR_MS = 3_600_000
CALENDARS = {
    "office": Calendar("office", (((540, 900),),) * 5 + ((), ())),
    "late": Calendar("late", (((540, 840),),) * 5 + ((), ())),
}
SHUT = {name: Calendar(name, ((),) * 7) for name in CALENDARS}


class Asked(Fickle):
    """Keeps what it was asked, and refuses who comes with a closing time when it is `too_late`."""

    def keep(self) -> None:
        self.wanted: list[Enqueue] = []
        self.too_late = False

    async def enqueue(self, entry: Enqueue) -> Place:
        self.wanted.append(entry)
        if self.too_late and entry.closes_ms:
            raise Refused("CLOSING", "queue q closes too soon")
        return await super().enqueue(entry)


def made(calendars: Mapping[str, Calendar], settings: Mapping[str, Scalar]) -> tuple[Engine, Asked]:
    engine = Engine(calendars, settings)
    asked = Asked(engine.now_ms, engine.sink)
    asked.keep()
    engine.distributor = asked
    engine.use(asked, engine.phones)
    return engine, asked


@pytest.fixture
async def world() -> AsyncIterator[tuple[Engine, Asked]]:
    engine, asked = made(CALENDARS, {})
    await engine.staff()
    yield engine, asked
    await engine.close()


async def test_who_comes_too_late_is_told_and_never_waits(world: tuple[Engine, Asked]) -> None:
    engine, asked = world
    asked.too_late = True
    call, task = engine.dial(FLOW)
    data = await task
    assert data.trace == ["wait", "too_late"]
    assert texts(call)[-1] == "Vi stenger snart."
    assert [visit.outcome for visit in data.journey] == ["closing"]
    assert [event.step for event in engine.told(StepEntered)] == data.trace
    assert not engine.told(ContactLeftQueue)
    (numbers,) = await asked.queues()
    assert numbers.offered == 0


async def test_queue_is_asked_with_the_moment_at_which_the_calendar_closes(world: tuple[Engine, Asked]) -> None:
    engine, asked = world
    engine.dial(FLOW)
    await asyncio.sleep(1)
    assert asked.wanted[0].closes_ms == BEGINS_MS + 5 * HOUR_MS


async def test_who_waits_at_closing_time_waits_on_until_served(world: tuple[Engine, Asked]) -> None:
    engine, asked = world
    _, task = engine.dial(FLOW)
    await asyncio.sleep(5 * 3600 + 1800)
    assert not task.done()
    asked.too_late = True
    await engine.staff("kari")
    data = await task
    assert [visit.outcome for visit in data.journey] == ["answered"]
    assert data.journey[0].waited_ms > 5 * HOUR_MS


async def test_who_has_waited_in_this_call_is_let_in_again(world: tuple[Engine, Asked]) -> None:
    engine, asked = world
    call, _ = engine.dial(FLOW)
    await asyncio.sleep(60)
    asked.too_late = True
    call.press("1")
    await asyncio.sleep(60)
    assert [entry.closes_ms for entry in asked.wanted] == [BEGINS_MS + 5 * HOUR_MS, 0]


async def test_caller_of_another_node_who_waits_is_let_in(world: tuple[Engine, Asked]) -> None:
    engine, asked = world
    asked.too_late = True
    data = engine.begin(FLOW, "c1")
    data.enter("wait")
    data.entry = Visit(QueueId("q"), BEGINS_MS - HOUR_MS)
    engine.dial(FLOW, "c1", FlowRun.from_data(data.to_data()))
    await asyncio.sleep(60)
    assert [entry.closes_ms for entry in asked.wanted] == [0]


async def test_the_first_of_several_calendars_closes_it(world: tuple[Engine, Asked]) -> None:
    engine, asked = world
    data = engine.begin(FLOW, "c1")
    data.step = "again"
    engine.dial(FLOW, "c1", data)
    await asyncio.sleep(1)
    assert asked.wanted[0].closes_ms == BEGINS_MS + 4 * HOUR_MS


async def test_who_was_told_that_it_closes_has_not_waited(world: tuple[Engine, Asked]) -> None:
    engine, asked = world
    asked.too_late = True
    engine.dial(flow_of(TEXT.replace("closing: too_late\n    always", "closing: again\n    always")))
    await asyncio.sleep(1)
    assert [entry.closes_ms - BEGINS_MS for entry in asked.wanted] == [5 * HOUR_MS, 4 * HOUR_MS]


@pytest.mark.parametrize(
    ("calendars", "settings"),
    [(SHUT, {}), (CALENDARS, {"demo": True})],
    ids=["closed when the call came", "always open"],
)
async def test_who_was_let_in_by_no_calendar_is_not_measured_by_it(
    calendars: Mapping[str, Calendar], settings: Mapping[str, Scalar]
) -> None:
    engine, asked = made(calendars, settings)
    await engine.staff()
    engine.dial(FLOW)
    await asyncio.sleep(1)
    assert [entry.closes_ms for entry in asked.wanted] == [0]
    await engine.close()


async def test_who_is_in_doubt_after_an_answer_is_let_in_again(world: tuple[Engine, Asked]) -> None:
    engine, asked = world
    await engine.staff("kari")
    asked.deaf_to = {"accept"}
    _, task = engine.dial(FLOW)
    await asyncio.sleep(5)
    asked.too_late = True
    await asyncio.sleep(30)
    assert len(asked.wanted) > 1
    assert {entry.closes_ms for entry in asked.wanted[1:]} == {0}
    assert not task.done()


# --- What the node says of itself ---


def node(name: str = "wait") -> Queue:
    found = FLOW.nodes[name]
    assert isinstance(found, Queue)
    return found


def test_closing_is_a_way_with_the_calendars_that_close_it() -> None:
    ways = [(way.kind, way.target, way.detail) for way in node("again").ways()]
    assert ways[-1] == (Kind.CLOSING, "too_late", "office + late")
    assert node("again").needs() == {
        ("queue",): ("queue", "q"),
        ("closes", 0): ("calendar", "office"),
        ("closes", 1): ("calendar", "late"),
    }


@pytest.mark.parametrize(("demo", "there"), [(False, True), (True, False)])
def test_closing_is_a_move_where_it_is_not_always_open(demo: bool, there: bool) -> None:
    kinds = [move.way.kind for move in node().moves(At(known={"demo": demo})) if move.way is not None]
    assert (Kind.CLOSING in kinds) is there
    assert Kind.UNAVAILABLE in kinds


BOTH = "`closes` says when, and `closing` where callers go then: say both"


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("    closing: too_late\n", BOTH),
        ("    closes: office\n", BOTH),
        ("    closes: office\n    closing: too_late\n", "`always_open_when` stands beside `closes`"),
    ],
)
def test_half_of_it_is_a_mistake(left_out: str, said: str) -> None:
    _, marked = load_flow("test.yaml", TEXT.replace(left_out, "", 1))
    assert said in str(marked.problems[0])


def test_closing_that_leads_back_is_a_circle() -> None:
    end = "too_late: {type: hangup, say: {nb: Vi stenger snart.}}"
    flow, marked = load_flow("test.yaml", TEXT.replace(end, "too_late: {type: say, say: {nb: x}, next: again}"))
    assert flow is not None
    check_flow(flow, marked)
    assert any("turns in a circle: too_late > again > too_late" in str(problem) for problem in marked.problems)
