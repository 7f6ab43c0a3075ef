"""What agents' phones prove themselves by, in Redis, for all nodes of an installation. No password is among it."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from acd.commands import alone
from acd.connection import available, evaluate
from acd.keys import Keys

SLICE = 500
"""So many agents go into one command, so that no other waits long."""


@dataclass(frozen=True, slots=True)
class Credential:
    """H(agent:realm:password) by either algorithm: who has it can register as the agent. `made_ms`: when, which says
    which of two counts.
    """

    made_ms: int
    md5: str = field(repr=False)
    sha256: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a node has followed. `life` is another once Redis has forgotten everything."""

    life: str = ""
    sequence: int = 0


class RedisCredentials:
    """One tenant's. Every method raises Unavailable."""

    def __init__(self, client: Redis, tenant: str) -> None:
        self._client: Any = client
        keys = Keys(tenant)
        self._entries = keys.named("credentials")
        self._changed = keys.named("credentials:changed")
        self._sequence = keys.named("credentials:sequence")
        self._life = keys.named("credentials:life")
        self._realm = keys.named("credentials:realm")
        self._secret = keys.named("secret:nonces")

    async def realm(self, realm: str) -> str:
        """The one that all nodes hash for: that of whoever asks first."""
        async with available():
            await self._client.set(self._realm, realm, nx=True)
            return str(await self._client.get(self._realm))

    async def begin_anew(self, realm: str) -> None:
        """Nothing that was hashed for another realm counts any more. For an installation of one node."""
        async with available():
            await self._client.delete(self._entries, self._changed, self._sequence, self._life)
            await self._client.set(self._realm, realm)

    async def secret(self, ours: bytes) -> bytes:
        """What signs nonces, for all nodes: that of whoever asks first."""
        async with available():
            await self._client.set(self._secret, ours.hex(), nx=True)
            return bytes.fromhex(await self._client.get(self._secret))

    async def first(self, made: Mapping[str, Credential]) -> dict[str, Credential]:
        """What counts for each of these agents: what stood already, else what was `made`."""
        return await self._put("first", made)

    async def newer(self, made: Mapping[str, Credential]) -> dict[str, Credential]:
        """What counts for each of these agents: what was made last, which stays where both are as old."""
        return await self._put("newer", made)

    async def of(self, agents: Iterable[str]) -> dict[str, Credential]:
        """Those of `agents` who have one."""
        names = list(agents)
        found: dict[str, Credential] = {}
        async with available():
            for some in _slices(names):
                values = await self._client.hmget(self._entries, some)
                found |= {agent: _read(value) for agent, value in zip(some, values, strict=True) if value is not None}
        return found

    async def mark(self) -> Mark:
        """How far it has come. To be asked before what one reads: what changes meanwhile comes again."""
        async with available():
            await self._client.set(self._life, secrets.token_hex(8), nx=True)
            life, sequence = await self._client.mget(self._life, self._sequence)
        return Mark(str(life or ""), int(sequence or 0))

    async def changed(self, after: int) -> dict[str, Credential]:
        """What is another since a mark's `sequence`; after 0 all."""
        async with available():
            agents: list[str] = await self._client.zrange(self._changed, f"({after}", "+inf", byscore=True)
        return await self.of(agents)

    async def _put(self, which: str, made: Mapping[str, Credential]) -> dict[str, Credential]:
        script, keys = alone("credentials/put"), (self._entries, self._changed, self._sequence)
        counts: dict[str, Credential] = {}
        async with available():
            for some in _slices(list(made)):
                arguments = [one for agent in some for one in (agent, _written(made[agent]))]
                values = await evaluate(self._client, script, len(keys), *keys, which, *arguments)
                counts |= {agent: _read(value) for agent, value in zip(some, values, strict=True)}
        return counts


def _slices(names: list[str]) -> Iterable[list[str]]:
    return (names[i : i + SLICE] for i in range(0, len(names), SLICE))


def _written(one: Credential) -> str:
    return f"{one.made_ms} {one.md5} {one.sha256}"


def _read(value: str) -> Credential:
    made_ms, md5, sha256 = value.split(" ")
    return Credential(int(made_ms), md5, sha256)
