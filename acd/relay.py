"""Reads the stream of events and gives them to sinks, each from its own checkpoint on, at least once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from acd.connection import ANSWER_S
from acd.keys import Keys
from events.catalogue import Event
from events.codec import EventError, decode

log = structlog.get_logger(__name__)

Batch = Sequence[tuple[str, Event]]
SinkFunction = Callable[[Batch], Awaitable[None]]

BATCH = 500
GATHER_S = 0.2
"""Events are gathered for this long, so that a busy node reads five times a second and not once an event."""
SAVE_S = 1.0
"""Checkpoints are written down this often; after a crash a sink gets again what came since."""
SLICE = 50
"""Events read in one go, so that a busy node's calls are not held up meanwhile."""
BLOCK_MS = 1_000
TRIM_S = 10.0
RETRY_S = 0.5
LONGEST_RETRY_S = 30.0
MOST_KEPT = 200_000
"""Events that are kept for sinks that begin at START: some 60 MB. A busier node keeps a shorter time."""
ALARM_AT = 500_000
"""The stream's length that is worth an alarm: half of what the scripts keep at most."""
START = "0-0"


@dataclass(slots=True)
class Feed:
    """One sink: what it is called, how far it is, and when it may be tried again after a failure."""

    name: str
    sink: SinkFunction
    position: str = ""
    saved: Callable[[], str] | None = None
    retry_s: float = 0.0
    not_before: float = 0.0


