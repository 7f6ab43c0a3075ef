"""How Redis itself is: whether it answers, and how far its replicas are behind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from acd.connection import ANSWER_S, available


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many are in step, and how many bytes of commands the last of them has yet to get."""

    in_step: int = 0
    behind_bytes: int = 0


class Replication:
    """Asks one Redis. What is a replica itself says that it has none."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client

    async def ping(self) -> None:
        """Raises Unavailable."""
        async with available(ANSWER_S):
            await self._client.ping()

    async def read(self) -> Replicas:
        """Raises Unavailable."""
        async with available(ANSWER_S):
            return replicas(await self._client.info("replication"))


def replicas(told: Mapping[str, Any]) -> Replicas:
    """Of `INFO replication`, as the library reads it."""
    master = int(told.get("master_repl_offset", 0))
    slaves = [one for name, one in told.items() if name.startswith("slave") and isinstance(one, Mapping)]
    behind = [max(0, master - int(one.get("offset", master))) for one in slaves if one.get("state") == "online"]
    return Replicas(len(behind), max(behind, default=0))
