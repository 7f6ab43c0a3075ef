"""A media worker that cannot be started again is tried until it can."""

import os
import signal
import sys
from collections.abc import MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from rtp.engine import LegId, LegOptions, MediaError
from tests.rtp.aio.test_pool import kill, pool, settings
from tests.rtp.phone import Phone, until

A, B = LegId("a"), LegId("b")

ENDS_AT_ONCE = """#!{python}
import os, sys
link = int(sys.argv[3])
os.read(link, 65536)
os.write(link, len(ANSWER).to_bytes(4, "big") + ANSWER)
os.close(link)
"""


@pytest.mark.parametrize("python", ["/nowhere/python", "no\0program"])
async def test_whatever_keeps_a_worker_from_starting_is_told_at_each_try_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, python: str
) -> None:
    async with pool(1) as media:
        with capture_logs() as logs, monkeypatch.context() as patch:
            patch.setattr(sys, "executable", python)
            kill(media)
            await until(lambda: len(_failures(logs)) == 2, "second try")
            assert media.crew.running == []
        await until(lambda: media.crew.running == [0], "new worker")


async def test_the_ports_of_a_lost_worker_rest_though_the_first_start_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pool(1, replace(settings(2), quarantine_s=60.0)) as media:
        with Phone() as phone:
            phone.described(await media.open(A, phone.sdp(), LegOptions("c")))
            used = phone.engine[1]
            with capture_logs() as logs, monkeypatch.context() as patch:
                patch.setattr(sys, "executable", "/nowhere/python")
                kill(media)
                await until(lambda: len(_failures(logs)) == 1, "first try")
            phone.described(await media.open(A, phone.sdp(), LegOptions("c")))
            assert phone.engine[1] != used
            with pytest.raises(MediaError, match="no media port"):
                await media.open(B, phone.sdp(), LegOptions("c"))


async def test_a_worker_that_ends_as_it_is_ready_is_replaced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "python"
    text = ENDS_AT_ONCE.replace("ANSWER", repr(b'[1,0,"ready"]'))
    program.write_text(text.format(python=sys.executable))
    program.chmod(0o700)
    async with pool(1) as media:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "executable", str(program))
            os.kill(media.crew.pids[0], signal.SIGKILL)
            await until(lambda: media.crew.ended == 2, "end of the second")
        await until(lambda: media.crew.running == [0], "third worker")


def _failures(logs: list[MutableMapping[str, Any]]) -> list[MutableMapping[str, Any]]:
    return [line for line in logs if line["event"] == "media worker cannot be started"]
