"""CPU per packet of rtpengine in userspace, and of svar's commands to it, over loopback.

`python -m tests.bench.rtpengine [legs] [seconds]`. The far ends are sockets that nobody reads.
"""

import asyncio
import os
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from rtp.engine import LegId, LegOptions
from rtp.g711 import SILENCE_FRAME
from rtp.packet import HEADER
from rtp.rtpengine.aio.engine import RtpengineMediaEngine, RtpengineSettings
from rtp.tone import tone
from tests.bench.media import cpu_s, phone, port_of, sdp
from tests.ports import free_range
from tests.rtp.rtpengine.daemon import daemon

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def child_cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


async def measured(pid: int, seconds: float, work: Callable[[float], Awaitable[int]]) -> tuple[float, int]:
    """rtpengine's CPU seconds while `work` went on for so long, and what it gave."""
    before = child_cpu_s(pid)
    count = await work(seconds)
    return child_cpu_s(pid) - before, count


async def talk(phones: list[tuple[int, int]], socks: list[socket.socket], seconds: float) -> int:
    """Every phone says a packet each 20 ms; gives how many in all."""
    begun, tick, sent = time.monotonic(), 0, 0
    while tick < seconds * 50:
        for (port, ssrc), sock in zip(phones, socks, strict=True):
            packet = HEADER.pack(0x80, 8, tick & 0xFFFF, 160 * tick, ssrc) + SILENCE_FRAME
            sock.sendto(packet, ("127.0.0.1", port))
            sent += 1
        tick += 1
        await asyncio.sleep(max(0.0, begun + tick * 0.02 - time.monotonic()))
    return sent


def show(what: str, times: int, ours_s: float, theirs_s: float) -> None:
    print(f"{what}: {ours_s / times * 1e3:.2f} ms of svar, {theirs_s / times * 1e3:.2f} ms of rtpengine")


async def run(legs: int, seconds: float) -> None:
    folder = Path(tempfile.mkdtemp())
    sound = folder / "music.al"
    sound.write_bytes(tone((440, 700), 30.0))
    first = free_range(4 * legs)
    with daemon(folder / "log", first=first, last=first + 8 * legs - 1) as server:
        media = RtpengineMediaEngine(RtpengineSettings((server.address,), server.keys, folder / "sounds"))
        pid, socks = server.process.pid, [phone() for _ in range(legs)]
        phones: list[tuple[int, int]] = []
        ours, theirs = cpu_s(), child_cpu_s(pid)
        for i, sock in enumerate(socks):
            text = await media.open(LegId(str(i)), sdp(sock.getsockname()[1]), LegOptions(str(i // 2)))
            phones.append((port_of(text), i))
        show("open a leg", legs, cpu_s() - ours, child_cpu_s(pid) - theirs)
        for i in range(legs):
            await media.play(LegId(str(i)), (str(sound),), loop=True)
        await asyncio.sleep(1.0)

        async def wait(seconds: float) -> int:
            await asyncio.sleep(seconds)
            return round(seconds * 50) * legs

        spent, count = await measured(pid, seconds, wait)
        print(f"play {legs} legs: {spent / count * 1e6:.1f} us a packet, {100 * spent / seconds:.0f} % of a core")
        for i in range(legs):
            await media.stop(LegId(str(i)))
        await talk(phones, socks, 0.5)
        spent, count = await measured(pid, seconds, lambda s: talk(phones, socks, s))
        print(f"hear {legs} legs that talk to nobody: {spent / count * 1e6:.1f} us a packet")
        ours, theirs = cpu_s(), child_cpu_s(pid)
        for i in range(0, legs, 2):
            await media.bridge(LegId(str(i)), LegId(str(i + 1)))
        show("bridge two", legs // 2, cpu_s() - ours, child_cpu_s(pid) - theirs)
        before = sum([(await media.stats(LegId(str(i)))).sent for i in range(legs)])
        spent, count = await measured(pid, seconds, lambda s: talk(phones, socks, s))
        relayed = sum([(await media.stats(LegId(str(i)))).sent for i in range(legs)]) - before
        print(f"relay {legs // 2} bridges: {spent / count * 1e6:.1f} us a packet ({relayed} relayed of {count})")
        await media.shutdown()


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else 200, float(sys.argv[2]) if len(sys.argv) > 2 else 8.0))
