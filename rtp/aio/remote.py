"""A media worker as the SIP process sees it: its process, what it was asked, and whether it still answers."""

import asyncio
import itertools
import os
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog

import rtp
from rtp.aio.engine import MediaSettings
from rtp.aio.link import Link
from rtp.aio.worker import PING
from rtp.engine import MediaError, MediaEvent, WorkerGone
from rtp.wire import EVENT, LOG, METHODS, Decode, WireError, decode_event, frame

MOST_UNDER_WAY: Final = 10_000
"""Commands that one worker has not answered yet."""
BEAT_S: Final = 1.0
MOST_MISSED: Final = 5
"""Beats without an answer after which a worker that hangs is killed. Counted, so that our own pause kills nobody."""
START_WITHIN_S: Final = 20.0
END_WITHIN_S: Final = 3.0
LEVELS: Final = ("debug", "info", "warning", "error", "critical")

log = structlog.get_logger()


class Load(NamedTuple):
    """What a worker told at its last beat."""

    legs: int = 0
    skipped: int = 0
    worst_late_s: float = 0.0


class Remote:
    """One worker from its start to its end. `lost` is told when it ends, before what was asked of it fails."""

    def __init__(self, number: int, happened: Callable[[MediaEvent], None], lost: Callable[["Remote"], None]) -> None:
        self.number = number
        self.load = Load()
        self.over = asyncio.Event()
        self._happened = happened
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._asked: dict[int, tuple[asyncio.Future[Any], Decode | None]] = {}
        self._numbers = itertools.count(1)
        self._link: Link | None = None
        self._process: Process
        self._missed = 0
        self._beat: asyncio.TimerHandle | None = None

    async def start(self, settings: MediaSettings, quarantined: tuple[int, ...]) -> None:
        """Start the process and wait until it is ready. Raises OSError, TimeoutError and MediaError; ends it then."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "rtp.aio.worker", str(theirs.fileno())),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=sys.__stderr__,
                    pass_fds=(theirs.fileno(),),
                    env={**os.environ, "PYTHONPATH": _search_path()},
                    start_new_session=True,  # Ctrl-C in a terminal is the node's to answer
                )
            self._link = await Link.over(ours, self._heard, self._ended)
        except BaseException:
            ours.close()
            raise
        try:
            async with asyncio.timeout(START_WITHIN_S):
                await self._send(None, settings, quarantined)
            if self._link is None:
                raise WorkerGone(f"media worker {self.number} ended as it was ready")
        except BaseException:
            await self.end()
            raise
        self._beat = self._loop.call_later(BEAT_S, self._look)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, name: str, *arguments: Any) -> asyncio.Future[Any]:
        """Command and answer. Raises MediaError, in the future too; WorkerGone when the worker ends meanwhile."""
        if len(self._asked) >= MOST_UNDER_WAY and name != "close":
            raise MediaError(f"media worker {self.number} is behind by {MOST_UNDER_WAY} commands", 503)
        return self._send(METHODS[name].result, name, list(arguments))

    def _send(self, result: Decode | None, *message: Any) -> asyncio.Future[Any]:
        if self._link is None:
            raise WorkerGone(f"media worker {self.number} has ended")
        number = next(self._numbers)
        try:
            self._link.send(frame([number, *message]))
        except WireError as error:
            raise MediaError(str(error), 400) from error
        future: asyncio.Future[Any] = self._loop.create_future()
        self._asked[number] = future, result
        return future

    def _heard(self, message: list[Any]) -> None:
        number = message[0]
        if number == EVENT:
            # After who awaited an answer that came before it has gone on: the end of a play, after its number.
            self._loop.call_soon(self._happened, decode_event(message))
        elif number == LOG:
            self._write(message)
        else:
            self._answered(number, message)

    def _answered(self, number: int, message: list[Any]) -> None:
        future, decode = self._asked.pop(number, (None, None))
        if future is None or len(message) != 3:
            raise WireError(f"an answer to {number}, which was not asked, or no answer")
        if future.done():
            return  # who asked was cancelled
        if message[1]:
            future.set_exception(MediaError(str(message[2]), int(message[1])))
        else:
            future.set_result(message[2] if decode is None else decode(message[2]))

    def _write(self, message: list[Any]) -> None:
        _, level, text, values = message
        values.pop("worker", None)
        getattr(log, level if level in LEVELS else "warning")(text, worker=self.number, **values)

    def _look(self) -> None:
        """Once a beat: has the last one been answered?"""
        if self._missed >= MOST_MISSED:
            log.error("media worker hangs and is killed", worker=self.number, pid=self.pid)
            self._kill()
            return
        self._beat = self._loop.call_later(BEAT_S, self._look)
        self._missed += 1
        if self._missed == 1:
            self._send(None, PING, []).add_done_callback(self._beaten)

    def _beaten(self, answer: asyncio.Future[Any]) -> None:
        if not answer.cancelled() and answer.exception() is None:
            self._missed = 0
            self.load = Load(*answer.result())

    def _ended(self) -> None:
        self._link = None
        if self._beat is not None:
            self._beat.cancel()
        self._lost(self)
        self.over.set()
        asked, self._asked = self._asked, {}
        for future, _ in asked.values():
            if not future.done():
                future.set_exception(WorkerGone(f"media worker {self.number} has ended"))

    def _kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()

    async def end(self) -> int:
        """Close its link, by which it ends, and wait; kill it where that takes too long. Gives its exit code."""
        if self._link is not None:
            self._link.close()
        try:
            async with asyncio.timeout(END_WITHIN_S):
                return await self._process.wait()
        except TimeoutError:
            self._kill()
            return await self._process.wait()


def _search_path() -> str:
    """The tree that we run from first, whatever the current folder is."""
    root = str(Path(rtp.__file__).parent.parent)
    return os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
