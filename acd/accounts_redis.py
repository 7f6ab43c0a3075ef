"""Accounts and sessions of the console in Redis, for all nodes. What an entry says is the console's business."""

from typing import Any

from redis.asyncio import Redis

from acd.connection import available
from acd.keys import Keys
from acd.tokens_redis import RedisTokens


class RedisAccounts(RedisTokens):
    """One tenant's accounts by name; passwords are digests in them. Every method raises Unavailable."""

    def __init__(self, client: Redis, tenant: str) -> None:
        super().__init__(client, tenant)
        self._key = Keys(tenant).named("accounts")

    async def first(self, name: str, entry: str) -> bool:
        """Put this one where there is none at all; whether it was put."""
        async with available():
            if await self._client.exists(self._key):
                return False
            return bool(await self._client.hsetnx(self._key, name, entry))


class RedisSessions:
    """One tenant's sessions by digest; each goes by itself. Every method raises Unavailable."""

    def __init__(self, client: Redis, tenant: str) -> None:
        self._client: Any = client
        self._keys = Keys(tenant)

    async def get(self, digest: str, keep_ms: int) -> str | None:
        """The entry, which is kept for so long from now on."""
        async with available():
            found: str | None = await self._client.getex(self._key(digest), px=keep_ms)
            return found

    async def put(self, digest: str, entry: str, keep_ms: int) -> None:
        async with available():
            await self._client.set(self._key(digest), entry, px=keep_ms)

    async def remove(self, digest: str) -> None:
        """Nothing where there is none."""
        async with available():
            await self._client.delete(self._key(digest))

    def _key(self, digest: str) -> str:
        return self._keys.named(f"session:{digest}")


class RedisPeople:
    """Both, of one tenant."""

    def __init__(self, client: Redis, tenant: str) -> None:
        self.accounts = RedisAccounts(client, tenant)
        self.sessions = RedisSessions(client, tenant)
