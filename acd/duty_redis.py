"""Who is away and who was called in, in Redis, for all nodes of an installation."""

from dataclasses import asdict
from typing import Any

import orjson
from redis.asyncio import Redis

from acd.connection import available
from acd.duty import Change, DutyError, Standing, standing_of
from acd.kept_record import WITHIN_S, KeptRecord
from acd.keys import Keys

PARTNER_UP_S = 15
"""For how long a node's word counts that a partner's trunk is up."""


class RedisDuty:
    """One tenant's. `client` decodes its answers (`command_client`); `watching` is a `blocking_client` of its own, only
    for whoever waits by `changed`.
    """

    def __init__(self, client: Redis, tenant: str, *, watching: Redis | None = None) -> None:
        self._client: Any = client
        self._record = KeptRecord(client, tenant, "roster", watching=watching)
        self._keys = Keys(tenant)

    async def standing(self) -> Standing:
        text = await self._record.read()
        return _read(text) if text is not None else Standing()

    async def change(self, expected: int, change: Change) -> Standing | None:
        text = await self._record.change(expected, asdict(change.to), change.events)
        return _read(text) if text is not None else None

    async def changed(self, after: int, within_s: float) -> None:
        await self._record.changed(after, within_s)

    async def duty_told(self, queue: str) -> frozenset[str] | None:
        async with available(WITHIN_S):
            text = await self._client.hget(self._keys.named("duty"), queue)
        return None if text is None else frozenset(orjson.loads(text))

    # --- Partners -------------------------------------------------------------------------------------------------

    async def say_up(self, partner: str) -> None:
        """This node reaches the partner's trunk; it counts for `PARTNER_UP_S`. Raises Unavailable."""
        async with available(WITHIN_S):
            await self._client.set(self._partner(partner), 1, ex=PARTNER_UP_S)

    async def is_up(self, partner: str) -> bool:
        """Whether any node reaches it. Raises Unavailable."""
        async with available(WITHIN_S):
            return bool(await self._client.exists(self._partner(partner)))

    def _partner(self, partner: str) -> str:
        return self._keys.named(f"roster:partner:{partner}")


def _read(text: str) -> Standing:
    try:
        return standing_of(orjson.loads(text))
    except ValueError as error:
        raise DutyError(f"the store's record of duty cannot be read: {error}") from None
