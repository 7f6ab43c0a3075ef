import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sip.aio.udp import UdpSocket
from sip.config import Address


class Heard:
    """Datagrams and the words after each batch."""

    def __init__(self) -> None:
        self.datagrams: list[tuple[bytes, Address]] = []
        self.batches: list[int] = []
        self._news = asyncio.Event()

    def datagram(self, data: bytes, source: Address) -> None:
        self.datagrams.append((data, source))

    def woken(self) -> None:
        self.batches.append(len(self.datagrams))
        self._news.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.datagrams) < count:
                self._news.clear()
                await self._news.wait()


@contextmanager
def bound(host: str = "127.0.0.1") -> Iterator[tuple[UdpSocket, Heard]]:
    heard = Heard()
    udp = UdpSocket(Address(host, 0), heard.datagram, heard.woken)
    try:
        yield udp, heard
    finally:
        udp.close()


async def test_datagrams_arrive_with_their_source() -> None:
    with bound() as (one, _), bound() as (other, heard):
        one.send(b"hello", other.address)
        await heard.until(1)
        assert heard.datagrams == [(b"hello", one.address)]


async def test_any_address_of_ipv6_speaks_ipv4_by_its_plain_names() -> None:
    with bound("::") as (both, heard), bound() as (four, answered):
        four.send(b"ask", Address("127.0.0.1", both.address[1]))
        await heard.until(1)
        assert heard.datagrams == [(b"ask", four.address)]
        both.send(b"answer", four.address)
        await answered.until(1)
        assert answered.datagrams == [(b"answer", Address("127.0.0.1", both.address[1]))]


@pytest.mark.parametrize(("each_s", "first"), [(0.0, 200), (0.0001, 111), (1.0, 15)])
async def test_flood_is_read_for_a_bounded_time_so_that_others_get_their_turn(each_s: float, first: int) -> None:
    heard = Heard()
    other = UdpSocket(Address("127.0.0.1", 0), heard.datagram, heard.woken, clock=lambda: each_s * len(heard.datagrams))
    with bound() as (one, _):
        for number in range(200):
            one.send(b"%d" % number, other.address)
        await heard.until(200)
    other.close()
    assert [data for data, _ in heard.datagrams] == [b"%d" % number for number in range(200)]
    assert heard.batches[0] == first


@pytest.mark.parametrize(
    "destination",
    [Address("2001:db8::1", 5060), Address("127.0.0.1", 70000), Address("phone.example", 5060), Address("", 5060)],
)
async def test_what_the_kernel_does_not_take_is_counted(destination: Address) -> None:
    with bound() as (one, _):
        one.send(b"x", destination)
        assert one.send_failures == 1


async def test_largest_datagram_arrives_whole() -> None:
    with bound() as (one, _), bound() as (other, heard):
        one.send(b"x" * 65507, other.address)
        one.send(b"x" * 65508, other.address)
        await heard.until(1)
        assert len(heard.datagrams[0][0]) == 65507
        assert one.send_failures == 1


async def test_address_that_is_not_ours_cannot_be_bound() -> None:
    heard = Heard()
    with pytest.raises(OSError, match="assign"):
        UdpSocket(Address("192.0.2.1", 0), heard.datagram, heard.woken)


async def test_socket_that_complains_is_read_on() -> None:
    """An ICMP error for something we sent surfaces at a read; what waits behind it is still heard."""
    with bound() as (one, heard), bound() as (other, _):
        one._socket.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR
        with bound() as (closed, _):
            nobody = closed.address
        one.send(b"x", nobody)
        other.send(b"hello", one.address)
        await heard.until(1)
        assert heard.datagrams == [(b"hello", other.address)]
