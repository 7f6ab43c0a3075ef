"""Callers who are rung back by a whole node: promised in a flow, rung with an agent, and what hinders it."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from sip.message.uri import SipUri
from tests.ivr.sip_lab import Handset
from tests.ports import free_port
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, eventually, running
from tests.svar.system.phones import Phones, answers, lets_it_ring, phones_at, refuses
from tests.svar.system.test_talks import together

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = itertools.count(22334455)
NUMBER_OF = {"agent_first": "5000", "caller_first": "5001"}
PARTS = """
[[queue]]
name = "work"
offer_s = 5
[[agent]]
name = "anna"
skills = {{ work = 5 }}
rest_s = 1
[[agent]]
name = "bob"
skills = {{ other = 5 }}
[talk.numbers]
21 = "agent:bob"
[[trunk]]
name = "loopback"
networks = ["127.0.0.0/8"]
trusted = true
[[trunk]]
name = "carrier"
address = "sip:127.0.0.1:{port}"
[trunk.account]
number = "+4755553333"
[outbound]
trunk = "carrier"
[outbound.caps]
per_hour = {per_hour}
[callbacks]
tries = 1
ring_s = 3
[callbacks.says]
nb = "Hei."
[callbacks.tells]
nb = "Tilbakeringing."
"""
FLOW = """
flow: ORDER
title: Test
numbers: [NUMBER]
languages: [nb]
start: again
nodes:
  again:
    type: returning
    say: {nb: Tast ni.}
    stands: bye
    next: wait
  wait:
    type: queue
    queue: work
    waiting: {keys: {1: back}}
    overflow: bye
    unavailable: bye
    next: bye
  back:
    type: callback
    queue: work
    order: ORDER
    say: {nb: Riktig?}
    ask: {nb: Nummer?}
    attempts: 1
    wait: 2s
    done: bye
    refused: sorry
    unavailable: sorry
  bye: {type: hangup}
  sorry: {type: hangup, say: {nb: Beklager.}}
"""


@dataclass
class Town:
    """A node, its agents' phones and those of the people whom it rings back; nobody has rung from their numbers."""

    node: Installation
    phones: Phones
    service: str = "5000"
    before: dict[str, float] = field(default_factory=dict)
    balance_before: tuple[int, ...] = (0, 0, 0, 0, 0)
    records_before: int = 0

    def __post_init__(self) -> None:
        self.ann, self.bob, self.cid = (f"+47{next(NUMBERS)}" for _ in range(3))

    async def begin(self) -> None:
        self.before = await self.node.metrics()
        self.balance_before = await self.node.balance()
        self.records_before = len(self.node.records())

    async def balance(self) -> tuple[int, ...]:
        """Since the test began."""
        now = await self.node.balance()
        return tuple(one - before for one, before in zip(now, self.balance_before, strict=True))

    def records(self) -> list[dict[str, Any]]:
        """Those of the test."""
        return self.node.records()[self.records_before :]

    def call(self, number: str) -> Handset:
        """Somebody rings, and the trunk vouches for the number."""
        handset = self.phones._handset()
        server = self.phones.server
        asserted = (("P-Asserted-Identity", f"<sip:{number}@carrier.example>"),)
        uri = SipUri(self.service, server.host, server.port)
        handset.dial(uri, server, handset.rtp.sdp(), user="anonymous", headers=asserted)
        return handset

    async def waits(self, number: str) -> Handset:
        """A caller in the queue."""
        before = await self.node.total("svar_queue_offered_total")
        handset = self.call(number)
        await handset.connected()
        await eventually(lambda: self._offered(before), "a caller in the queue")
        return handset

    async def _offered(self, before: float) -> bool:
        return await self.node.total("svar_queue_offered_total") > before

    async def promised(self, number: str) -> None:
        """A caller who was promised to be rung back."""
        before = await self.node.total("svar_callbacks_promised_total")
        await self.wishes(number)
        await eventually(lambda: self._promised(before), "a promise")

    async def _promised(self, before: float) -> bool:
        return await self.node.total("svar_callbacks_promised_total") > before

    async def wishes(self, number: str) -> Handset:
        handset = await self.waits(number)
        handset.rtp.press("1")
        await asyncio.sleep(0.3)
        handset.rtp.press("1")
        await until(lambda: handset.ended, "the end of the call", deadline_s=10)
        return handset

    async def ended(self, outcome: str) -> None:
        """A promise has ended so."""

        async def found() -> bool:
            return any(
                name.startswith("svar_callbacks_ended_total")
                and f'"{outcome}"' in name
                and count > self.before.get(name, 0)
                for name, count in (await self.node.metrics()).items()
            )

        await eventually(found, f"a promise that is {outcome}", 15, self.node.metrics)

    @property
    def rung(self) -> list[str]:
        return [name for name, _ in self.phones.rung]


