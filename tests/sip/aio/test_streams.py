"""SIP over real TCP connections: calls, framing, and everything a connection may do wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from sip.aio.user_agent import UserAgent
from sip.config import Address, CoreConfig
from sip.core import UserAgentCore
from sip.events import Accepted, Confirmed, Ended, InviteReceived, Rejected
from tests.sip.aio.test_user_agent import LOOPBACK, Listener, answering, ring_up
from tests.sip.network import counted
from tests.sip.raw import raw

TRUNKED = CoreConfig(trunks=(LOOPBACK,))


@asynccontextmanager
async def serving(config: CoreConfig = TRUNKED, host: str = "127.0.0.1") -> AsyncIterator[UserAgent]:
    agent = UserAgent(UserAgentCore(config, counted("t")), Address(host, 0), Address(host, 0, "TCP"))
    await agent.start()
    try:
        yield agent
    finally:
        await agent.close()


def tcp(agent: UserAgent) -> Address:
    (found,) = [address for address in agent.addresses if address.transport == "TCP"]
    return found


class Client:
    """A peer that writes what it likes, and reads messages."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @property
    def address(self) -> Address:
        host, port = self.writer.get_extra_info("sockname")[:2]
        return Address(host, port, "TCP")

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    async def message(self) -> bytes:
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            return head + await self.reader.readexactly(length)

    async def closed(self) -> bytes:
        """What came before the end of the stream."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""


@asynccontextmanager
async def connected(agent: UserAgent) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection(*tcp(agent)[:2])
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


def options(branch: str = "1", length: str = "Content-Length: 0") -> bytes:
    data = raw("OPTIONS", via=f"SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bK{branch}", call_id=branch)
    return data.replace(b"Content-Length: 0", length.encode())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_call_is_answered_and_hung_up_over_one_connection(host: str) -> None:
    async with serving(host=host) as caller, serving(host=host) as callee:
        near, far = Listener(), Listener()
        answering(callee, far)
        session = ring_up(caller, tcp(callee), near)
        await near.until(Accepted)
        invite = await far.until(InviteReceived)
        assert isinstance(invite, InviteReceived)
        assert invite.request.via.transport == "TCP"
        assert str(invite.request.contacts[0].uri).endswith(f"{tcp(caller).port};transport=tcp")
        confirmed = await far.until(Confirmed)
        assert isinstance(confirmed, Confirmed)
        assert callee.bye(confirmed.session)
        await near.until(Ended)
        await far.until(Ended)
        assert not caller.bye(session)
        assert caller.stats["connections_opened"] == callee.stats["connections_accepted"] == 1
        assert callee.stats["connections_opened"] == 0


async def test_message_that_comes_byte_by_byte_is_answered_once() -> None:
    async with serving() as agent, connected(agent) as client:
        for byte in options():
            client.write(bytes((byte,)))
            await asyncio.sleep(0)
        assert (await client.message()).startswith(b"SIP/2.0 200")
        assert agent.stats["messages_in"] == 1


async def test_two_messages_in_one_segment_are_two() -> None:
    async with serving() as agent, connected(agent) as client:
        client.write(options("1") + options("2"))
        answers = [await client.message(), await client.message()]
        assert [b"branch=z9hG4bK1" in answers[0], b"branch=z9hG4bK2" in answers[1]] == [True, True]


async def test_keep_alive_is_answered() -> None:
    async with serving() as agent, connected(agent) as client:
        client.write(b"\r\n\r\n" + options())
        async with asyncio.timeout(10):
            assert await client.reader.readexactly(2) == b"\r\n"
        assert (await client.message()).startswith(b"SIP/2.0 200")


@pytest.mark.parametrize("length", ["X-None: 0", "Content-Length: -1", "Content-Length: 70000"])
async def test_message_whose_end_cannot_be_told_is_refused_and_the_connection_closed(length: str) -> None:
    async with serving() as agent, connected(agent) as client:
        client.write(options(length=length))
        assert (await client.closed()).startswith(b"SIP/2.0 400")


async def test_garbage_closes_the_connection_without_a_word() -> None:
    async with serving() as agent, connected(agent) as client:
        client.write(b"\x16\x03\x01garbage" * 20000)
        assert await client.closed() == b""
        await until(lambda: agent.stats["connections"] == 0)


async def test_nobody_listens_there_is_told_at_once() -> None:
    async with serving() as caller, serving() as gone:
        address = tcp(gone)
        await gone.close()
        near = Listener()
        ring_up(caller, address, near)
        rejected = await near.until(Rejected)
        assert isinstance(rejected, Rejected)
        assert rejected.status == 503


async def test_connections_are_opened_from_the_address_that_we_are_known_by() -> None:
    async with serving(host="127.0.0.7") as caller, serving() as callee:
        near, far = Listener(), Listener()
        answering(callee, far)
        ring_up(caller, tcp(callee), near)
        invite = await far.until(InviteReceived)
        assert isinstance(invite, InviteReceived)
        assert invite.source.host == "127.0.0.7"
