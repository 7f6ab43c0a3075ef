"""A recording on its way to a file: written in a thread, so that a slow disk holds up no call."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

import structlog

from rtp import wav
from rtp.engine import Recorded, Sides
from rtp.packet import Buffer
from rtp.recorder import RATE_HZ, Parts, Recorder, channels, combine

CHUNK_BYTES: Final = 16_000
"""Two seconds."""
MOST_WAITING: Final = 8000 * 120
"""Two minutes that a disk may lag behind; then what comes is lost, and said so."""

log = structlog.get_logger()


class Recording:
    """One WAV file, from `open` to `close`. `ended` is told once if it ends by itself: full, silence or failed."""

    __slots__ = (
        "_ended",
        "_file",
        "_listening",
        "_loop",
        "_over",
        "_path",
        "_recorder",
        "_sides",
        "_silence_s",
        "_whole",
        "_writing",
        "_written",
    )

    def __init__(
        self,
        path: Path,
        file: BinaryIO,
        sides: Sides,
        most_s: float,
        ended: Callable[[str], None],
        silence_s: float = 0.0,
    ) -> None:
        self._path = path
        self._file = file
        self._sides = sides
        self._ended = ended
        self._recorder = Recorder(sides, most_s, time.monotonic())
        self._loop = asyncio.get_running_loop()
        self._writing: asyncio.Future[None] | None = None
        self._written = 0
        self._over = False
        self._whole = True
        self._silence_s = silence_s
        self._listening = self._loop.call_later(silence_s, self._listen) if silence_s else None

    @classmethod
    async def open(
        cls, path: Path, sides: Sides, most_s: float, ended: Callable[[str], None], silence_s: float = 0.0
    ) -> "Recording":
        """Begin a file. Raises OSError if it cannot be written."""
        file = await asyncio.to_thread(_begin, path, channels(sides))
        return cls(path, file, sides, most_s, ended, silence_s)

    def _listen(self) -> None:
        """Has somebody been heard lately? By the clock, as a phone may send nothing while nobody speaks."""
        quiet_s = time.monotonic() - self._recorder.heard_at
        if quiet_s < self._silence_s:
            self._listening = self._loop.call_later(self._silence_s - quiet_s, self._listen)
        else:
            self._end("silence")

    def voice(self, side: int, packet: Buffer, timestamp: int, ssrc: int, codec: str, now: float) -> None:
        """A voice packet was heard on that side (`rtp.recorder.NEAR`, `FAR`)."""
        recorder = self._recorder
        if self._over:
            return
        recorder.voice(side, packet, timestamp, ssrc, codec, now)
        ready = recorder.ready
        if ready >= CHUNK_BYTES and self._writing is None:
            self._writing = self._loop.run_in_executor(None, _append, self._file, self._sides, self._take())
            self._writing.add_done_callback(self._wrote)
        elif ready > MOST_WAITING:
            self._fail("the disk lags two minutes behind")
        if recorder.full and not self._over:
            self._end("full")

    def _take(self, *, last: bool = False) -> Parts:
        parts = self._recorder.take(last=last)
        self._written += len(parts[0]) * channels(self._sides)
        return parts

    def change_far(self) -> None:
        """Another leg is on the far side from now on, or none."""
        self._recorder.change_far()

    def pause(self) -> None:
        """What is said until `resume` is not recorded, nor that there was a pause; a silence, though, goes on."""
        self._recorder.pause(time.monotonic())

    def resume(self) -> None:
        self._recorder.resume(time.monotonic())

    def _wrote(self, writing: "asyncio.Future[None]") -> None:
        self._writing = None
        error = writing.exception()
        if error is not None:
            self._fail(str(error))

    def _fail(self, reason: str) -> None:
        log.error("recording failed", path=str(self._path), reason=reason)
        self._whole = False
        self._end("failed")

    def _end(self, reason: str) -> None:
        if not self._over:
            self._over = True
            self._ended(reason)

    async def close(self) -> Recorded:
        """Write the rest and finish the file. Gives what it has."""
        if self._listening is not None:
            self._listening.cancel()
        if self._writing is not None:
            await asyncio.wait((self._writing,))
        self._over, was_over = True, self._over
        parts = self._take(last=True)
        try:
            await asyncio.to_thread(_finish, self._file, self._sides, parts, self._written)
        except OSError as error:
            log.error("recording failed", path=str(self._path), reason=str(error))
            self._whole = False
            if not was_over:
                self._ended("failed")
        recorder = self._recorder
        return Recorded(recorder.recorded / RATE_HZ, recorder.spoken / RATE_HZ, self._whole)


def _begin(path: Path, channel_count: int) -> BinaryIO:
    file = path.open("wb")
    file.write(wav.header(0, channel_count))
    return file


def _append(file: BinaryIO, sides: Sides, parts: Parts) -> None:
    file.write(combine(sides, parts))


def _finish(file: BinaryIO, sides: Sides, parts: Parts, written: int) -> None:
    with file:
        file.write(combine(sides, parts) + bytes(written % 2))
        file.seek(0)
        file.write(wav.header(written, channels(sides)))
