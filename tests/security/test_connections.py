"""Attacks that only connections know, on TCP and TLS of a whole node: calls and probes go on."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sip.config import CoreConfig, Trunk
from sip.message.message import Response, parse
from tests.interop.peers import require, run, sipp
from tests.ports import free_port
from tests.security.half_open import half_open
from tests.security.test_floods import FLOW, resident_kib
from tests.sip.aio.authority import Authority
from tests.sip.aio.test_streams import connected, options, serving
from tests.sip.aio.test_tls import files, rejection
from tests.sip.aio.test_tls import serving as serving_tls
from tests.svar.system.installation import Installation, eventually, running

PARTS = """
[[queue]]
name = "work"
[[agent]]
name = "anna"
skills = {{ work = 5 }}
[tls]
port = {port}
certificate = "{certificate}"
key = "{key}"
ca = "{ca}"
"""
TRUNK = """
[[trunk]]
name = "operator"
networks = ["127.0.0.2/32"]
[[trunk]]
name = "carrier"
certificate = "sip.carrier.example"
"""
CALLS, CALLS_PER_S = 40, 10
HALF_OPEN = 1500
MOST_PROBE_S = 0.5


class Secured(Installation):
    """A node that listens to TLS too."""

    def __init__(self, folder: Path) -> None:
        authority = Authority(folder)
        certificate, key = authority.issue("127.0.0.1", "127.0.0.1")
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.tls_port: int = free.getsockname()[1]
        written = PARTS.format(port=self.tls_port, certificate=certificate, key=key, ca=authority.file)
        super().__init__(folder, written, trunks=TRUNK, flows={"test.yaml": FLOW})


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Secured]:
    async with running(Secured(tmp_path)) as installation:
        assert isinstance(installation, Secured)
        yield installation


def request(number: int, transport: str, host: str, port: int) -> bytes:
    return (
        f"OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/{transport} {host};branch=z9hG4bK{number};rport\r\n"
        f"From: <sip:x@a>;tag=t\r\nTo: <sip:127.0.0.1>\r\nCall-ID: o{number}\r\nCSeq: 1 OPTIONS\r\n"
        "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def probe(port: int, number: int) -> float:
    """How long OPTIONS takes to be answered. Raises TimeoutError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.5.200.1", 0))
        sock.settimeout(10)
        began = time.monotonic()
        sock.sendto(request(number, "UDP", "127.5.200.1", port), ("127.0.0.1", port))
        answer = parse(sock.recv(65536))
        assert isinstance(answer, Response)
        assert answer.status == 200
        return time.monotonic() - began


async def probed(port: int, done: Callable[[], bool]) -> list[float]:
    took: list[float] = []
    while not done():
        took.append(await asyncio.to_thread(probe, port, len(took)))
        await asyncio.sleep(0.2)
    return took


def calls(node: Installation, transport: str) -> list[str]:
    scenario = Path(__file__).parent / "short_call.xml"
    return sipp(
        f"127.0.0.1:{node.sip_port}", "-sf", str(scenario), "-m", str(CALLS), "-r", str(CALLS_PER_S), "-t", transport,
        "-timeout", "25s", "-timeout_error", port=free_port("127.0.0.2"), host="127.0.0.2",
    )  # fmt: skip


@pytest.mark.interop
async def test_1500_connections_that_get_nowhere_cost_nobody_a_call(node: Secured) -> None:
    """Silent, half a TLS handshake, half a message, a byte a second; 40 of 40 calls over UDP and over TCP meanwhile."""
    require("sipp")
    before = resident_kib(node)
    with half_open(node.sip_port, node.tls_port, HALF_OPEN) as attacker:
        await eventually(lambda: attacker.opened >= HALF_OPEN, "attack", 20.0, lambda: attacker.opened)
        udp, tcp = (run(calls(node, transport), timeout_s=40) for transport in ("u1", "t1"))
        both = asyncio.gather(udp, tcp)
        took = await probed(node.sip_port, both.done)
        held = (await node.metrics())["svar_sip_connections"]
        for finished in await both:
            assert finished.code == 0, finished.output[-3000:]
    assert max(took) < MOST_PROBE_S
    assert len(took) >= 10
    assert held > 200, f"the attack held {held} connections"
    await node.quiet()
    assert len(node.records()) == 2 * CALLS
    assert resident_kib(node) - before < 60_000
    assert "Traceback" not in node.log()


@pytest.mark.interop
async def test_ten_thousand_requests_in_one_connection_keep_nobody_waiting(node: Secured) -> None:
    """A stranger's are mostly not answered; a trunk's are, as far as it reads."""

    def pipelined(host: str) -> int:
        data = b"".join(request(number, "TCP", host, node.sip_port) for number in range(10_000))
        with socket.socket() as sock:
            sock.bind((host, 0))
            sock.connect(("127.0.0.1", node.sip_port))
            sock.settimeout(0.2)
            heard, view = b"", memoryview(data)
            quiet = 0
            while quiet < 5:
                try:
                    view = view[sock.send(view[:65536]) :] if view else view
                except TimeoutError:
                    pass
                try:
                    heard += sock.recv(1 << 20)
                    quiet = 0
                except TimeoutError:
                    quiet += not view
            return heard.count(b"SIP/2.0 200 ")

    for host, least, most in (("127.5.201.1", 10, 200), ("127.0.0.2", 10_000, 10_000)):
        flood = asyncio.get_running_loop().run_in_executor(None, pipelined, host)
        took = await probed(node.sip_port, flood.done)
        assert least <= await flood <= most
        assert max(took) < MOST_PROBE_S