def installation(folder: Path, port: int, per_hour: int) -> Installation:
    flows = {
        f"{order}.yaml": FLOW.replace("ORDER", order).replace("NUMBER", number) for order, number in NUMBER_OF.items()
    }
    return Installation(folder, PARTS.format(port=port, per_hour=per_hour), flows=flows, trunks="")


@asynccontextmanager
async def town(folder: Path, per_hour: int = 10) -> AsyncIterator[Town]:
    """With a node of its own, for tests that kill it or count what it does in all."""
    port = free_port()
    node = installation(folder, port, per_hour)
    async with running(node), phones_at(node, port=port) as phones:
        yield Town(node, phones)


@pytest.fixture(scope="module")
def port() -> int:
    """Where all phones are that are not callers', and the carrier."""
    return free_port()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory, port: int) -> AsyncIterator[Installation]:
    async with running(installation(tmp_path_factory.mktemp("node"), port, per_hour=100)) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def there(node: Installation, port: int) -> AsyncIterator[Town]:
    async with phones_at(node, port=port) as phones:
        made = Town(node, phones)
        await made.begin()
        yield made
        await phones.leave()


@pytest.mark.parametrize("order", ["agent_first", "caller_first"])
async def test_a_caller_is_rung_back_and_talks_to_the_agent(there: Town, order: str) -> None:
    there.service = NUMBER_OF[order]
    await there.promised(there.ann)
    there.phones.behaviours[there.ann] = answers
    await there.phones.register("anna", answers)
    await there.ended("reached")
    assert there.rung == (["anna", there.ann] if order == "agent_first" else [there.ann, "anna"])
    caller = next(handset for name, handset in there.phones.rung if name == there.ann)
    caller.hang_up()
    await there.node.quiet()
    assert await there.balance() == (1, 0, 0, 1, 0)
    assert await there.node.logged_in() == {"ready": 1}
    first, back = there.records()
    assert back["contact"] == f"{first['contact']}.cb"
    assert (back["flow"], back["outcome"], back["cause"]) == ("callback", "answered", "caller_hung_up")


@pytest.mark.parametrize("order", ["agent_first", "caller_first"])
@pytest.mark.parametrize("behaviour", [refuses(486), lets_it_ring], ids=["busy", "missed"])
async def test_a_caller_who_does_not_answer_costs_the_agent_nothing(there: Town, order: str, behaviour: Any) -> None:
    there.service = NUMBER_OF[order]
    await there.promised(there.ann)
    there.phones.behaviours[there.ann] = behaviour
    await there.phones.register("anna", answers)
    await there.ended("gave_up")
    assert there.ann in there.rung
    await there.node.quiet()
    assert await there.node.logged_in() == {"ready": 1}


async def test_an_agent_who_misses_it_costs_the_caller_nothing(there: Town) -> None:
    await there.promised(there.ann)
    there.phones.behaviours[there.ann] = answers
    await there.phones.register("anna", refuses(486))
    await there.phones.rings()
    there.phones.behaviours["anna"] = answers
    await there.ended("reached")
    assert there.rung == ["anna", "anna", there.ann]


