"""What users of other systems asked for in vain, of a whole node with real SIP phones."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.ivr.sip_lab import Handset
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, eventually, running
from tests.svar.system.phones import Phones, answers, lets_it_ring, phones_at, refuses, talks_for
from tests.svar.system.sites import country

pytestmark = pytest.mark.asyncio(loop_scope="module")

PARTS = """
[[queue]]
name = "work"
offer_s = 2
[[agent]]
name = "anna"
skills = { work = 5 }
[[agent]]
name = "bjorn"
skills = { work = 5 }
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    async with running(Installation(tmp_path_factory.mktemp("node"), PARTS)) as installation:
        yield installation


class Scene:
    """A node where nobody is in a call, and the phones of a test. It counts from the test's beginning."""

    def __init__(self, node: Installation, phones: Phones) -> None:
        self.node = node
        self.phones = phones
        self._balance: tuple[int, ...] = ()
        self._records = 0

    async def begin(self) -> None:
        self._balance = await self.node.balance()
        self._records = len(self.node.records())

    async def balance(self) -> tuple[int, ...]:
        now = await self.node.balance()
        return tuple(one - before for one, before in zip(now, self._balance, strict=True))

    def records(self) -> list[dict[str, Any]]:
        return self.node.records()[self._records :]


@pytest_asyncio.fixture(loop_scope="module")
async def scene(shared: Installation) -> AsyncIterator[Scene]:
    async with phones_at(shared) as phones:
        made = Scene(shared, phones)
        await made.begin()
        yield made
        await phones.leave()


async def waiting_caller(node: Installation, phones: Phones, waiting: int = 1) -> Handset:
    caller = await phones.answered_call()
    await asyncio.sleep(0.3)
    await phones.press(caller, "2")

    async def waits() -> bool:
        return (await node.balance())[4] == waiting

    await eventually(waits, f"caller number {waiting} in the queue")
    return caller


async def test_ask_01_an_agent_who_answers_too_late_does_not_share_the_call(scene: Scene) -> None:
    """Two agents answer one call: of two phones that answer, the one whose offer has run out gets no talk."""
    node, phones = scene.node, scene.phones

    async def late(handset: Handset) -> None:
        """Answers as the ringing ends, at the same moment as the CANCEL."""
        handset.ring()
        await asyncio.sleep(1.99)
        if not handset.ended:
            handset.answer()

    await phones.register("anna", late)
    caller = await waiting_caller(node, phones)
    await phones.rings()
    await phones.register("bjorn", answers)

    async def somebody_talks() -> bool:
        return (await node.agents()).get("talking", 0) == 1

    await eventually(somebody_talks, "a talk", 15, node.agents)
    await asyncio.sleep(3)
    assert (await node.agents()).get("talking", 0) == 1
    talking = [name for name, handset in phones.rung if not handset.ended]
    assert len(talking) == 1, "one phone has the caller, and the other's call is over"
    caller.hang_up()
    await node.quiet()
    assert await scene.balance() == (1, 1, 0, 0, 0)


async def test_ask_04_callers_of_two_nodes_wait_in_one_queue_for_an_agent_of_one(tmp_path: Path) -> None:
    """One queue over several nodes: whoever came first at either node is served first, by a phone at the second."""
    async with country(tmp_path, PARTS, ["anna", "bjorn"]) as made:
        here, there = made.nodes
        async with phones_at(here) as phones, phones_at(there) as others:
            callers = []
            for count, (node, lines) in enumerate(((here, phones), (there, others), (here, phones)), 1):
                callers.append(await waiting_caller(node, lines, count))
            await others.register("anna", talks_for(0.5))
            for count in (1, 2, 3):
                await until(callers[count - 1].is_over, f"end of call {count}", deadline_s=15)
                assert [caller.ended for caller in callers] == [True] * count + [False] * (3 - count)


async def test_ask_05_a_caller_who_waits_stays_while_redis_is_restarted_and_is_not_abandoned(scene: Scene) -> None:
    """Waiting calls dropped or marked abandoned at a restart: Redis is killed, the caller waits on and is answered."""
    node, phones = scene.node, scene.phones
    caller = await waiting_caller(node, phones)
    killed = node.child("-server")
    os.kill(killed, signal.SIGKILL)

    def another() -> bool:
        try:
            return node.child("-server") != killed
        except (AssertionError, FileNotFoundError):
            return False

    await eventually(another, "another Redis")
    assert not caller.ended
    await phones.register("anna", talks_for(0.3))
    await until(caller.is_over, "end of the call", deadline_s=15)
    await node.quiet(20)
    assert await scene.balance() == (1, 1, 0, 0, 0)
    (record,) = scene.records()
    assert record["outcome"] == "answered"


