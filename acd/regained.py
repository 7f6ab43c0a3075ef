"""Places in queues that callers get back who were cut off: by what tells who they are, for a while, once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from redis.asyncio import Redis

from acd.commands import alone
from acd.connection import available, evaluate
from acd.keys import Keys

KEPT_S = 6 * 3600
"""How long a place is known that nobody says anything of any more: longer than anybody waits."""


@dataclass(frozen=True, slots=True)
class CutPlace:
    """A place that somebody had: how long they had waited, over their whole journey, when they were cut off."""

    queue: str
    waited_ms: int


class KeptPlaces:
    """One tenant's. `now_ms` replaces the server's clock in tests. Every method raises Unavailable."""

    def __init__(self, client: Redis, tenant: str, *, now_ms: Callable[[], int] | None = None) -> None:
        self._client: Any = client
        self._keys = Keys(tenant)
        self._now_ms = now_ms

    async def entered(self, contact: str, identity: str, queue: str, since_ms: int) -> None:
        """The contact waits; `identity` (`acd.identities`) is who it is."""
        record = orjson.dumps({"identity": identity, "queue": queue, "since": since_ms})
        async with available():
            await self._client.set(self._place(contact), record, ex=KEPT_S)

    async def left(self, contact: str) -> None:
        """The contact was answered or led on: there is nothing to get back."""
        async with available():
            await self._client.delete(self._place(contact))

    async def cut(self, contact: str, within_s: int) -> None:
        """The contact was cut off, or its node was lost. Nothing where it did not wait."""
        now = str(self._now_ms()) if self._now_ms is not None else ""
        arguments = (1, self._place(contact), self._keys.named("cut:"), within_s, now)
        async with available():
            await evaluate(self._client, alone("places/cut"), *arguments)

    async def regain(self, identity: str, queue: str = "") -> CutPlace | None:
        """The place that they get back, in `queue` if it is given; it is given once."""
        async with available():
            key = self._keys.named(f"cut:{identity}")
            found = await self._client.get(key)
            if found is None:
                return None
            record = orjson.loads(found)
            # Of two who ask at once for the same place one deletes it.
            if (queue and record["queue"] != queue) or not await self._client.delete(key):
                return None
        return CutPlace(record["queue"], record["waited"])

    def _place(self, contact: str) -> str:
        return self._keys.named(f"place:{contact}")
