"""SIPp as caller and as phone against the user agent, on a clean network and on bad ones."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from secrets import token_hex

import pytest

from sip.aio.user_agent import UserAgent
from sip.config import Address, CoreConfig, Digest, Trunk
from sip.core import UserAgentCore
from sip.events import Accepted, Confirmed, Ended, InviteReceived, Rejected, SipEvent
from sip.message.address import NameAddr
from sip.message.uri import SipUri
from tests.interop.peers import chaos_relay, child, require, run, sipp, until_bound
from tests.ports import free_port
from tests.sip.network import ANSWER, OFFER

pytestmark = pytest.mark.interop

SCENARIOS = Path(__file__).parent / "scenarios"
LOOPBACK = Trunk("loopback", (ip_network("127.0.0.0/8"), ip_network("::1/128")))
CALLS = 40


class Callee:
    """Takes each call by `take`, and keeps what became of them."""

    def __init__(self, agent: UserAgent, take: Callable[["Callee", InviteReceived], None]) -> None:
        self.agent = agent
        self.causes: list[str] = []
        self.confirmed = 0
        self.hangs_up = False
        agent.on_invite = lambda event: self._invited(event, take)

    def _invited(self, event: InviteReceived, take: Callable[["Callee", InviteReceived], None]) -> None:
        self.agent.listen(event.session, self._heard)
        take(self, event)

    def _heard(self, event: SipEvent) -> None:
        if isinstance(event, Ended):
            self.causes.append(event.cause)
        elif isinstance(event, Confirmed):
            self.confirmed += 1
            if self.hangs_up:
                self.agent.bye(event.session)


def answer(callee: Callee, event: InviteReceived) -> None:
    callee.agent.accept(event.session, ANSWER)


def ring(callee: Callee, event: InviteReceived) -> None:
    callee.agent.ring(event.session)


@asynccontextmanager
async def listening(host: str = "127.0.0.1") -> AsyncIterator[UserAgent]:
    core = UserAgentCore(CoreConfig(trunks=(LOOPBACK,)), lambda: token_hex(8))
    agent = UserAgent(core, Address(host, 0))
    await agent.start()
    try:
        yield agent
    finally:
        await agent.close()


async def callers(scenario: str, to_port: int, timeout_s: float = 60) -> str:
    """Run a scenario's calls; fails with SIPp's own words unless every call went as written."""
    # SIPp gives up an INVITE after six tries; RFC 3261 has seven (Timer B, section 17.1.1.2).
    tries = ("-max_invite_retrans", "6")
    arguments = ("-sf", str(SCENARIOS / scenario), "-m", str(CALLS), "-r", "40", *tries, f"127.0.0.1:{to_port}")
    finished = await run(sipp(*arguments, port=free_port()), timeout_s=timeout_s)
    assert finished.code == 0, finished.output[-6000:]
    return finished.output


async def until(condition: Callable[[], bool], timeout_s: float = 50) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - the condition is about a child process
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("loss_percent", [0, 1, 5, 10, 20])
async def test_callers_hang_up(loss_percent: int) -> None:
    require("sipp")
    async with listening() as agent, chaos_relay(agent.address[1], loss_percent=loss_percent) as port:
        callee = Callee(agent, answer)
        await callers("caller_hangs_up.xml", port)
        await until(lambda: len(callee.causes) == CALLS)
        assert set(callee.causes) == {"remote"}
        assert callee.confirmed == CALLS or loss_percent  # a lost ACK may be overtaken by the BYE
        assert (agent.stats["retransmissions"] > 0) >= (loss_percent >= 10)


@pytest.mark.parametrize("loss_percent", [0, 1, 5, 10, 20])
async def test_callers_are_hung_up(loss_percent: int) -> None:
    require("sipp")
    async with listening() as agent, chaos_relay(agent.address[1], loss_percent=loss_percent) as port:
        callee = Callee(agent, answer)
        callee.hangs_up = True
        await callers("caller_is_hung_up.xml", port)
        await until(lambda: len(callee.causes) == CALLS)
        assert set(callee.causes) == {"local"}


async def test_callers_come_over_ipv6() -> None:
    require("sipp")
    async with listening("::1") as agent:
        callee = Callee(agent, answer)
        target = f"[::1]:{agent.address[1]}"
        arguments = ("-sf", str(SCENARIOS / "caller_hangs_up.xml"), "-m", str(CALLS), "-r", "40", target)
        finished = await run(sipp(*arguments, port=free_port("::1"), host="::1"), timeout_s=60)
        assert finished.code == 0, finished.output[-6000:]
        await until(lambda: len(callee.causes) == CALLS)
        assert set(callee.causes) == {"remote"}


async def test_callers_give_up_at_random_moments_while_it_rings() -> None:
    require("sipp")
    async with listening() as agent:
        callee = Callee(agent, ring)
        await callers("caller_gives_up.xml", agent.address[1])
        await until(lambda: len(callee.causes) == CALLS)
        assert set(callee.causes) == {"cancelled"}
        assert agent.stats["sessions"] == 0


@asynccontextmanager
async def phones() -> AsyncIterator[int]:
    """SIPp answering up to CALLS calls; gives its port."""
    port = free_port()
    async with child(sipp("-sf", str(SCENARIOS / "phone.xml"), "-m", str(CALLS), port=port)):
        await until_bound(port)
        yield port


def ring_up(agent: UserAgent, destination: Address, heard: Callable[[SipEvent], None]) -> None:
    target = SipUri("bob", *destination[:2])
    local = NameAddr(SipUri("alice", agent.address[0]))
    agent.invite(target, heard, local=local, remote=NameAddr(target), destination=destination, sdp=OFFER)


@pytest.mark.parametrize("loss_percent", [0, 1, 5, 10, 20])
async def test_phones_are_called(loss_percent: int) -> None:
    require("sipp")
    results: list[str] = []
    async with listening() as agent, phones() as phone, chaos_relay(phone, loss_percent=loss_percent) as port:

        def heard(event: SipEvent) -> None:
            if isinstance(event, Accepted):
                agent.bye(event.session)
            elif isinstance(event, Ended):
                results.append(event.cause)
            elif isinstance(event, Rejected):
                results.append(str(event.status))

        for _ in range(CALLS):
            ring_up(agent, Address("127.0.0.1", port), heard)
            await asyncio.sleep(0.01)
        await until(lambda: len(results) == CALLS)
        assert set(results) == {"local"}


async def test_sipsak_registers_with_its_password() -> None:
    program = require("sipsak")
    digest = Digest("svar", {"anna": "right"}.get, b"secret")
    agent = UserAgent(UserAgentCore(CoreConfig(digest=digest), lambda: token_hex(8)), Address("127.0.0.1", 0))
    await agent.start()
    try:
        uri = f"sip:anna@127.0.0.1:{agent.address[1]}"
        command = [program, "-U", "-s", uri, "-u", "anna", "-C", "sip:anna@127.0.0.1:9999", "-x", "300", "-a"]
        assert (await run([*command, "wrong"], timeout_s=20)).code != 0
        finished = await run([*command, "right"], timeout_s=20)
        assert finished.code == 0, finished.output
        (binding,) = agent.locations("sip:anna@127.0.0.1")
        assert str(binding.contact) == "sip:anna@127.0.0.1:9999"
    finally:
        await agent.close()


async def test_sipsak_is_told_what_we_can_do() -> None:
    program = require("sipsak")
    async with listening() as agent:
        command = [program, "-vv", "-s", f"sip:main@127.0.0.1:{agent.address[1]}"]
        finished = await run(command, timeout_s=20)
        assert finished.code == 0, finished.output
        assert "200 OK" in finished.output
        assert "Allow: ACK, BYE, CANCEL, INFO, INVITE, NOTIFY, OPTIONS, PRACK" in finished.output