async def test_a_promise_outlives_a_node_that_is_killed_while_it_rings_for_it(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        await there.promised(there.ann)
        there.phones.behaviours[there.ann] = answers
        await there.phones.register("anna", lets_it_ring)
        await there.phones.rings()
        await there.node.kill()
        there.phones.behaviours["anna"] = answers
        await there.node.start()
        await there.ended("reached")
        assert there.rung[-2:] == ["anna", there.ann]


async def test_a_caller_who_rings_again_takes_the_promise_back(there: Town) -> None:
    await there.promised(there.ann)
    again = there.call(there.ann)
    await again.connected()
    again.rtp.press("9")
    await there.ended("cancelled")
    again.hang_up()
    await there.phones.register("anna", answers)
    await asyncio.sleep(1)
    assert there.ann not in there.rung


async def test_what_hinders_a_promise(tmp_path: Path) -> None:
    """One for each caller; no expensive number; no more calls than the caps allow."""
    async with town(tmp_path, per_hour=1) as there:
        await there.promised(there.ann)
        await there.wishes("+4782012345")
        await there.wishes("+46701234567")
        assert await there.node.total("svar_callbacks_promised_total") == 1
        there.phones.behaviours[there.ann] = refuses(486)
        await there.phones.register("anna", answers)
        await there.ended("gave_up")
        there.phones.unregister("anna")
        await eventually(lambda: nobody_is_there(there), "the agent's log-out")
        await there.wishes(there.bob)
        assert await there.node.total("svar_callbacks_promised_total") == 1
        assert there.rung == ["anna", there.ann]


async def nobody_is_there(there: Town) -> bool:
    return await there.node.agents() == {"logged_out": 1}


async def test_a_promise_keeps_its_place_among_those_who_wait(there: Town) -> None:
    first = await there.waits(there.cid)
    await there.promised(there.ann)
    last = await there.waits(there.bob)
    there.phones.behaviours[there.ann] = answers
    await there.phones.register("anna", answers)
    await there.phones.rings(1)
    await asyncio.sleep(0.5)
    first.hang_up()
    await there.ended("reached")
    assert there.rung == ["anna", "anna", there.ann]
    assert (await there.balance())[4] == 1
    last.hang_up()


async def test_who_was_cut_off_and_rings_again_is_before_those_who_came_later(there: Town) -> None:
    cut = await there.waits(there.ann)
    await asyncio.sleep(2)
    other = await there.waits(there.bob)
    cut.hang_up()
    await until(lambda: cut.ended, "the end of the call")
    await asyncio.sleep(0.5)
    again = await there.waits(there.ann)
    await there.phones.register("anna", answers)
    await there.phones.rings(1)
    await eventually(lambda: answered(there), "an answer")
    other.hang_up()
    again.hang_up()
    await there.node.quiet()
    records = {record["started_ms"]: record["outcome"] for record in there.records()}
    assert [records[at] for at in sorted(records)] == ["abandoned", "abandoned", "answered"]


async def test_the_agent_asks_a_colleague_and_gives_the_caller_away(there: Town) -> None:
    await there.promised(there.ann)
    there.phones.behaviours[there.ann] = answers
    await there.phones.register("bob", answers)
    await there.phones.register("anna", answers)
    await there.ended("reached")
    anna, caller = (handset for _, handset in there.phones.rung)
    await together(caller, anna)
    for key in "*121#":
        anna.rtp.press(key)
        await asyncio.sleep(0.25)
    bob = await there.phones.rings(3)
    await bob.connected()
    await together(anna, bob)
    anna.hang_up()
    await together(caller, bob)
    bob.hang_up()
    await until(lambda: caller.ended, "the end of the caller's call")
    await there.node.quiet()
    assert await there.node.logged_in() == {"ready": 2}
    assert there.records()[-1]["outcome"] == "answered"


async def answered(there: Town) -> bool:
    return (await there.balance())[1] == 1
