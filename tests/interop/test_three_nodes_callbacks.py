"""Callers promised at one node to be rung, by an agent whose phone is at another: answered, missed, busy, cancelled."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from events.callbacks import CallbackEnded, CallbackPromised, CallbackTried
from events.catalogue import ContactQueued, Event
from sip.message.uri import SipUri
from tests.interop.three_nodes import SITES, Desk, Sites, desk, desks, served, three_nodes
from tests.ivr.sip_lab import Handset, hears, talk
from tests.ivr.sounds import tone
from tests.ports import free_port
from tests.rtp.phone import until
from tests.svar.system.installation import eventually
from tests.svar.system.phones import answers, lets_it_ring, refuses
from tests.svar.system.test_callbacks import FLOW

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

VOICE, REPLY = tone("who is rung back"), tone("the agent")
OUTBOUND = """
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
[callbacks]
tries = 1
ring_s = 2
[callbacks.says]
nb = "Hei."
[callbacks.tells]
nb = "Tilbakeringing."
"""
FLOWS = {
    "test.yaml": FLOW.replace("ORDER", "agent_first").replace("NUMBER", "5000"),
    "queues.yaml": "queues: [{name: work, offer: 8s}]\n",
    "sites.yaml": SITES,
    "agents.yaml": "agents: [{name: berit, site: bodo, skills: {work: 5}, rest: 1s}]\n",
}
ANN, BOB, CAT, DAN = (f"+4791234{n}" for n in (100, 200, 300, 400))


@dataclass
class Towns:
    """`world`: the phones of those who ring, and are rung over the carrier."""

    sites: Sites
    desks: list[Desk]
    world: Desk

    def call(self, number: str, node: int) -> Handset:
        """Somebody rings a node (from 1), and the trunk vouches for the number."""
        handset = self.world._handset()
        port = self.sites.nodes[node - 1].sip_port
        asserted = (("P-Asserted-Identity", f"<sip:{number}@carrier.example>"),)
        handset.dial(
            SipUri("5000", "127.0.0.1", port),
            self.desks[node - 1].server,
            handset.rtp.sdp(),
            user="anonymous",
            headers=asserted,
        )
        return handset

    async def waits(self, number: str, node: int) -> Handset:
        before = await self.sites.waiting()
        handset = self.call(number, node)
        await handset.connected()
        await self.sites.wait_for(before + 1)
        return handset

    async def promised(self, number: str, node: int) -> str:
        """The contact of the promise."""
        before = len(await self.sites.of(CallbackPromised))
        handset = await self.waits(number, node)
        handset.rtp.press("1")
        await asyncio.sleep(0.3)
        handset.rtp.press("1")

        async def promised() -> bool:
            return len(await self.sites.of(CallbackPromised)) > before

        await eventually(promised, "a promise")
        await until(lambda: handset.ended, "the end of the call", deadline_s=10)
        found: CallbackPromised = (await self.sites.of(CallbackPromised))[-1]
        return found.contact

    async def ended(self, contact: str) -> CallbackEnded:
        """Until the promise is over."""
        found: list[CallbackEnded] = []

        async def over() -> bool:
            found[:] = [one for one in await self.sites.of(CallbackEnded) if one.contact == contact]
            return bool(found)

        await eventually(over, "the end of a promise", 20)
        return found[0]

    async def at_work(self) -> None:
        await self.desks[1].register("berit", answers)

    async def gone_home(self) -> None:
        self.desks[1].unregister("berit")
        await self.sites.ready(0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def towns(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Towns]:
    port = free_port()
    parts = OUTBOUND.format(port=port)
    folder: Path = tmp_path_factory.mktemp("towns")
    async with (
        three_nodes(folder, FLOWS, ["berit"], parts=parts, trunks="") as sites,
        desks(sites) as phones,
        desk(sites.nodes[0], port=port) as world,
    ):
        yield Towns(sites, phones, world)


async def proven(towns: Towns) -> list[Event]:
    return await towns.sites.proven()


async def test_who_was_promised_at_one_node_is_put_through_to_an_agent_at_another(towns: Towns) -> None:
    contact = await towns.promised(ANN, 1)
    towns.world.behaviours[ANN] = answers
    await towns.at_work()
    ended = await towns.ended(contact)
    assert ended.outcome == "reached"
    caller, berit = towns.world.rung[-1][1], towns.desks[1].rung[-1][1]
    since = len(caller.rtp.heard)
    await asyncio.gather(talk(caller, VOICE), talk(berit, REPLY))
    await until(lambda: hears(berit, VOICE) and hears(caller, REPLY, since=since), "both voices")
    caller.hang_up()
    await proven(towns)
    await towns.gone_home()


@pytest.mark.parametrize(
    ("behaviour", "cause"), [(lets_it_ring, "no_answer"), (refuses(486), "busy")], ids=["missed", "busy"]
)
async def test_who_does_not_answer_costs_the_agent_nothing(towns: Towns, behaviour: object, cause: str) -> None:
    number = BOB if cause == "busy" else CAT
    contact = await towns.promised(number, 3)
    towns.world.behaviours[number] = behaviour  # type: ignore[assignment]
    await towns.at_work()
    ended = await towns.ended(contact)
    assert (ended.outcome, ended.cause, ended.tries) == ("gave_up", cause, 1)
    tried = [one for one in await towns.sites.of(CallbackTried) if one.contact == contact]
    assert [(one.cause, one.again_ms) for one in tried] == [(cause, 0)]
    await towns.sites.ready(1)
    await proven(towns)
    await towns.gone_home()


async def test_a_promise_is_taken_back_at_another_node_and_nobody_is_rung(towns: Towns) -> None:
    contact = await towns.promised(DAN, 1)
    again = towns.call(DAN, 3)
    await again.connected()
    await asyncio.sleep(0.3)
    again.rtp.press("9")
    assert (await towns.ended(contact)).outcome == "cancelled"
    again.hang_up()
    rung = len(towns.world.rung)
    await towns.at_work()
    await asyncio.sleep(1)
    assert len(towns.world.rung) == rung
    await proven(towns)
    await towns.gone_home()


async def test_a_promise_keeps_its_place_between_callers_at_three_nodes(towns: Towns) -> None:
    first = await towns.waits("+4723450001", 3)
    contact = await towns.promised(ANN, 1)
    last = await towns.waits("+4723450002", 2)
    towns.world.behaviours[ANN] = answers
    await towns.at_work()
    await eventually(lambda: _served(towns), "an answer to the first")
    first.hang_up()
    assert (await towns.ended(contact)).outcome == "reached"
    assert await towns.sites.waiting() == 1, "who came later waits on"
    towns.world.rung[-1][1].hang_up()
    await until(lambda: len(last.rtp.heard) > 0, "sound")
    await eventually(lambda: _nobody_waits(towns), "an answer to the last")
    last.hang_up()
    events = await proven(towns)
    came = [one.contact for one in events if isinstance(one, ContactQueued)][-3:]
    order = [one for one in served(events) if one in (came[0], contact, came[2])]
    assert order == [came[0], contact, came[2]]
    await towns.gone_home()


async def _served(towns: Towns) -> bool:
    return (await towns.sites.of(ContactQueued))[-3].contact in served(await towns.sites.events())


async def _nobody_waits(towns: Towns) -> bool:
    return await towns.sites.waiting() == 0
