"""What the stream of events still has of one contact, and which contacts it has last seen."""

from collections.abc import AsyncIterator, Callable, Container
from typing import Any

import orjson
from redis.asyncio import Redis

from acd.connection import available
from acd.keys import Keys
from acd.model import Tier
from events.catalogue import AgentStateChanged, CallbackPromised, ContactEnded, ContactStarted, Event
from events.codec import EventError, decode

BATCH = 1_000
MOST_RECENT = 100_000
"""Events that are looked through for contacts that were here last."""


class Trail:
    """Reads a tenant's stream backwards. Everything raises Unavailable."""

    def __init__(self, client: Redis, tenant: str, *, batch: int = BATCH, most_recent: int = MOST_RECENT) -> None:
        self.client = client
        self._client: Any = client
        self._batch = batch
        self._most_recent = most_recent
        self._stream = Keys(tenant).named("events")
        self._queues = Keys(tenant).named("queues")
        self._checkpoints = Keys(tenant).named("checkpoints")

    async def of(self, contact: str) -> list[Event]:
        """All events of the contact, the first one first; none where the stream does not have it any more."""
        found: list[Event] = []
        async for text in self._backwards():
            if contact in text and (event := _read(text)) is not None and event.contact == contact:
                found.append(event)
                if isinstance(event, ContactStarted):
                    break
        return _in_order(found)

    async def beginning_with(self, contact: str) -> dict[str, list[Event]]:
        """All events of contacts whose id begins so, by contact, the first one first.

        What a contact was promised is among them, though it is another contact's.
        """
        found: dict[str, list[Event]] = {}
        after_whole = 0
        async for text in self._backwards():
            after_whole += contact in found and isinstance(found[contact][-1], ContactStarted)
            if after_whole > self._batch:
                break  # the distributor's events may stand a little before the node's
            if contact not in text or (event := _read(text)) is None:
                continue
            if event.contact.startswith(contact):
                found.setdefault(event.contact, []).append(event)
            elif isinstance(event, CallbackPromised) and event.first.startswith(contact):
                found.setdefault(event.first, []).append(event)
        return {name: _in_order(events) for name, events in found.items()}

    async def around(self, agent: str, since_ms: int, kinds: Container[str]) -> list[Event]:
        """Events of these kinds since then, the first one first, whoever they are about; before them the state that
        the agent was in. No more than MOST_RECENT are looked through.
        """
        found: list[Event] = []
        looked = 0
        async for text in self._backwards():
            looked += 1
            if looked > self._most_recent:
                break
            if (event := _read(text)) is None or event.kind not in kinds:
                continue
            if event.at_ms >= since_ms:
                found.append(event)
            elif isinstance(event, AgentStateChanged) and event.agent == agent:
                found.append(event)
                break
        return _in_order(found)

    async def tiers(self) -> dict[str, list[Tier]]:
        """The tiers of each queue as they are served now; of one that is gone, none."""
        async with available():
            queues = await self._client.hgetall(self._queues)
        return {name: [_tier(tier) for tier in orjson.loads(text).get("tiers") or ()] for name, text in queues.items()}

    async def recent(self, most: int) -> list[tuple[ContactStarted, ContactEnded | None]]:
        """The contacts that began last, the last one first, with their ends where they have ended."""
        ended: dict[str, ContactEnded] = {}
        found: list[tuple[ContactStarted, ContactEnded | None]] = []
        looked = 0
        async for text in self._backwards():
            looked += 1
            if looked > self._most_recent or len(found) >= most:
                break
            if '"contact_' not in text:
                continue
            event = _read(text)
            if isinstance(event, ContactEnded):
                ended[event.contact] = event
            elif isinstance(event, ContactStarted):
                found.append((event, ended.get(event.contact)))
        return found

    async def forget(self, theirs: Callable[[ContactStarted], bool], *, only_look: bool = False) -> tuple[int, int]:
        """Delete the beginnings of these contacts as far as all sinks have had them; gives how many there are, and how
        many went.
        """
        async with available():
            saved = await self._client.hgetall(self._checkpoints)
            had = min(saved.values(), key=_place, default="0-0")
            found = gone = 0
            last = "-"
            while entries := await self._client.xrange(self._stream, min=last, count=self._batch):
                last = f"({entries[-1][0]}"
                beginnings = [
                    id_
                    for id_, fields in entries
                    if '"contact_started"' in (text := fields.get("e", ""))
                    and isinstance(event := _read(text), ContactStarted)
                    and theirs(event)
                ]
                found += len(beginnings)
                may_go = [id_ for id_ in beginnings if _place(id_) <= _place(had)]
                if may_go and not only_look:
                    gone += await self._client.xdel(self._stream, *may_go)
        return found, gone

    async def _backwards(self) -> AsyncIterator[str]:
        last = "+"
        async with available():
            while entries := await self._client.xrevrange(self._stream, max=last, count=self._batch):
                for _, fields in entries:
                    yield fields.get("e", "")
                last = f"({entries[-1][0]}"


_RANK: dict[type[Event], int] = {ContactStarted: 0, ContactEnded: 2}


def _in_order(found: list[Event]) -> list[Event]:
    """Read backwards, and sorted: a node's events and the distributor's reach the stream by different ways."""
    found.reverse()
    return sorted(found, key=lambda event: (event.at_ms, _RANK.get(type(event), 1)))


def _place(entry_id: str) -> tuple[int, int]:
    ms, _, number = entry_id.partition("-")
    return int(ms), int(number or 0)


def _tier(written: dict[str, Any]) -> Tier:
    """Lua writes an empty list as an object."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list | dict) else value for name, value in written.items()
    }
    return Tier(**values)


def _read(text: str) -> Event | None:
    try:
        return decode(orjson.loads(text))
    except (EventError, ValueError):
        return None