async def test_ask_06_an_agent_whose_phone_went_away_is_offered_no_more_calls(tmp_path: Path) -> None:
    """An agent whose phone is gone is still offered calls: it rings nowhere, once, and the next caller is another's."""
    async with running(Installation(tmp_path, PARTS)) as node, phones_at(node) as phones:
        async with phones_at(node) as gone:
            await gone.register("anna", lets_it_ring)

            async def ready() -> bool:
                return (await node.agents()).get("ready", 0) == 1

            await eventually(ready, "a ready agent", instead=node.agents)
        caller = await waiting_caller(node, phones)

        async def nobody_offered() -> bool:
            return not (await node.agents()).get("offered", 0)

        await eventually(nobody_offered, "the end of the only offer", 10, node.agents)
        await phones.register("bjorn", talks_for(0.3))
        await until(caller.is_over, "end of the call", deadline_s=15)
        second = await phones.answered_call()
        await asyncio.sleep(0.3)
        await phones.press(second, "2")
        await until(second.is_over, "end of the second call", deadline_s=15)

        async def both_answered() -> bool:
            return await node.balance() == (2, 2, 0, 0, 0)

        await eventually(both_answered, "two answered calls", instead=node.balance)
        assert await node.total("svar_offers_total") == 3, "anna was rung once, bjorn twice"


async def test_ask_07_a_caller_whom_an_agent_rejects_stays_and_is_next(scene: Scene) -> None:
    """A rejected call drops the caller: the first in line, rejected by anna, is bjorn's before the second."""
    node, phones = scene.node, scene.phones
    await phones.register("anna", refuses(603))
    first = await waiting_caller(node, phones)
    second = await waiting_caller(node, phones, 2)
    assert not first.ended
    await phones.register("bjorn", talks_for(0.5))
    await until(first.is_over, "end of the first call", deadline_s=15)
    assert not second.ended, "who came first was served first"
    await until(second.is_over, "end of the second call", deadline_s=15)
    await node.quiet()
    assert await scene.balance() == (2, 2, 0, 0, 0)
    offers = [name for name, _ in phones.rung]
    assert offers == ["anna", "bjorn", "bjorn"]


TWO_QUEUES = """
[[queue]]
name = "first"
[[queue]]
name = "second"
[[agent]]
name = "anna"
skills = { first = 5 }
[[agent]]
name = "bjorn"
skills = { second = 5 }
[talk.numbers]
31 = "queue:second"
"""
TRUNK = """
[[trunk]]
name = "carrier"
networks = ["127.0.0.2/32"]
"""
STRAIGHT = """
flow: {queue}
title: Test
numbers: [{number}]
languages: [nb]
start: wait
nodes:
  wait: {{type: queue, queue: {queue}, overflow: bye, unavailable: bye, next: bye}}
  bye: {{type: hangup, say: {{nb: Ha det bra.}}}}
"""


async def test_ask_10_whoever_is_transferred_to_a_queue_keeps_the_wait_of_the_whole_journey(tmp_path: Path) -> None:
    """Place lost on transfer: 4 s in the first queue count in the second, where another has waited for 2 s."""
    flows = {
        f"{queue}.yaml": STRAIGHT.format(queue=queue, number=number)
        for queue, number in (("first", 5000), ("second", 5001))
    }
    installation = Installation(tmp_path, TWO_QUEUES, flows=flows, trunks=TRUNK)
    async with (
        running(installation) as node,
        phones_at(node) as phones,
        phones_at(node, "127.0.0.2") as lines,
    ):
        moved = await lines.answered_call("5000")
        await asyncio.sleep(4)
        await phones.register("anna", answers)
        anna = await phones.rings()
        await anna.connected()
        waits_too = await lines.answered_call("5001")
        await asyncio.sleep(1)
        for key in "*231#":
            anna.rtp.press(key)
            await asyncio.sleep(0.25)
        await until(anna.is_over, "anna on the hook", deadline_s=10)
        await phones.register("bjorn", talks_for(0.5))
        await until(moved.is_over, "end of the call that was transferred", deadline_s=15)
        assert not waits_too.ended
        await until(waits_too.is_over, "end of the other call", deadline_s=15)
        await node.quiet()
        record = next(one for one in node.records() if one["flow"] == "first")
        visits = json.loads(record["visits"])
        assert [visit["queue"] for visit in visits] == ["first", "second"]
        assert record["total_waited_ms"] >= sum(visit["waited_ms"] for visit in visits) - 100
        assert visits[0]["waited_ms"] >= 3_500
        assert record["bounces"] == 1
        for queue in ("first", "second"):
            offered, answered, *rest = await node.balance(queue)
            assert (offered, rest) == (answered, [0, 0, 0])
