"""Reserves in service: one call at a time over all nodes, the phone asked, a yes on duty, and everybody released."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import pytest

from acd.distributor import Refused, Unavailable
from acd.duty import Away, By, Change, DutyInOneProcess, Standing, go_away, make
from acd.model import AgentId, QueueId
from events.catalogue import AgentStateChanged, Event
from events.sink import MemorySink
from ivr.files.marked_yaml import read
from ivr.files.roster_file import RosterFile
from ivr.files.validation import validated
from ivr.language.roster import Reserve, Roster
from ivr.over_sip.telephony import Background, Identity
from svar.reserves import Reserves
from svar.rosters_in_service import RostersInService

DESK = """
roster: desk
queue: desk
shifts: [{days: mon-sun, hours: 00:00-24:00, agents: [anna]}]
reserves: [{agents: [dag, eva], when: waiting > 2 or wait > 180, release_after: 10m, answer_within: 30s, notice: pager}]
"""
NOW = 1_764_000_000_000


def roster(text: str = DESK) -> Roster:
    found = validated(RosterFile, read("r.yaml", text))
    assert found is not None
    return found.made()


class World:
    """What all nodes share: the store, the numbers of queues, agents' states, and a distributor that notes."""

    def __init__(self) -> None:
        self.now_ms = NOW
        self.sink = MemorySink()
        self.kept = DutyInOneProcess(self.sink)
        self.waiting = (0, 0)
        self.states: dict[str, str] = {}
        self.rosters: Mapping[str, Roster] = {"desk": roster()}
        self.duty: dict[str, list[str]] = {}
        self.done: list[tuple[str, str]] = []
        self.refuses = self.away = False

    def told(self) -> list[tuple[str, str]]:
        return [
            (str(getattr(event, "answer", getattr(event, "cause", event.kind))), str(getattr(event, "agent", "")))
            for event in self.sink.events
        ]

    def queue(self, queue: str) -> tuple[int, int]:
        return self.waiting

    def state(self, agent: str) -> str:
        return self.states.get(agent, "logged_out")

    async def on_duty(self, queue: QueueId, agents: Sequence[AgentId]) -> None:
        self.duty[queue] = list(agents)

    async def log_in(self, agent: AgentId, *, ready: bool = True) -> None:
        if self.refuses:
            raise Refused("NOAGENT", agent)
        self.done.append(("log_in", agent))

    async def ready(self, agent: AgentId) -> None:
        self.done.append(("ready", agent))

    async def standing(self) -> Standing:
        if self.away:
            raise Unavailable("away")
        return await self.kept.standing()

    async def change(self, expected: int, change: Change) -> Standing | None:
        return await self.kept.change(expected, change)

    async def duty_told(self, queue: str) -> frozenset[str] | None:
        return None

    async def changed(self, after: int, within_s: float) -> None:
        await self.kept.changed(after, within_s)


