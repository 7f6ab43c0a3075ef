"""Which nodes of an installation beat."""

from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from acd.distributor import Unavailable
from acd.keys import Keys


async def living(client: Redis, tenant: str) -> list[str]:
    """The names of the nodes whose lease runs: those that beat, and those that died within its ten seconds.

    Raises Unavailable.
    """
    any_client: Any = client
    try:
        found = any_client.zscan_iter(Keys(tenant).named("deadlines"), match="n:*", count=1000)
        return sorted([member.removeprefix("n:") async for member, _ in found])
    except (RedisError, OSError, TimeoutError) as error:
        raise Unavailable(f"redis: {type(error).__name__}: {error}") from error
