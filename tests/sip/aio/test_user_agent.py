import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from secrets import token_hex

import pytest

from sip.aio.user_agent import UserAgent
from sip.config import Address, CoreConfig, Trunk
from sip.core import UserAgentCore
from sip.events import Accepted, Confirmed, Ended, InviteReceived, Rejected, SessionId, SipEvent
from sip.message.address import NameAddr
from sip.message.uri import SipUri
from tests.sip.network import ANSWER, OFFER

LOOPBACK = Trunk("loopback", (ip_network("127.0.0.0/8"), ip_network("::1/128")))


@asynccontextmanager
async def listening(host: str = "127.0.0.1") -> AsyncIterator[UserAgent]:
    core = UserAgentCore(CoreConfig(trunks=(LOOPBACK,)), lambda: token_hex(8))
    agent = UserAgent(core, (host, 0))
    await agent.start()
    try:
        yield agent
    finally:
        await agent.close()


class Listener:
    """Keeps what it hears, and wakes whoever awaits a kind of event."""

    def __init__(self) -> None:
        self.heard: list[SipEvent] = []
        self._news = asyncio.Event()

    def __call__(self, event: SipEvent) -> None:
        self.heard.append(event)
        self._news.set()

    async def until(self, kind: type[SipEvent]) -> SipEvent:
        async with asyncio.timeout(10):
            while True:
                for event in self.heard:
                    if isinstance(event, kind):
                        return event
                self._news.clear()
                await self._news.wait()


def ring_up(caller: UserAgent, destination: Address, listener: Listener) -> SessionId:
    host, port = destination
    target = SipUri("bob", host, port)
    return caller.invite(
        target,
        listener,
        local=NameAddr(SipUri("alice", host)),
        remote=NameAddr(target),
        destination=destination,
        sdp=OFFER,
    )


def answering(agent: UserAgent, listener: Listener) -> None:
    def answer(event: InviteReceived) -> None:
        agent.listen(event.session, listener)
        listener(event)
        agent.accept(event.session, ANSWER)

    agent.on_invite = answer


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_call_is_answered_and_hung_up_over_real_sockets(host: str) -> None:
    async with listening(host) as caller, listening(host) as callee:
        near, far = Listener(), Listener()
        answering(callee, far)
        session = ring_up(caller, callee.address, near)
        await near.until(Accepted)
        await far.until(Confirmed)
        assert caller.bye(session)
        ended = await near.until(Ended)
        assert isinstance(ended, Ended)
        assert ended.cause == "local"
        gone = await far.until(Ended)
        assert isinstance(gone, Ended)
        assert gone.cause == "remote"
        assert caller.stats["sessions"] == callee.stats["sessions"] == 0


async def test_any_address_of_ipv6_serves_ipv4_too() -> None:
    async with listening("127.0.0.1") as caller, listening("::") as callee:
        near, far = Listener(), Listener()
        answering(callee, far)
        ring_up(caller, ("127.0.0.1", callee.address[1]), near)
        await near.until(Accepted)
        invite = await far.until(InviteReceived)
        assert isinstance(invite, InviteReceived)
        assert invite.source == caller.address


async def test_without_anybody_who_takes_calls_the_caller_hears_480() -> None:
    async with listening() as caller, listening() as callee:
        near = Listener()
        ring_up(caller, callee.address, near)
        rejected = await near.until(Rejected)
        assert isinstance(rejected, Rejected)
        assert rejected.status == 480


async def test_listener_that_fails_costs_its_own_call_alone() -> None:
    async with listening() as caller, listening() as callee:

        def fail(event: InviteReceived) -> None:
            raise RuntimeError("a bug in an application")

        callee.on_invite = fail
        near = Listener()
        ring_up(caller, callee.address, near)
        rejected = await near.until(Rejected)
        assert isinstance(rejected, Rejected)
        assert rejected.status == 500
        second, far = Listener(), Listener()
        answering(callee, far)
        ring_up(caller, callee.address, second)
        await second.until(Accepted)


async def test_ladder_shows_every_message_both_ways() -> None:
    async with listening() as caller, listening() as callee:
        seen: list[tuple[str, bytes]] = []
        caller.ladder = lambda direction, peer, data, now: seen.append((direction, data.split(b" ")[0]))
        near, far = Listener(), Listener()
        answering(callee, far)
        ring_up(caller, callee.address, near)
        await far.until(Confirmed)
        assert seen == [("out", b"INVITE"), ("in", b"SIP/2.0"), ("out", b"ACK")]


async def test_what_cannot_be_sent_is_counted_and_raises_nothing() -> None:
    async with listening() as caller:
        ring_up(caller, ("2001:db8::1", 5060), Listener())
        assert caller.stats["send_failures"] == 1


async def test_user_agent_that_was_not_started_has_no_address() -> None:
    agent = UserAgent(UserAgentCore(CoreConfig(), lambda: token_hex(8)), ("127.0.0.1", 0))
    with pytest.raises(RuntimeError, match="start"):
        _ = agent.address
    await agent.close()


async def test_address_in_use_is_an_error_at_the_start() -> None:
    async with listening() as first:
        second = UserAgent(UserAgentCore(CoreConfig(), lambda: token_hex(8)), first.address)
        with pytest.raises(OSError, match="in use"):
            await second.start()
