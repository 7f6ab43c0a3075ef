"""CPU of one call's signalling (INVITE, 200, ACK, BYE from us, 200), without and with a socket.

    python -m tests.bench.sip_core [--calls 2000] [--profile]

The peer is a script of prepared bytes, so that only our own side is measured.
"""

import argparse
import asyncio
import cProfile
import pstats
import re
import socket
import time
from ipaddress import ip_network
from secrets import token_hex

from sip.aio.user_agent import UserAgent
from sip.config import Address, CoreConfig, Limits, Transport, Trunk
from sip.core import UserAgentCore
from sip.events import Confirmed, InviteReceived, SipEvent
from sip.message.framing import Framer

TRUNK = Trunk("loopback", (ip_network("127.0.0.0/8"),))
PEER = Address("127.0.0.1", 6960)
TRANSPORTS: tuple[Transport, ...] = ("UDP", "TCP")
SDP = (
    "v=0\r\no=- 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 10000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n"
)
HEAD = (
    "{method} sip:600@127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK-{branch}\r\n"
    'From: "caller" <sip:47{number:09d}@127.0.0.1:{port}>;tag={number}SIPp\r\nTo: <sip:600@127.0.0.1:5060>{to_tag}\r\n'
    "Call-ID: {number}-1@127.0.0.1\r\nCSeq: 1 {method}\r\nContact: <sip:caller@127.0.0.1:{port}>\r\n"
    "Max-Forwards: 70\r\nSubject: bench\r\n"
)
TAG = re.compile(rb"To: [^\r]*;tag=([0-9A-Za-z]+)")


def invite(number: int, port: int) -> bytes:
    head = HEAD.format(method="INVITE", port=port, branch=f"{number}-0", number=number, to_tag="")
    return f"{head}Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n\r\n{SDP}".encode()


def ack(number: int, port: int, tag: str) -> bytes:
    head = HEAD.format(method="ACK", port=port, branch=f"{number}-5", number=number, to_tag=f";tag={tag}")
    return f"{head}Content-Length: 0\r\n\r\n".encode()


def ok(bye: bytes) -> bytes:
    lines = [
        line for line in bye.split(b"\r\n") if line.split(b":")[0] in (b"Via", b"From", b"To", b"Call-ID", b"CSeq")
    ]
    return b"\r\n".join([b"SIP/2.0 200 OK", *lines, b"Content-Length: 0", b"", b""])


def config() -> CoreConfig:
    return CoreConfig(trunks=(TRUNK,), limits=Limits(sessions=100_000, transactions=1_000_000, calls_per_s=1e6))


def in_memory(calls: int, rate: float) -> float:
    """Milliseconds of CPU a call in the core alone; time passes at `rate` calls a second, so that timers pile up."""
    core = UserAgentCore(config(), lambda: token_hex(8))
    core.listens(Address("127.0.0.1", 5060))
    now = spent = 0.0
    for number in range(calls):
        now += 1 / rate
        data = invite(number, PEER[1])
        start = time.process_time()
        if (deadline := core.deadline) is not None and deadline <= now:
            core.handle_timeout(now)
        core.receive(data, PEER, now)
        (event,) = core.events()
        assert isinstance(event, InviteReceived)
        core.accept(event.session, SDP, now)
        ((answer, _),) = core.datagrams()
        spent += time.process_time() - start
        tag = TAG.search(answer)
        assert tag is not None
        data = ack(number, PEER[1], tag[1].decode())
        start = time.process_time()
        core.receive(data, PEER, now)
        core.events()
        core.bye(event.session, now)
        ((bye, _),) = core.datagrams()
        spent += time.process_time() - start
        data = ok(bye)
        start = time.process_time()
        core.receive(data, PEER, now)
        core.events()
        spent += time.process_time() - start
    assert core.stats["sessions"] == 0
    return spent / calls * 1000


async def over_sockets(calls: int, rate: float, transport: Transport = "UDP") -> float:
    """Milliseconds of CPU a call with the shell and its socket; the scripted peer's share is measured and taken off."""
    agent = UserAgent(UserAgentCore(config(), lambda: token_hex(8)), Address("127.0.0.1", 0, transport))

    def hang_up(event: SipEvent) -> None:
        if isinstance(event, Confirmed):
            agent.bye(event.session)

    def answer(event: InviteReceived) -> None:
        agent.listen(event.session, hang_up)
        agent.accept(event.session, SDP)

    agent.on_invite = answer
    await agent.start()
    loop = asyncio.get_running_loop()
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if transport == "UDP" else socket.SOCK_STREAM)
    peer.bind(("127.0.0.1", 0))
    port = peer.getsockname()[1]
    peer.connect(agent.address[:2])
    peer.setblocking(False)  # noqa: FBT003 - the library's own way
    framer, by = Framer(), f"/{transport} ".encode()
    done = 0
    peers_share = 0.0

    def heard() -> None:
        nonlocal done, peers_share
        start = time.process_time()
        chunk = peer.recv(65536)
        for data in (chunk,) if transport == "UDP" else framer.feed(chunk):
            if data.startswith(b"SIP/2.0 200"):
                tag, number = TAG.search(data), re.search(rb"Call-ID: ([0-9]+)-", data)
                assert tag is not None
                assert number is not None
                peer.send(ack(int(number[1]), port, tag[1].decode()).replace(b"/UDP ", by))
            else:
                peer.send(ok(data))
                done += 1
        peers_share += time.process_time() - start

    loop.add_reader(peer, heard)
    began = time.process_time()
    next_at = loop.time()
    for number in range(calls):
        start = time.process_time()
        peer.send(invite(number, port).replace(b"/UDP ", by))
        peers_share += time.process_time() - start
        next_at += 1 / rate
        await asyncio.sleep(max(0.0, next_at - loop.time()))
    while done < calls:  # noqa: ASYNC110 - a loop of a bench, not of the engine
        await asyncio.sleep(0.01)
    spent = time.process_time() - began - peers_share
    loop.remove_reader(peer)
    peer.close()
    await agent.close()
    return spent / calls * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--rate", type=float, default=150.0)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    if options.profile:
        profile = cProfile.Profile()
        profile.runcall(in_memory, options.calls, options.rate)
        pstats.Stats(profile).sort_stats("tottime").print_stats(35)
        return
    print(f"core alone: {min(in_memory(options.calls, options.rate) for _ in range(3)):.3f} ms a call")
    for transport in TRANSPORTS:
        spent_ms = asyncio.run(over_sockets(options.calls, options.rate, transport))
        print(f"core, shell and {transport} socket: {spent_ms:.3f} ms a call")


if __name__ == "__main__":
    main()
