"""The distributor on Redis keeps the contract, and what only a store has to do."""

import asyncio
import json
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from acd.commands import Script
from acd.connection import ANSWER_S, command_client
from acd.distributor import DistributorError, Refused, Unavailable
from acd.model import Enqueue, NodeId, Offer, Revoked
from acd.store import RedisDistributor
from events.catalogue import Event
from events.codec import decode
from tests.acd.colleagues_contract import ColleaguesContract
from tests.acd.distributor_contract import N1, A, B, Bench, DistributorContract, X, Y
from tests.acd.merging_contract import MergingContract
from tests.acd.redis_server import RedisServer
from tests.acd.routing_contract import RoutingContract
from tests.acd.test_simulated import Hand
from tests.acd.twin import agent, queue


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


class TestRedisDistributor(DistributorContract, RoutingContract, ColleaguesContract, MergingContract):
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
    for _ in range(2):
        await bench.distributor.beat(N1, 2)
    places = {contact: await bench.distributor.place(contact) for contact in ("c1", "c3")}
    assert {contact: (p.position, p.waited_ms) for contact, p in places.items()} == {"c1": (1, 3000), "c3": (2, 0)}
    with pytest.raises(Refused, match="NOCONTACT"):
        await bench.distributor.place("c2")


async def test_redis_that_came_back_empty_is_configured_again_and_offers_reach_the_node(
    client: Redis, bench: Bench
) -> None:
    assert isinstance(bench.distributor, RedisDistributor)
    told: list[str] = []
    bench.distributor.post.forgotten = lambda: told.append("forgotten")
    await bench.set_up(A)
    await bench.comes("c1")
    assert [offer.contact for offer in await bench.offers()] == ["c1"]
    await client.flushdb()
    await bench.distributor.beat(N1, 1)
    assert (await bench.distributor.place("c1")).position == 1
    assert told == ["forgotten"]
    await bench.distributor.log_in(A)
    assert [offer.contact for offer in await bench.offers()] == ["c1"]


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


@pytest.mark.parametrize("text", ["LOADING not now", "READONLY not now", "MISCONF not now", "OOM not now"])
async def test_server_that_cannot_serve_now_is_unavailable(client: Redis, text: str) -> None:
    refusing = {"place": Script.of(f"return redis.error_reply('{text}')")}
    with pytest.raises(Unavailable, match="not now"):
        await RedisDistributor(client, "nav", N1, texts=refusing).place("c1")


async def test_fault_in_a_script_is_told_as_it_is(client: Redis) -> None:
    broken = {"place": Script.of("return nil + 1")}
    with pytest.raises(DistributorError, match="nil value") as caught:
        await RedisDistributor(client, "nav", N1, texts=broken).place("c1")
    assert not isinstance(caught.value, Refused | Unavailable)


async def test_contact_that_cannot_be_put_back_does_not_keep_the_others(client: Redis, bench: Bench) -> None:
    await bench.set_up()
    await bench.comes("c1", Y)
    await bench.comes("c2")
    await client.flushdb()
    await bench.distributor.configure([queue("x")], [])
    for _ in range(2):
        await bench.distributor.beat(N1, 2)
    assert (await bench.distributor.place("c2")).position == 1


async def test_caller_who_leaves_while_contacts_are_put_back_does_not_stay(client: Redis, bench: Bench) -> None:
    await bench.set_up()
    for n in range(20):
        await bench.comes(f"c{n}")
    await client.flushdb()
    await bench.set_up()
    left = [f"c{n}" for n in range(0, 20, 2)]
    await bench.distributor.beat(N1, 20)
    await asyncio.gather(
        bench.distributor.beat(N1, 20), *(bench.distributor.leave(contact, "caller_hung_up") for contact in left)
    )
    numbers = await bench.queue()
    assert numbers.waiting == 10
    for contact in left:
        with pytest.raises(Refused, match="NOCONTACT"):
            await bench.distributor.place(contact)


async def test_node_is_told_after_a_gap_what_it_may_not_have_heard(client: Redis, bench: Bench) -> None:
    await bench.set_up(A)
    deaf = RedisDistributor(client, "nav", N1, now_ms=bench.now_ms)
    await deaf.enqueue(Enqueue("c1", X, N1))
    assert await bench.offers() == []
    distributor = bench.distributor
    assert isinstance(distributor, RedisDistributor)
    for command in (distributor.due(), distributor.due()):
        distributor._channel.interrupted = True
        await command
    assert (await bench.offer()).contact == "c1"


