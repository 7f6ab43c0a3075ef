"""Counters that all nodes of a tenant share: how much of something was done in a while, and whether there is room."""

from collections.abc import Sequence
from dataclasses import dataclass

from redis.asyncio import Redis

from acd.commands import alone
from acd.connection import available, evaluate
from acd.keys import Keys


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `most` of `what` in `window_s`, of which this takes `amount`. `whose` tells counters of a kind apart."""

    what: str
    most: int
    window_s: int
    whose: str = ""
    amount: int = 1


class SharedCaps:
    """One tenant's. A window begins with what is counted first in it. Every method raises Unavailable."""

    def __init__(self, client: Redis, tenant: str) -> None:
        self._client = client
        self._keys = Keys(tenant)

    async def take(self, caps: Sequence[Cap]) -> str:
        """Count against all of them, if all have room; else nothing is counted, and the first that has none is given.

        What Redis did not answer may have been counted.
        """
        return await self._ask("take", caps)

    async def room(self, caps: Sequence[Cap]) -> str:
        """The same without counting."""
        return await self._ask("look", caps)

    async def _ask(self, how: str, caps: Sequence[Cap]) -> str:
        keys = [self._keys.named(f"caps:{cap.what}:{cap.whose}") for cap in caps]
        terms = [value for cap in caps for value in (cap.most, cap.window_s, cap.amount)]
        arguments = (len(keys), *keys, how, *terms)
        async with available():
            full = await evaluate(self._client, alone("caps/take"), *arguments)
        return caps[int(full) - 1].what if full else ""
