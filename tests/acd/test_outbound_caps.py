"""Counters that nodes share."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from acd.connection import command_client
from acd.distributor import Unavailable
from acd.identities import Identities, identities
from acd.outbound_caps import Cap, SharedCaps

NUMBER, HOUR = Cap("number", 2, 86_400, "a"), Cap("hour", 3, 3_600)


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    client = command_client(redis_url)
    yield client
    await client.aclose()


async def test_what_has_room_is_counted_and_the_first_that_has_none_is_named(client: Redis) -> None:
    caps = SharedCaps(client, "nav")
    assert [await caps.take((NUMBER, HOUR)) for _ in range(3)] == ["", "", "number"]
    other = Cap("number", 2, 86_400, "b")
    assert await caps.take((other, HOUR)) == ""
    assert await caps.take((other, HOUR)) == "hour"


async def test_what_is_refused_counts_against_nothing(client: Redis) -> None:
    caps = SharedCaps(client, "nav")
    full = Cap("day", 0, 86_400)
    assert [await caps.take((NUMBER, full)) for _ in range(5)] == ["day"] * 5
    assert await caps.take((NUMBER,)) == ""


async def test_a_cost_counts_by_its_amount(client: Redis) -> None:
    caps = SharedCaps(client, "nav")
    dear = Cap("budget", 10, 86_400, "+46", amount=4)
    assert [await caps.take((dear,)) for _ in range(3)] == ["", "", "budget"]
    assert await caps.take((Cap("budget", 10, 86_400, "+46", amount=2),)) == ""


async def test_looking_for_room_takes_none(client: Redis) -> None:
    caps = SharedCaps(client, "nav")
    assert [await caps.room((NUMBER,)) for _ in range(5)] == [""] * 5
    await caps.take((NUMBER,))
    await caps.take((NUMBER,))
    assert await caps.room((NUMBER,)) == "number"


async def test_two_nodes_at_once_never_take_more_than_there_is(client: Redis, redis_url: str) -> None:
    second = command_client(redis_url)
    nodes = [SharedCaps(client, "nav"), SharedCaps(second, "nav")]
    cap = Cap("hour", 10, 3_600)
    taken = await asyncio.gather(*(nodes[n % 2].take((cap,)) for n in range(40)))
    await second.aclose()
    assert taken.count("") == 10


async def test_a_counter_is_gone_after_its_window_and_tenants_have_their_own(client: Redis) -> None:
    caps = SharedCaps(client, "nav")
    await caps.take((HOUR,))
    (key,) = [key async for key in client.scan_iter("*caps:*")]
    assert key == "svar:{nav}:caps:hour:"
    assert 3_590 < await client.ttl(key) <= 3_600
    await client.expire(key, 100)
    await caps.take((HOUR,))
    assert await client.ttl(key) <= 100
    assert [await SharedCaps(client, "other").take((HOUR,)) for _ in range(4)] == ["", "", "", "hour"]


async def test_without_the_store_nothing_has_room(client: Redis, redis_url: str) -> None:
    gone = command_client("unix:///nowhere/r.sock")
    with pytest.raises(Unavailable, match="redis"):
        await SharedCaps(gone, "nav").take((HOUR,))
    with pytest.raises(Unavailable, match="redis"):
        await identities(gone, "nav")
    await gone.aclose()


async def test_nodes_of_a_tenant_know_a_caller_by_the_same_hash_and_another_tenant_by_another(client: Redis) -> None:
    ours, same, theirs = await identities(client, "nav"), await identities(client, "nav"), await identities(client, "x")
    assert ours.of_number("+4722334455") == same.of_number("+4722334455") != theirs.of_number("+4722334455")
    assert ours.of_number("+4722334455") != ours.of_number("+4722334456")


def test_a_code_is_nobodys_number_and_nothing_has_no_hash() -> None:
    who = Identities(b"secret")
    assert who.of_code("123456") != who.of_number("123456")
    assert "123456" not in who.of_code("123456")
    assert who.of_number("") == who.of_code("") == ""