class Relay:
    """Runs where the sinks are: once a tenant for sinks that write down, in each process for those in memory.

    A sink gets `(id, event)` in order; what it raises is logged, and it gets the same again later, while the others
    go on. Ids grow, so a sink that keeps the last one is exactly-once. What is younger than `keep_s` stays in the
    stream when all have had it, for sinks that begin at START, but hardly more than `most_kept`. The client is a
    `blocking_client` of its own.
    """

    def __init__(
        self,
        client: Redis,
        tenant: str,
        *,
        keep_s: float = 86_400.0,
        most_kept: int = MOST_KEPT,
        alarm_at: int = ALARM_AT,
    ) -> None:
        keys = Keys(tenant)
        self._client: Any = client
        self._stream = keys.named("events")
        self._checkpoints = keys.named("checkpoints")
        self._alarm_at = alarm_at
        self._keep_ms = int(keep_s * 1000)
        self._most_kept = most_kept
        self._feeds: list[Feed] = []
        self._trimmed_at = 0.0
        self._saved_at = 0.0
        self._moved: dict[str, str] = {}
        self._saved: dict[str, str] = {}

    def add(self, name: str, sink: SinkFunction, *, after: str = "", saved: Callable[[], str] | None = None) -> None:
        """`after` is the id that the sink had last, where it knows better than the checkpoint; START: everything.

        `saved` gives the id up to which the sink does not need the stream any more, where that is not all that it got.
        """
        self._feeds.append(Feed(name, sink, after, saved))

    async def run(self) -> None:
        """Until it is cancelled. Outlives Redis' absence."""
        while True:
            try:
                await self.load()
                while True:
                    await self._pause(await self.turn())
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("the events could not be read", error=f"{type(error).__name__}: {error}")
                await asyncio.sleep(RETRY_S)

    async def drain(self) -> None:
        """Give every sink all that stands in the stream now. For an orderly end, when `run` has ended.

        What cannot be read, since Redis is away, is left for the next start.
        """
        try:
            await self.load()
            while await self.turn():
                pass
            await self.save()
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("the last events are left for the next start", error=f"{type(error).__name__}: {error}")

    async def load(self) -> None:
        """Sinks that did not say where they are begin at their checkpoint."""
        saved = await self._ask(self._client.hgetall(self._checkpoints))
        for feed in self._feeds:
            feed.position = feed.position or saved.get(feed.name, START)

    async def turn(self) -> int:
        """One round: every sink that may gets its next batch. Gives the entries in the largest."""
        now = time.monotonic()
        together: dict[str, list[Feed]] = {}
        for feed in self._feeds:
            if now >= feed.not_before:
                together.setdefault(feed.position, []).append(feed)
        largest = max([await self._feed(position, feeds) for position, feeds in together.items()], default=0)
        if now >= self._saved_at + SAVE_S:
            self._saved_at = now
            await self.save()
        if now >= self._trimmed_at + TRIM_S:
            self._trimmed_at = now
            await self.trim()
        return largest

    async def _feed(self, position: str, feeds: list[Feed]) -> int:
        """Sinks that are equally far share one reading."""
        entries = await self._ask(self._client.xrange(self._stream, min=f"({position}", max="+", count=BATCH))
        if not entries:
            return 0
        batch: list[tuple[str, Event]] = []
        for at, (entry_id, fields) in enumerate(entries, start=1):
            event = _read(entry_id, fields)
            if event is not None:
                batch.append((entry_id, event))
            if at % SLICE == 0:
                await asyncio.sleep(0)
        last = entries[-1][0]
        moved = [feed for feed in feeds if await _give(feed, batch, last)]
        self._moved.update({feed.name: last for feed in moved if feed.saved is None})
        return len(entries) if moved else 0

    async def save(self) -> None:
        """Write the checkpoints down, where one has moved."""
        for feed in self._feeds:
            if feed.saved is not None and (here := feed.saved()) != self._saved.get(feed.name):
                self._moved[feed.name] = self._saved[feed.name] = here
        if self._moved:
            await self._ask(self._client.hset(self._checkpoints, mapping=self._moved))
            self._moved = {}

    async def _pause(self, done: int) -> None:
        if done >= BATCH:
            return
        if not done:
            lead = max((feed.position for feed in self._feeds), key=_order, default=START)
            await self._ask(self._client.xread({self._stream: lead}, count=1, block=BLOCK_MS))
        await asyncio.sleep(GATHER_S)

    async def trim(self) -> None:
        """Drop what every checkpoint is past and is old enough; an alarm when a slow sink holds up too much."""
        saved = await self._ask(self._client.hgetall(self._checkpoints))
        length = await self._ask(self._client.xlen(self._stream))
        if saved:
            seconds, _ = await self._ask(self._client.time())
            keep_ms = int(self._keep_ms * min(1.0, self._most_kept / max(1, length)))
            floor = f"{max(0, seconds * 1000 - keep_ms)}-0"
            length -= await self._ask(
                self._client.xtrim(self._stream, minid=min(floor, *saved.values(), key=_order), approximate=False)
            )
        if length > self._alarm_at:
            log.error("the stream of events is long: a sink is slow or gone", length=length, checkpoints=saved)

    async def tip(self) -> str:
        """The id of the last event in the stream. Raises what Redis raises."""
        newest = await self._ask(self._client.xrevrange(self._stream, count=1))
        return str(newest[0][0]) if newest else START

    async def forget(self, name: str) -> None:
        """The sink `name` is no more: its checkpoint no longer holds the stream."""
        await self._ask(self._client.hdel(self._checkpoints, name))

    async def _ask(self, answer: Awaitable[Any]) -> Any:
        async with asyncio.timeout(ANSWER_S + BLOCK_MS / 1000):
            return await answer


async def _give(feed: Feed, batch: Batch, last: str) -> bool:
    try:
        if batch:
            await feed.sink(batch)
    except Exception as error:  # noqa: BLE001 - a sink's fault must not stop the others
        feed.retry_s = min(max(RETRY_S, 2 * feed.retry_s), LONGEST_RETRY_S)
        feed.not_before = time.monotonic() + feed.retry_s
        log.error("a sink failed", sink=feed.name, error=f"{type(error).__name__}: {error}", retry_s=feed.retry_s)
        return False
    feed.position, feed.retry_s = last, 0.0
    return True


def _read(entry_id: str, fields: dict[str, str]) -> Event | None:
    try:
        return decode(orjson.loads(fields["e"]))
    except (EventError, KeyError, ValueError) as error:
        log.error("an entry of the stream is no event", id=entry_id, error=str(error))
        return None


def _order(entry_id: str) -> tuple[int, int]:
    ms, _, number = entry_id.partition("-")
    return int(ms), int(number or 0)
