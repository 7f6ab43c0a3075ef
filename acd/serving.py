"""What each node serves of the flows, as it says itself, so that who publishes is told what came of it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from redis.asyncio import Redis

from acd.connection import available
from acd.keys import Keys

KEPT_S = 60
"""How long a node's word stands that it does not repeat."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A node's word: up to which move of the pointer it has come, and why not all of it is served (empty: it is)."""

    node: str
    sequence: int
    refused: str = ""


class ServingReports:
    """One tenant's. Every method raises Unavailable."""

    def __init__(self, client: Redis, tenant: str) -> None:
        self._client: Any = client
        self._keys = Keys(tenant)

    async def tell(self, serving: Serving) -> None:
        async with available():
            await self._client.set(self._key(serving.node), orjson.dumps(asdict(serving)), ex=KEPT_S)

    async def of(self, nodes: Iterable[str]) -> list[Serving]:
        """Those of these nodes that have said something."""
        names = [self._key(node) for node in nodes]
        async with available():
            texts = await self._client.mget(names) if names else []
        return [_serving(orjson.loads(text)) for text in texts if text is not None]

    def _key(self, node: str) -> str:
        return self._keys.named(f"flows:serving:{node}")


def _serving(record: dict[str, Any]) -> Serving:
    """A node of another release may say more."""
    return Serving(record["node"], record["sequence"], record["refused"])