async def test_replica_confirms_and_one_that_hangs_does_not() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="svar-") as first, tempfile.TemporaryDirectory(prefix="svar-") as second:
        primary = RedisServer(Path(first), port=port, bind="127.0.0.1", **{"repl-diskless-sync-delay": "0"})
        with primary, RedisServer(Path(second), replicaof=f"127.0.0.1 {port}") as replica:
            client = command_client(primary.url)
            heard: list[Offer | Revoked] = []
            distributor = RedisDistributor(client, "nav", N1, replicas=1, wait_ms=300)
            distributor.listen(N1, heard.append)
            async with asyncio.timeout(20):
                await repeat_until_confirmed(distributor)
            await distributor.log_in(A)
            os.kill(replica.pid, signal.SIGSTOP)
            with pytest.raises(Unavailable, match="confirmed by 0 of 1"):
                await distributor.enqueue(Enqueue("c1", X, N1))
            await asyncio.sleep(0)
            assert heard == []
            os.kill(replica.pid, signal.SIGCONT)
            await distributor.enqueue(Enqueue("c1", X, N1))
            await asyncio.sleep(0)
            assert [message.contact for message in heard] == ["c1"]
            await distributor.enqueue(Enqueue("c2", X, N1))
            os.kill(replica.pid, signal.SIGSTOP)
            with pytest.raises(Unavailable, match="confirmed by 0 of 1"):
                await distributor.log_in(B)
            os.kill(replica.pid, signal.SIGCONT)
            await distributor.log_in(B)
            await distributor.beat(N1, 2)
            await asyncio.sleep(0)
            assert [message.contact for message in heard] == ["c1", "c2"], "the offer was made while none confirmed"
            await client.aclose()


async def repeat_until_confirmed(distributor: RedisDistributor) -> None:
    while True:
        try:
            await distributor.configure([queue("x")], [agent("a", "oslo", {"x": 1}), agent("b", "oslo", {"x": 1})])
        except Unavailable:
            continue
        return


async def test_beat_that_was_under_way_at_the_first_configuration_takes_the_store_for_no_new_one(
    client: Redis, bench: Bench
) -> None:
    distributor = bench.distributor
    assert isinstance(distributor, RedisDistributor)
    told: list[str] = []
    distributor.post.forgotten = lambda: told.append("forgotten")
    beat = asyncio.create_task(distributor.beat(N1, 0))
    await asyncio.sleep(0)
    await distributor.configure([queue("x")], [agent("a", "oslo", {"x": 1})])
    await distributor.log_in(A)
    await beat
    await bench.comes("c1")
    first = await bench.offer()
    distributor._channel.interrupted = True
    await distributor.beat(N1, 1)
    assert await bench.messages() == [], f"{first.offer} was told before"
    assert told == []


async def test_contact_whose_end_is_under_way_is_not_put_back(bench: Bench) -> None:
    await bench.set_up(A)
    await bench.comes("c1")
    offer = await bench.offer()
    await bench.distributor.fail(offer.offer, offer.fence, "caller_left")
    for _ in range(3):
        await bench.distributor.beat(N1, 0)
    assert (await bench.queue()).offered == 1


async def test_command_that_hangs_is_repeated_by_the_client_and_done_once() -> None:
    with tempfile.TemporaryDirectory(prefix="svar-") as folder, RedisServer(Path(folder)) as server:
        client = command_client(server.url)
        heard: list[Offer | Revoked] = []
        distributor = RedisDistributor(client, "nav", N1)
        distributor.listen(N1, heard.append)
        await distributor.configure([queue("x")], [agent("a", "oslo", {"x": 1})])
        await distributor.log_in(A)
        os.kill(server.pid, signal.SIGSTOP)
        entering = asyncio.create_task(distributor.enqueue(Enqueue("c1", X, N1)))
        await asyncio.sleep(ANSWER_S + 0.5)
        os.kill(server.pid, signal.SIGCONT)
        assert (await entering).position == 1
        [numbers] = await distributor.queues()
        assert (numbers.offered, len(heard)) == (1, 1)
        repeats = await client.hget(distributor.keys.named("meta"), "repeats")
        assert repeats is not None
        await client.aclose()