class Node:
    """One node; whom it asks stands in `asked` until the test answers."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.asked: list[tuple[str, float]] = []
        self.cancelled: list[str] = []
        self.told: list[tuple[str, str]] = []
        self.answers: dict[str, asyncio.Future[str]] = {}
        self.background = Background()
        self.rosters = RostersInService(world, world, lambda: world.rosters, Identity("t", name, lambda: world.now_ms))
        self.reserves = Reserves(self.rosters, world, self, world, self.background)

    async def look(self, after_ms: int = 0) -> None:
        self.world.now_ms += after_ms
        await self.rosters.look()
        await self.reserves.look()
        await self.settled()

    async def settled(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    async def ask(self, agent: str, queue: str, reserve: Reserve, within_s: float) -> str:
        self.asked.append((agent, within_s))
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.answers[agent] = answer
        try:
            return await answer
        except asyncio.CancelledError:
            self.cancelled.append(agent)
            raise

    def tell(self, service: str, event: Event) -> None:
        self.told.append((service, event.kind))

    async def answer(self, agent: str, answer: str) -> None:
        self.answers[agent].set_result(answer)
        await self.settled()

    def logged_in(self, agent: str, at_ms: int) -> None:
        self.reserves.heard(
            AgentStateChanged(
                at_ms=at_ms, tenant="t", node="n9", agent=agent, site="s", state="ready", reason="",
                previous="logged_out", lasted_ms=1,
            )
        )  # fmt: skip


@pytest.fixture
async def world() -> World:
    return World()


@pytest.fixture
async def node(world: World) -> Node:
    return Node(world, "n1")


@pytest.fixture
async def other(world: World) -> Node:
    return Node(world, "n2")


async def test_nobody_is_called_while_it_is_quiet(world: World, node: Node) -> None:
    world.waiting = (2, 180)
    await node.look()
    assert (node.asked, world.sink.events) == ([], [])


@pytest.mark.parametrize("waiting", [(3, 0), (1, 181)])
async def test_a_reserve_is_called_when_the_rule_holds_and_comes(
    world: World, node: Node, waiting: tuple[int, int]
) -> None:
    world.waiting = waiting
    await node.look()
    assert node.asked == [("dag", 30.0)]
    assert node.told == [("pager", "reserve_called")]
    assert world.duty == {"desk": ["anna"]}
    await node.answer("dag", "yes")
    assert world.duty == {"desk": ["anna", "dag"]}
    assert world.done == [("log_in", "dag"), ("ready", "dag")]
    world.waiting = (0, 0)
    await node.look(after_ms=604_999)
    assert world.duty == {"desk": ["anna", "dag"]}
    await node.look(after_ms=1)
    assert world.duty == {"desk": ["anna"]}
    assert world.told() == [("reserve_called", "dag"), ("yes", "dag"), ("quiet", "dag")]
    assert node.told == [("pager", "reserve_called"), ("pager", "reserve_released")]


async def test_of_two_nodes_one_calls(world: World, node: Node, other: Node) -> None:
    world.waiting = (3, 0)
    await asyncio.gather(node.look(), other.look())
    await asyncio.gather(node.look(), other.look())
    assert len(node.asked) + len(other.asked) == 1
    assert world.told() == [("reserve_called", "dag")]


@pytest.mark.parametrize("answer", ["no", "no_answer", "unreachable"])
async def test_who_does_not_come_makes_room_for_the_next_at_once(world: World, node: Node, answer: str) -> None:
    world.waiting = (3, 0)
    await node.look()
    await node.answer("dag", answer)
    assert [agent for agent, _ in node.asked] == ["dag", "eva"]
    assert world.told()[1] == (answer, "dag")
    assert world.done == []


async def test_a_node_that_died_while_it_asked_is_outlived(world: World, node: Node, other: Node) -> None:
    world.waiting = (3, 0)
    await node.look()
    await other.look(after_ms=33_000)
    assert [agent for agent, _ in other.asked] == ["eva"]
    await node.look()
    assert node.cancelled == ["dag"]


async def test_a_yes_that_comes_late_counts(world: World, node: Node, other: Node) -> None:
    world.waiting = (3, 0)
    await node.look()
    await other.look(after_ms=33_000)
    await node.answer("dag", "yes")
    assert world.duty == {"desk": ["anna", "dag"]}


async def test_who_logs_in_while_being_called_comes_and_the_phone_rings_no_more(
    world: World, node: Node, other: Node
) -> None:
    world.waiting = (3, 0)
    await node.look()
    await other.look()
    other.logged_in("dag", NOW - 1)
    await other.settled()
    assert world.duty == {"desk": ["anna"]}, "that was before the call"
    other.logged_in("eva", NOW + 1)
    other.logged_in("dag", NOW + 1)
    node.logged_in("dag", NOW + 1)
    await other.settled()
    assert world.duty == {"desk": ["anna", "dag"]}
    await node.look()
    assert node.cancelled == ["dag"]
    assert world.told() == [("reserve_called", "dag"), ("yes", "dag")]


async def test_who_is_told_alone_is_waited_for(world: World, node: Node) -> None:
    world.waiting = (3, 0)
    await node.look()
    await node.answer("dag", "")
    await node.look(after_ms=29_999)
    assert len(node.asked) == 1
    await node.look(after_ms=1)
    assert [agent for agent, _ in node.asked] == ["dag", "eva"]


async def test_who_is_away_at_work_or_on_duty_already_is_not_called(world: World, node: Node) -> None:
    world.waiting = (3, 0)
    await make(world.kept, lambda seen: go_away(seen, Away("dag", NOW + 60_000), NOW, By("k", "t", "c")))
    world.states["eva"] = "talking"
    await node.look()
    assert node.asked == []
    world.states["eva"] = "ready"
    await node.look()
    assert node.asked == [("eva", 30.0)]
    world.rosters = {"desk": roster(DESK.replace("agents: [anna]", "agents: [anna, dag]"))}
    await node.look(after_ms=60_000)
    assert len(node.asked) == 1


async def test_a_rule_may_ask_how_many_are_there(world: World, node: Node) -> None:
    world.rosters = {"desk": roster(DESK.replace("waiting > 2 or wait > 180", "agents < 1 and waiting > 0"))}
    world.waiting = (1, 5)
    world.states["anna"] = "talking"
    await node.look()
    assert node.asked == []
    world.states["anna"] = "logged_out"
    await node.look()
    assert node.asked == [("dag", 30.0)]


async def test_a_roster_that_is_gone_ends_its_calls(world: World, node: Node) -> None:
    world.waiting = (3, 0)
    await node.look()
    await node.answer("dag", "yes")
    world.rosters = {}
    await node.look()
    assert world.told()[-1] == ("roster_changed", "dag")
    assert (await world.kept.standing()).calls == ()


async def test_what_is_seen_of_reserves_names_no_caller(world: World, node: Node) -> None:
    await node.look()
    none = {"state": "none", "queue": "desk", "why": None, "until_ms": None}
    assert node.reserves.topics() == {"reserve/dag": none, "reserve/eva": none}
    world.waiting = (3, 0)
    await node.look()
    await node.rosters.look()
    why = "waiting > 2 or wait > 180"
    called = {"state": "called", "queue": "desk", "why": why, "until_ms": NOW + 30_000}
    assert node.reserves.topics() == {"reserve/dag": called, "reserve/eva": none}
    assert node.reserves.figures() == {("desk/1", "called"): 1, ("desk/1", "on_duty"): 0}
    await node.answer("dag", "yes")
    assert node.reserves.topics()["reserve/dag"] == {**called, "state": "on_duty", "until_ms": None}


async def test_who_cannot_be_logged_in_is_on_duty_all_the_same(world: World, node: Node) -> None:
    world.waiting, world.refuses = (3, 0), True
    await node.look()
    await node.answer("dag", "yes")
    assert world.duty == {"desk": ["anna", "dag"]}
    assert world.done == []


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the ports tell nobody
            await asyncio.sleep(0)


async def test_the_loop_outlives_a_store_that_is_away_and_ends_what_it_asks(world: World, node: Node) -> None:
    world.waiting = (3, 0)
    world.away = True
    running = asyncio.create_task(node.reserves.run())
    await node.settled()
    world.away = False
    await until(lambda: node.asked != [])
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await node.settled()
    assert node.cancelled == ["dag"]
