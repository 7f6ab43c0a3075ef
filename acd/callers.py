"""What the nodes of an installation know together of those who ring, and whom they ring."""

from dataclasses import dataclass

from redis.asyncio import Redis

from acd.identities import Identities, identities
from acd.outbound_caps import SharedCaps
from acd.regained import KeptPlaces


@dataclass(frozen=True, slots=True)
class Callers:
    """Who callers are without their numbers, what may be done for them, and the places that they had."""

    identities: Identities
    caps: SharedCaps
    places: KeptPlaces


async def callers(client: Redis, tenant: str) -> Callers:
    """Those of one tenant. Raises Unavailable."""
    return Callers(await identities(client, tenant), SharedCaps(client, tenant), KeptPlaces(client, tenant))
