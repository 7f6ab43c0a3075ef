"""Floods by strangers: memory is bounded, and calls of a trunk go on undisturbed."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sip.config import Address, Limits
from tests.interop.peers import run, sipp
from tests.ports import free_port
from tests.security.strangers import STRANGER, register, server
from tests.sip.raw import raw
from tests.svar.system.installation import Installation, running

PARTS = """
[[queue]]
name = "work"
[[agent]]
name = "anna"
skills = { work = 5 }
"""
TRUNK = """
[[trunk]]
name = "operator"
networks = ["127.0.0.2/32"]
"""
FLOW = """
flow: test
title: Test
numbers: [5000]
languages: [nb]
start: bye
nodes:
  bye: {type: hangup, say: {nb: Ha.}}
"""
PER_S = 3000
CALLS, CALLS_PER_S = 100, 25


def request(number: int, kind: int, port: int) -> bytes:
    """INVITE, REGISTER, OPTIONS, a torn request, garbage: in turn."""
    if kind == 4:
        return bytes((number * 7 + i) & 255 for i in range(200))
    method = ("INVITE", "REGISTER", "OPTIONS", "INVITE")[kind]
    data = (
        f"{method} sip:5000@127.0.0.1:{port} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK{number};rport\r\nFrom: <sip:x{number}@a>;tag=t{number}\r\n"
        f"To: <sip:5000@127.0.0.1>\r\nCall-ID: f{number}\r\nCSeq: 1 {method}\r\nContact: <sip:x@127.0.0.1>\r\n"
        "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    ).encode()
    return data[: -60 if kind == 3 else None]


@contextmanager
def flooded(port: int) -> Iterator[list[int]]:
    """PER_S datagrams a second from fifty addresses; the list grows by what was sent in each hundredth of a second."""
    sent: list[int] = []
    stop = threading.Event()

    def flood() -> None:
        senders = []
        for n in range(50):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((f"127.3.0.{n + 1}", 0))
            senders.append(sock)
        number, began = 0, time.monotonic()
        while not stop.is_set():
            due = int((time.monotonic() - began) * PER_S)
            sent.append(due - number)
            for one in range(number, due):
                senders[one % 50].sendto(request(one, one % 5, port), ("127.0.0.1", port))
            number = due
            stop.wait(0.01)
        for sock in senders:
            sock.close()

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        yield sent
    finally:
        stop.set()
        thread.join()


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Installation]:
    async with running(Installation(tmp_path, PARTS, trunks=TRUNK, flows={"test.yaml": FLOW})) as installation:
        yield installation


def resident_kib(node: Installation) -> int:
    assert node.process is not None
    status = Path(f"/proc/{node.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def test_what_a_stranger_sends_beyond_the_allowance_is_not_even_parsed() -> None:
    """But for what may belong to a call that the same address has."""
    peer = server(Limits())
    bad = register(1, "anna").replace(b"CSeq: 1", b"CSeq: x")
    for number in range(40):
        peer.core.receive(bad, STRANGER, 1000.0)
        assert len(list(peer.core.datagrams())) == (number < 20)
    assert peer.core.stats["parse_errors"] == 20
    reinvite = raw("INVITE", uri="sip:5000@nav.example", to="<sip:5000@nav.example>;TAG=x", cseq="x")
    peer.core.receive(reinvite, STRANGER, 1000.0)
    assert peer.core.stats["parse_errors"] == 21


@pytest.mark.parametrize("method", ["INVITE", "REFER", "NOSUCH", "BYE"])
def test_no_method_is_answered_beyond_the_allowance(method: str) -> None:
    peer = server(Limits())
    for number in range(40):
        peer.core.receive(raw(method, uri="sip:5000@nav.example", branch=f"z9hG4bK{number}"), STRANGER, 1000.0)
        assert len(list(peer.core.datagrams())) == (number < 20)


@pytest.mark.interop
async def test_calls_of_a_trunk_go_on_while_strangers_flood(node: Installation) -> None:
    """Each is answered within 1.5 s, which leaves room for two repeats of a lost INVITE."""
    command = sipp(
        f"127.0.0.1:{node.sip_port}", "-sf", str(Path(__file__).parent / "short_call.xml"), "-m", str(CALLS),
        "-r", str(CALLS_PER_S), "-timeout", "20s", "-timeout_error", port=free_port("127.0.0.2"), host="127.0.0.2",
    )  # fmt: skip
    before = resident_kib(node)
    with flooded(node.sip_port) as sent:
        await asyncio.sleep(0.3)
        finished = await run(command, timeout_s=30)
    assert finished.code == 0, finished.output[-3000:]
    assert sum(sent) > PER_S * 3
    metrics = await node.metrics()
    assert metrics["svar_sip_messages_in_total"] > 0.9 * sum(sent)
    await node.quiet()
    assert len(node.records()) == CALLS
    assert resident_kib(node) - before < 40_000


def test_twenty_thousand_senders_leave_bounded_state() -> None:
    peer = server(Limits())
    for number in range(20_000):
        source = Address(f"10.{number >> 16}.{(number >> 8) & 255}.{number & 255}", 5060)
        peer.core.receive(register(number & 7, f"user{number & 1023}"), source, 1000.0 + number / 5000)
        peer.core.datagrams()
        peer.core.events()
    admission = peer.core._reception._admission
    assert len(admission._strangers) <= Limits().stranger_sources
    assert len(admission._known) <= 4096
    assert len(admission._vouched) == 0
    assert peer.core.stats["transactions"] == peer.core.stats["deadlines"] == peer.core.stats["sessions"] == 0
