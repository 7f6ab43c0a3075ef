"""A node with media workers, from outside: they live and end with it, whatever ends it."""

import asyncio
import os
import signal
from pathlib import Path

from tests.rtp.aio.test_worker import alive
from tests.rtp.phone import until
from tests.svar.test_serve import configured, heard, said, served


def workers(pid: int) -> list[int]:
    """The media workers among the children of a process."""
    children = [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return [child for child in children if b"rtp.aio.worker" in Path(f"/proc/{child}/cmdline").read_bytes()]


async def test_a_node_that_is_killed_takes_its_workers_along(tmp_path: Path) -> None:
    async with served(configured(tmp_path, "[media]\nworkers = 2\n")) as node:
        await heard(node, "svar ready")
        pids = workers(node.pid)
        assert len(pids) == 2
        node.kill()
        await until(lambda: not any(map(alive, pids)), "end of the workers", deadline_s=10)


async def test_a_node_replaces_a_worker_and_ends_all_when_it_is_stopped(tmp_path: Path) -> None:
    async with served(configured(tmp_path, "[media]\nworkers = 2\n")) as node:
        await heard(node, "svar ready")
        first = workers(node.pid)
        os.kill(first[0], signal.SIGKILL)
        async with asyncio.timeout(10):
            await heard(node, "media worker lost")
            await heard(node, "media worker started again")
        now = workers(node.pid)
        assert len(now) == 2
        node.send_signal(signal.SIGINT)
        told = await said(node)
        assert "stopped" in told
        assert "Traceback" not in told
        assert not any(map(alive, now))
