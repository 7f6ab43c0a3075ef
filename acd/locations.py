"""Where agents' phones are: registrations, kept in Redis so that they outlive a restart."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from acd.distributor import Unavailable
from acd.keys import Keys

MOST = 20_000
"""The most registrations of one tenant; more are refused by `save`."""


@dataclass(frozen=True, slots=True)
class Location:
    """One phone of `agent`: its contact URI, until `expires_at_ms` (epoch); `detail` is what the registrar needs."""

    agent: str
    uri: str
    expires_at_ms: int
    detail: dict[str, str] = field(default_factory=dict)


class Locations:
    """All phones of one tenant. Every method raises Unavailable."""

    def __init__(
        self,
        client: Redis,
        tenant: str,
        now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
        *,
        most: int = MOST,
    ) -> None:
        self._client: Any = client
        self._key = Keys(tenant).named("locations")
        self._now_ms = now_ms
        self._most = most

    async def save(self, location: Location) -> None:
        """Also to extend one: agent and URI say which. Raises ValueError when there are too many already."""
        name = _field(location.agent, location.uri)
        try:
            if await self._client.hlen(self._key) >= self._most and not await self._client.hexists(self._key, name):
                raise ValueError(f"agent {location.agent}: there are {self._most} registrations already")
            await self._client.hset(self._key, name, json.dumps(asdict(location)))
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable(f"redis: {type(error).__name__}: {error}") from error

    async def remove(self, agent: str, uri: str) -> None:
        """Nothing when it is not there."""
        try:
            await self._client.hdel(self._key, _field(agent, uri))
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable(f"redis: {type(error).__name__}: {error}") from error

    async def all(self) -> list[Location]:
        """Those that have not expired, by agent; the expired ones are removed."""
        try:
            found = await self._client.hgetall(self._key)
            locations = {name: Location(**json.loads(text)) for name, text in found.items()}
            now = self._now_ms()
            expired = [name for name, location in locations.items() if location.expires_at_ms <= now]
            if expired:
                await self._client.hdel(self._key, *expired)
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable(f"redis: {type(error).__name__}: {error}") from error
        return sorted((x for x in locations.values() if x.expires_at_ms > now), key=lambda x: (x.agent, x.uri))


def _field(agent: str, uri: str) -> str:
    return f"{agent}\n{uri}"
