"""Who may ring whom: strangers get into no flow, a wrong password changes nothing, nobody is rung on their word."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sip.config import Address
from tests.ivr.sip_lab import Handset
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, eventually, running
from tests.svar.system.phones import Phones, answers, phones_at

pytestmark = pytest.mark.interop

PARTS = """
[[queue]]
name = "work"
wrap_up_s = 0
offer_s = 2
[[agent]]
name = "anna"
skills = { work = 5 }
[[agent]]
name = "bjorn"
skills = { work = 5 }
"""
TRUNK = """
[[trunk]]
name = "operator"
networks = ["127.0.0.2/32"]
"""
FLOOD = 300


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Installation]:
    """A node whose one trunk is 127.0.0.2."""
    async with running(Installation(tmp_path, PARTS, trunks=TRUNK)) as installation:
        yield installation


@pytest.fixture
async def strangers(node: Installation) -> AsyncIterator[Phones]:
    async with phones_at(node) as phones:
        yield phones


async def _started(node: Installation) -> float:
    return await node.total("svar_contacts_started_total")


async def test_a_stranger_gets_into_no_flow_and_the_trunk_does(node: Installation, strangers: Phones) -> None:
    handset = strangers.call()
    await until(handset.is_over, "refusal")
    assert handset.status in (401, 403)
    async with phones_at(node, "127.0.0.2") as operator:
        caller = await operator.answered_call()
        await eventually(lambda: _one_started(node), "the trunk's contact")
        caller.hang_up()
        await until(caller.is_over, "end of the call")
    await node.quiet()
    (record,) = node.records()
    assert record["trunk"] == "operator"


async def _one_started(node: Installation) -> bool:
    return await _started(node) == 1


async def test_a_flood_of_strangers_is_mostly_not_answered_and_costs_nobody_a_call(
    node: Installation, strangers: Phones
) -> None:
    """Silence from the twentieth on: an answer would help whoever forges the sender's address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
        flood.bind(("127.0.0.1", 0))
        flood.setblocking(False)  # noqa: FBT003
        for number in range(FLOOD):
            flood.sendto(_invite(number, flood.getsockname()[1], node.sip_port), strangers.server[:2])
            if number % 20 == 0:
                await asyncio.sleep(0.01)
        async with phones_at(node, "127.0.0.2") as operator:
            caller = await operator.answered_call()
            caller.hang_up()
            await until(caller.is_over, "end of the call")
        assert 0 < _heard(flood) < FLOOD / 4
    metrics = await node.metrics()
    assert metrics["svar_sip_dropped_total"] > FLOOD / 2
    await node.quiet()
    assert len(node.records()) == 1


def _heard(flood: socket.socket) -> int:
    """How many datagrams have come."""
    count = 0
    with contextlib.suppress(BlockingIOError):
        while flood.recv(4096):
            count += 1
    return count


def _invite(number: int, own_port: int, server_port: int) -> bytes:
    return (
        f"INVITE sip:5000@127.0.0.1:{server_port} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:{own_port};branch=z9hG4bK{number:06d};rport\r\n"
        f"From: <sip:x@127.0.0.1>;tag=t{number}\r\nTo: <sip:5000@127.0.0.1>\r\nCall-ID: flood{number}\r\n"
        f"CSeq: 1 INVITE\r\nContact: <sip:x@127.0.0.1:{own_port}>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    ).encode()


async def test_an_agent_may_ring_a_service_with_the_password_and_not_without(
    node: Installation, strangers: Phones
) -> None:
    await strangers.register("anna", answers)
    await eventually(lambda: _agents(node, ready=1), "a ready agent", instead=node.agents)
    coded = await strangers.dial_code("anna", "*2")
    assert not coded.status
    await eventually(lambda: _agents(node, not_ready=1), "a not ready agent", instead=node.agents)
    pretending = await strangers.dial_code("anna", "*1", password="guessed")
    assert pretending.status == 401
    await node.quiet()
    assert await node.agents() == {"not_ready": 1}
    unknown = await strangers.dial_code("anna", "*7")
    assert unknown.status == 404
    assert await node.agents() == {"not_ready": 1}
    out = await strangers.dial_code("anna", "*9")
    assert not out.status
    await eventually(lambda: _agents(node, logged_out=1), "an agent who is logged out", instead=node.agents)


async def _agents(node: Installation, **states: int) -> bool:
    return await node.agents() == states


async def test_nobody_registers_with_a_wrong_password_or_for_another(node: Installation, strangers: Phones) -> None:
    with pytest.raises(AssertionError, match="401"):
        await strangers.register("anna", answers, password="guessed")
    with pytest.raises(AssertionError, match="403"):
        await strangers.register("anna", answers, user="bjorn")
    assert await node.agents() == {}


async def test_nothing_is_dialled_on_the_word_of_a_caller(node: Installation, strangers: Phones) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim:
        victim.bind(("127.0.0.3", 0))
        victim.setblocking(False)  # noqa: FBT003
        port = victim.getsockname()[1]
        async with phones_at(node, "127.0.0.2") as operator:
            for number in ("0047900000", f"victim%40127.0.0.3%3A{port}", "anna", "partner"):
                handset = operator.call(number)
                await until(handset.is_over, f"refusal of {number}")
                assert handset.status == 404
        with pytest.raises(BlockingIOError):
            victim.recv(1)
    assert await _started(node) == 0


async def test_a_registered_contact_that_points_elsewhere_is_not_where_offers_go(
    node: Installation, strangers: Phones
) -> None:
    """The phone is rung where the REGISTER came from: a password holder cannot aim our INVITEs at somebody else."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim:
        victim.bind(("127.0.0.3", 0))
        victim.setblocking(False)  # noqa: FBT003
        rung: list[Handset] = []

        async def behave(handset: Handset) -> None:
            rung.append(handset)
            handset.refuse(486)

        port = victim.getsockname()[1]
        sent: list[str] = []
        strangers.user_agent.ladder = lambda way, peer, data, now: sent.append(data.decode())
        strangers.user_agent.core.listens(Address("127.0.0.3", port))
        await strangers.register("anna", behave)
        assert f"Contact: <sip:anna@127.0.0.3:{port}>" in sent[0]
        async with phones_at(node, "127.0.0.2") as operator:
            caller = await operator.answered_call()
            await operator.press(caller, "2")
            await until(lambda: bool(rung), "offer at the phone that registered")
            caller.hang_up()
        with pytest.raises(BlockingIOError):
            victim.recv(1)
    await node.quiet()
