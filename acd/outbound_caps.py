"""Counters that all nodes of a tenant share: how much of something was done in a while, and whether there is room."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from acd.commands import FOLDER, Script
from acd.distributor import Unavailable
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
        self._client: Any = client
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
        script = _script()
        try:
            try:
                full = await self._client.evalsha(script.sha, *arguments)
            except NoScriptError:
                full = await self._client.eval(script.text, *arguments)
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable(f"redis: {type(error).__name__}: {error}") from error
        return caps[int(full) - 1].what if full else ""


@cache
def _script() -> Script:
    return Script.of((FOLDER / "caps" / "take.lua").read_text())
