from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from acd.connection import command_client


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    client = command_client(redis_url)
    yield client
    await client.aclose()
