"""A child process that cannot outlive us: it is told to end when we end, however we end."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import structlog

_log = structlog.get_logger(__name__)

AGAIN_AFTER_S = (0.0, 1.0, 2.0, 5.0, 10.0)
"""Pauses before a child that ended by itself is started again; the last holds for every further time in a row."""
SETTLED_S = 60.0
STOP_WITHIN_S = 5.0
LOG_TAIL = 600


class EmbeddedError(Exception):
    """An embedded service cannot be started; the message says which, why, and what to do."""


_TETHER = """
import os, sys
parent = int(sys.argv[1])
if sys.platform == "linux":
    import ctypes, signal
    ctypes.CDLL(None).prctl(1, int(signal.SIGTERM), 0, 0, 0)
if os.getppid() != parent:
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Run before the command, in its process: Linux then ends it when the thread that started it ends (PR_SET_PDEATHSIG).

A preexec function would run Python between fork and exec, which a process with threads must not do.
"""


class Child:
    """One child process. Its output goes to `log`, which begins anew with each start."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str], log: Path, *, pass_fds: Sequence[int] = (), cwd: Path | None = None
    ) -> "Child":
        """Start `command`, whose first word is an absolute path. From the main thread only: the child dies with it."""
        tether = (sys.executable, "-I", "-S", "-c", _TETHER, str(os.getpid()))
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                *tether,
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=descriptor,
                stderr=descriptor,
                pass_fds=tuple(pass_fds),
                cwd=cwd,
                start_new_session=True,  # Ctrl-C in a terminal is ours to pass on, in order
            )
        except OSError as error:
            raise EmbeddedError(f"cannot start {name} ({command[0]}): {error.strerror}") from error
        finally:
            os.close(descriptor)
        return cls(name, process, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    async def wait(self) -> int:
        """Until the child has ended; gives its exit status."""
        return await self._process.wait()

    def said(self) -> str:
        """The end of what the child wrote."""
        with contextlib.suppress(OSError):
            return self._log.read_text(errors="replace")[-LOG_TAIL:].strip()
        return ""

    async def stop(self, *, within_s: float = STOP_WITHIN_S) -> None:
        """Ask the child to end (SIGTERM), and end it (SIGKILL) when it has not within `within_s`. Repeatable."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            try:
                async with asyncio.timeout(within_s):
                    await self._process.wait()
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
                await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()


async def keep(current: Callable[[], Child], again: Callable[[], Awaitable[None]]) -> None:
    """Call `again`, which starts the child anew, whenever the `current` one has ended by itself. Until cancelled."""
    clock, times = asyncio.get_running_loop().time, 0
    while True:
        child, began = current(), clock()
        status = await child.wait()
        times = 0 if clock() > began + SETTLED_S else times
        _log.error("a child ended by itself and is started again", name=child.name, status=status, said=child.said())
        await asyncio.sleep(AGAIN_AFTER_S[min(times, len(AGAIN_AFTER_S) - 1)])
        times += 1
        try:
            await again()
        except EmbeddedError as error:
            _log.error("a child could not be started again", name=child.name, error=str(error))
