"""CPU per packet of the media engine, in process, over loopback: `python -m tests.bench.media [streams] [seconds]`.

The far ends are sockets that nobody reads (their kernel buffers fill and drop), so that the figure is the engine's own.
"""

import asyncio
import itertools
import resource
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

from rtp.aio.engine import LocalMediaEngine, MediaSettings
from rtp.engine import LegId, LegOptions
from rtp.g711 import SILENCE_FRAME
from rtp.packet import HEADER
from rtp.tone import tone

OPTIONS = LegOptions("bench")


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def phone() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)  # noqa: FBT003 - the library's own way
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.bind(("127.0.0.1", 0))
    return sock


def sdp(port: int) -> str:
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
    )


def port_of(answer: str) -> int:
    return int(answer.split("m=audio ")[1].split(" ")[0])


def engine() -> LocalMediaEngine:
    return LocalMediaEngine(MediaSettings("127.0.0.1", quarantine_s=0.5))


async def play(streams: int, seconds: float, latched: bool) -> None:
    media = engine()
    sound = Path(tempfile.mkdtemp()) / "music.al"
    sound.write_bytes(tone((440, 700), 30.0))
    phones = [phone() for _ in range(streams)]
    due: list[tuple[LegId, socket.socket, int]] = []
    for i, sock in enumerate(phones):
        leg = LegId(str(i))
        answer = await media.open(leg, sdp(sock.getsockname()[1]), OPTIONS)
        due.append((leg, sock, port_of(answer)))
        await media.play(leg, (str(sound),), loop=True)
        if latched:
            sock.sendto(HEADER.pack(0x80, 8, 1, 160, i) + SILENCE_FRAME, ("127.0.0.1", port_of(answer)))
        if i % 20 == 0:
            await asyncio.sleep(0)
    await asyncio.sleep(1.0)
    before, begun = cpu_s(), time.monotonic()
    skipped = media.skipped
    counted = sum([(await media.stats(leg)).sent for leg, _, _ in due])
    witness = phones[0]
    stamps = await spacing(witness, seconds)
    spent, lasted = cpu_s() - before, time.monotonic() - begun
    stats = [await media.stats(leg) for leg, _, _ in due]
    sent = sum(s.sent for s in stats) - counted
    errors = sorted(abs(b - a - 0.020) * 1000 for a, b in itertools.pairwise(stamps))
    print(
        f"play {streams} streams ({'connected' if latched else 'unconnected'}): "
        f"{spent / sent * 1e6:.2f} us a packet, "
        f"{100 * spent / lasted:.1f} % of a core, sent {sent} of {streams * 50 * lasted:.0f}, "
        f"spacing p50 {statistics.median(errors):.2f} p99 {errors[int(len(errors) * 0.99)]:.2f} "
        f"max {errors[-1]:.2f} ms, "
        f"slots skipped {media.skipped - skipped}"
    )
    await media.shutdown()


async def spacing(sock: socket.socket, seconds: float) -> list[float]:
    """Arrival times at one phone, by kernel stamps."""
    sock.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    while True:
        try:
            sock.recv(2048)
        except BlockingIOError:
            break
    await asyncio.sleep(seconds)
    stamps: list[float] = []
    while True:
        try:
            _, control, _, _ = sock.recvmsg(2048, 64)
        except BlockingIOError:
            return stamps
        for _, _, data in control:
            stamps.append(int.from_bytes(data[:8], "little") + int.from_bytes(data[8:16], "little") / 1e9)


async def open_and_close(count: int) -> None:
    media = LocalMediaEngine(MediaSettings("127.0.0.1", quarantine_s=0.0))
    sock = phone()
    text = sdp(sock.getsockname()[1])
    packet = HEADER.pack(0x80, 8, 1, 160, 7) + SILENCE_FRAME
    for latch in (False, True):
        before = cpu_s()
        for i in range(count):
            leg = LegId(f"x{i}")
            answer = await media.open(leg, text, OPTIONS)
            if latch:
                sock.sendto(packet, ("127.0.0.1", port_of(answer)))
                sock.sendto(packet, ("127.0.0.1", port_of(answer)))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            await media.close(leg)
        spent = cpu_s() - before
        what = "open + close, latched, two packets from the phone" if latch else "open + close"
        print(f"{what}: {spent / count * 1e6:.0f} us a leg")
    await media.shutdown()


SENDER = """
import socket, struct, sys, time
pairs = [tuple(map(int, a.split(":"))) for a in sys.argv[2:]]
until = time.monotonic() + float(sys.argv[1])
socks = []
for mine, theirs in pairs:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.bind(("127.0.0.1", mine)); s.connect(("127.0.0.1", theirs)); socks.append(s)
n, start = 0, time.monotonic()
payload = bytes([0xD5]) * 160
slots = [socks[i::20] for i in range(20)]
while time.monotonic() < until:
    for s in slots[n % 20]:
        k = n // 20
        try: s.send(struct.pack("!BBHII", 0x80, 8, k & 0xFFFF, k * 160 & 0xFFFFFFFF, s.fileno()) + payload)
        except OSError: pass
    n += 1
    time.sleep(max(0, start + n * 0.001 - time.monotonic()))
"""


async def hear(streams: int, seconds: float, bridged: bool) -> None:
    """Voice comes in on every leg from another process: dropped by the gate, or relayed between pairs."""
    media = engine()
    holders = [phone() for _ in range(streams)]
    ports = [sock.getsockname()[1] for sock in holders]
    for sock in holders:
        sock.close()
    theirs = []
    for i, port in enumerate(ports):
        theirs.append(port_of(await media.open(LegId(str(i)), sdp(port), OPTIONS)))
    if bridged:
        for i in range(0, streams, 2):
            await media.bridge(LegId(str(i)), LegId(str(i + 1)))
    args = [f"{a}:{b}" for a, b in zip(ports, theirs, strict=True)]
    sender = await asyncio.create_subprocess_exec(sys.executable, "-c", SENDER, str(seconds + 3), *args)
    await asyncio.sleep(2.0)
    received = sum([(await media.stats(LegId(str(i)))).received for i in range(streams)])
    before, begun = cpu_s(), time.monotonic()
    await asyncio.sleep(seconds)
    spent, lasted = cpu_s() - before, time.monotonic() - begun
    stats = [await media.stats(LegId(str(i))) for i in range(streams)]
    offered = streams * 50 * lasted
    print(
        f"{'relay' if bridged else 'hear, gate closed'} {streams} legs: "
        f"{spent / offered * 1e6:.2f} us a packet offered, "
        f"{100 * spent / lasted:.1f} % of a core, heard {sum(s.received for s in stats) - received} of {offered:.0f}, "
        f"lost {sum(s.lost for s in stats)}, jitter {max(s.jitter_ms for s in stats):.2f} ms"
    )
    await sender.wait()
    await media.shutdown()


async def main() -> None:
    streams = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    await open_and_close(5000)
    await play(streams, seconds, latched=True)
    await play(streams, seconds, latched=False)
    await hear(200, seconds, bridged=True)
    await hear(20, seconds, bridged=True)
    await hear(1000, seconds, bridged=False)


if __name__ == "__main__":
    asyncio.run(main())
