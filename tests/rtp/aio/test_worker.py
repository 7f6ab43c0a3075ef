"""A worker without its node: it must not live on, whatever happened to the node, nor die before it."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.ports import free_range
from tests.rtp.phone import Phone, until

ROOT = Path(__file__).parent.parent.parent.parent

NODE = """
import asyncio, sys
from rtp.aio.engine import MediaSettings
from rtp.aio.pool import MediaPool
from rtp.engine import LegId, LegOptions

async def node(first, sdp, music):
    media = MediaPool(MediaSettings("127.0.0.1", first_port=first, last_port=first + 7), 2)
    await media.start()
    await media.open(LegId("a"), sdp, LegOptions("c"))
    await media.play(LegId("a"), (music,), loop=True)
    print(*media.crew.pids, flush=True)
    await asyncio.sleep(60)

asyncio.run(node(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
"""


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state not in "ZX"


@pytest.fixture
def music(tmp_path: Path) -> str:
    path = tmp_path / "music.al"
    path.write_bytes(bytes(8000))
    return str(path)


async def node(phone: Phone, music: str) -> tuple[asyncio.subprocess.Process, list[int]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", NODE, str(free_range(4)), phone.sdp(), music),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    pids = [int(pid) for pid in (await asyncio.wait_for(process.stdout.readline(), 20)).split()]
    return process, pids


async def test_a_killed_nodes_workers_end_within_two_seconds(music: str) -> None:
    with Phone() as phone:
        process, pids = await node(phone, music)
        await phone.hears(5)
        assert len(pids) == 2
        began = time.monotonic()
        process.kill()
        await process.wait()
        await until(lambda: not any(map(alive, pids)), "end of the workers", deadline_s=2.0)
        assert time.monotonic() - began < 2.0


async def test_signals_to_the_terminals_group_and_to_the_workers_end_none(music: str) -> None:
    with Phone() as phone:
        process, pids = await node(phone, music)
        assert all(os.getpgid(pid) != os.getpgid(process.pid) for pid in pids)
        for pid in pids:
            os.kill(pid, signal.SIGINT)
            os.kill(pid, signal.SIGTERM)
        await phone.hears(20)
        assert all(map(alive, pids))
        process.kill()
        await process.wait()
        await until(lambda: not any(map(alive, pids)), "end of the workers", deadline_s=2.0)


async def test_a_worker_that_is_told_nonsense_ends() -> None:
    import socket

    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "rtp.aio.worker", str(theirs.fileno())),
            cwd=ROOT,
            pass_fds=(theirs.fileno(),),
            stderr=asyncio.subprocess.DEVNULL,
        )
        theirs.close()
        ours.sendall(b"\0\0\0\x02{}")
        await asyncio.wait_for(process.wait(), 10)
        assert process.returncode == 0
