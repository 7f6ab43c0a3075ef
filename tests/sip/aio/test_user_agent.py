import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from secrets import token_hex

import pytest

from sip.aio.sockets import CannotListen
from sip.aio.user_agent import UserAgent
from sip.config import Address, CoreConfig, Digest, Limits, Timers, Trunk
from sip.core import UserAgentCore
from sip.events import (
    Accepted,
    Confirmed,
    Ended,
    InviteReceived,
    Provisional,
    Registered,
    RegistrationActive,
    ReinviteReceived,
    Rejected,
    Reoffered,
    RequestReceived,
    SessionId,
    SipEvent,
    Unregistered,
)
from sip.message.address import NameAddr
from sip.message.uri import SipUri
from sip.registering import ClientCredentials
from sip.registration import SavedBinding
from tests.sip.network import ANSWER, OFFER
from tests.sip.raw import raw

LOOPBACK = Trunk("loopback", (ip_network("127.0.0.0/8"), ip_network("::1/128")))


DIGEST = Digest("nav.example", {"anna": "right"}.get, b"secret")


@asynccontextmanager
async def listening(host: str = "127.0.0.1", config: CoreConfig | None = None) -> AsyncIterator[UserAgent]:
    core = UserAgentCore(config or CoreConfig(trunks=(LOOPBACK,)), lambda: token_hex(8))
    agent = UserAgent(core, Address(host, 0))
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
    host, port, _ = destination
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
        ring_up(caller, Address("127.0.0.1", callee.address[1]), near)
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
        ring_up(caller, Address("2001:db8::1", 5060), Listener())
        assert caller.stats["send_failures"] == 1


async def test_user_agent_that_was_not_started_has_no_address() -> None:
    agent = UserAgent(UserAgentCore(CoreConfig(), lambda: token_hex(8)), Address("127.0.0.1", 0))
    with pytest.raises(RuntimeError, match="start"):
        _ = agent.address
    await agent.close()


async def test_address_in_use_is_an_error_at_the_start() -> None:
    async with listening() as first:
        second = UserAgent(UserAgentCore(CoreConfig(), lambda: token_hex(8)), first.address)
        told = f"over UDP on 127.0.0.1:{first.address.port}: Address already in use"
        with pytest.raises(CannotListen, match=told) as caught:
            await second.start()
        assert caught.value.address == first.address


async def test_phone_registers_is_found_after_a_restart_and_leaves() -> None:
    async with listening(config=CoreConfig(digest=DIGEST)) as registrar, listening() as phone:
        known, own = Listener(), Listener()
        registrar.on_register_change, phone.on_registration = known, own
        registration = phone.register(
            NameAddr(SipUri("anna", "127.0.0.1")),
            registrar=SipUri("", "127.0.0.1"),
            destination=registrar.address,
            credentials=ClientCredentials("anna", "right"),
        )
        await own.until(RegistrationActive)
        await known.until(Registered)
        (binding,) = registrar.locations("sip:anna@127.0.0.1")
        assert binding.destination == phone.address
        async with listening(config=CoreConfig(digest=DIGEST)) as restarted:
            restarted.restore_bindings(registrar.save_bindings())
            assert restarted.locations("sip:anna@127.0.0.1")[0].destination == phone.address
        phone.unregister(registration)
        await known.until(Unregistered)


async def test_a_phone_restored_before_the_start_is_forgotten_in_time_though_nobody_speaks() -> None:
    agent, known = (
        UserAgent(UserAgentCore(CoreConfig(digest=DIGEST), lambda: token_hex(8)), Address("127.0.0.1", 0)),
        Listener(),
    )
    agent.on_register_change = known
    saved = SavedBinding("sip:anna@h", "sip:anna@192.0.2.1", "192.0.2.1", 5060, 0.02, 1.0, "", "c", 1)
    agent.core.registrar.restore([saved], asyncio.get_running_loop().time())
    await agent.start()
    try:
        await known.until(Unregistered)
    finally:
        await agent.close()


async def test_ringing_call_is_given_up_by_the_caller() -> None:
    async with listening() as caller, listening() as callee:
        near, far = Listener(), Listener()

        def ring(event: InviteReceived) -> None:
            callee.listen(event.session, far)
            assert callee.ring(event.session)

        callee.on_invite = ring
        session = ring_up(caller, callee.address, near)
        await near.until(Provisional)
        assert caller.cancel(session)
        rejected = await near.until(Rejected)
        assert isinstance(rejected, Rejected)
        assert rejected.status == 487
        await far.until(Ended)


async def test_call_is_refused_with_a_reason() -> None:
    async with listening() as caller, listening() as callee:
        callee.on_invite = lambda event: assert_done(callee.reject(event.session, 486, reason="Opptatt"))
        near = Listener()
        ring_up(caller, callee.address, near)
        rejected = await near.until(Rejected)
        assert isinstance(rejected, Rejected)
        assert (rejected.status, rejected.reason) == (486, "Opptatt")


def assert_done(done: bool) -> None:
    assert done


