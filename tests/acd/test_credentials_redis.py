"""What agents' phones prove themselves by, in a real Redis."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from acd.connection import command_client
from acd.credentials_redis import SLICE, Credential, RedisCredentials
from acd.distributor import Unavailable


def made(made_ms: int, name: str = "a") -> Credential:
    return Credential(made_ms, f"md5-of-{name}", f"sha-of-{name}")


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Any]:
    client = command_client(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def kept(client: Any) -> RedisCredentials:
    return RedisCredentials(client, "nav")


async def test_of_nodes_that_make_one_at_once_the_first_wins_for_all(client: Any) -> None:
    nodes = [RedisCredentials(client, "nav") for _ in range(5)]
    counts = await asyncio.gather(*(one.first({"anna": made(n, f"n{n}")}) for n, one in enumerate(nodes)))
    assert len({one["anna"].md5 for one in counts}) == 1
    assert await nodes[0].of(["anna", "bjorn"]) == counts[0]


async def test_a_later_one_replaces_what_stands_and_an_older_one_does_not(kept: RedisCredentials) -> None:
    await kept.first({"anna": made(5, "old")})
    assert await kept.newer({"anna": made(9, "new")}) == {"anna": made(9, "new")}
    assert await kept.newer({"anna": made(8, "late")}) == {"anna": made(9, "new")}
    assert await kept.newer({"anna": made(9, "as old")}) == {"anna": made(9, "new")}
    assert await kept.first({"anna": made(10, "first")}) == {"anna": made(9, "new")}


async def test_what_changed_since_a_mark_is_told_and_nothing_else(kept: RedisCredentials) -> None:
    await kept.first({"anna": made(1), "bjorn": made(1)})
    mark = await kept.mark()
    assert await kept.changed(mark.sequence) == {}
    await kept.first({"anna": made(2), "kari": made(2)})
    assert await kept.changed(mark.sequence) == {"kari": made(2)}
    assert (await kept.changed(0)).keys() == {"anna", "bjorn", "kari"}
    later = await kept.mark()
    assert (later.life, later.sequence) == (mark.life, mark.sequence + 1)


async def test_a_redis_that_has_forgotten_has_another_life(client: Any, kept: RedisCredentials) -> None:
    before = await kept.mark()
    await client.flushdb()
    after = await kept.mark()
    assert after.life != before.life
    assert after.sequence == 0


async def test_realm_and_secret_are_those_of_the_first_node(client: Any, kept: RedisCredentials) -> None:
    other = RedisCredentials(client, "nav")
    assert [await kept.realm("svar"), await other.realm("else")] == ["svar", "svar"]
    assert [await kept.secret(b"a" * 32), await other.secret(b"b" * 32)] == [b"a" * 32, b"a" * 32]


async def test_with_another_realm_nothing_of_the_old_one_counts(kept: RedisCredentials) -> None:
    await kept.realm("svar")
    await kept.first({"anna": made(1)})
    before = await kept.mark()
    await kept.begin_anew("nav.no")
    assert await kept.realm("svar") == "nav.no"
    assert await kept.of(["anna"]) == {}
    assert (await kept.mark()).life != before.life


async def test_more_agents_than_go_into_one_command(kept: RedisCredentials) -> None:
    many = {f"agent-{n}": made(n) for n in range(2 * SLICE + 1)}
    assert await kept.first(many) == many
    assert await kept.changed(0) == many


async def test_two_tenants_share_nothing(client: Any, kept: RedisCredentials) -> None:
    other = RedisCredentials(client, "skatt")
    await kept.realm("svar")
    await kept.first({"anna": made(1)})
    assert await other.of(["anna"]) == {}
    assert await other.realm("else") == "else"
    assert await kept.secret(b"a" * 32) != await other.secret(b"b" * 32)
    assert {key.partition(":c")[0].partition(":s")[0] for key in await client.keys("*")} == {
        "svar:{nav}",
        "svar:{skatt}",
    }


async def test_without_redis_it_says_so() -> None:
    client = command_client("redis://127.0.0.1:1")
    try:
        with pytest.raises(Unavailable):
            await RedisCredentials(client, "nav").of(["anna"])
    finally:
        await client.aclose()


def test_what_python_shows_of_one_does_not_give_it_away() -> None:
    assert "md5-of" not in repr(made(1))
    assert "sha-of" not in repr(made(1))