@pytest.mark.interop
async def test_openssl_renegotiates_nothing_and_plain_text_is_no_tls(node: Secured) -> None:
    openssl = require("openssl")
    script = f"(sleep 0.3; echo R; sleep 0.7) | {openssl} s_client -tls1_2 -connect 127.0.0.1:{node.tls_port} 2>&1"
    said = (await run(["sh", "-c", script], timeout_s=10)).output
    assert "RENEGOTIATING" in said
    assert "no renegotiation" in said, said[-800:]
    plain = await asyncio.to_thread(spoken, node.tls_port, request(1, "TLS", "127.0.0.1", node.tls_port) * 3)
    assert b"SIP/2.0" not in plain
    secret = await asyncio.to_thread(spoken, node.sip_port, bytes.fromhex("16030100050100000103") * 5000)
    assert secret == b""
    assert probe(node.sip_port, 1) < MOST_PROBE_S


@pytest.mark.interop
async def test_handshakes_one_after_the_other_keep_nobody_waiting(node: Secured) -> None:
    """Two of OpenSSL's own load generators for three seconds: 100 a second are let in, and twice that at first."""
    command = [require("openssl"), "s_time", "-new", "-time", "3", "-connect", f"127.0.0.1:{node.tls_port}"]
    flood = asyncio.gather(*(run(command, timeout_s=20) for _ in range(2)))
    took = await probed(node.sip_port, flood.done)
    await flood
    assert max(took) < MOST_PROBE_S
    accepted = (await node.metrics())["svar_sip_connections_accepted_total"]
    assert 50 < accepted < 200 + 100 * 8


def spoken(port: int, data: bytes) -> bytes:
    """What is answered until the other closes."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.settimeout(5)
        heard = b""
        try:
            sock.sendall(data)
            while piece := sock.recv(65536):
                heard += piece
        except ConnectionError:
            pass
        return heard


LIES = (
    "Content-Length: 99999999", "Content-Length: -1", "Content-Length: 0\r\nContent-Length: 40", "Content-Length: 0x10",
    "Content-Length: +5", "Content-Length: 5 5", "Content-Length:", "l: 0\r\nContent-Length: 0", "X: y",
    "Content-Length: 4294967296", "Content-Length: 18446744073709551616", "Content-Length: 1e3",
    "Content-Length: \u0665", "Content-Length: 0, 40", "Content-Length:\r\n 0\r\nl\t:\t0",
)  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
async def test_a_length_that_can_be_read_in_two_ways_ends_the_connection(lie: str) -> None:
    """So that nobody smuggles a second request past a proxy within the first: at most one answer, and a 400 at that."""
    smuggled = options("2").replace(b"c1", b"c2")
    async with serving() as agent, connected(agent) as client:
        client.write(options("1", lie) + smuggled)
        heard = await client.closed()
    assert heard.count(b"SIP/2.0 ") == heard.count(b"SIP/2.0 400 ") <= 1


async def test_a_length_too_short_makes_a_second_message_of_the_rest_for_its_sender_alone() -> None:
    async with serving() as agent, connected(agent) as client:
        client.write(options("1", "Content-Length: 3") + b"abc" + options("2"))
        assert (await client.message()).startswith(b"SIP/2.0 415")
        assert (await client.message()).startswith(b"SIP/2.0 200")


@pytest.mark.parametrize("flood", [b"\r\n\r\n", b"\r\n"], ids=["pings", "empty lines"])
async def test_a_flood_of_keep_alives_costs_no_more_than_requests_do(flood: bytes) -> None:
    """By the byte, in CPU time of both ends, at most ten times; each answered alone they cost forty times."""

    async def cost(piece: bytes) -> tuple[float, int]:
        async with serving(replace(CoreConfig(), trunks=())) as agent, connected(agent) as client:
            client.write(options("0"))
            await client.message()
            began = time.process_time()
            client.write(piece * (400_000 // len(piece)))
            client.writer.write_eof()
            heard = await client.closed()
            return time.process_time() - began, len(heard)

    usual = min([await cost(options(str(n))) for n in range(3)])[0]
    took, heard = min([await cost(flood) for _ in range(3)])
    assert took < 10 * usual + 0.02
    assert heard < 4000


NAMES = (
    ("sip.carrier.example\0.evil.example",), ("evil.example", "sip.carrier.example\0"), ("*.carrier.example",), ("*",),
    ("carrier.example",), ("sip.carrier.example.evil.example",), ("sip:sip.carrier.example@evil.example",),
    ("sip:carrier@sip.carrier.example",), ("sips:sip.carrier.example",), ("sip:evil.example", "sip.carrier.example"),
    ("xn--sip-carrier-example",),
)  # fmt: skip


@pytest.mark.parametrize("names", NAMES, ids=repr)
async def test_no_name_that_is_nearly_a_trunks_makes_a_trunk(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Certificates that the right authority gave out to others (RFC 5922 §7.2); the common name is the trunk's."""
    authority = Authority(tmp_path)
    trunk = Trunk("carrier", (), certificate="sip.carrier.example")
    certificate, key = authority.issue("sip.carrier.example", *names, file="evil")
    evil = replace(files(authority, "evil.example"), certificate=certificate, key=key)
    async with (
        serving_tls(evil) as caller,
        serving_tls(files(authority, "127.0.0.1", ask_clients=True), trunk) as callee,
    ):
        assert (await rejection(caller, callee.address)).status == 403
        assert callee.stats["messages_in"] == 1
