"""SIP over TLS with certificates made for the test."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
import structlog

from sip.aio.tls import CertificateError, Tls, TlsFiles
from sip.aio.user_agent import UserAgent
from sip.config import Address, CoreConfig, StreamLimits, Trunk
from sip.core import UserAgentCore
from sip.events import Accepted, Confirmed, Ended, InviteReceived, Rejected
from sip.message.address import NameAddr
from sip.message.uri import SipUri
from tests.sip.aio.authority import Authority
from tests.sip.aio.test_streams import Client, options, until
from tests.sip.aio.test_user_agent import Listener, answering, ring_up
from tests.sip.network import OFFER, counted

LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def serving(files: TlsFiles, *trunks: Trunk) -> AsyncIterator[UserAgent]:
    core = UserAgentCore(CoreConfig(trunks=trunks), counted("t"))
    agent = UserAgent(core, Address("127.0.0.1", 0, "TLS"), tls=Tls(files))
    await agent.start()
    try:
        yield agent
    finally:
        await agent.close()


def files(authority: Authority, *names: str, ask_clients: bool = False, **changed: timedelta) -> TlsFiles:
    certificate, key = authority.issue(names[0], *names, file=f"{names[0]}-{ask_clients}", **changed)
    return TlsFiles(certificate, key, authority.file, ask_clients)


async def rejection(caller: UserAgent, destination: Address) -> Rejected:
    near = Listener()
    ring_up(caller, destination, near)
    rejected = await near.until(Rejected)
    assert isinstance(rejected, Rejected)
    return rejected


@asynccontextmanager
async def client_of(agent: UserAgent, authority: Authority) -> AsyncIterator[Client]:
    context = ssl.create_default_context(cafile=authority.file)
    reader, writer = await asyncio.open_connection(*agent.address[:2], ssl=context)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


async def test_call_is_answered_and_hung_up_over_tls(authority: Authority) -> None:
    ours = files(authority, "127.0.0.1")
    async with serving(ours) as caller, serving(ours, Trunk("near", LOOPBACK)) as callee:
        near, far = Listener(), Listener()
        answering(callee, far)
        ring_up(caller, callee.address, near)
        await near.until(Accepted)
        invite = await far.until(InviteReceived)
        assert isinstance(invite, InviteReceived)
        assert (invite.request.via.transport, invite.origin.name) == ("TLS", "near")
        confirmed = await far.until(Confirmed)
        assert isinstance(confirmed, Confirmed)
        assert callee.bye(confirmed.session)
        await near.until(Ended)
        assert caller.stats["connections_opened"] == callee.stats["connections_accepted"] == 1


async def test_trunk_is_known_by_its_certificate_wherever_it_calls_from(authority: Authority) -> None:
    trunk = Trunk("carrier", (), certificate="Sip.Carrier.example")
    server = files(authority, "127.0.0.1", ask_clients=True)
    async with serving(files(authority, "sip.carrier.example")) as carrier, serving(server, trunk) as callee:
        near, far = Listener(), Listener()
        answering(callee, far)
        ring_up(carrier, callee.address, near)
        invite = await far.until(InviteReceived)
        assert isinstance(invite, InviteReceived)
        assert (invite.origin.kind, invite.origin.name) == ("trunk", "carrier")
        await near.until(Accepted)
    async with serving(files(authority, "sip.other.example")) as other, serving(server, trunk) as callee:
        assert (await rejection(other, callee.address)).status == 403


async def test_trunk_that_proved_itself_and_left_without_a_word_is_forgotten(authority: Authority) -> None:
    trunk = Trunk("carrier", (), certificate="sip.carrier.example")
    theirs, key = authority.issue("sip.carrier.example", "sip.carrier.example")
    async with serving(files(authority, "127.0.0.1", ask_clients=True), trunk) as agent:
        context = ssl.create_default_context(cafile=authority.file)
        context.load_cert_chain(theirs, key)
        _, writer = await asyncio.open_connection(*agent.address[:2], ssl=context)
        host, port = writer.get_extra_info("sockname")
        address = Address(host, port, "TLS")
        await until(lambda: agent.core.trunk(address) == "carrier")
        writer.close()
        await until(lambda: agent.stats["connections"] == 0)
        assert agent.core.trunk(address) is None


def call_out(caller: UserAgent, listener: Listener) -> None:
    """By the trunk "carrier"."""
    target = SipUri.parse("sip:+4790000001@sip.carrier.example")
    us = NameAddr(SipUri("nav", "us.example"))
    caller.invite(target, listener, local=us, remote=NameAddr(target), trunk="carrier", sdp=OFFER)


def carrier_at(address: Address) -> Trunk:
    uri = SipUri.parse(f"sip:127.0.0.1:{address.port};transport=tls")
    return Trunk("carrier", (), certificate="SIP.carrier.example", address=uri)


async def test_trunk_is_known_on_the_connection_that_we_opened_to_it(authority: Authority) -> None:
    async with (
        serving(files(authority, "sip.carrier.example"), Trunk("near", LOOPBACK)) as carrier,
        serving(files(authority, "us.example"), carrier_at(carrier.address)) as us,
    ):
        near, far, back = Listener(), Listener(), Listener()
        answering(us, near)
        answering(carrier, far)
        call_out(us, Listener())
        there = await far.until(InviteReceived)
        assert isinstance(there, InviteReceived)
        ring_up(carrier, there.source, back)
        here = await near.until(InviteReceived)
        assert isinstance(here, InviteReceived)
        assert (here.origin.kind, here.origin.name) == ("trunk", "carrier")
        await back.until(Accepted)
        assert us.stats["connections_accepted"] == 0


async def test_nothing_for_a_trunk_goes_to_whoever_came_from_its_port_without_its_certificate(
    authority: Authority,
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    async with serving(files(authority, "127.0.0.1"), carrier_at(Address("127.0.0.1", port, "TLS"))) as us:
        context = ssl.create_default_context(cafile=authority.file)
        reader, writer = await asyncio.open_connection(*us.address[:2], ssl=context, local_addr=("127.0.0.1", port))
        writer.write(options())
        async with asyncio.timeout(10):
            await reader.readuntil(b"\r\n\r\n")
            heard = Listener()
            call_out(us, heard)
            rejected = await heard.until(Rejected)
            assert isinstance(rejected, Rejected)
            assert rejected.status == 503
            assert await reader.read() == b""
        writer.close()


def call_domain(caller: UserAgent, destination: Address, domain: str) -> Listener:
    heard, target = Listener(), SipUri.parse(f"sip:600@{domain}")
    us = NameAddr(SipUri("nav", "us.example"))
    caller.invite(target, heard, local=us, remote=NameAddr(target), destination=destination, sdp=OFFER)
    return heard


@pytest.mark.parametrize(
    ("proved", "reached"),
    [
        (("one.example",), ["one.example"]),
        (("two.example",), []),
        (("one.example", "two.example"), ["one.example", "two.example"]),
    ],
)
async def test_what_waits_for_a_handshake_goes_only_to_whoever_proves_the_name_that_it_is_for(
    authority: Authority, proved: tuple[str, ...], reached: list[str]
) -> None:
    invited: list[str] = []
    near = Trunk("near", LOOPBACK)
    async with serving(files(authority, "us.example")) as caller, serving(files(authority, *proved), near) as callee:
        callee.on_invite = lambda event: invited.append(str(event.request.uri).partition("@")[2])
        one, two = (call_domain(caller, callee.address, domain) for domain in ("one.example", "two.example"))
        if len(proved) == 1:
            rejected = await two.until(Rejected)
            assert isinstance(rejected, Rejected)
            assert rejected.status == 503
        else:
            await until(lambda: len(invited) == 2)
            assert caller.stats["connections_opened"] == 1
        assert invited == reached
        assert any(isinstance(event, Rejected) for event in one.heard) == (len(proved) == 1)


async def test_what_waits_for_a_handshake_is_bounded_for_each_name(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        destination = Address("127.0.0.1", silent.getsockname()[1], "TLS")
        limits = StreamLimits(unread_bytes=2000)
        agent = UserAgent(
            UserAgentCore(CoreConfig(streams=limits), counted("t")),
            Address("127.0.0.1", 0, "TLS"),
            tls=Tls(files(authority, "us.example")),
        )
        await agent.start()
        call_domain(agent, destination, "one.example")
        waiting = [call_domain(agent, destination, "two.example") for _ in range(5)]
        rejected = await waiting[0].until(Rejected)
        assert isinstance(rejected, Rejected)
        assert rejected.status == 503
        assert agent.stats["connections"] == 0
        await agent.close()


async def test_certificate_that_nobody_vouches_for_opens_nothing(authority: Authority, tmp_path: Path) -> None:
    trunk = Trunk("carrier", (), certificate="sip.carrier.example")
    stranger = Authority(tmp_path, "another authority")
    certificate, key = stranger.issue("sip.carrier.example", "sip.carrier.example")
    async with (
        serving(TlsFiles(certificate, key, authority.file)) as carrier,
        serving(files(authority, "127.0.0.1", ask_clients=True), trunk) as callee,
    ):
        assert (await rejection(carrier, callee.address)).status == 503
        assert callee.stats["messages_in"] == 0


@pytest.mark.parametrize("fault", ["another name", "expired", "another authority"])
async def test_nothing_is_sent_to_a_server_with_a_wrong_certificate(
    authority: Authority, tmp_path: Path, fault: str
) -> None:
    server = {
        "another name": lambda: files(authority, "sip.other.example"),
        "expired": lambda: files(authority, "127.0.0.1", life=timedelta(minutes=-30)),
        "another authority": lambda: files(Authority(tmp_path, "another"), "127.0.0.1"),
    }[fault]()
    async with serving(files(authority, "caller.example")) as caller, serving(server) as callee:
        assert (await rejection(caller, callee.address)).status == 503
        assert callee.stats["messages_in"] == 0
        assert caller.stats["connections"] == 0


async def test_trunk_has_its_own_authority_and_name(authority: Authority, tmp_path: Path) -> None:
    carrier = Authority(tmp_path, "carrier authority")
    trunk = Trunk("carrier", LOOPBACK, certificate="sip.carrier.example", ca=carrier.file)
    server = files(carrier, "sip.carrier.example")
    async with serving(files(authority, "us.example"), trunk) as caller, serving(server) as callee:
        assert (await rejection(caller, callee.address)).status == 403
    unread = Trunk("carrier", LOOPBACK, ca=str(tmp_path / "missing.pem"))
    async with serving(files(authority, "us.example"), unread) as caller, serving(server) as callee:
        assert (await rejection(caller, callee.address)).status == 503


async def test_anybody_is_believed_only_where_that_is_asked_for(authority: Authority, tmp_path: Path) -> None:
    server = files(Authority(tmp_path, "another"), "whoever.example")
    careless = Trunk("lab", LOOPBACK, verify=False)
    async with serving(files(authority, "us.example"), careless) as caller, serving(server) as callee:
        assert (await rejection(caller, callee.address)).status == 403


async def test_without_tls_none_is_spoken() -> None:
    agent = UserAgent(UserAgentCore(CoreConfig(), counted("t")), Address("127.0.0.1", 0))
    await agent.start()
    assert (await rejection(agent, Address("127.0.0.1", 5061, "TLS"))).status == 503
    await agent.close()


async def test_garbage_to_the_tls_port_costs_its_sender_the_connection(authority: Authority) -> None:
    async with serving(files(authority, "127.0.0.1")) as agent:
        reader, writer = await asyncio.open_connection(*agent.address[:2])
        writer.write(options() * 3)
        async with asyncio.timeout(10):
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await reader.readexactly(4096)
        writer.close()
        await until(lambda: agent.stats["handshake_failures"] == 1)
        assert agent.stats["messages_in"] == agent.stats["connections"] == 0


async def test_old_tls_is_refused(authority: Authority) -> None:
    async with serving(files(authority, "127.0.0.1")) as agent:
        context = ssl.create_default_context(cafile=authority.file)
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            await asyncio.open_connection(*agent.address[:2], ssl=context)


async def test_message_in_many_records_and_many_messages_in_one_are_cut_right(authority: Authority) -> None:
    trunk = Trunk("near", LOOPBACK)
    async with serving(files(authority, "127.0.0.1"), trunk) as agent, client_of(agent, authority) as client:
        for byte in options():
            client.write(bytes((byte,)))
        client.write(b"".join(options(f"b{number}") for number in range(200)))
        for _ in range(201):
            assert (await client.message()).startswith(b"SIP/2.0 200")


async def test_new_certificate_is_taken_without_touching_connections(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue("first.example", "127.0.0.1", file="server")
    tls = Tls(TlsFiles(certificate, key))
    agent = UserAgent(UserAgentCore(CoreConfig(), counted("t")), Address("127.0.0.1", 0, "TLS"), tls=tls)
    await agent.start()
    try:
        async with client_of(agent, authority) as before:
            authority.issue("second.example", "127.0.0.1", file="server")
            tls.watch(0.01)
            async with asyncio.timeout(10):
                while await _common_name(agent, authority) != "second.example":
                    pass
            before.write(options())
            assert (await before.message()).startswith(b"SIP/2.0 200")
            Path(certificate).write_text("broken")  # noqa: ASYNC240 - a test's own file
            assert not tls.reload()
            assert await _common_name(agent, authority) == "second.example"
    finally:
        await agent.close()


async def _common_name(agent: UserAgent, authority: Authority) -> str:
    async with client_of(agent, authority) as client:
        ((_, name),) = client.writer.get_extra_info("peercert")["subject"][0]
        return str(name)


def test_files_that_cannot_be_used_are_named(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue("one.example")
    other = authority.issue("two.example")
    missing, empty = str(tmp_path / "missing.pem"), tmp_path / "empty.pem"
    empty.write_text("")
    locked = tmp_path / "locked.key"
    locked.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    for files, told in (
        (TlsFiles(certificate, other[1]), r"one\.example\.pem with key .*two\.example\.key: the key is another one's"),
        (TlsFiles(missing, key), r"^certificate .*missing\.pem: No such file"),
        (TlsFiles(certificate, missing), r"^key .*missing\.pem: No such file"),
        (TlsFiles(str(empty), key), r"^certificate .*empty\.pem: there is none in it"),
        (TlsFiles(certificate), r"^key .*one\.example\.pem: there is no private key in it; .*name the file of its key"),
        (TlsFiles(certificate, str(locked)), r"^key .*locked\.key: it has a password.*openssl pkey"),
        (TlsFiles(certificate, key, missing), r"^ca .*missing\.pem: No such file"),
        (TlsFiles(certificate, key, str(empty)), r"^ca .*empty\.pem: .*expected certificates of authorities"),
    ):
        with pytest.raises(CertificateError, match=told):
            Tls(files)


@pytest.mark.parametrize(
    ("life", "told"),
    [
        (timedelta(hours=-1), "our certificate has expired: peers refuse it"),
        (timedelta(days=13), "our certificate ends soon"),
        (timedelta(days=15), ""),
    ],
)
def test_certificate_that_ends_is_told_of(authority: Authority, life: timedelta, told: str) -> None:
    ours = Tls(files(authority, "us.example", life=life))
    assert ours.not_after is not None
    assert abs(ours.not_after - datetime.now(UTC) - life) < timedelta(minutes=1)
    with structlog.testing.capture_logs() as logs:
        ours.warn()
    assert [line["event"] for line in logs] == [told] * bool(told)
    assert Tls(TlsFiles()).not_after is None
