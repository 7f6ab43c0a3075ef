"""The distributor on Redis keeps the contract, and what only a store has to do."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from acd.connection import command_client
from acd.distributor import Refused, Unavailable
from acd.model import Enqueue, NodeId
from acd.store import RedisDistributor
from events.catalogue import Event
from events.codec import decode
from tests.acd.distributor_contract import N1, A, Bench, DistributorContract, X
from tests.acd.test_simulated import Hand
from tests.acd.twin import queue


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    client = command_client(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def bench(client: Redis) -> Bench:
    clock, distributor = Hand(), None
    distributor = RedisDistributor(client, "nav", N1, now_ms=clock.now)
    stream = distributor.keys.named("events")

    async def events() -> list[Event]:
        entries: Any = await client.xrange(stream)
        await client.delete(stream)
        return [decode(json.loads(fields["e"])) for _, fields in entries]

    return Bench(distributor, clock.now, clock.set, events)


class TestRedisDistributor(DistributorContract):
    pass


async def test_server_s_clock_counts_when_no_time_is_given(client: Redis) -> None:
    distributor = RedisDistributor(client, "nav", N1)
    await distributor.configure([queue("x")], [])
    await distributor.enqueue(Enqueue("c1", X, N1))
    meta: Any = await client.hget(distributor.keys.named("meta"), "now")
    seconds, _ = await client.time()
    assert abs(int(meta) / 1000 - seconds) < 5


async def test_time_of_the_server_never_goes_back(bench: Bench) -> None:
    await bench.set_up(A)
    await bench.comes("c1")
    bench.pass_ms(-60_000)
    assert (await bench.distributor.place("c1")).waited_ms == 0


async def test_scripts_that_the_server_lost_are_loaded_again(client: Redis, bench: Bench) -> None:
    await bench.set_up(A)
    await client.script_flush()
    await bench.comes("c1")
    assert (await bench.offer()).agent == A


async def test_listening_for_another_node_is_a_mistake(client: Redis) -> None:
    with pytest.raises(ValueError, match="node 'n2'"):
        RedisDistributor(client, "nav", N1).listen(NodeId("n2"), lambda message: None)


async def test_store_that_cannot_be_reached_is_unavailable() -> None:
    client = command_client("unix:///nowhere/r.sock")
    with pytest.raises(Unavailable, match="redis"):
        await RedisDistributor(client, "nav", N1).log_in(A)
    await client.aclose()


async def test_change_that_no_replica_confirms_is_unavailable(client: Redis) -> None:
    distributor = RedisDistributor(client, "nav", N1, replicas=1, wait_ms=20)
    with pytest.raises(Unavailable, match="confirmed by 0 of 1"):
        await distributor.configure([queue("x")], [])
    with pytest.raises(Refused, match="NOAGENT"):
        await distributor.log_in(A)


async def test_contacts_that_redis_lost_are_put_back_with_their_arrival(client: Redis, bench: Bench) -> None:
    await bench.set_up()
    await bench.comes("c1")
    await bench.comes("c2")
    bench.pass_ms(3000)
    await bench.comes("c3")
    await bench.distributor.leave("c2", "caller_hung_up")
    await client.flushdb()
    await bench.set_up()
    await bench.distributor.beat(N1, 2)
    places = {contact: await bench.distributor.place(contact) for contact in ("c1", "c3")}
    assert {contact: (p.position, p.waited_ms) for contact, p in places.items()} == {"c1": (1, 3000), "c3": (2, 0)}
    with pytest.raises(Refused, match="NOCONTACT"):
        await bench.distributor.place("c2")


async def test_offer_for_a_contact_of_another_node_waits_in_that_node_s_stream(client: Redis, bench: Bench) -> None:
    await bench.set_up(A)
    await bench.distributor.enqueue(Enqueue("c1", X, NodeId("n2")))
    assert await bench.offers() == []
    entries: Any = await client.xrange("svar:{nav}:node:n2")
    [(_, fields)] = entries
    assert json.loads(fields["m"])["contact"] == "c1"


async def test_answers_are_bounded_in_time(client: Redis, bench: Bench) -> None:
    await bench.set_up(A)
    for _ in range(3):
        bench.pass_ms(60_001)
        await bench.distributor.ready(A)
    kept = await asyncio.gather(*(client.hlen(f"svar:{{nav}}:{name}") for name in ("answers", "answers_old")))
    assert kept == [1, 1]
