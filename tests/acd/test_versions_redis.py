"""Versions in a real Redis: the contract, and what only Redis can do wrong."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from acd import pointing
from acd.connection import blocking_client, command_client
from acd.distributor import Unavailable
from acd.relay import START, Relay
from acd.versions import Damaged, VersionStore
from acd.versions_redis import RedisVersions
from events.catalogue import CanaryEnded, CanaryStarted, Event, FlowsPublished, FlowsRolledBack
from tests.acd.versions_contract import FIRST, KARI, OLA, SECOND, VersionsContract, draft, kept, published


@pytest.fixture
async def clients(redis_url: str) -> AsyncIterator[tuple[Redis, Redis]]:
    commands, watching = command_client(redis_url), blocking_client(redis_url)
    yield commands, watching
    await commands.aclose()
    await watching.aclose()


@pytest.fixture
def store(clients: tuple[Redis, Redis]) -> RedisVersions:
    return RedisVersions(clients[0], "nav", watching=clients[1])


@pytest.fixture
def other(clients: tuple[Redis, Redis]) -> RedisVersions:
    return RedisVersions(clients[0], "nav")


@pytest.fixture
def narrow(clients: tuple[Redis, Redis]) -> RedisVersions:
    return RedisVersions(clients[0], "nav", most=3)


class TestRedisVersions(VersionsContract):
    """The contract."""


async def events(redis_url: str) -> list[Event]:
    told: list[Event] = []
    client = blocking_client(redis_url)
    relay = Relay(client, "nav")

    async def sink(batch: Any) -> None:
        told.extend(event for _, event in batch)

    relay.add("test", sink, after=START)
    await relay.drain()
    await client.aclose()
    return told


async def test_every_move_is_told_as_an_event(store: RedisVersions, redis_url: str) -> None:
    first, second = await published(store, FIRST), await kept(store, SECOND)
    await pointing.make(store, await store.pointer(), lambda p: pointing.start_canary(p, second, 0.25, OLA))
    await pointing.make(store, await store.pointer(), lambda p: pointing.publish(p, second, KARI))
    await pointing.make(store, await store.pointer(), lambda p: pointing.roll_back(p, first, OLA))
    published_, started, ended, promoted, rolled_back = await events(redis_url)
    assert isinstance(published_, FlowsPublished)
    assert isinstance(started, CanaryStarted)
    assert isinstance(ended, CanaryEnded)
    assert isinstance(promoted, FlowsPublished)
    assert isinstance(rolled_back, FlowsRolledBack)
    assert (started.share, started.active, started.author) == (0.25, first[:12], "ola")
    assert (ended.cause, ended.flow_version) == ("promoted", second[:12])
    assert (promoted.flow_version, promoted.previous) == (second[:12], first[:12])
    assert (rolled_back.flow_version, rolled_back.previous, rolled_back.message) == (
        first[:12],
        second[:12],
        "a mistake",
    )
    assert [event.node for event in (published_, rolled_back)] == ["n1", "n2"]
    assert all(event.tenant == "nav" and event.at_ms > 1_700_000_000_000 for event in (published_, rolled_back))


async def test_content_that_no_version_names_is_forgotten_and_named_content_never(
    store: RedisVersions, clients: tuple[Redis, Redis]
) -> None:
    client: Any = clients[0]
    await store.keep(draft(FIRST), FIRST)
    keys = await client.keys("svar:{nav}:flows:blob:*")
    assert [await client.ttl(key) for key in keys] == [-1] * 3
    await store._give({"0" * 64: b"left behind"})
    assert 0 < await client.ttl("svar:{nav}:flows:blob:" + "0" * 64) <= 3600
    await store._give({key.rpartition(":")[2]: b"x" for key in keys})
    assert [await client.ttl(key) for key in keys] == [-1] * 3


async def test_a_store_that_gives_something_else_is_found_out(
    store: RedisVersions, clients: tuple[Redis, Redis]
) -> None:
    client: Any = clients[0]
    version = await store.keep(draft(FIRST), FIRST)
    key = (await client.keys("svar:{nav}:flows:blob:*"))[0]
    await client.set(key, b"something else")
    with pytest.raises(Damaged, match="another hash"):
        await store.content(version.id)
    await client.delete(key)
    with pytest.raises(Damaged, match="missing"):
        await store.content(version.id)
    await client.hset("svar:{nav}:flows:listings", version.id, "[]")
    with pytest.raises(Damaged, match="listing"):
        await store.content(version.id)
    await client.hset("svar:{nav}:flows:versions", version.id, '{"id": 1, "unheard": 2}')
    with pytest.raises(Damaged, match="Version"):
        await store.version(version.id)
    await client.set("svar:{nav}:flows:pointer", "{")
    with pytest.raises(Damaged, match="cannot be read"):
        await store.pointer()


async def test_tenants_know_nothing_of_each_other(store: RedisVersions, clients: tuple[Redis, Redis]) -> None:
    await published(store, FIRST)
    stranger: VersionStore = RedisVersions(clients[0], "skatt")
    assert await stranger.versions() == []
    assert (await stranger.pointer()).sequence == 0


async def test_a_store_that_cannot_be_reached_is_unavailable() -> None:
    client = command_client("unix:///nowhere/r.sock")
    store = RedisVersions(client, "nav", watching=client)
    with pytest.raises(Unavailable, match="redis"):
        await store.pointer()
    with pytest.raises(Unavailable, match="redis"):
        await store.keep(draft(FIRST), FIRST)
    with pytest.raises(Unavailable, match="redis"):
        await store.moved(0, 1)
    await client.aclose()


async def test_waiting_wants_a_client_of_its_own(other: RedisVersions) -> None:
    with pytest.raises(ValueError, match="no client"):
        await other.moved(0, 1)
