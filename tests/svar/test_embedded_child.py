import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from svar.embedded.child import Child, EmbeddedError

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


async def until_said(child: Child, text: str) -> None:
    async with asyncio.timeout(20):
        while text not in child.said():  # noqa: ASYNC110 - the file tells nobody
            await asyncio.sleep(0.01)


async def test_a_child_runs_its_command_and_what_it_says_is_kept(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"]
    child = await Child.start("test", command, tmp_path / "log")
    assert await child.wait() == 3
    assert not child.running
    assert sorted(child.said().split()) == ["err", "out"]
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600
    await child.stop()


async def test_a_child_that_does_not_listen_is_ended_all_the_same(tmp_path: Path) -> None:
    child = await Child.start("test", [sys.executable, "-c", DEAF], tmp_path / "log")
    await until_said(child, "deaf")
    await child.stop(within_s=0.05)
    assert await child.wait() == -signal.SIGKILL
    await child.stop()


async def test_a_child_that_listens_ends_in_order(tmp_path: Path) -> None:
    child = await Child.start("test", ["/bin/sleep", "60"], tmp_path / "log")
    assert child.running
    await child.stop()
    assert await child.wait() == -signal.SIGTERM


async def test_a_log_that_is_gone_says_nothing(tmp_path: Path) -> None:
    child = await Child.start("test", ["/bin/sleep", "60"], tmp_path / "log")
    os.unlink(tmp_path / "log")
    assert child.said() == ""
    await child.stop()


async def test_a_folder_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="cannot start test"):
        await Child.start("test", ["/bin/true"], tmp_path / "log", cwd=tmp_path / "nowhere")
