"""Crises that are on, in Redis, for all nodes of an installation."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import cache
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from acd.commands import CONSTANTS, FOLDER, Script
from acd.connection import ANSWER_S
from acd.crises import SAID_S, Change, DamagedRecord, Standing, standing_of
from acd.distributor import Unavailable
from acd.keys import Keys
from events.codec import encode

WITHIN_S = 3 * ANSWER_S


class RedisCrises:
    """One tenant's. `client` decodes its answers (`command_client`); `watching` is a `blocking_client` of its own, only
    for whoever waits by `changed`.
    """

    def __init__(self, client: Redis, tenant: str, *, watching: Redis | None = None) -> None:
        self._client: Any = client
        self._watching: Any = watching
        self._keys = Keys(tenant)

    async def standing(self) -> Standing:
        async with _available():
            text = await self._client.get(self._keys.named("crises"))
        return _read(text) if text is not None else Standing()

    async def change(self, expected: int, change: Change) -> Standing | None:
        told = orjson.dumps([encode(event) for event in change.events])
        args = (expected, orjson.dumps(asdict(change.to)), told, change.due_ms)
        script, keys = _script(), self._keys.fixed
        # Repeated by the client under the same id, so that it is done once.
        arguments = (len(keys), *keys, "", secrets.token_hex(8), "", *args)
        async with _available():
            try:
                text = await self._client.evalsha(script.sha, *arguments)
            except NoScriptError:
                text = await self._client.eval(script.text, *arguments)
        reply = orjson.loads(text)
        return _read(reply["standing"]) if "standing" in reply else None

    async def changed(self, after: int, within_s: float) -> None:
        if self._watching is None:
            raise ValueError("this store was given no client to wait with")
        stream = {self._keys.named("crises:changes"): f"{after}-0"}
        async with _available(within_s + ANSWER_S):
            await self._watching.xread(stream, count=1, block=max(1, int(within_s * 1000)))

    async def say(self, node: str, sequence: int) -> None:
        async with _available():
            await self._client.set(self._said(node), sequence, ex=SAID_S)

    async def said(self, nodes: Sequence[str]) -> dict[str, int]:
        if not nodes:
            return {}
        async with _available():
            found = await self._client.mget([self._said(node) for node in nodes])
        return {node: int(text) for node, text in zip(nodes, found, strict=True) if text is not None}

    def _said(self, node: str) -> str:
        return self._keys.named(f"crises:node:{node}")


@asynccontextmanager
async def _available(within_s: float = WITHIN_S) -> AsyncIterator[None]:
    """Errors of Redis as Unavailable, at the latest after `within_s`."""
    try:
        async with asyncio.timeout(within_s):
            yield
    except TimeoutError as error:
        raise Unavailable("redis: no answer in time") from error
    except (RedisError, OSError) as error:
        raise Unavailable(f"redis: {type(error).__name__}: {error}") from error


@cache
def _script() -> Script:
    constants = "".join(f"local {name} = {value}\n" for name, value in CONSTANTS.items())
    return Script.of(constants + (FOLDER / "_lib.lua").read_text() + (FOLDER / "crises" / "change.lua").read_text())


def _read(text: str) -> Standing:
    try:
        return standing_of(orjson.loads(text))
    except ValueError as error:
        raise DamagedRecord(f"the store's record of crises cannot be read: {error}") from None
