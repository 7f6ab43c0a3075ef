"""Kamailio, with the example configuration, in front of two nodes: what callers and agents' phones see through it."""

import asyncio
import re
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.prompts.cache import speech_name
from ivr.prompts.speech import VOICES
from tests.acd.redis_server import RedisServer
from tests.interop.front import CALLER, FRONT, STRANGER, Front, Node, Site, site
from tests.interop.peers import Finished, require
from tests.interop.phones import Baresip, baresip
from tests.interop.sound import Samples, a_law_file, likeness, power_at, wav_file
from tests.svar.system.installation import eventually

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

TALK_S = 1.5
ALIKE, PURE = 0.8, 0.9
_SUCCESSFUL = re.compile(r"Successful call +\| +\d+ +\| +(\d+)")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    for program in ("kamailio", "kamcmd", "sipp", "baresip"):
        require(program)
    with tempfile.TemporaryDirectory(prefix="svar-") as folder, RedisServer(Path(folder)) as redis:
        async with site(tmp_path_factory.mktemp("site"), redis.url) as made:
            yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def front(both: Site, request: pytest.FixtureRequest) -> AsyncIterator[Front]:
    """One Kamailio for each transport by which it speaks to the nodes."""
    async with both.kamailio(request.param) as made:
        yield made


def successful(finished: Finished) -> int:
    found = _SUCCESSFUL.search(finished.output)
    assert found is not None, finished.output[-3000:]
    return int(found[1])


async def all_succeed(front: Front, scenario: str, number: str, sockets: str, host: str = CALLER) -> None:
    finished = await front.callers(scenario, number, sockets=sockets, host=host)
    assert finished.code == 0, finished.output[:3000] + front.told()


ways = pytest.mark.parametrize("front", ["udp", "tcp", "tls"], indirect=True)
by_tls = pytest.mark.parametrize("front", ["tls"], indirect=True)
by_udp = pytest.mark.parametrize("front", ["udp"], indirect=True)


@ways
async def test_callers_hold_hang_up_are_hung_up_and_give_up_through_it(front: Front) -> None:
    """They come over UDP and TCP."""
    calls = [("proxied_caller_holds.xml", "5000"), ("proxied_caller_is_hung_up.xml", "5002")]
    calls += [("proxied_caller_gives_up.xml", "5003")]
    await asyncio.gather(*(all_succeed(front, *call, sockets) for call in calls for sockets in ("u1", "t1")))
    await asyncio.gather(*(node.installation.quiet() for node in front.nodes))


@by_udp
async def test_who_is_no_carrier_reaches_no_service_through_it(front: Front) -> None:
    await all_succeed(front, "proxied_stranger.xml", "5000", "u1", STRANGER)


@by_udp
async def test_who_sets_a_way_of_their_own_is_led_to_nobody_but_svar(front: Front) -> None:
    """As if within a call, past where svar asks who they are: Kamailio's address is one that carriers trust."""
    front_uri = f"{FRONT}:{front.port}"
    with udp(STRANGER) as stranger, udp(CALLER) as carrier:
        at, here = (f"{host}:{port}" for host, port in (carrier.getsockname(), stranger.getsockname()))
        node = f"{front.nodes[0].host}:{front.nodes[0].port}"
        alias = f"sip:4790000000@{node};alias={at.replace(':', '~')}~1"
        ways = [(f"sip:4790000000@{at}", ""), (f"sip:4790000000@{node}", f",<sip:{at};lr>"), (alias, "")]
        for number, (uri, further) in enumerate(ways):
            lines = (
                f"INVITE {uri} SIP/2.0", f"Via: SIP/2.0/UDP {here};branch=z9hG4bKw{number}",
                f"Route: <sip:{front_uri};lr>{further}", "Max-Forwards: 70", "From: <sip:a@x.example>;tag=1",
                "To: <sip:b@x.example>;tag=2", f"Call-ID: way-{number}", "CSeq: 2 INVITE",
                f"Contact: <sip:a@{STRANGER}>", "Content-Length: 0", "", "",
            )  # fmt: skip
            stranger.sendto("\r\n".join(lines).encode(), (FRONT, front.port))
            answer = await asyncio.to_thread(stranger.recv, 4096)
            assert answer.startswith(b"SIP/2.0 403 "), (uri, answer[:60])
        carrier.settimeout(0)
        with pytest.raises(BlockingIOError):
            carrier.recv(4096)


