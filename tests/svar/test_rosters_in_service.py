"""A node tells the distributor who is on duty: at each boundary, on publish, on absence, and after Redis was away."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import pytest

from acd.call_ins import Rule, Seen, answered, step
from acd.distributor import Refused, Unavailable
from acd.duty import Away, By, Change, DutyInOneProcess, Standing, come_back, go_away, make
from acd.model import AgentId, QueueId
from events.sink import MemorySink
from ivr.files.marked_yaml import read
from ivr.files.roster_file import RosterFile
from ivr.files.validation import validated
from ivr.language.calendar import OSLO
from ivr.language.roster import Roster
from ivr.over_sip.telephony import Identity
from svar.rosters_in_service import RostersInService

DESK = """
roster: desk
queue: desk
shifts:
  - {days: mon-fri, hours: 08:00-11:00, agents: [anna]}
  - {days: mon-fri, hours: 11:00-14:00, agents: [bjorn]}
absences: [{agent: anna, days: 2026-11-25, instead: cato}]
reserves: [{agents: [dag], when: waiting > 2, release_after: 30m}]
"""
NIGHT = "roster: night\nqueue: night\nshifts: [{days: mon-sun, hours: 00:00-24:00, agents: [eva]}]\n"
KARI = By("kari", "t", "cli")


def roster(text: str) -> Roster:
    found = validated(RosterFile, read("r.yaml", text))
    assert found is not None
    return found.made()


def at(text: str) -> int:
    return round(datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=OSLO).timestamp() * 1000)


class Bench:
    """A store that may be away, a distributor that notes what it is told, and two nodes. Time stands until moved."""

    def __init__(self) -> None:
        self.now_ms = at("2026-11-24 10:59")
        self.sink = MemorySink()
        self.kept = DutyInOneProcess(self.sink)
        self.store_away = self.distributor_away = False
        self.refused = 0
        self.unknown: set[str] = set()
        self.told: list[tuple[str, list[str]]] = []
        self.rosters: Mapping[str, Roster] = {"desk": roster(DESK)}
        self.node, self.other = (
            RostersInService(self, self, lambda: self.rosters, Identity("t", name, lambda: self.now_ms))
            for name in ("n1", "n2")
        )

    async def away(self, agent: str = "anna", for_ms: int = 600_000, instead: str = "") -> None:
        wish = Away(agent, self.now_ms + for_ms, instead)
        await make(self.kept, lambda seen: go_away(seen, wish, self.now_ms, KARI))

    # The store and the distributor, as the nodes see them.

    async def standing(self) -> Standing:
        self._there()
        return await self.kept.standing()

    async def change(self, expected: int, change: Change) -> Standing | None:
        self._there()
        return await self.kept.change(expected, change)

    async def changed(self, after: int, within_s: float) -> None:
        self._there()
        await self.kept.changed(after, within_s)

    async def duty_told(self, queue: str) -> frozenset[str] | None:
        return next((frozenset(agents) for told, agents in reversed(self.told) if told == queue), None)

    async def on_duty(self, queue: QueueId, agents: Sequence[AgentId]) -> None:
        if self.distributor_away:
            raise Unavailable("away")
        if queue in self.unknown:
            raise Refused("NOQUEUE", queue)
        self.told.append((queue, list(agents)))

    def _there(self) -> None:
        if self.store_away:
            self.refused += 1
            raise Unavailable("away")


@pytest.fixture
async def bench() -> Bench:
    return Bench()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the ports tell nobody
            await asyncio.sleep(0)


async def test_a_node_tells_who_is_on_duty_at_the_start_and_once(bench: Bench) -> None:
    await bench.node.start()
    await bench.node.look()
    assert bench.told == [("desk", ["anna"])]
    assert bench.node.figures() == {("desk",): 1}
    assert bench.node.topics() == {"duty/desk": {"queue": "desk", "agents": 1, "on_duty": "anna"}}


async def test_each_boundary_of_a_shift_is_told(bench: Bench) -> None:
    await bench.node.look()
    for minute in ("2026-11-24 11:00", "2026-11-24 13:59", "2026-11-24 14:00", "2026-11-25 08:00"):
        bench.now_ms = at(minute)
        await bench.node.look()
    assert bench.told == [("desk", ["anna"]), ("desk", ["bjorn"]), ("desk", []), ("desk", ["cato"])]


async def test_what_is_published_counts_at_the_next_look(bench: Bench) -> None:
    await bench.node.look()
    bench.rosters = {"desk": roster(DESK.replace("[anna]", "[anna, gro]")), "night": roster(NIGHT)}
    await bench.node.look()
    bench.rosters = {"night": bench.rosters["night"]}
    await bench.node.look()
    await bench.node.look()
    assert bench.told == [("desk", ["anna"]), ("desk", ["anna", "gro"]), ("night", ["eva"]), ("desk", [])]


async def test_two_rosters_of_a_queue_add_up(bench: Bench) -> None:
    bench.rosters = {"desk": roster(DESK), "more": roster(NIGHT.replace("queue: night", "queue: desk"))}
    await bench.node.look()
    assert bench.told == [("desk", ["anna", "eva"])]


async def test_an_absence_by_command_counts_on_every_node_and_ends_by_itself(bench: Bench) -> None:
    await bench.node.look()
    await bench.away(for_ms=60_000, instead="gro")
    await bench.node.look()
    await bench.other.look()
    assert bench.told[1:] == [("desk", ["gro"]), ("desk", ["gro"])]
    assert bench.node.away_figures() == {(): 1}
    bench.now_ms += 59_999
    await bench.node.look()
    bench.now_ms = at("2026-11-24 10:59") + 60_000 - 1
    assert "anna" in bench.node.away(bench.rosters["desk"])
    bench.now_ms = at("2026-11-25 09:00")
    await bench.node.look()
    await bench.other.look()
    assert bench.told[3:] == [("desk", ["cato"]), ("desk", ["cato"])]
    assert [event.kind for event in bench.sink.events] == ["agent_away", "agent_back"]


async def test_who_comes_back_is_on_duty_within_the_shift(bench: Bench) -> None:
    await bench.away()
    await bench.node.look()
    await make(bench.kept, lambda seen: come_back(seen, "anna", bench.now_ms, KARI))
    await bench.node.look()
    assert bench.told == [("desk", []), ("desk", ["anna"])]


async def test_a_reserve_who_came_is_on_duty_unless_away(bench: Bench) -> None:
    rule = Rule("desk/1", "desk", "waiting > 2", ("dag",), 60_000, 60_000)
    await make(
        bench.kept, lambda seen: step(seen, rule, Seen(holds=True, now_ms=bench.now_ms, callable_now=("dag",)), KARI)
    )
    await make(bench.kept, lambda seen: answered(seen, "dag", "yes", "key", bench.now_ms, KARI))
    await bench.node.look()
    await bench.away("dag")
    await bench.node.look()
    assert bench.told == [("desk", ["anna", "dag"]), ("desk", ["anna"])]


async def test_the_change_is_told_once_redis_is_there_again(bench: Bench) -> None:
    await bench.node.start()
    running = asyncio.create_task(bench.node.run())
    await asyncio.sleep(0)
    bench.store_away = bench.distributor_away = True
    bench.now_ms = at("2026-11-24 11:00")
    await bench.away("eva")  # wakes it
    await until(lambda: bench.refused > 0)
    assert bench.told == [("desk", ["anna"])]
    bench.store_away = bench.distributor_away = False
    await until(lambda: bench.told[-1] == ("desk", ["bjorn"]))
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_node_starts_though_redis_is_away(bench: Bench) -> None:
    bench.store_away = True
    await bench.node.start()
    assert bench.told == []
    assert bench.node.duty() == {"desk": {"anna"}}


async def test_a_change_wakes_a_node_that_follows(bench: Bench) -> None:
    await bench.node.start()
    running = asyncio.create_task(bench.node.run())
    await asyncio.sleep(0)
    await bench.away()
    await until(lambda: bench.told[-1] == ("desk", []))
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_what_the_store_has_forgotten_it_is_given_again(bench: Bench) -> None:
    await bench.away()
    await bench.node.look()
    bench.kept = DutyInOneProcess(bench.sink)
    await bench.node.look()
    assert [one.agent for one in (await bench.kept.standing()).away] == ["anna"]
    assert bench.told == [("desk", []), ("desk", [])], "the distributor has forgotten it too"
    bench.node.forgotten()
    await bench.node.look()
    assert len(bench.told) == 3


async def test_what_the_distributor_has_is_left_to_whoever_told_it_last(bench: Bench) -> None:
    """So a node that is behind undoes nothing; one that finds it forgotten tells it again."""
    node = RostersInService(bench, bench, lambda: bench.rosters, bench.node.identity, again_s=0.0)
    await node.look()
    bench.told.append(("desk", ["eva"]))  # by a node that is ahead
    await node.look()
    assert bench.told[-1] == ("desk", ["eva"])
    bench.told.clear()
    await node.look()
    assert bench.told == [("desk", ["anna"])]


async def test_a_queue_that_is_none_holds_up_no_other(bench: Bench) -> None:
    bench.unknown = {"desk"}
    bench.rosters = {"desk": roster(DESK), "night": roster(NIGHT)}
    await bench.node.look()
    assert bench.told == [("night", ["eva"])]
