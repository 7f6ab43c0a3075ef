"""The way to a Redis that is far away: what is sent is late by 20 to 40 ms each way, and now and then by a loss."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

DELAY_S = (0.020, 0.040)
LOSS = 0.01
AGAIN_S = 0.2
"""What TCP needs until it sends what was lost again: its least time (RFC 6298 §5, as Linux has it)."""
SEGMENT = 1448


class FarRedis:
    """Relays a unix socket to another; the order of bytes is kept, as TCP keeps it."""

    def __init__(self, to: Path, seed: int) -> None:
        self._to = to
        self._chance = random.Random(seed)
        self._tasks: set[asyncio.Task[None]] = set()
        self.lost = 0
        self.sent = 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_unix_connection(str(self._to))
        for source, drain in ((reader, there[1]), (there[0], writer)):
            task = asyncio.create_task(self._carry(source, drain))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        late = asyncio.create_task(self._arrives(under_way, writer))
        last = 0.0
        try:
            while data := await reader.read(SEGMENT):
                self.sent += 1
                delay_s = self._chance.uniform(*DELAY_S)
                if self._chance.random() < LOSS:
                    self.lost += 1
                    delay_s += AGAIN_S
                last = max(last, loop.time() + delay_s)
                under_way.put_nowait((last, data))
        finally:
            under_way.put_nowait((last, b""))
            with suppress(OSError):
                await late

    async def _arrives(self, under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                at, data = await under_way.get()
                await asyncio.sleep(at - loop.time())
                if not data:
                    return
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()


@asynccontextmanager
async def far_redis(to: Path, at: Path, seed: int = 7) -> AsyncIterator[FarRedis]:
    """`at` is the socket that the far one connects to."""
    relay = FarRedis(to, seed)
    server = await asyncio.start_unix_server(relay.connected, str(at))
    try:
        yield relay
    finally:
        server.close()
        relay.close()
