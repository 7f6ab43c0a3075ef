"""Commands over one connection: in order, together, each with its own answer or error."""

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from acd.batching import MOST, MOST_WAITING, Batches
from acd.connection import command_client


@pytest.fixture
async def client(redis_url: str) -> Redis:
    return command_client(redis_url)


async def test_commands_arrive_in_the_order_given(client: Redis) -> None:
    batches = Batches(client)
    numbers = list(range(2 * MOST + 3))
    await asyncio.gather(*(batches.send((("RPUSH", "order", n),)) for n in numbers))
    assert await client.lrange("order", 0, -1) == [str(n) for n in numbers]
    await client.aclose()


async def test_each_gets_its_own_answer_and_only_its_own_error(client: Redis) -> None:
    batches = Batches(client)
    await batches.send((("SET", "text", "x"),))
    groups = [(("GET", "text"), ("STRLEN", "text")), (("INCR", "text"),), (("GET", "text"),)]
    good, bad, after = [asyncio.create_task(batches.send(group)) for group in groups]
    assert await good == ["x", 1]
    with pytest.raises(ResponseError, match="not an integer"):
        await bad
    assert await after == ["x"]
    await client.aclose()


async def test_who_is_cancelled_takes_nobody_along(client: Redis) -> None:
    batches = Batches(client)
    first = asyncio.create_task(batches.send((("RPUSH", "cancelled", 1),)))
    second = asyncio.create_task(batches.send((("RPUSH", "cancelled", 2),)))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == [2]
    assert first.cancelled() or first.cancelling()
    await client.aclose()


async def test_more_than_may_wait_are_turned_away(client: Redis) -> None:
    batches = Batches(client)
    waiting = [asyncio.create_task(batches.send((("PING",),))) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(RedisConnectionError, match="wait for Redis already"):
        await batches.send((("PING",),))
    await asyncio.gather(*waiting)
    await client.aclose()


async def test_a_connection_that_fails_is_told_to_all_who_wait() -> None:
    client = command_client("unix:///nowhere/at/all.sock")
    batches = Batches(client)
    results = await asyncio.gather(*(batches.send((("PING",),)) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(result, ConnectionError | OSError) or "Error" in type(result).__name__ for result in results)
    await client.aclose()


async def test_a_connection_that_was_closed_meanwhile_is_opened_anew(client: Redis) -> None:
    batches = Batches(client)
    await batches.send((("SET", "text", "x"),))
    await client.client_kill_filter(_type="normal", skipme=False)
    assert await batches.send((("GET", "text"),)) == ["x"]
    await client.aclose()
