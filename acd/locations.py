"""Where agents' phones are: registrations, kept in Redis so that they outlive a restart and all nodes know them."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
from redis.asyncio import Redis

from acd.commands import alone
from acd.connection import available, evaluate
from acd.keys import Keys

MOST = 20_000
"""The most agents of one tenant with a phone; more are refused by `save`."""


@dataclass(frozen=True, slots=True)
class Location:
    """One phone of `agent`: its contact URI, until `expires_at_ms` (epoch); `detail` is what the registrar needs.

    `node` is where it registered, and whose it is: what another node does to it changes nothing.
    """

    agent: str
    uri: str
    expires_at_ms: int
    detail: dict[str, str] = field(default_factory=dict)
    node: str = ""


class Locations:
    """All phones of one tenant. Every method raises Unavailable."""

    def __init__(
        self,
        client: Redis,
        tenant: str,
        now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
        *,
        most: int = MOST,
    ) -> None:
        self._client: Any = client
        self._key = Keys(tenant).named("phones")
        self._now_ms = now_ms
        self._most = most

    async def save(self, location: Location) -> None:
        """Also to extend one, or to take it over: agent and URI say which. Raises ValueError when there are too many
        already.
        """
        one = location
        text = orjson.dumps(asdict(one))
        arguments = (one.agent, one.uri, one.node, one.expires_at_ms, text, self._now_ms(), self._most)
        async with available():
            saved = await evaluate(self._client, alone("locations/save"), 1, self._key, *arguments)
        if not saved:
            raise ValueError(f"agent {one.agent}: there are {self._most} registrations already")

    async def remove(self, agent: str, uri: str, node: str = "") -> None:
        """Nothing when it is not there, or another node holds it by now."""
        async with available():
            await evaluate(self._client, alone("locations/remove"), 1, self._key, agent, uri, node, self._now_ms())

    async def of(self, agent: str) -> list[Location]:
        """Those of one agent that have not expired, at whatever node."""
        async with available():
            text = await self._client.hget(self._key, agent)
        return self._living(text) if text else []

    async def all(self) -> list[Location]:
        """Those that have not expired, by agent and URI; the expired ones are removed."""
        async with available():
            found = await self._client.hgetall(self._key)
            living = {agent: self._living(text) for agent, text in found.items()}
            for agent, text in found.items():
                if len(living[agent]) < len(orjson.loads(text)):
                    await evaluate(self._client, alone("locations/remove"), 1, self._key, agent, "", "", self._now_ms())
        return sorted((one for phones in living.values() for one in phones), key=lambda one: (one.agent, one.uri))

    def _living(self, text: str) -> list[Location]:
        now = self._now_ms()
        kept = orjson.loads(text).values()
        return [Location(**orjson.loads(one)) for expires_at_ms, _, one in kept if expires_at_ms > now]
