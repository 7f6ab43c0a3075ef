"""The stream of events for commands beside a node, whether it runs or not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from acd.connection import command_client
from acd.nodes import Nodes
from acd.orders import Orders
from acd.trail import Trail
from svar.config import Config
from svar.embedded.redis import EmbeddedRedis, running_at


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Trail]:
    """Where no Redis runs that the configuration means, its own is started meanwhile. Raises EmbeddedError."""
    async with _connected(config) as client:
        yield Trail(client, config.node.tenant)


@asynccontextmanager
async def asking(config: Config) -> AsyncIterator[tuple[Orders, Nodes]]:
    """The same to ask nodes for something."""
    async with _connected(config) as client:
        yield Orders(client, config.node.tenant), Nodes(client, config.node.tenant)


@asynccontextmanager
async def _connected(config: Config) -> AsyncIterator[Any]:
    folder = Path(config.node.state) / "redis"
    url = config.redis.url or await running_at(folder) or ""
    own = None if url else await EmbeddedRedis.start(folder)
    client = command_client(url or (own.url if own is not None else ""), tenant=config.node.tenant)
    try:
        yield client
    finally:
        await client.aclose()
        if own is not None:
            await own.stop()
