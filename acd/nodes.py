"""The nodes of an installation: who they are, where others reach them, and whether they live."""

import secrets
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from redis.asyncio import Redis

from acd.connection import available
from acd.keys import Keys

_SECRET_BYTES = 32
MOST = 256
"""The most nodes of one tenant that are looked at."""


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """What a node says of itself. `address`: the SIP URI that other nodes send to; `hosts`: where it sends from.

    `cut_off`: none of the trunks that it watches answers. `stopped`: it ended in order.
    """

    node: str
    site: str
    address: str
    hosts: tuple[str, ...]
    release: str
    since_ms: int
    cut_off: bool = False
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """The nodes by name: those whose lease runs, and those whose lease ran out without a word of theirs."""

    living: dict[str, NodeRecord]
    dead: dict[str, NodeRecord]


class Nodes:
    """The register of one tenant. A node's lease is the one that its beats renew. Every method raises Unavailable."""

    def __init__(self, client: Redis, tenant: str) -> None:
        self._client: Any = client
        keys = self._keys = Keys(tenant)
        self._records = keys.named("nodes")
        self._leases = keys.named("deadlines")
        self._secret = keys.named("secret:nodes")

    async def announce(self, record: NodeRecord) -> None:
        """That it is here, once it has beaten; again whenever something of it has changed."""
        async with available():
            await self._client.hset(self._records, record.node, orjson.dumps(asdict(record)))

    async def restore(self, record: NodeRecord, secret: bytes) -> None:
        """Redis has forgotten it, or others thought it dead."""
        async with available():
            await self._client.set(self._secret, secret.hex(), nx=True)
        await self.announce(record)

    async def leave(self, node: str) -> None:
        """It has stopped in order, and beats no more: others look after its phones at once. Nothing when unknown."""
        async with available():
            if (text := await self._client.hget(self._records, node)) is not None:
                await self._client.hset(self._records, node, orjson.dumps(orjson.loads(text) | {"stopped": True}))
            if await self._client.zcard(self._keys.named(f"held:{node}")):
                await self._client.zadd(self._leases, {f"n:{node}": 0})  # what it still held is ended by `due`
            else:
                await self._client.zrem(self._leases, f"n:{node}")

    async def bury(self, record: NodeRecord) -> bool:
        """What a dead node left is put in order. True for the first who says so, of this life of the node."""
        async with available():
            text = await self._client.hget(self._records, record.node)
            if text is None or _read(text) != record:
                return False
            return bool(await self._client.hdel(self._records, record.node))

    async def look(self) -> Seen:
        """How it stands now. A lease that is over counts until somebody has done what is due (`Distributor.due`): after
        a gap in Redis all leases get a fresh term before that.
        """
        async with available():
            found = await self._client.hgetall(self._records)
            records = [_read(text) for _, text in sorted(found.items())[:MOST]]
            if not records:
                return Seen({}, {})
            leases = await self._client.zmscore(self._leases, [f"n:{one.node}" for one in records])
        living = {one.node: one for one, lease in zip(records, leases, strict=True) if lease is not None}
        return Seen(living, {one.node: one for one in records if one.node not in living})

    async def secret(self) -> bytes:
        """By which nodes prove to each other who they are; whoever asks first makes it."""
        async with available():
            await self._client.set(self._secret, secrets.token_hex(_SECRET_BYTES), nx=True)
            return bytes.fromhex(await self._client.get(self._secret))


async def living(client: Redis, tenant: str) -> list[str]:
    """The names of the nodes whose lease runs: those that beat, and those that died within its term.

    Raises Unavailable.
    """
    any_client: Any = client
    async with available():
        found = any_client.zscan_iter(Keys(tenant).named("deadlines"), match="n:*", count=1000)
        return sorted([member.removeprefix("n:") async for member, _ in found])


def _read(text: str) -> NodeRecord:
    found = orjson.loads(text)
    return NodeRecord(**(found | {"hosts": tuple(found["hosts"])}))
