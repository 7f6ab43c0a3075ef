"""Accounts and sessions in a real Redis: the first is put once, sessions go by themselves."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from acd.accounts_redis import RedisPeople
from acd.connection import command_client
from acd.distributor import Unavailable


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Any]:
    client = command_client(redis_url)
    yield client
    await client.aclose()


async def test_of_nodes_that_make_the_first_account_at_once_one_wins(client: Any) -> None:
    nodes = [RedisPeople(client, "nav").accounts for _ in range(5)]
    won = await asyncio.gather(*(one.first("admin", f"n{n}") for n, one in enumerate(nodes)))
    assert won.count(True) == 1
    assert await nodes[0].get("admin") == f"n{won.index(True)}"


async def test_where_there_is_an_account_no_first_one_is_made(client: Any) -> None:
    accounts = RedisPeople(client, "nav").accounts
    await accounts.put("kari", "entry")
    assert not await accounts.first("admin", "entry")
    assert await accounts.all() == {"kari": "entry"}
    await accounts.remove("kari", "nobody")
    assert await accounts.first("admin", "entry")


async def test_accounts_are_not_tokens_and_tenants_have_their_own(client: Any) -> None:
    await RedisPeople(client, "nav").accounts.put("kari", "entry")
    assert await client.hgetall("svar:{nav}:tokens") == {}
    assert await RedisPeople(client, "skatt").accounts.all() == {}


async def test_a_session_goes_when_it_is_not_used(client: Any) -> None:
    sessions = RedisPeople(client, "nav").sessions
    await sessions.put("d1", "entry", 60_000)
    assert await sessions.get("d1", 3_600_000) == "entry"
    assert 60_000 < await client.pttl("svar:{nav}:session:d1") <= 3_600_000
    await sessions.put("d2", "entry", 1)
    async with asyncio.timeout(30):
        while await client.exists("svar:{nav}:session:d2"):  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.005)
    assert await sessions.get("d2", 1_000) is None
    await sessions.remove("d1")
    await sessions.remove("d1")
    assert await sessions.get("d1", 1_000) is None


async def test_when_redis_is_away_it_is_told_so() -> None:
    client = command_client("redis://127.0.0.1:1")
    people = RedisPeople(client, "nav")
    with pytest.raises(Unavailable):
        await people.accounts.first("admin", "entry")
    with pytest.raises(Unavailable):
        await people.sessions.get("d", 1)
    await client.aclose()
