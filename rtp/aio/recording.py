"""A recording on its way to a file: written in a thread, so that a slow disk holds up no call."""

import asyncio
from pathlib import Path
from typing import BinaryIO, Final

import structlog

from rtp import wav
from rtp.packet import Buffer
from rtp.recorder import Recorder

CHUNK_BYTES: Final = 16_000
"""Two seconds."""
MOST_WAITING: Final = 8000 * 120
"""Two minutes that a disk may lag behind; then what comes is lost, and said so."""

log = structlog.get_logger()


class Recording:
    """One leg's WAV file, from `open` to `close`."""

    __slots__ = ("_failed", "_file", "_loop", "_path", "_recorder", "_writing")

    def __init__(self, path: Path, file: BinaryIO, codec: str) -> None:
        self._path = path
        self._file = file
        self._recorder = Recorder(codec)
        self._loop = asyncio.get_running_loop()
        self._writing: asyncio.Future[None] | None = None
        self._failed = False

    @classmethod
    async def open(cls, path: Path, codec: str) -> "Recording":
        """Begin a file. Raises OSError if it cannot be written."""
        return cls(path, await asyncio.to_thread(_begin, path), codec)

    def voice(self, packet: Buffer, timestamp: int, ssrc: int) -> None:
        """A voice packet was heard."""
        recorder = self._recorder
        if self._failed:
            return
        recorder.voice(packet, timestamp, ssrc)
        if recorder.waiting >= CHUNK_BYTES and self._writing is None:
            self._writing = self._loop.run_in_executor(None, _append, self._file, recorder.take())
            self._writing.add_done_callback(self._written)
        elif recorder.waiting > MOST_WAITING:
            self._fail("the disk lags two minutes behind")

    def set_codec(self, codec: str) -> None:
        """What comes from now on is PCMA or PCMU."""
        self._recorder.set_codec(codec)

    def _written(self, writing: "asyncio.Future[None]") -> None:
        self._writing = None
        error = writing.exception()
        if error is not None:
            self._fail(str(error))

    def _fail(self, reason: str) -> None:
        self._failed = True
        log.error("recording failed", path=str(self._path), reason=reason)

    async def close(self) -> None:
        """Write the rest and finish the file."""
        if self._writing is not None:
            await asyncio.wait((self._writing,))
        try:
            await asyncio.to_thread(_finish, self._file, self._recorder.take(), self._recorder.recorded)
        except OSError as error:
            self._fail(str(error))


def _begin(path: Path) -> BinaryIO:
    file = path.open("wb")
    file.write(wav.header(0))
    return file


def _append(file: BinaryIO, sound: bytes) -> None:
    file.write(sound)


def _finish(file: BinaryIO, sound: bytes, recorded: int) -> None:
    with file:
        file.write(sound + bytes(recorded % 2))
        file.seek(0)
        file.write(wav.header(recorded))
