"""A quarter of an hour of the day in fifteen seconds, with everything real but the people."""

import asyncio
import io
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from svar.config import load
from svar.demo.day import Day, Plan
from svar.demo.figures import balances, whole
from svar.demo.staffing import Scale
from tests.svar.demo.test_staffing import EXAMPLE
from tests.svar.system.installation import borrow_spoken, keep_spoken


async def test_callers_are_answered_and_the_sums_hold(tmp_path: Path) -> None:
    config = load(EXAMPLE, {})
    config = replace(config, sip=replace(config.sip, port=0), http=replace(config.http, port=0))
    console = Console(record=True, file=io.StringIO(), width=100)
    borrow_spoken(tmp_path)
    day = Day(config, Plan(Scale(60, 12), 15.0, 1, str(tmp_path)), console)
    result = await day.run()
    day.close(result)
    keep_spoken(tmp_path)
    total = whole(result.board)
    assert balances(result.board)
    assert total.answered >= 3
    assert result.outcomes.failed == 0
    assert abs(result.desks - total.answered) <= 3  # an answer may be on its way from the phone to the figures
    assert abs(result.outcomes.talked - total.answered) <= 3
    assert "O = A + L + F + W in every queue" in console.export_text()


async def test_an_interrupt_ends_the_demo_in_order_with_its_summary() -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "svar", "demo", "--minutes", "5", "--agents", "4",
        env={**os.environ, "SVAR_SIP_PORT": "0", "SVAR_HTTP_PORT": "0"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    try:
        async with asyncio.timeout(60):
            while b"offered" not in (await child.stdout.readline()):
                pass
            child.send_signal(signal.SIGINT)
            output, errors = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    assert child.returncode == 0, errors.decode()
    assert "O = A + L + F + W in every queue" in output.decode()
    assert "error" not in errors.decode()