@contextmanager
def udp(host: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind((host, 0))
        made.settimeout(20)
        yield made


def phone(front: Front, folder: Path, user: str, password: str = "") -> AbstractAsyncContextManager[Baresip]:
    """It speaks to Kamailio as Kamailio does to the nodes. An agent says 880 Hz, a caller 440."""
    way, tone_hz = front.transport, 880 if password else 440
    return baresip(
        folder / user, user, front.phones_port, password=password, tone_hz=tone_hz, host=FRONT, ca=front.ca,
        transport="" if way == "udp" else way,
    )  # fmt: skip


async def to_the_queue(front: Front, caller: Baresip, nth: int) -> None:
    way = "" if front.transport == "udp" else f";transport={front.transport}"
    await caller.dial(f"sip:5000@{FRONT}:{front.phones_port}{way}")
    await caller.event("CALL_ESTABLISHED", nth)
    await asyncio.sleep(0.3)
    await caller.press("2")


async def talk(front: Front, caller: Baresip, agent: Baresip, nth: int, ends: Baresip) -> Node:
    """Gives the node that had the call."""
    await to_the_queue(front, caller, nth)
    await agent.event("CALL_INCOMING", nth)
    await agent.answer()
    await agent.event("CALL_ESTABLISHED", nth)
    await asyncio.sleep(TALK_S)
    (node,) = [node for node in front.nodes if await node.calls()]
    await ends.hang_up()
    await caller.event("CALL_CLOSED", nth)
    await agent.event("CALL_CLOSED", nth)
    return node


async def until_agents(front: Front, **states: int) -> None:
    for node in front.nodes:

        async def seen(node: Node = node) -> bool:
            return await node.agents() == states

        await eventually(seen, f"{states} at {node.host}", instead=node.agents)


@ways
async def test_an_agent_who_registered_through_it_is_rung_by_whichever_node_has_the_caller(
    front: Front, both: Site, tmp_path: Path
) -> None:
    async with phone(front, tmp_path, "anna", both.password("anna")) as agent, phone(front, tmp_path, "4799") as caller:
        await until_agents(front, ready=1)
        first = await talk(front, caller, agent, 1, ends=agent)
        second = await talk(front, caller, agent, 2, ends=caller)
        assert first is not second
        assert power_at(wav_file(await caller.recorded())[-8000:], 880) > PURE
        assert power_at(wav_file(await agent.recorded())[-8000:], 440) > PURE
        await is_rung(front, caller, agent, 3)
    await until_agents(front, logged_out=1)
    await asyncio.gather(*(node.installation.quiet() for node in front.nodes))


async def is_rung(front: Front, caller: Baresip, agent: Baresip, nth: int) -> None:
    """The caller hangs up while the agent's phone rings."""
    await to_the_queue(front, caller, nth)
    await agent.event("CALL_INCOMING", nth)
    await caller.hang_up()
    await agent.event("CALL_CLOSED", nth)


@by_udp
async def test_a_flow_calls_out_through_it(front: Front, both: Site, tmp_path: Path) -> None:
    carrier = baresip(
        tmp_path / "partner", "partner", front.port, answers=True, tone_hz=660, host=FRONT, sip_port=both.carrier_port
    )
    async with carrier as partner, phone(front, tmp_path, "4799") as caller:
        await caller.dial(f"sip:5004@{FRONT}:{front.port}")
        await partner.event("CALL_ESTABLISHED")
        await asyncio.sleep(TALK_S)
        await partner.hang_up()
        await caller.event("CALL_CLOSED")
        assert power_at(wav_file(await partner.recorded())[-8000:], 440) > PURE
        assert power_at(wav_file(await caller.recorded())[-8000:], 660) > PURE


@by_udp
async def test_a_node_that_stops_ends_its_calls_in_peace_while_new_ones_go_to_the_other(front: Front) -> None:
    talks = asyncio.create_task(front.callers("proxied_caller_holds.xml", "5000", calls=6, talk_ms=5000))
    stopping, other = front.nodes
    await until_calls(stopping, 3)
    await until_calls(other, 3)
    assert stopping.installation.process is not None
    stopping.installation.process.send_signal(signal.SIGTERM)
    # At once, and after the dispatcher has seen it.
    for _ in range(2):
        assert successful(await front.callers("proxied_caller_holds.xml", "5000", calls=8)) == 8
        await front.until_active(1)
    assert (await stopping.calls(), await other.calls()) == (3, 3)
    assert successful(await talks) == 6
    assert await stopping.installation.stop() == 0
    await stopping.installation.start()
    await front.until_active(2)


def spoken(node: Node, text: str) -> Samples:
    return a_law_file(node.installation.state / "prompts" / speech_name(text, VOICES["nb"]))


async def until_calls(node: Node, calls: int) -> None:
    async def reached() -> bool:
        return await node.calls() == calls

    await eventually(reached, f"{calls} calls at {node.host}", instead=node.calls)


@by_tls
async def test_a_node_that_is_killed_takes_its_own_calls_along_and_no_others(
    front: Front, both: Site, tmp_path: Path
) -> None:
    talks = asyncio.create_task(front.callers("proxied_caller_holds.xml", "5000", calls=6, talk_ms=5000))
    killed, other = front.nodes
    await until_calls(killed, 3)
    await until_calls(other, 3)
    async with phone(front, tmp_path, "anna", both.password("anna")) as agent, phone(front, tmp_path, "4799") as caller:
        await until_agents(front, ready=1)
        await killed.installation.kill()
        assert successful(await front.callers("proxied_caller_holds.xml", "5000", calls=8)) == 8
        await front.until_active(1)
        assert await other.calls() == 3
        assert successful(await talks) == 3
        await is_rung(front, caller, agent, 1)
        await killed.installation.start()
        await front.until_active(2)
        # Each node in turn; the one that came back knows from the store where the phone is.
        for nth in (2, 3):
            await is_rung(front, caller, agent, nth)
        # svar asks an agent's phone for the password, through Kamailio too.
        await agent.dial(f"sip:*1@{FRONT}:{front.phones_port};transport={front.transport}")
        await agent.event("CALL_CLOSED", 4)
        assert likeness(wav_file(agent.heard()), spoken(other, "Du er klar."))[0] > ALIKE
