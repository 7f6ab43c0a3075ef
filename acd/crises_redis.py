"""Crises that are on, in Redis, for all nodes of an installation."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson
from redis.asyncio import Redis

from acd.connection import available
from acd.crises import SAID_S, Change, DamagedRecord, Standing, standing_of
from acd.kept_record import WITHIN_S, KeptRecord
from acd.keys import Keys


class RedisCrises:
    """One tenant's. `client` decodes its answers (`command_client`); `watching` is a `blocking_client` of its own, only
    for whoever waits by `changed`.
    """

    def __init__(self, client: Redis, tenant: str, *, watching: Redis | None = None) -> None:
        self._client: Any = client
        self._record = KeptRecord(client, tenant, "crises", watching=watching, begins="on")
        self._keys = Keys(tenant)

    async def standing(self) -> Standing:
        text = await self._record.read()
        return _read(text) if text is not None else Standing()

    async def change(self, expected: int, change: Change) -> Standing | None:
        text = await self._record.change(expected, asdict(change.to), change.events, change.due_ms)
        return _read(text) if text is not None else None

    async def changed(self, after: int, within_s: float) -> None:
        await self._record.changed(after, within_s)

    async def say(self, node: str, sequence: int) -> None:
        async with available(WITHIN_S):
            await self._client.set(self._said(node), sequence, ex=SAID_S)

    async def said(self, nodes: Sequence[str]) -> dict[str, int]:
        if not nodes:
            return {}
        async with available(WITHIN_S):
            found = await self._client.mget([self._said(node) for node in nodes])
        return {node: int(text) for node, text in zip(nodes, found, strict=True) if text is not None}

    def _said(self, node: str) -> str:
        return self._keys.named(f"crises:node:{node}")


def _read(text: str) -> Standing:
    try:
        return standing_of(orjson.loads(text))
    except ValueError as error:
        raise DamagedRecord(f"the store's record of crises cannot be read: {error}") from None
