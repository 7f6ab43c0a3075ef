"""Crises in a real Redis: the contract, and what only Redis can do wrong."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from acd.connection import blocking_client, command_client
from acd.crises import DamagedRecord
from acd.crises_redis import RedisCrises
from acd.distributor import Unavailable
from acd.relay import START, Relay
from events.catalogue import CrisisChanged
from tests.acd.crises_contract import CrisesContract, Told, on, wish


@pytest.fixture
async def clients(redis_url: str) -> AsyncIterator[tuple[Redis, Redis]]:
    commands, watching = command_client(redis_url), blocking_client(redis_url)
    yield commands, watching
    await commands.aclose()
    await watching.aclose()


@pytest.fixture
def store(clients: tuple[Redis, Redis]) -> RedisCrises:
    return RedisCrises(clients[0], "nav", watching=clients[1])


@pytest.fixture
def other(clients: tuple[Redis, Redis]) -> RedisCrises:
    return RedisCrises(clients[0], "nav")


@pytest.fixture
def told(redis_url: str) -> Told:
    async def events() -> list[CrisisChanged]:
        found: list[CrisisChanged] = []
        client = blocking_client(redis_url)
        relay = Relay(client, "nav")

        async def sink(batch: Any) -> None:
            found.extend(event for _, event in batch if isinstance(event, CrisisChanged))

        relay.add("test", sink, after=START)
        await relay.drain()
        await client.aclose()
        return found

    return events


class TestRedisCrises(CrisesContract):
    """The contract."""


async def test_tenants_have_crises_of_their_own(store: RedisCrises, clients: tuple[Redis, Redis]) -> None:
    await on(store, wish())
    assert (await RedisCrises(clients[0], "other").standing()).on == ()


async def test_nonsense_in_the_store_is_told(store: RedisCrises, clients: tuple[Redis, Redis]) -> None:
    await clients[0].set("svar:{nav}:crises", "nonsense")
    with pytest.raises(DamagedRecord):
        await store.standing()


async def test_a_store_that_is_away_is_told() -> None:
    client = command_client("redis://127.0.0.1:1")
    store = RedisCrises(client, "nav", watching=client)
    with pytest.raises(Unavailable):
        await store.standing()
    with pytest.raises(Unavailable):
        await store.changed(0, 0.1)
    await client.aclose()


async def test_waiting_takes_a_client_of_its_own(other: RedisCrises) -> None:
    with pytest.raises(ValueError, match="no client"):
        await other.changed(0, 0.1)
