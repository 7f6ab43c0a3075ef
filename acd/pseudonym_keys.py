"""The secrets of pseudonyms, one a period, shared by the nodes: in Redis alone, and gone when their time is over."""

import secrets
from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis

from acd.connection import available
from acd.keys import Keys

SECRET_BYTES = 32


class PseudonymKeys:
    """Whoever asks first for a period makes its secret. Everything raises Unavailable."""

    def __init__(self, client: Redis, tenant: str) -> None:
        self._client: Any = client
        self._key = Keys(tenant).named("pseudonyms")

    async def of(self, *periods: int) -> Mapping[int, bytes]:
        """The secrets of these periods. Those of earlier ones than the first are forgotten: nobody can tell any more
        whose pseudonyms were made with them.
        """
        async with available():
            for period in periods:
                await self._client.hsetnx(self._key, str(period), secrets.token_hex(SECRET_BYTES))
        kept = await self.known()
        if old := [str(period) for period in kept if period < periods[0]]:
            async with available():
                await self._client.hdel(self._key, *old)
        return {period: secret for period, secret in kept.items() if period >= periods[0]}

    async def known(self) -> Mapping[int, bytes]:
        """All that there are."""
        async with available():
            found = await self._client.hgetall(self._key)
        return {int(period): bytes.fromhex(secret) for period, secret in found.items()}