async def test_call_is_held_taken_over_and_hung_up() -> None:
    async with listening() as caller, listening() as callee:
        near, far = Listener(), Listener()
        answering(callee, far)
        session = ring_up(caller, callee.address, near)
        await near.until(Accepted)
        (confirmed,) = [await far.until(Confirmed)]
        assert isinstance(confirmed, Confirmed)
        snapshot = callee.snapshot(confirmed.session)
        assert snapshot is not None

        def held(event: SipEvent) -> None:
            if isinstance(event, ReinviteReceived):
                callee.accept(event.session, ANSWER)
            far(event)

        callee.listen(callee.resume(snapshot, held), held)
        assert caller.reoffer(session, OFFER)
        await near.until(Reoffered)
        assert caller.hang_up(session)
        await far.until(Ended)


async def test_nothing_is_heard_of_a_call_before_its_name_is_given() -> None:
    async with listening(config=CoreConfig(limits=Limits(sessions=0))) as caller:
        near = Listener()
        ring_up(caller, caller.address, near)
        assert near.heard == []
        rejected = await near.until(Rejected)
        assert isinstance(rejected, Rejected)
        assert rejected.status == 503


async def test_caller_is_challenged_by_the_application() -> None:
    async with listening() as caller, listening(config=CoreConfig(trunks=(LOOPBACK,), digest=DIGEST)) as callee:
        callee.on_invite = lambda event: assert_done(callee.challenge(event.session))
        near = Listener()
        ring_up(caller, callee.address, near)
        rejected = await near.until(Rejected)
        assert isinstance(rejected, Rejected)
        assert rejected.status == 401


async def test_offer_in_the_answer_is_answered_in_the_ack() -> None:
    async with listening() as caller, listening() as callee:
        near, far = Listener(), Listener()
        answering(callee, far)

        def heard(event: SipEvent) -> None:
            if isinstance(event, Accepted):
                assert caller.acknowledge(event.session, OFFER)
            near(event)

        target = SipUri("bob", *callee.address[:2])
        local = NameAddr(SipUri("alice", "127.0.0.1"))
        caller.invite(target, heard, local=local, remote=NameAddr(target), destination=callee.address, sdp=None)
        confirmed = await far.until(Confirmed)
        assert isinstance(confirmed, Confirmed)
        assert confirmed.sdp == OFFER


async def test_timer_sends_100_when_the_application_is_slow() -> None:
    quick = CoreConfig(trunks=(LOOPBACK,), timers=Timers(trying_s=0.01))
    async with listening() as caller, listening(config=quick) as callee:
        trying = asyncio.Event()
        caller.ladder = lambda direction, peer, data, now: trying.set() if data.startswith(b"SIP/2.0 100") else None
        callee.on_invite = lambda event: None
        ring_up(caller, callee.address, Listener())
        async with asyncio.timeout(10):
            await trying.wait()


async def test_listener_that_comes_too_late_is_told_and_not_kept() -> None:
    async with listening() as caller, listening() as callee:
        near = Listener()
        session = ring_up(caller, callee.address, near)
        await near.until(Rejected)
        assert not caller.listen(session, near)
        assert caller._listeners == {}


async def test_drained_user_agent_refuses_new_calls() -> None:
    async with listening() as caller, listening() as callee:
        callee.drain()
        near = Listener()
        ring_up(caller, callee.address, near)
        rejected = await near.until(Rejected)
        assert isinstance(rejected, Rejected)
        assert rejected.status == 503


class Sender(asyncio.DatagramProtocol):
    """A peer that keeps what it receives."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue(100)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.received.put_nowait(data)


@pytest.mark.parametrize(("answers", "status"), [(True, b"202"), (False, b"480")])
async def test_other_requests_go_to_the_application(answers: bool, status: bytes) -> None:
    config = CoreConfig(trunks=(LOOPBACK,), methods=frozenset(("MESSAGE",)))
    async with listening(config=config) as agent:
        if answers:
            agent.on_request = lambda event: assert_done(
                isinstance(event, RequestReceived) and agent.respond(event, 202)
            )
        loop = asyncio.get_running_loop()
        transport, sender = await loop.create_datagram_endpoint(Sender, remote_addr=agent.address[:2])
        try:
            transport.sendto(raw("MESSAGE"))
            async with asyncio.timeout(10):
                assert (await sender.received.get()).startswith(b"SIP/2.0 " + status)
        finally:
            transport.close()


async def test_any_address_is_told_to_peers_as_one_that_leads_here() -> None:
    async with listening("0.0.0.0") as agent:
        host = agent.core._station.own(Address("127.0.0.1", 5060)).partition(":")[0]
        assert host != "0.0.0.0"
        assert agent.core._station.is_own("127.0.0.1", agent.address[1])


async def test_closed_user_agent_sends_nothing_more() -> None:
    async with listening() as agent:
        await agent.close()
        ring_up(agent, Address("127.0.0.1", 9), Listener())
        assert agent.stats["messages_out"] == 1
        assert agent.stats["send_failures"] == 0
