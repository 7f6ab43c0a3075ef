"""What connections may take, and what their loss costs: over real sockets."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace

import pytest

from sip.aio.user_agent import UserAgent
from sip.config import Address, CoreConfig, StreamLimits
from sip.core import UserAgentCore
from sip.events import Accepted, Confirmed, Ended, InviteReceived, Registered, Rejected, Unregistered
from sip.message.address import NameAddr
from sip.message.uri import SipUri
from sip.registering import ClientCredentials
from tests.sip.aio.test_streams import Client, connected, options, serving, tcp, until
from tests.sip.aio.test_user_agent import DIGEST, LOOPBACK, Listener, answering, ring_up
from tests.sip.network import OFFER, counted
from tests.sip.raw import raw

HASTY = StreamLimits(first_message_s=0.2, message_s=0.2, idle_s=0.2, unread_s=0.2, unread_bytes=200_000, ping_s=0)
STRANGERS = CoreConfig(trunks=(), streams=HASTY)
TRUNKED = CoreConfig(trunks=(LOOPBACK,), streams=HASTY)


@contextmanager
def half_open(agent: UserAgent, count: int) -> Iterator[list[socket.socket]]:
    """Connections that say nothing, each from a host of its own."""
    with ExitStack() as stack:
        opened = []
        for number in range(count):
            silent = stack.enter_context(socket.socket())
            silent.setblocking(False)  # noqa: FBT003 - the library's own way
            silent.bind((f"127.1.{number // 250}.{1 + number % 250}", 0))
            silent.connect_ex(tcp(agent)[:2])
            opened.append(silent)
        yield opened


@contextmanager
def descriptors(count: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_1500_half_open_connections_disturb_nobody() -> None:
    limits = StreamLimits(strangers=200, accepts_per_s=2000.0)
    trunk = replace(LOOPBACK, networks=(*LOOPBACK.networks[1:],))
    with descriptors(8192):
        async with serving(CoreConfig(trunks=(trunk,), streams=limits)) as agent:
            with half_open(agent, 1500):
                await until(lambda: agent.stats["connections_accepted"] >= 1500)
                assert agent.stats["connections"] <= 200
                async with connected(agent) as client:
                    client.write(options())
                    assert (await client.message()).startswith(b"SIP/2.0 200")
                caller, far = Listener(), Listener()
                async with serving() as phone:
                    answering(phone, far)
                    ring_up(agent, tcp(phone), caller)
                    await caller.until(Accepted)


async def test_one_stranger_has_few_connections_and_a_trunk_many() -> None:
    limits = StreamLimits(per_stranger=3)
    async with serving(replace(STRANGERS, streams=limits)) as agent:
        with ExitStack() as stack:
            for _ in range(10):
                stack.enter_context(socket.create_connection(tcp(agent)[:2]))
            await until(lambda: agent.stats["connections_refused"] == 7)
            assert agent.stats["connections"] == 3
        await until(lambda: agent.stats["connections"] == 0)
    async with serving(replace(TRUNKED, streams=limits)) as agent:
        with ExitStack() as stack:
            for _ in range(10):
                stack.enter_context(socket.create_connection(tcp(agent)[:2]))
            await until(lambda: agent.stats["connections"] == 10)


async def test_nobody_has_more_connections_than_there_may_be() -> None:
    async with serving(replace(TRUNKED, streams=StreamLimits(connections=2))) as agent:
        with ExitStack() as stack:
            for _ in range(5):
                stack.enter_context(socket.create_connection(tcp(agent)[:2]))
            await until(lambda: agent.stats["connections_refused"] == 3)
            ring_up(agent, Address("127.0.0.1", 9, "TCP"), Listener())
            assert agent.stats["connect_failures"] == 1


async def test_connections_that_come_too_fast_are_refused() -> None:
    async with serving(replace(STRANGERS, streams=StreamLimits(accepts_per_s=1.0))) as agent:
        with half_open(agent, 10):
            await until(lambda: agent.stats["connections_refused"] == 8)


@pytest.mark.parametrize("begun", [b"", b"OPTIONS sip:600@127.0.0.1 SIP/2.0\r\nVia: "])
async def test_silence_and_a_message_that_never_ends_are_not_waited_for(begun: bytes) -> None:
    async with serving(STRANGERS) as agent, connected(agent) as client:
        client.write(begun)
        assert await client.closed() == b""
        assert agent.stats["connections_overdue"] == 1


async def test_message_that_comes_too_slowly_is_not_waited_for() -> None:
    async with serving(TRUNKED) as agent, connected(agent) as client:
        client.write(options())
        await client.message()
        for byte in options("2")[:200]:
            client.write(bytes((byte,)))
            await asyncio.sleep(0.02)
            if client.reader.at_eof():
                break
        assert await client.closed() == b""
        assert agent.stats["messages_in"] == 1


async def test_idle_connection_of_nobody_is_closed() -> None:
    async with serving(STRANGERS) as agent, connected(agent) as client:
        client.write(options())
        await client.message()
        for _ in range(3):
            client.write(b"\r\n\r\n")
            await asyncio.sleep(0.1)
        assert (await client.closed()).strip(b"\r\n") == b""


async def test_peer_that_does_not_read_is_closed() -> None:
    quick = replace(TRUNKED, streams=replace(HASTY, unread_s=60.0, first_message_s=60.0))
    async with serving(quick) as agent:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(tcp(agent)[:2])
            deaf.setblocking(False)  # noqa: FBT003 - the library's own way
            number = 0

            def told() -> bool:
                nonlocal number
                for _ in range(200):
                    number += 1
                    try:
                        deaf.send(options(str(number)))
                    except OSError:
                        break
                return agent.stats["connections"] == 0

            await until(told)


async def test_peer_that_takes_nothing_for_too_long_is_closed() -> None:
    patient = replace(TRUNKED, streams=replace(HASTY, unread_bytes=100_000_000, idle_s=60.0))
    async with serving(patient) as agent:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(tcp(agent)[:2])
            await until(lambda: agent.stats["connections"] == 1)
            (connection,) = agent._sockets._streams._open.values()  # type: ignore[union-attr]
            connection.send(b"x" * 20_000_000, 100_000_000)
            await until(lambda: agent.stats["connections"] == 0)
            assert agent.stats["connections_overdue"] == 1


class Server:
    """A peer that listens, and keeps its clients."""

    def __init__(self) -> None:
        self.clients: list[Client] = []

    async def joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.clients.append(Client(reader, writer))


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Server, Address]]:
    kept = Server()
    server = await asyncio.start_server(kept.joined, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield kept, Address(host, port, "TCP")
    finally:
        server.close()
        for client in kept.clients:
            client.writer.close()


async def test_connection_that_we_opened_to_a_trunk_is_kept_alive_until_it_answers_no_more() -> None:
    limits = StreamLimits(ping_s=0.1, pong_s=0.2, idle_s=0.1)
    async with serving(replace(TRUNKED, streams=limits)) as agent, listening() as (server, address):
        ring_up(agent, address, Listener())
        await until(lambda: len(server.clients) == 1)
        (client,) = server.clients
        assert (await client.message()).startswith(b"INVITE")
        async with asyncio.timeout(10):
            for _ in range(2):
                assert await client.reader.readexactly(4) == b"\r\n\r\n"
                client.write(b"\r\n")
            assert await client.reader.readexactly(4) == b"\r\n\r\n"
        assert await client.closed() == b""


async def test_next_request_opens_a_connection_anew() -> None:
    async with serving(TRUNKED) as agent, listening() as (server, address):
        first = Listener()
        ring_up(agent, address, first)
        await until(lambda: len(server.clients) == 1)
        server.clients[0].writer.close()
        rejected = await first.until(Rejected)
        assert isinstance(rejected, Rejected)
        assert rejected.status == 503
        ring_up(agent, address, Listener())
        await until(lambda: len(server.clients) == 2)
        assert (await server.clients[1].message()).startswith(b"INVITE")


async def test_phone_that_registered_is_rung_over_its_connection_and_gone_with_it() -> None:
    async with serving(CoreConfig(trunks=(LOOPBACK,), digest=DIGEST)) as registrar, serving() as phone:
        heard, far, near = Listener(), Listener(), Listener()
        registrar.on_register_change = heard
        answering(phone, far)
        aor = NameAddr(SipUri("anna", "127.0.0.1"))
        phone.register(
            aor,
            registrar=SipUri("", "127.0.0.1"),
            destination=tcp(registrar),
            credentials=ClientCredentials("anna", "right"),
        )
        registered = await heard.until(Registered)
        assert isinstance(registered, Registered)
        (binding,) = registrar.locations("sip:anna@127.0.0.1")
        assert binding.destination == registered.source
        registrar.invite(binding.contact, near, local=aor, remote=aor, destination=binding.destination, sdp=OFFER)
        await near.until(Accepted)
        confirmed = await far.until(Confirmed)
        assert isinstance(confirmed, Confirmed)
        assert (registrar.stats["connections_opened"], phone.stats["connections_accepted"]) == (0, 0)
        await phone.close()
        gone = await heard.until(Unregistered)
        assert isinstance(gone, Unregistered)
        assert gone.cause == "connection lost"
        assert registrar.locations("sip:anna@127.0.0.1") == []


def invite(client: Client, port: int) -> bytes:
    via = f"SIP/2.0/TCP 127.0.0.1:{port};branch=z9hG4bKi"
    contact = f"Contact: <sip:peer@127.0.0.1:{port};transport=tcp>"
    return raw("INVITE", contact, "Content-Type: application/sdp", via=via, body=OFFER)


async def test_answer_after_a_loss_goes_over_a_new_connection_to_the_port_of_the_via() -> None:
    async with serving(TRUNKED) as agent, listening() as (server, address):
        far = Listener()
        agent.on_invite = lambda event: far(event) if agent.listen(event.session, far) else None
        async with connected(agent) as client:
            client.write(invite(client, address.port))
            invited = await far.until(InviteReceived)
        assert isinstance(invited, InviteReceived)
        await until(lambda: agent.stats["connections"] == 0)
        assert agent.accept(invited.session, OFFER)
        await until(lambda: len(server.clients) == 1)
        assert (await server.clients[0].message()).startswith(b"SIP/2.0 200")


async def test_call_whose_caller_cannot_be_reached_any_more_ends() -> None:
    async with serving(TRUNKED) as agent, connected(agent) as client:
        far = Listener()
        agent.on_invite = lambda event: far(event) if agent.listen(event.session, far) else None
        client.write(invite(client, 9))
        invited = await far.until(InviteReceived)
        assert isinstance(invited, InviteReceived)
        client.writer.close()
        await until(lambda: agent.stats["connections"] == 0)
        assert agent.ring(invited.session)
        await far.until(Ended)


class Told(UserAgentCore):
    """Keeps of which connections it is told that they are lost."""

    def __init__(self) -> None:
        super().__init__(TRUNKED, counted("t"))
        self.lost: list[Address] = []

    def connection_lost(self, destination: Address, now: float) -> None:
        self.lost.append(destination)
        super().connection_lost(destination, now)


async def test_the_end_of_a_connection_that_carried_nothing_costs_the_calls_nothing() -> None:
    core = Told()
    agent = UserAgent(core, Address("127.0.0.1", 0, "TCP"))
    await agent.start()
    for said in (b"", b"\r\n\r\n", b"OPTIONS sip:600@127.0.0.1 SIP/2.0\r\nVia: "):
        async with connected(agent) as client:
            client.write(said)
            await until(lambda: agent.stats["connections"] == 1)
        await until(lambda: agent.stats["connections"] == 0)
    assert core.lost == []
    async with connected(agent) as client:
        spoke = client.address
        client.write(options())
        await client.message()
    await until(lambda: agent.stats["connections"] == 0)
    assert core.lost == [spoke]
    await agent.close()


async def test_a_call_over_a_connection_whose_peer_never_spoke_fails_as_it_ends() -> None:
    async with serving(TRUNKED) as agent:
        heard = Listener()
        async with connected(agent) as client:
            await until(lambda: agent.stats["connections"] == 1)
            ring_up(agent, client.address, heard)
            assert (await client.message()).startswith(b"INVITE")
        rejected = await heard.until(Rejected)
        assert isinstance(rejected, Rejected)
        assert rejected.status == 503
