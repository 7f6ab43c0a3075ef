"""Real SIP peers as child processes: where they are missing a test skips, and in CI fails."""

import asyncio
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ports import free_port

CHAOS_RELAY = Path(__file__).parent.parent / "tools" / "chaos_relay.py"
_GRACE_S = 5.0


def require(program: str) -> str:
    """The path of a program. Skips the test where it is not installed, fails it in CI."""
    path = shutil.which(program)
    if path is not None:
        return path
    if os.environ.get("CI"):
        pytest.fail(f"{program} is not installed, and CI needs it")
    pytest.skip(f"{program} is not installed")


@dataclass(frozen=True, slots=True)
class Finished:
    code: int
    output: str


async def run(command: Sequence[str], *, timeout_s: float, cwd: Path | None = None) -> Finished:
    """A child up to its end; it is killed, and the test fails, when that takes longer than `timeout_s`."""
    async with child(command, cwd=cwd) as process:
        try:
            output, _ = await asyncio.wait_for(process.communicate(), timeout_s)
        except TimeoutError:
            pytest.fail(f"{' '.join(command)}: still running after {timeout_s} s")
        assert process.returncode is not None
        return Finished(process.returncode, output.decode(errors="replace"))


@asynccontextmanager
async def child(command: Sequence[str], *, cwd: Path | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
    """A child that is gone when the block ends."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        cwd=cwd,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.communicate(), _GRACE_S)
            except TimeoutError:
                process.kill()
                await process.communicate()


async def until_bound(port: int, host: str = "127.0.0.1") -> None:
    """Wait until somebody has taken a UDP port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    async with asyncio.timeout(10):
        while True:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                try:
                    probe.bind((host, port))
                except OSError:
                    return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def chaos_relay(
    to_port: int, *, loss_percent: float, reorder_percent: float = 0, twice_percent: float = 0, seed: int = 7
) -> AsyncIterator[int]:
    """A UDP relay on loopback that loses datagrams each way, lets others overtake some, and repeats some.

    Gives the port to send to.
    """
    port = free_port()
    command = [
        sys.executable, str(CHAOS_RELAY), "--udp", f"127.0.0.1:{port}=127.0.0.1:{to_port}",
        "--loss", str(loss_percent), "--reorder", str(reorder_percent), "--dup", str(twice_percent),
        "--seed", str(seed),
    ]  # fmt: skip
    async with child(command):
        await until_bound(port)
        yield port


def sipp(*arguments: str, port: int, host: str = "127.0.0.1") -> list[str]:
    """A SIPp command on loopback that keeps no files and needs no terminal."""
    return [
        require("sipp"), "-i", host, "-p", str(port), "-nostdin", "-trace_err", "-error_file", "/dev/stdout",
        *arguments,
    ]  # fmt: skip
