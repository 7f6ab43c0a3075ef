"""What users of other systems asked for in vain, of the distributor on a real Redis with nodes of its own."""

import asyncio
import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from acd.connection import command_client
from acd.distributor import Refused
from acd.model import NODE_LEASE_MS, OFFER_GRACE_MS, AgentId, AgentState, Enqueue, QueueId, QueueSpec
from tests.acd.redis_server import RedisServer
from tests.asks.lab import FAMILY, PENSION, WORK, Clock, agents, node, proven


async def test_ask_01_only_one_agent_ever_answers_a_caller(client: Redis) -> None:
    """Two agents answer one call; ring-all offers after the answer: an offer is one agent's, a late answer refused."""
    clock = Clock()
    one = node(client, clock)
    await one.acd.configure([QueueSpec(WORK, offer_s=10)], agents("anna", "bjorn", "carl"))
    for name in ("anna", "bjorn", "carl"):
        await one.acd.log_in(AgentId(name))
    await one.comes("c1")
    [first] = await one.offers()
    await one.live(clock, 10 + OFFER_GRACE_MS // 1_000)
    [second] = await one.offers()
    answers = await asyncio.gather(
        *(one.acd.accept(offer.offer, offer.fence) for offer in (first, second, first)), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [Refused, type(None), Refused]
    assert [(await one.state(name))[0] for name in ("anna", "bjorn", "carl")] == [
        AgentState.NOT_READY, AgentState.TALKING, AgentState.READY,
    ]  # fmt: skip
    await one.live(clock, 60)
    assert await one.offers() == [], "nobody is rung for a caller who talks"
    await proven(client)


async def test_ask_02_no_agent_stays_in_a_call_that_is_gone(client: Redis) -> None:
    """Zombie calls, agents stuck in reserved or in-call: when a node dies its offers and talks end, agents are free."""
    clock = Clock()
    dying, other = node(client, clock, "dying"), node(client, clock, "other")
    await dying.acd.configure([QueueSpec(WORK, wrap_up_s=30)], agents("anna", "bjorn", "carl"))
    for name in ("anna", "bjorn", "carl"):
        await dying.acd.log_in(AgentId(name))
    for contact in ("talks", "rings", "wraps"):
        await dying.comes(contact)
    talks, _, wraps = await dying.offers()
    await dying.acd.accept(talks.offer, talks.fence)
    await dying.acd.accept(wraps.offer, wraps.fence)
    await dying.acd.finish("wraps", "caller_hung_up")
    assert [(await other.state(name))[0] for name in ("anna", "bjorn", "carl")] == [
        AgentState.TALKING, AgentState.OFFERED, AgentState.WRAP_UP,
    ]  # fmt: skip
    await other.live(clock, NODE_LEASE_MS // 1_000 + 31)
    assert [(await other.state(name))[0] for name in ("anna", "bjorn", "carl")] == [AgentState.READY] * 3
    assert [numbers.waiting for numbers in await other.acd.queues()] == [0]
    await proven(client)


async def test_ask_03_the_dispatcher_serves_a_thousand_callers_at_the_same_cost_each(client: Redis) -> None:
    """The dispatcher drowns at about 200 calls: with 1,000 waiting the next one costs Redis what it did with 50."""
    clock = Clock()
    one = node(client, clock)
    names = [f"a{n}" for n in range(50)]
    await one.acd.configure([QueueSpec(WORK)], agents(*names))
    for name in names:
        await one.acd.log_in(AgentId(name))
    for n in range(1_050):
        await one.comes(f"c{n:04}")
    served, costs = [], []
    offers = await one.offers()
    while offers:
        offer = offers.pop(0)
        served.append(offer.contact)
        await one.acd.accept(offer.offer, offer.fence)
        before = await steps(client)
        await one.acd.finish(offer.contact, "caller_hung_up")
        costs.append(await steps(client) - before)
        offers += await one.offers()
    assert served == [f"c{n:04}" for n in range(1_050)]
    waited_for = costs[:1_000]
    assert max(waited_for[:50]) == max(waited_for[-50:])
    await proven(client)


async def steps(client: Redis) -> int:
    """What Redis has done so far, the asking left out."""
    stats: dict[str, Any] = await client.info("commandstats")
    return sum(numbers["calls"] for command, numbers in stats.items() if command != "cmdstat_info")


async def test_ask_04_one_queue_over_several_nodes_keeps_one_order(client: Redis) -> None:
    """One queue over several nodes: callers who ring at three nodes are served as they came, each by its own node."""
    clock = Clock()
    nodes = [node(client, clock, f"n{n}") for n in range(3)]
    await nodes[0].acd.configure([QueueSpec(WORK)], agents("anna"))
    for n in range(12):
        clock.ms += 10
        await nodes[n * 7 % 3].comes(f"c{n:02}")
    await nodes[2].acd.log_in(AgentId("anna"))
    offered = []
    for n in range(12):
        leases: Any = await client.hgetall("svar:{nav}:leases")
        [(offer, text)] = leases.items()
        assert f'"c{n:02}"' in text
        assert f'"n{n * 7 % 3}"' in text
        offered.append(offer)
        holder = nodes[n * 7 % 3].acd
        await holder.accept(offer, int(offer[1:]))
        await holder.finish(f"c{n:02}", "caller_hung_up")
    assert len(set(offered)) == 12
    await proven(client)


async def test_ask_04_pauses_and_wrap_up_outlive_a_reload_and_a_restart() -> None:
    """State of agents, pauses and wrap-up lost at restart or reload: it stands in Redis, which is killed here too."""
    clock = Clock()
    with (
        tempfile.TemporaryDirectory(prefix="svar-") as folder,
        RedisServer(Path(folder), appendfsync="always") as server,
    ):
        client = command_client(server.url)
        one = node(client, clock)
        queues, staff = [QueueSpec(WORK, wrap_up_s=60)], agents("anna", "bjorn", "carl")
        await one.acd.configure(queues, staff)
        for name in ("anna", "bjorn"):
            await one.acd.log_in(AgentId(name))
        await one.acd.log_in(AgentId("carl"), ready=False)
        await one.acd.not_ready(AgentId("carl"), "lunch")
        await one.comes("c1")
        [offer] = await one.offers()
        await one.acd.accept(offer.offer, offer.fence)
        await one.acd.finish("c1", "caller_hung_up")
        before = [await one.state(name) for name in ("anna", "bjorn", "carl")]
        assert before == [(AgentState.WRAP_UP, ""), (AgentState.READY, ""), (AgentState.NOT_READY, "lunch")]
        await client.aclose()
        server.kill()
        server.start()
        client = command_client(server.url)
        again = node(client, clock)
        await again.acd.configure([*queues, QueueSpec(FAMILY)], staff)
        assert [await again.state(name) for name in ("anna", "bjorn", "carl")] == before
        await again.live(clock, 61)
        assert await again.state("anna") == (AgentState.READY, ""), "the wrap-up still has its end"
        await client.aclose()


async def test_ask_06_an_agent_whose_phone_is_gone_is_offered_one_call_and_no_second(client: Redis) -> None:
    """An agent whose phone is gone is still offered calls: after one that could not be reached, others get them."""
    clock = Clock()
    one = node(client, clock)
    await one.acd.configure([QueueSpec(WORK)], agents("gone", "there"))
    await one.acd.log_in(AgentId("gone"))
    await one.comes("c1")
    [offer] = await one.offers()
    await one.acd.fail(offer.offer, offer.fence, "unreachable")
    assert await one.state("gone") == (AgentState.NOT_READY, "unreachable")
    await one.comes("c2")
    assert await one.offers() == []
    await one.acd.log_in(AgentId("there"))
    assert [(offer.agent, offer.contact) for offer in await one.offers()] == [("there", "c1")]
    await proven(client)


@pytest.mark.parametrize("cause", ["rejected", "busy", "no_answer", "unreachable", "error"])
async def test_ask_07_a_rejected_call_costs_the_caller_no_place(client: Redis, cause: str) -> None:
    """A rejected call drops the caller, a failed bridge loses the place: the caller is first again, wait and all."""
    clock = Clock()
    one = node(client, clock)
    await one.acd.configure([QueueSpec(WORK)], agents("anna", "bjorn"))
    await one.acd.log_in(AgentId("anna"))
    await one.comes("first")
    clock.ms += 1_000
    await one.comes("second")
    [offer] = await one.offers()
    clock.ms += 5_000
    await one.acd.fail(offer.offer, offer.fence, cause)
    place = await one.acd.place("first")
    assert (place.position, place.waiting, place.waited_ms) == (1, 2, 6_000)
    await one.acd.log_in(AgentId("bjorn"))
    [offer] = await one.offers()
    assert (offer.contact, offer.waited_ms) == ("first", 6_000)
    await proven(client)


@pytest.mark.parametrize("seed", range(3))
async def test_ask_08_the_longest_waiting_of_all_queues_is_served_first(client: Redis, seed: int) -> None:
    """Longest-waiting order not kept between queues: one agent for three of them serves all as they came."""
    clock, chance = Clock(), random.Random(seed)
    one = node(client, clock)
    names = ("work", "family", "pension")
    await one.acd.configure([QueueSpec(QueueId(name)) for name in names], agents("anna", queues=names))
    for n in range(40):
        clock.ms += chance.choice((0, 1, 500))
        await one.comes(f"c{n:02}", chance.choice((WORK, FAMILY, PENSION)))
    await one.acd.log_in(AgentId("anna"))
    served = []
    while offers := await one.offers():
        [offer] = offers
        served.append(offer.contact)
        clock.ms += chance.choice((1, 700))
        await one.acd.accept(offer.offer, offer.fence)
        await one.acd.finish(offer.contact, "caller_hung_up")
    assert served == [f"c{n:02}" for n in range(40)]
    await proven(client)


async def test_ask_08_wrap_up_lasts_as_long_as_it_was_given(client: Redis) -> None:
    """Wrap-up ends early: no caller who waits and no reload cuts it short, and then it ends by itself."""
    clock = Clock()
    one = node(client, clock)
    queues, staff = [QueueSpec(WORK, wrap_up_s=30)], agents("anna")
    await one.acd.configure(queues, staff)
    await one.acd.log_in(AgentId("anna"))
    await one.comes("c1")
    [offer] = await one.offers()
    await one.acd.accept(offer.offer, offer.fence)
    await one.acd.finish("c1", "caller_hung_up")
    ends_ms = clock.ms + 30_000
    await one.comes("c2")
    await one.acd.configure(queues, staff)
    while clock.ms < ends_ms - 1:
        clock.ms += min(1_000, ends_ms - 1 - clock.ms)
        await one.acd.beat(one.acd.node, 0)
        await one.acd.due()
        assert (await one.state("anna"))[0] == AgentState.WRAP_UP
    assert await one.offers() == []
    clock.ms += 1
    await one.acd.due()
    assert [offer.contact for offer in await one.offers()] == ["c2"]


async def test_ask_10_whoever_comes_again_has_the_wait_from_before(client: Redis) -> None:
    """Place lost on transfer or re-entry: the wait of before counts, so nobody who came in between is ahead."""
    clock = Clock()
    one = node(client, clock)
    await one.acd.configure([QueueSpec(WORK), QueueSpec(FAMILY)], agents("anna", queues=("work", "family")))
    began_ms = clock.ms
    await one.comes("moved")
    clock.ms += 60_000
    await one.comes("between", FAMILY)
    clock.ms += 10_000
    await one.acd.leave("moved", "key", flowed_out=True)
    await one.acd.enqueue(Enqueue("moved", FAMILY, one.acd.node, arrived_ms=began_ms, since_ms=began_ms))
    await one.acd.log_in(AgentId("anna"))
    [offer] = await one.offers()
    assert offer.contact == "moved"
    await proven(client)
