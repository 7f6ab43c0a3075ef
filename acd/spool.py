"""Where a node's own events go: to the stream a few times a second, to a bounded file while Redis is away."""

import asyncio
import os
import secrets
import time
from collections import deque
from pathlib import Path
from typing import Any

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from acd.commands import scripts
from acd.connection import evaluate
from acd.keys import Keys
from events.catalogue import Event, EventsLost
from events.codec import encode

log = structlog.get_logger(__name__)

FLUSH_S = 0.1
"""Events are gathered for this long after the first."""
RETRY_S = 0.5
BATCH = 200


class SpoolFile:
    """Lines on disk, oldest first, at most `most_bytes`; what was sent is remembered in a file beside it."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        self._path = path
        self._mark = path.with_suffix(".sent")
        self._most_bytes = most_bytes
        self._size = self._whole() if path.exists() else 0
        self._sent = self._marked()

    def __bool__(self) -> bool:
        return self._size > self._sent

    @property
    def unsent(self) -> int:
        """Bytes."""
        return self._size - self._sent

    def _whole(self) -> int:
        """The size after cutting off a line that a crash left half written."""
        size = self._path.read_bytes().rfind(b"\n") + 1
        with self._path.open("r+b") as file:
            file.truncate(size)
        return size

    def _marked(self) -> int:
        """What of the file was sent. A mark that a crash left without its file would hide what comes after."""
        try:
            sent = int(self._mark.read_text())
        except (FileNotFoundError, ValueError):
            return 0
        return sent if sent <= self._size else 0

    def append(self, lines: list[str]) -> int:
        """Gives how many found no room. Raises OSError."""
        kept = 0
        with open(self._path, "ab", opener=_private) as file:
            for line in lines:
                data = line.encode() + b"\n"
                if self._size + len(data) > self._most_bytes:
                    break
                file.write(data)
                self._size += len(data)
                kept += 1
        return len(lines) - kept

    def read(self, most: int) -> tuple[list[str], int]:
        """The oldest unsent lines, and the mark to `drop` when they are sent."""
        with self._path.open("rb") as file:
            file.seek(self._sent)
            lines = [line for _ in range(most) if (line := file.readline())]
        return [line.decode().rstrip("\n") for line in lines], self._sent + sum(map(len, lines))

    def drop(self, mark: int) -> None:
        """All before `mark` was sent."""
        self._sent = mark
        if self:
            beside = self._mark.with_suffix(".new")
            beside.write_text(str(mark))
            beside.replace(self._mark)
            return
        self._path.unlink(missing_ok=True)
        self._mark.unlink(missing_ok=True)
        self._sent = self._size = 0


def _private(path: str, flags: int) -> int:
    """Callers' numbers are in the events: the file is its owner's alone."""
    return os.open(path, flags, 0o600)


class Spool:
    """An `events.Sink`: `most` events in memory, `most_bytes` on disk; what does not fit is counted and told."""

    def __init__(
        self, client: Redis, tenant: str, node: str, path: Path, *, most: int = 10_000, most_bytes: int = 64 * 2**20
    ) -> None:
        keys = Keys(tenant)
        self._client: Any = client
        self._names = (tenant, node)
        self._script = scripts()["append"]
        self._keys = keys.fixed
        self._waiting: deque[str] = deque()
        self._most = most
        self.most_bytes = most_bytes
        self._file = SpoolFile(path, most_bytes)
        self._lost = 0
        self._filled = asyncio.Event()
        self._batch: tuple[str, list[str], int] | None = None

    @property
    def waiting(self) -> int:
        """Events in memory that are not in the stream yet."""
        return len(self._waiting)

    @property
    def bytes_on_disk(self) -> int:
        """What waits in the file."""
        return self._file.unsent

    def emit(self, event: Event) -> None:
        if len(self._waiting) >= self._most:
            self._lost += 1
        else:
            self._waiting.append(orjson.dumps(encode(event)).decode())
        self._filled.set()

    async def run(self) -> None:
        """Until it is cancelled; then `close` what is left."""
        while True:
            try:
                self._filled.clear()
                await self.flush()
                await self._filled.wait()
                await asyncio.sleep(FLUSH_S)
            except (RedisError, OSError, TimeoutError) as error:
                log.warning(
                    "events wait on disk", error=f"{type(error).__name__}: {error}", in_memory=len(self._waiting)
                )
                self._spill()
                await asyncio.sleep(RETRY_S)

    async def close(self) -> None:
        """Send what is left, or keep it on disk for the next start."""
        try:
            await self.flush()
        except (RedisError, OSError, TimeoutError):
            if self._batch is not None and not self._batch[2]:
                self._waiting.extendleft(reversed(self._batch[1]))
            self._batch = None
            self._spill()

    async def flush(self) -> None:
        """Send everything, what is on disk first. Raises what Redis raises."""
        await self._send_batch()
        while self._file:
            lines, mark = await asyncio.to_thread(self._file.read, BATCH)
            await self._send(lines, mark)
        if self._lost:
            lost, self._lost = self._lost, 0
            tenant, node = self._names
            told = EventsLost(at_ms=int(time.time() * 1000), tenant=tenant, node=node, count=lost)
            self._waiting.append(orjson.dumps(encode(told)).decode())
            log.error("events were lost", count=lost)
        while self._waiting:
            await self._send([self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))])

    async def _send(self, lines: list[str], mark: int = 0) -> None:
        """With `mark`, where the file is sent up to when they are."""
        self._batch = (secrets.token_hex(8), lines, mark)
        await self._send_batch()

    async def _send_batch(self) -> None:
        """A batch keeps its id until it is known to be there, so that sending it again adds nothing."""
        if self._batch is None:
            return
        command, lines, mark = self._batch
        args = (len(self._keys), *self._keys, "", command, self._names[1], *lines)
        await evaluate(self._client, self._script, *args)
        self._batch = None
        if mark:
            self._file.drop(mark)

    def _spill(self) -> None:
        lines = [*self._waiting]
        self._waiting.clear()
        try:
            self._lost += self._file.append(lines)
        except OSError as error:
            self._lost += len(lines)
            log.error("events could not be kept on disk", error=str(error), count=len(lines))
