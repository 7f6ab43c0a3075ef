"""Agents' phones outlive a restart, until they expire."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from acd.connection import command_client
from acd.distributor import Unavailable
from acd.locations import Location, Locations

OFFICE = Location("a", "sip:a@127.0.0.1:5070", 5_000, {"call_id": "x1", "source": "127.0.0.1:5070"})
HOME = Location("a", "sip:a@127.0.0.1:5080", 9_000)


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    client = command_client(redis_url)
    yield client
    await client.aclose()


async def test_phones_are_kept_extended_and_removed(client: Redis) -> None:
    locations = Locations(client, "nav", lambda: 1_000)
    await locations.save(HOME)
    await locations.save(OFFICE)
    assert await Locations(client, "nav", lambda: 1_000).all() == [OFFICE, HOME]
    longer = Location("a", HOME.uri, 20_000)
    await locations.save(longer)
    await locations.remove("a", OFFICE.uri)
    await locations.remove("b", OFFICE.uri)
    assert await locations.all() == [longer]


async def test_expired_phone_is_gone(client: Redis) -> None:
    await Locations(client, "nav", lambda: 1_000).save(OFFICE)
    await Locations(client, "nav", lambda: 1_000).save(HOME)
    assert await Locations(client, "nav", lambda: 5_000).all() == [HOME]
    assert await Locations(client, "nav", lambda: 1_000).all() == [HOME]


async def test_registrations_are_bounded(client: Redis) -> None:
    locations = Locations(client, "nav", lambda: 1_000, most=1)
    await locations.save(OFFICE)
    await locations.save(OFFICE)
    with pytest.raises(ValueError, match="1 registrations"):
        await locations.save(replace(HOME, agent="b"))


async def test_a_phone_that_another_node_holds_by_now_is_left_alone(client: Redis) -> None:
    locations = Locations(client, "nav", lambda: 1_000)
    await locations.save(replace(HOME, node="n1"))
    await locations.save(replace(HOME, node="n2"))
    await locations.remove("a", HOME.uri, "n1")
    assert await locations.of("a") == [replace(HOME, node="n2")]
    await locations.remove("a", HOME.uri, "n2")
    assert await locations.of("a") == []
    assert await client.exists("svar:{nav}:phones") == 0


async def test_the_phones_of_one_agent_are_found_without_those_of_others(client: Redis) -> None:
    locations = Locations(client, "nav", lambda: 1_000)
    await locations.save(HOME)
    await locations.save(replace(OFFICE, agent="b"))
    assert await locations.of("a") == [HOME]
    assert await locations.of("c") == []
    assert await Locations(client, "skatt", lambda: 1_000).of("a") == []
    assert await Locations(client, "nav", lambda: 9_000).of("a") == []


async def test_store_that_is_away_is_unavailable() -> None:
    client = command_client("unix:///nowhere/r.sock")
    locations = Locations(client, "nav")
    for command in (locations.save(OFFICE), locations.remove("a", "b"), locations.of("a"), locations.all()):
        with pytest.raises(Unavailable, match="redis"):
            await command
    await client.aclose()
