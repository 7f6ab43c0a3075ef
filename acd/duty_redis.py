"""Who is away and who was called in, in Redis, for all nodes of an installation."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import cache
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from acd.commands import CONSTANTS, FOLDER, Script
from acd.connection import ANSWER_S
from acd.distributor import Unavailable
from acd.duty import Change, DutyError, Standing, standing_of
from acd.keys import Keys
from events.codec import encode

WITHIN_S = 3 * ANSWER_S
PARTNER_UP_S = 15
"""For how long a node's word counts that a partner's trunk is up."""


class RedisDuty:
    """One tenant's. `client` decodes its answers (`command_client`); `watching` is a `blocking_client` of its own, only
    for whoever waits by `changed`.
    """

    def __init__(self, client: Redis, tenant: str, *, watching: Redis | None = None) -> None:
        self._client: Any = client
        self._watching: Any = watching
        self._keys = Keys(tenant)

    async def standing(self) -> Standing:
        async with _available():
            text = await self._client.get(self._keys.named("roster"))
        return _read(text) if text is not None else Standing()

    async def change(self, expected: int, change: Change) -> Standing | None:
        told = orjson.dumps([encode(event) for event in change.events])
        script, keys = _script(), self._keys.fixed
        # Repeated by the client under the same id, so that it is done once.
        arguments = (len(keys), *keys, "", secrets.token_hex(8), "", expected, orjson.dumps(asdict(change.to)), told)
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
        stream = {self._keys.named("roster:changes"): f"{after}-0"}
        async with _available(within_s + ANSWER_S):
            await self._watching.xread(stream, count=1, block=max(1, int(within_s * 1000)))

    async def duty_told(self, queue: str) -> frozenset[str] | None:
        async with _available():
            text = await self._client.hget(self._keys.named("duty"), queue)
        return None if text is None else frozenset(orjson.loads(text))

    # --- Partners -------------------------------------------------------------------------------------------------

    async def say_up(self, partner: str) -> None:
        """This node reaches the partner's trunk; it counts for `PARTNER_UP_S`. Raises Unavailable."""
        async with _available():
            await self._client.set(self._partner(partner), 1, ex=PARTNER_UP_S)

    async def is_up(self, partner: str) -> bool:
        """Whether any node reaches it. Raises Unavailable."""
        async with _available():
            return bool(await self._client.exists(self._partner(partner)))

    def _partner(self, partner: str) -> str:
        return self._keys.named(f"roster:partner:{partner}")


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
    return Script.of(constants + (FOLDER / "_lib.lua").read_text() + (FOLDER / "rosters" / "change.lua").read_text())


def _read(text: str) -> Standing:
    try:
        return standing_of(orjson.loads(text))
    except ValueError as error:
        raise DutyError(f"the store's record of duty cannot be read: {error}") from None
