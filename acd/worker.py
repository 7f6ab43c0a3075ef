"""What one node does for distribution by itself: its heartbeat, what is due, and the messages of other nodes."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Protocol

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from acd.distributor import DistributorError
from acd.keys import Keys
from acd.model import NodeId
from acd.orders import FIELD as ORDER
from acd.post import Post, read

log = structlog.get_logger(__name__)

BEAT_S = 0.5
RETRY_S = 0.25
BLOCK_MS = 5_000
LOOK_S = 60.0
"""Longest time between two looks at what is due, whatever was announced."""


class Timed(Protocol):
    """The part of a distributor that time drives."""

    def when_due(self, notify: Callable[[float], None]) -> None: ...

    async def due(self) -> float: ...

    async def beat(self, node: NodeId, contacts: int) -> None: ...


class Pulse:
    """Beats for the node and calls `due` at the next deadline. Runs on the loop's clock, so also in virtual time."""

    def __init__(self, distributor: Timed, node: NodeId, contacts: Callable[[], int]) -> None:
        self._distributor = distributor
        self._node = node
        self._contacts = contacts
        self._at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Until it is cancelled. Outlives Redis' absence."""
        self._distributor.when_due(self._arm)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._beat())
                tasks.create_task(self._look())
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def _arm(self, in_s: float) -> None:
        loop = asyncio.get_running_loop()
        at = loop.time() + min(in_s, LOOK_S)
        if self._timer is not None:
            if at >= self._at:
                return
            self._timer.cancel()
        self._at = at
        self._timer = loop.call_at(at, self._wake.set)

    async def _look(self) -> None:
        while True:
            self._wake.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            try:
                self._arm(await self._distributor.due())
            except DistributorError as error:
                log.warning("what is due could not be done", error=str(error))
                self._arm(RETRY_S)
            except Exception:
                log.exception("what is due could not be done")
                self._arm(RETRY_S)
            await self._wake.wait()

    async def _beat(self) -> None:
        while True:
            try:
                await self._distributor.beat(self._node, self._contacts())
                await asyncio.sleep(BEAT_S)
            except DistributorError as error:
                log.warning("the node could not beat", error=str(error))
                await asyncio.sleep(RETRY_S)
            except Exception:
                log.exception("the node could not beat")
                await asyncio.sleep(RETRY_S)


class Listener:
    """Reads this node's stream of messages, with a client of its own, and posts them.

    It begins with what is said after it starts, or `after` an id ("0": with all that stands there).
    """

    def __init__(self, client: Redis, tenant: str, node: NodeId, post: Post, *, after: str = "") -> None:
        self._client = client
        self._key = Keys(tenant).named(f"node:{node}")
        self._post = post
        self._last = after
        self.ordered: Callable[[str], None] | None = None
        """Hears the live commands to this node (`acd.orders`)."""

    async def run(self) -> None:
        """Until it is cancelled. Goes on where it was after Redis was away."""
        while True:
            try:
                await self._read()
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("the node's messages could not be read", error=f"{type(error).__name__}: {error}")
                await asyncio.sleep(RETRY_S)

    async def _read(self) -> None:
        if not self._last:
            newest: Any = await self._client.xrevrange(self._key, count=1)
            self._last = newest[0][0] if newest else "0"
        async with asyncio.timeout(2 * BLOCK_MS / 1000):
            found: Any = await self._client.xread({self._key: self._last}, count=100, block=BLOCK_MS)
        streams = found.items() if isinstance(found, dict) else found or ()
        for _, entries in streams:
            for entry_id, fields in entries:
                self._last = entry_id
                try:
                    if ORDER in fields:
                        if self.ordered is not None:
                            self.ordered(fields[ORDER])
                        continue
                    self._post.deliver([read(json.loads(fields["m"]))])
                except (ValueError, KeyError, TypeError) as error:
                    log.error("a message to this node cannot be read", id=entry_id, error=repr(error))


class Worker:
    """Pulse and listener of one node together."""

    def __init__(self, pulse: Pulse, listener: Listener) -> None:
        self._pulse = pulse
        self._listener = listener

    async def run(self) -> None:
        """Until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pulse.run())
            tasks.create_task(self._listener.run())
