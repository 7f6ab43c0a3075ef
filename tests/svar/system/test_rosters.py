"""Rosters on a whole node: the rostered queue, a reserve who is rung and comes, an absence by command, a release."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sip.events import Accepted
from tests.ivr.sip_lab import Handset
from tests.rtp.phone import until
from tests.svar.system.installation import ROOT, Installation, eventually, running
from tests.svar.system.phones import Phones, answers, phones_at
from tests.svar.system.published import published

pytestmark = pytest.mark.asyncio(loop_scope="module")

Bench = tuple[Installation, Phones]
FLOW = """
flow: desk
title: Desk
numbers: [5000]
languages: [nb]
start: wait
nodes:
  wait: {type: queue, queue: desk, next: bye, overflow: bye, unavailable: bye}
  bye: {type: hangup, say: {nb: Ha det.}}
"""
ROSTER = """
roster: desk
queue: desk
shifts:
  - {days: mon-sun, hours: 00:00-24:00, agents: [anna]}
reserves:
  - {agents: [dag, eva], when: waiting > 1, release_after: 6s, answer_within: 20s}
"""
PARTS = """
[[queue]]
name = "desk"
rostered = true
""" + "".join(f'[[agent]]\nname = "{name}"\nskills = {{ desk = 5 }}\n' for name in ("anna", "bjorn", "dag", "eva"))


def installation(folder: Path) -> Installation:
    flows = folder / "flows"
    (flows / "rosters").mkdir(parents=True)
    (flows / "desk.yaml").write_text(FLOW)
    (flows / "rosters" / "desk.yaml").write_text(ROSTER)
    return Installation(folder, PARTS, flows=flows, mqtt="")


class Reserve:
    """Two kinds of calls come to a reserve: first the question, which is answered by a key, then callers."""

    def __init__(self, phones: Phones, key: str) -> None:
        self.questions = 0
        self.talks: list[Handset] = []
        self._phones = phones
        self._key = key

    async def takes(self, handset: Handset) -> None:
        handset.ring()
        handset.answer()
        if not self.questions:
            self.questions += 1
            await until(lambda: handset.rtp.hear() != [], "the question")
            await self._phones.press(handset, self._key)
        else:
            self.talks.append(handset)


async def shows(node: Installation, name: str, value: float) -> bool:
    """Whether a metric of the desk has that value; one that is not there is 0."""
    return (await node.metrics()).get(f'svar_{name}{{queue="desk"}}', 0.0) == value


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    async with running(installation(tmp_path_factory.mktemp("node"))) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def bench(node: Installation) -> AsyncIterator[Bench]:
    """A node on which anna alone is on duty, and no phone is registered."""
    await eventually(lambda: shows(node, "duty_agents", 1), "anna on duty", 20)
    async with phones_at(node) as phones:
        yield node, phones
        await phones.leave()


async def test_only_who_is_on_duty_is_rung_and_an_absence_counts_at_once(bench: Bench) -> None:
    node, phones = bench
    async with published(node, "duty_changed") as changed:
        await phones.register("bjorn", answers)
        call = await phones.answered_call("5000")
        await eventually(lambda: shows(node, "queue_waiting", 1), "a caller who waits")
        assert phones.rung == [], "bjorn has the skill, and is not on duty"
        assert "nodes that run: n1" in await node.told("roster", "away", "anna", "--for", "1h", "--instead", "bjorn")
        await phones.rings(1)
        assert phones.rung[0][0] == "bjorn"
        await eventually(lambda: changed != [], "the event")
        assert (changed[-1]["queue"], changed[-1]["came"], changed[-1]["went"]) == ("desk", "bjorn", "anna")
        await node.told("roster", "back", "anna")
        await eventually(lambda: len(changed) == 2, "the end of the absence")
        assert call.count(Accepted) == 1
        assert not call.ended, "who talks at the end of a shift talks on"
        second = await phones.answered_call("5000")
        await eventually(lambda: shows(node, "queue_waiting", 1), "a second caller who waits")
        call.hang_up()
        await until(lambda: phones.rung[0][1].ended, "end of bjorn's talk")
        assert len(phones.rung) == 1, "bjorn gets no more calls of the queue"
        second.hang_up()
        await node.quiet()


async def test_a_reserve_is_rung_comes_serves_and_is_released(bench: Bench) -> None:
    node, phones = bench
    async with (
        published(node, "reserve_answered") as answered,
        published(node, "reserve_released") as released,
    ):
        dag = Reserve(phones, "1")
        await phones.register("dag", dag.takes)
        first = await phones.answered_call("5000")
        second = await phones.answered_call("5000")
        await eventually(lambda: dag.talks != [], "a caller for the reserve", 20, lambda: node.log()[-3000:])
        await eventually(lambda: answered != [], "the answer")
        assert [(one["agent"], one["answer"], one["by"]) for one in answered] == [("dag", "yes", "key")]
        assert "dag (called in)" in await node.told("roster", "today", "desk")
        dag.talks[0].hang_up()
        await eventually(lambda: len(dag.talks) == 2, "the second caller for the reserve", 20)
        dag.talks[1].hang_up()
        await until(lambda: first.ended and second.ended, "the callers' end", deadline_s=10)
        await eventually(lambda: released != [], "the release", 20)
        assert (released[0]["agent"], released[0]["cause"]) == ("dag", "quiet")
        await eventually(lambda: shows(node, "duty_agents", 1), "anna alone on duty")
        await node.quiet()


async def test_who_says_no_makes_room_for_the_next(bench: Bench) -> None:
    node, phones = bench
    async with published(node, "reserve_answered") as answered:
        dag, eva = Reserve(phones, "2"), Reserve(phones, "1")
        await phones.register("dag", dag.takes)
        await phones.register("eva", eva.takes)
        calls = [await phones.answered_call("5000") for _ in range(2)]
        await eventually(lambda: eva.talks != [], "a caller for the second reserve", 20)
        await eventually(lambda: len(answered) == 2, "both answers")
        assert [(one["agent"], one["answer"]) for one in answered] == [("dag", "no"), ("eva", "yes")]
        for call in calls:
            call.hang_up()
        await node.quiet()


def municipalities(folder: Path) -> Installation:
    """The shared desk as it is shipped, with a shift that is always on: it is whatever time it is."""
    flows = folder / "flows"
    shipped = ROOT / "flows"
    for name in ("fjellvik", "desk", "shared/desk", "calendars/desk", "rosters/desk"):
        (flows / name).parent.mkdir(parents=True, exist_ok=True)
        text = (shipped / f"{name}.yaml").read_text()
        if name == "rosters/desk":
            shifts = "shifts:\n  - {days: mon-sun, hours: 00:00-24:00, agents: [anna]}\n"
            text = re.sub(r"shifts:\n(?:  - .*\n)+", shifts, text)
            text = re.sub(r"absences:\n(?:  - .*\n)+", "", text)
        (flows / f"{name}.yaml").write_text(text)
    named = "".join(
        f'[[destination]]\nname = "{name}"\nuri = "sip:{name}@127.0.0.1:9"\n'
        for name in ("payroll", "it_support", "caretaker", "schools")
    )
    parts = f'{PARTS}{named}[[mailbox]]\nname = "fjellvik"\n'
    return Installation(folder, parts, flows=flows, settings="{ demo = true }", mqtt="")


async def test_the_municipalities_desk_calls_its_reserve_in_when_more_than_two_wait(tmp_path: Path) -> None:
    node = municipalities(tmp_path)
    async with running(node), phones_at(node) as phones, published(node, "reserve_called") as called:
        bjorn = Reserve(phones, "1")
        await phones.register("bjorn", bjorn.takes)
        calls = [await phones.answered_call("5101") for _ in range(2)]
        await eventually(lambda: shows(node, "queue_waiting", 2), "two who wait", 30)
        assert bjorn.questions == 0
        calls.append(await phones.answered_call("5101"))
        await eventually(lambda: bjorn.talks != [], "a caller for the reserve", 40, lambda: node.log()[-3000:])
        await eventually(lambda: called != [], "the event")
        assert (called[0]["agent"], called[0]["why"], called[0]["waiting"]) == ("bjorn", "waiting > 2 or wait > 180", 3)
        for call in calls:
            call.hang_up()
        await node.quiet()
