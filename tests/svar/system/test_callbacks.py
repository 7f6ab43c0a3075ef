"""Callers who are rung back by a whole node: promised in a flow, rung with an agent, and what hinders it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sip.message.uri import SipUri
from tests.ivr.sip_lab import Handset
from tests.ports import free_port
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, eventually, running
from tests.svar.system.phones import Phones, answers, lets_it_ring, phones_at, refuses
from tests.svar.system.test_talks import together

ANN, BOB = "+4722334455", "+4791234567"
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
flow: test
title: Test
numbers: [5000]
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
    """A node, its agents' phones and those of the people whom it rings back."""

    node: Installation
    phones: Phones

    def call(self, number: str) -> Handset:
        """Somebody rings, and the trunk vouches for the number."""
        handset = self.phones._handset()
        server = self.phones.server
        asserted = (("P-Asserted-Identity", f"<sip:{number}@carrier.example>"),)
        uri = SipUri("5000", server.host, server.port)
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
                name.startswith("svar_callbacks_ended_total") and f'"{outcome}"' in name and count
                for name, count in (await self.node.metrics()).items()
            )

        await eventually(found, f"a promise that is {outcome}", 15, self.node.metrics)

    @property
    def rung(self) -> list[str]:
        return [name for name, _ in self.phones.rung]


@asynccontextmanager
async def town(folder: Path, order: str = "agent_first", per_hour: int = 10) -> AsyncIterator[Town]:
    port = free_port()
    node = Installation(
        folder,
        PARTS.format(port=port, per_hour=per_hour),
        flows={"test.yaml": FLOW.replace("ORDER", order)},
        trunks="",
    )
    async with running(node), phones_at(node, port=port) as phones:
        yield Town(node, phones)


@pytest.mark.parametrize("order", ["agent_first", "caller_first"])
async def test_a_caller_is_rung_back_and_talks_to_the_agent(tmp_path: Path, order: str) -> None:
    async with town(tmp_path, order) as there:
        await there.promised(ANN)
        there.phones.behaviours[ANN] = answers
        await there.phones.register("anna", answers)
        await there.ended("reached")
        assert there.rung == (["anna", ANN] if order == "agent_first" else [ANN, "anna"])
        caller = next(handset for name, handset in there.phones.rung if name == ANN)
        caller.hang_up()
        await there.node.quiet()
        assert await there.node.balance() == (1, 0, 0, 1, 0)
        assert await there.node.agents() == {"ready": 1}
        first, back = there.node.records()
        assert back["contact"] == f"{first['contact']}.cb"
        assert (back["flow"], back["outcome"], back["cause"]) == ("callback", "answered", "caller_hung_up")


@pytest.mark.parametrize("order", ["agent_first", "caller_first"])
@pytest.mark.parametrize("behaviour", [refuses(486), lets_it_ring], ids=["busy", "missed"])
async def test_a_caller_who_does_not_answer_costs_the_agent_nothing(tmp_path: Path, order: str, behaviour: Any) -> None:
    async with town(tmp_path, order) as there:
        await there.promised(ANN)
        there.phones.behaviours[ANN] = behaviour
        await there.phones.register("anna", answers)
        await there.ended("gave_up")
        assert ANN in there.rung
        await there.node.quiet()
        assert await there.node.agents() == {"ready": 1}


async def test_an_agent_who_misses_it_costs_the_caller_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        await there.promised(ANN)
        there.phones.behaviours[ANN] = answers
        await there.phones.register("anna", refuses(486))
        await there.phones.rings()
        there.phones.behaviours["anna"] = answers
        await there.ended("reached")
        assert there.rung == ["anna", "anna", ANN]


async def test_a_promise_outlives_a_node_that_is_killed_while_it_rings_for_it(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        await there.promised(ANN)
        there.phones.behaviours[ANN] = answers
        await there.phones.register("anna", lets_it_ring)
        await there.phones.rings()
        await there.node.kill()
        there.phones.behaviours["anna"] = answers
        await there.node.start()
        await there.ended("reached")
        assert there.rung[-2:] == ["anna", ANN]


async def test_a_caller_who_rings_again_takes_the_promise_back(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        await there.promised(ANN)
        again = there.call(ANN)
        await again.connected()
        again.rtp.press("9")
        await there.ended("cancelled")
        again.hang_up()
        await there.phones.register("anna", answers)
        await asyncio.sleep(1)
        assert ANN not in there.rung


async def test_what_hinders_a_promise(tmp_path: Path) -> None:
    """One for each caller; no expensive number; no more calls than the caps allow."""
    async with town(tmp_path, per_hour=1) as there:
        await there.promised(ANN)
        await there.wishes("+4782012345")
        await there.wishes("+46701234567")
        assert await there.node.total("svar_callbacks_promised_total") == 1
        there.phones.behaviours[ANN] = refuses(486)
        await there.phones.register("anna", answers)
        await there.ended("gave_up")
        there.phones.unregister("anna")
        await eventually(lambda: nobody_is_there(there), "the agent's log-out")
        await there.wishes(BOB)
        assert await there.node.total("svar_callbacks_promised_total") == 1
        assert there.rung == ["anna", ANN]


async def nobody_is_there(there: Town) -> bool:
    return await there.node.agents() == {"logged_out": 1}


async def test_a_promise_keeps_its_place_among_those_who_wait(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        first = await there.waits("+4723456789")
        await there.promised(ANN)
        last = await there.waits(BOB)
        there.phones.behaviours[ANN] = answers
        await there.phones.register("anna", answers)
        await there.phones.rings(1)
        await asyncio.sleep(0.5)
        first.hang_up()
        await there.ended("reached")
        assert there.rung == ["anna", "anna", ANN]
        assert (await there.node.balance())[4] == 1
        last.hang_up()


async def test_who_was_cut_off_and_rings_again_is_before_those_who_came_later(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        cut = await there.waits(ANN)
        await asyncio.sleep(2)
        other = await there.waits(BOB)
        cut.hang_up()
        await until(lambda: cut.ended, "the end of the call")
        await asyncio.sleep(0.5)
        again = await there.waits(ANN)
        await there.phones.register("anna", answers)
        await there.phones.rings(1)
        await eventually(lambda: answered(there), "an answer")
        other.hang_up()
        again.hang_up()
        await there.node.quiet()
        records = {record["started_ms"]: record["outcome"] for record in there.node.records()}
        assert [records[at] for at in sorted(records)] == ["abandoned", "abandoned", "answered"]


async def test_the_agent_asks_a_colleague_and_gives_the_caller_away(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        await there.promised(ANN)
        there.phones.behaviours[ANN] = answers
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
        assert await there.node.agents() == {"ready": 2}
        assert there.node.records()[-1]["outcome"] == "answered"


async def answered(there: Town) -> bool:
    return (await there.node.balance())[1] == 1
