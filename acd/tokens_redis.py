"""Tokens of the API in Redis, for all nodes of an installation. What an entry says is the console's business."""

from typing import Any

from redis.asyncio import Redis

from acd.connection import available
from acd.keys import Keys


class RedisTokens:
    """One tenant's entries by id; no secret is among them. Every method raises Unavailable."""

    def __init__(self, client: Redis, tenant: str) -> None:
        self._client: Any = client
        self._key = Keys(tenant).named("tokens")

    async def get(self, token: str) -> str | None:
        async with available():
            found: str | None = await self._client.hget(self._key, token)
            return found

    async def all(self) -> dict[str, str]:
        async with available():
            found: dict[str, str] = await self._client.hgetall(self._key)
            return found

    async def put(self, token: str, entry: str) -> None:
        async with available():
            await self._client.hset(self._key, token, entry)

    async def remove(self, *tokens: str) -> None:
        """Nothing for those that are not there."""
        async with available():
            if tokens:
                await self._client.hdel(self._key, *tokens)
