"""Places that callers get back."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from acd.connection import command_client
from acd.distributor import Unavailable
from acd.regained import CutPlace, KeptPlaces

NOW = 1_000_000


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    client = command_client(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def places(client: Redis) -> KeptPlaces:
    return KeptPlaces(client, "nav", now_ms=lambda: NOW)


async def cut(places: KeptPlaces, contact: str = "c1", since_ms: int = NOW - 60_000, identity: str = "who") -> None:
    await places.entered(contact, identity, "q", since_ms)
    await places.cut(contact, 600)


async def test_who_was_cut_off_gets_the_place_back_once(places: KeptPlaces) -> None:
    await cut(places)
    assert await places.regain("who", "q") == CutPlace("q", 60_000)
    assert await places.regain("who", "q") is None


async def test_whose_place_it_is_and_where_matters(places: KeptPlaces) -> None:
    await cut(places)
    assert await places.regain("another", "q") is None
    assert await places.regain("who", "other") is None
    assert await places.regain("who") == CutPlace("q", 60_000)


async def test_who_still_waits_has_nothing_to_get_back(places: KeptPlaces) -> None:
    await places.entered("c1", "who", "q", NOW - 60_000)
    assert await places.regain("who", "q") is None


async def test_who_was_answered_has_nothing_to_get_back(places: KeptPlaces) -> None:
    await places.entered("c1", "who", "q", NOW - 60_000)
    await places.left("c1")
    await places.cut("c1", 600)
    assert await places.regain("who", "q") is None


async def test_the_longest_wait_of_several_counts(places: KeptPlaces) -> None:
    await cut(places, "c1", NOW - 60_000)
    await cut(places, "c2", NOW - 90_000)
    await cut(places, "c3", NOW - 5_000)
    assert await places.regain("who", "q") == CutPlace("q", 90_000)


async def test_being_cut_off_counts_once_though_it_is_told_twice(places: KeptPlaces) -> None:
    await cut(places)
    assert await places.regain("who", "q") is not None
    await places.cut("c1", 600)
    assert await places.regain("who", "q") is None


async def test_a_place_is_kept_for_a_while(places: KeptPlaces, client: Redis) -> None:
    await cut(places)
    assert 595 < await client.ttl("svar:{nav}:cut:who") <= 600
    assert await client.exists("svar:{nav}:place:c1") == 0


async def test_one_of_many_who_ask_at_once_gets_it(places: KeptPlaces) -> None:
    await cut(places)
    found = await asyncio.gather(*(places.regain("who", "q") for _ in range(20)))
    assert sum(one is not None for one in found) == 1


async def test_the_servers_clock_is_taken_where_none_is_given(client: Redis) -> None:
    places = KeptPlaces(client, "nav")
    seconds, _ = await client.time()
    await places.entered("c1", "who", "q", int(seconds) * 1000 - 60_000)
    await places.cut("c1", 600)
    found = await places.regain("who")
    assert found is not None
    assert 59_000 <= found.waited_ms < 70_000


async def test_tenants_have_places_of_their_own(places: KeptPlaces, client: Redis) -> None:
    await cut(places)
    assert await KeptPlaces(client, "other").regain("who") is None


async def test_without_the_store_there_is_no_place() -> None:
    gone = command_client("unix:///nowhere/r.sock")
    with pytest.raises(Unavailable, match="redis"):
        await KeptPlaces(gone, "nav").regain("who")
    await gone.aclose()
