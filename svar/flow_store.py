"""The store of versions for a command: that of the configuration's Redis, whether a node runs or not."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from acd.accounts_redis import RedisPeople
from acd.connection import blocking_client, command_client
from acd.credentials_redis import RedisCredentials
from acd.crises_redis import RedisCrises
from acd.duty_redis import RedisDuty
from acd.nodes import living
from acd.relay import Batch, Relay
from acd.serving import Serving, ServingReports
from acd.staff import RedisStaff
from acd.tokens_redis import RedisTokens
from acd.versions import Canary
from acd.versions_redis import RedisVersions
from ivr.versions.arms import Arms
from svar.config import Config
from svar.embedded.redis import EmbeddedRedis, running_at

ASKED_S = 0.1
A_MOMENT_MS = 1000
"""The stream's own times may be that much before those of its events."""


@dataclass(frozen=True, slots=True)
class FlowStore:
    """`nodes`: those that run and follow the store; `where` tells in words where it is."""

    versions: RedisVersions
    crises: RedisCrises
    duty: RedisDuty
    nodes: tuple[str, ...]
    where: str
    _reports: ServingReports
    _reading: Relay

    async def taken(self, sequence: int, within_s: float) -> list[Serving]:
        """What the nodes that run say once they have come to that move of the pointer, or when the time is up."""
        end = asyncio.get_running_loop().time() + within_s
        while True:
            found = [one for one in await self._reports.of(self.nodes) if one.sequence >= sequence]
            if len(found) >= len(self.nodes) or asyncio.get_running_loop().time() > end:
                return found
            await asyncio.sleep(ASKED_S)

    async def arms(self, canary: Canary) -> Arms:
        """What the contacts of either arm did since the canary began, from the stream of events."""
        arms = Arms()
        routes = arms.routes()

        async def count(batch: Batch) -> None:
            for _, event in batch:
                if (route := routes.get(type(event))) is not None:
                    route(event)

        name = f"look:{secrets.token_hex(4)}"
        self._reading.add(name, count, after=f"{canary.since_ms - A_MOMENT_MS}-0")
        await self._reading.drain()
        await self._reading.forget(name)
        return arms


@asynccontextmanager
async def open_store(config: Config) -> AsyncIterator[FlowStore]:
    """Where no node runs on the state folder, its Redis is started for as long as this is open.

    Raises EmbeddedError, Unavailable.
    """
    async with AsyncExitStack() as stack:
        url, where, runs = await _redis_of(config, stack)
        tenant = config.node.tenant
        client, reading = command_client(url, tenant=tenant), blocking_client(url, tenant=tenant)
        stack.push_async_callback(client.aclose)
        stack.push_async_callback(reading.aclose)
        nodes = await living(client, tenant) if runs else []
        yield FlowStore(
            RedisVersions(client, tenant),
            RedisCrises(client, tenant),
            RedisDuty(client, tenant),
            tuple(nodes),
            where,
            ServingReports(client, tenant),
            Relay(reading, tenant),
        )


@asynccontextmanager
async def open_tokens(config: Config) -> AsyncIterator[RedisTokens]:
    """The tokens of the API there, whether a node runs or not. Raises EmbeddedError."""
    async with AsyncExitStack() as stack:
        url, _, _ = await _redis_of(config, stack)
        client = command_client(url, tenant=config.node.tenant)
        stack.push_async_callback(client.aclose)
        yield RedisTokens(client, config.node.tenant)


@asynccontextmanager
async def open_people(config: Config) -> AsyncIterator[RedisPeople]:
    """The accounts of the console there; as above. Raises EmbeddedError."""
    async with AsyncExitStack() as stack:
        url, _, _ = await _redis_of(config, stack)
        client = command_client(url, tenant=config.node.tenant)
        stack.push_async_callback(client.aclose)
        yield RedisPeople(client, config.node.tenant)


@asynccontextmanager
async def open_credentials(config: Config) -> AsyncIterator[tuple[RedisCredentials, RedisStaff]]:
    """What agents' phones prove themselves by there, and the agents; as above. Raises EmbeddedError."""
    async with AsyncExitStack() as stack:
        url, _, _ = await _redis_of(config, stack)
        client = command_client(url, tenant=config.node.tenant)
        stack.push_async_callback(client.aclose)
        yield RedisCredentials(client, config.node.tenant), RedisStaff(client, config.node.tenant)


def kept_in(config: Config) -> str:
    """Where that is, in words."""
    return "the Redis of the configuration" if config.redis.url else f"the state folder {config.node.state}"


async def _redis_of(config: Config, stack: AsyncExitStack) -> tuple[str, str, bool]:
    """Its address, where that is in words, and whether it ran before. Raises EmbeddedError."""
    folder = Path(config.node.state) / "redis"
    url, where = config.redis.url, kept_in(config)
    if not url:
        url = await running_at(folder) or ""
    if url:
        return url, where, True
    own = await EmbeddedRedis.start(folder)
    stack.push_async_callback(own.stop)
    return own.url, where, False
