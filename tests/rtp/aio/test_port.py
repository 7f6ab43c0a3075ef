import socket
import sys
from collections.abc import Iterator

import pytest

from rtp.aio.port import Port
from rtp.gate import closed_gate
from rtp.packet import RtpPacket
from tests.rtp.phone import Phone


@pytest.fixture
def phone() -> Iterator[Phone]:
    phone = Phone()
    yield phone
    phone.hang_up()


@pytest.fixture
def port(phone: Phone) -> Iterator[Port]:
    port = Port("127.0.0.1", 0)
    port.number = port.sock.getsockname()[1]
    phone.engine = ("127.0.0.1", port.number)
    yield port
    port.close()


def read(port: Port) -> list[int]:
    """Sequence numbers of the datagrams that wait (delivery on loopback is immediate)."""
    got = []
    while True:
        try:
            got.append(int.from_bytes(port.sock.recv(2048)[2:4], "big"))
        except BlockingIOError:
            return got


@pytest.mark.parametrize(
    ("address", "level", "option"),
    [("127.0.0.1", socket.IPPROTO_IP, socket.IP_TOS), ("::1", socket.IPPROTO_IPV6, socket.IPV6_TCLASS)],
)
def test_voice_is_marked_for_expedited_forwarding_also_on_a_new_socket(address: str, level: int, option: int) -> None:
    port = Port(address, 0)
    marks = [port.sock.getsockopt(level, option)]
    port.rebind()
    marks.append(port.sock.getsockopt(level, option))
    port.close()
    assert marks == [0xB8, 0xB8]


@pytest.mark.skipif(sys.platform != "linux", reason="the gate is Linux's")
def test_the_closed_gate_drops_voice_in_the_kernel_and_lets_keys_pass(port: Port, phone: Phone) -> None:
    assert port.gate(closed_gate(101))
    phone.sequence = 1
    phone.talk(count=130)
    phone.press("5")
    assert read(port) == [64, 128, *range(131, 138)]
    assert port.gate(None)
    phone.talk(count=3)
    assert read(port) == [138, 139, 140]


@pytest.mark.skipif(sys.platform != "linux", reason="the gate is Linux's")
def test_a_program_that_the_kernel_refuses_leaves_the_port_open(port: Port, phone: Phone) -> None:
    assert not port.gate(b"\xff" * 8)
    phone.talk()
    assert len(read(port)) == 1


def test_a_connected_port_hears_its_source_alone_until_it_is_bound_again(port: Port, phone: Phone) -> None:
    other = Phone(engine=phone.engine)
    port.connect(("127.0.0.1", phone.port))
    other.talk()
    phone.talk()
    assert len(read(port)) == 1
    port.rebind()
    assert not port.connected
    other.talk()
    assert len(read(port)) == 1
    assert port.sock.getsockname()[1] == port.number
    other.hang_up()


def test_a_port_in_use_cannot_be_bound(port: Port) -> None:
    with pytest.raises(OSError, match="in use"):
        Port("127.0.0.1", port.number)


def test_ipv6_is_bound_as_such() -> None:
    try:
        port = Port("::1", 0)
    except OSError:
        pytest.skip("no IPv6 on loopback")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
        sender.sendto(RtpPacket(8, 7, 0, 1, b"").to_bytes(), ("::1", port.sock.getsockname()[1]))
    assert read(port) == [7]
    port.close()
