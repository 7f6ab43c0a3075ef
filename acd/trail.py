"""What the stream of events still has of one contact, and which contacts it has last seen."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from acd.distributor import Unavailable
from acd.keys import Keys
from events.catalogue import ContactEnded, ContactStarted, Event
from events.codec import EventError, decode

BATCH = 1_000
MOST_RECENT = 100_000
"""Events that are looked through for contacts that were here last."""


class Trail:
    """Reads a tenant's stream backwards. Everything raises Unavailable."""

    def __init__(self, client: Redis, tenant: str) -> None:
        self._client: Any = client
        self._stream = Keys(tenant).named("events")

    async def of(self, contact: str) -> list[Event]:
        """All events of the contact, the first one first; none where the stream does not have it any more."""
        found: list[Event] = []
        async for text in self._backwards():
            if contact in text and (event := _read(text)) is not None and event.contact == contact:
                found.append(event)
                if isinstance(event, ContactStarted):
                    break
        # A node's events and the distributor's reach the stream by different ways, so not in the order of their times.
        found.reverse()
        return sorted(found, key=lambda event: (event.at_ms, _RANK.get(type(event), 1)))

    async def recent(self, most: int) -> list[tuple[ContactStarted, ContactEnded | None]]:
        """The contacts that began last, the last one first, with their ends where they have ended."""
        ended: dict[str, ContactEnded] = {}
        found: list[tuple[ContactStarted, ContactEnded | None]] = []
        looked = 0
        async for text in self._backwards():
            looked += 1
            if looked > MOST_RECENT or len(found) >= most:
                break
            if '"contact_' not in text:
                continue
            event = _read(text)
            if isinstance(event, ContactEnded):
                ended[event.contact] = event
            elif isinstance(event, ContactStarted):
                found.append((event, ended.get(event.contact)))
        return found

    async def _backwards(self) -> AsyncIterator[str]:
        last = "+"
        try:
            while entries := await self._client.xrevrange(self._stream, max=last, count=BATCH):
                for _, fields in entries:
                    yield fields.get("e", "")
                last = f"({entries[-1][0]}"
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable(f"redis: {type(error).__name__}: {error}") from error


_RANK: dict[type[Event], int] = {ContactStarted: 0, ContactEnded: 2}


def _read(text: str) -> Event | None:
    try:
        return decode(orjson.loads(text))
    except (EventError, ValueError):
        return None
