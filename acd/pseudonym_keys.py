"""The secrets of pseudonyms, one a period, shared by the nodes: in Redis alone, and gone when their time is over."""

import secrets
from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis

from acd.connection import available
from acd.keys import Keys

SECRET_BYTES = 32
_AHEAD = 1
"""Another node's clock may be in the next period already."""


class PseudonymKeys:
    """Whoever asks first for a period makes its secret. Everything raises Unavailable."""

    def __init__(self, client: Redis, tenant: str) -> None:
        self._client: Any = client
        self._key = Keys(tenant).named("pseudonyms")

    async def of(self, *periods: int) -> Mapping[int, bytes]:
        """The secrets of these periods. Those of earlier ones than the first are forgotten: nobody can tell any more
        whose pseudonyms were made with them. So are those far ahead, of when periods were shorter: they would not end.
        """
        async with available():
            for period in periods:
                await self._client.hsetnx(self._key, str(period), secrets.token_hex(SECRET_BYTES))
        kept = await self.known()
        first, last = periods[0], periods[-1] + _AHEAD
        if gone := [str(period) for period in kept if not first <= period <= last]:
            async with available():
                await self._client.hdel(self._key, *gone)
        return {period: secret for period, secret in kept.items() if first <= period <= last}

    async def known(self) -> Mapping[int, bytes]:
        """All that there are."""
        async with available():
            found = await self._client.hgetall(self._key)
        return {int(period): bytes.fromhex(secret) for period, secret in found.items()}
