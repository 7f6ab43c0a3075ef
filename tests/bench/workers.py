"""What a command to a media worker costs the SIP process and the worker: `python -m tests.bench.workers [commands]`."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from rtp.aio.engine import LocalMediaEngine, MediaSettings
from rtp.aio.pool import MediaPool
from rtp.engine import LegId, LegOptions, MediaEngine
from tests.bench.media import cpu_s, phone, sdp

BATCHES = (1, 20)
"""Commands under way at once: alone, and as under load."""


def worker_cpu_s(pid: int) -> float:
    """As the scheduler counts it, in nanoseconds."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


async def measure(media: MediaEngine, pids: list[int], count: int, batch: int) -> None:
    leg, sock = LegId("a"), phone()
    await media.open(leg, sdp(sock.getsockname()[1]), LegOptions("c"))
    sound = Path(tempfile.mkdtemp()) / "s.al"
    sound.write_bytes(bytes(1600))
    mine, theirs, began = cpu_s(), [worker_cpu_s(pid) for pid in pids], time.monotonic()
    for _ in range(count // batch // 2):
        await asyncio.gather(*[media.play(leg, (str(sound),)) for _ in range(batch)])
        await asyncio.gather(*[media.stop(leg) for _ in range(batch)])
    lasted = time.monotonic() - began
    spent = sum(worker_cpu_s(pid) for pid in pids) - sum(theirs)
    print(
        f"{type(media).__name__}, play and stop, {batch} at once: {(cpu_s() - mine) / count * 1e6:.0f} us in this "
        f"process, {spent / count * 1e6:.0f} us in the worker, "
        f"{lasted / count * batch * 1e6:.0f} us from asking to answer"
    )
    await media.close(leg)
    sock.close()


async def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    settings = MediaSettings("127.0.0.1", first_port=40_000, last_port=40_999)
    pool = MediaPool(settings, 1)
    await pool.start()
    local = LocalMediaEngine(settings)
    for batch in BATCHES:
        await measure(pool, pool.crew.pids, count, batch)
        await measure(local, [], count, batch)
    await local.shutdown()
    await pool.shutdown()


if __name__ == "__main__":
    asyncio.run(main())
