"""Agents to be looked at: as configured now, as put, what they may serve; partners' slots are none."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from acd.connection import command_client
from acd.distributor import Unavailable
from acd.model import (
    AgentId,
    AgentSpec,
    AgentState,
    Enqueue,
    NodeId,
    Offer,
    PartnerSpec,
    QueueId,
    QueueSpec,
    Revoked,
    SiteId,
    Tier,
)
from acd.staff import SLICE, RedisStaff, Staffed
from acd.store import RedisDistributor

ANNA = AgentSpec(
    AgentId("anna"), SiteId("oslo"), {"pension": 5}, 30, ("new",), {"busy": 10, "no_answer": 20}, log_out_after=3
)
BJORN = AgentSpec(AgentId("bjorn"), SiteId("bodo"))
PENSION = QueueSpec(QueueId("pension"), tiers=(Tier(), Tier(partner="tax", after_s=60)))
DESK = QueueSpec(QueueId("desk"), skill="pension", rostered=True)


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    client = command_client(redis_url)
    yield client
    await client.aclose()


async def configured(client: Redis) -> tuple[RedisDistributor, RedisStaff]:
    distributor = RedisDistributor(client, "nav", NodeId("n1"))
    await distributor.configure([PENSION, DESK], [ANNA, BJORN], (), [PartnerSpec("tax", 2)])
    return distributor, RedisStaff(client, "nav")


async def found(staff: RedisStaff, agent: str) -> Staffed:
    one = await staff.one(agent)
    assert one is not None
    assert one in await staff.all()
    return one


async def test_an_agent_is_seen_as_configured_with_state_and_queues(client: Redis) -> None:
    distributor, staff = await configured(client)
    await distributor.log_in(AgentId("anna"))
    anna = await found(staff, "anna")
    assert (anna.spec, anna.now.state, anna.queues, anna.put) == (ANNA, AgentState.READY, ("pension",), False)
    bjorn = await found(staff, "bjorn")
    assert (bjorn.spec, bjorn.now.state, bjorn.queues) == (BJORN, AgentState.LOGGED_OUT, ())


async def test_queue_of_the_contact_at_hand_is_seen_from_the_offer_on(client: Redis) -> None:
    distributor, staff = await configured(client)
    offers: list[Offer | Revoked] = []
    distributor.listen(NodeId("n1"), offers.append)
    await distributor.log_in(AgentId("anna"))
    await distributor.enqueue(Enqueue("c1", QueueId("pension"), NodeId("n1")))
    assert (await found(staff, "anna")).queue == "pension"
    await asyncio.sleep(0)
    [offer] = offers
    assert isinstance(offer, Offer)
    await distributor.accept(offer.offer, offer.fence)
    assert (await found(staff, "anna")).queue == "pension"
    await distributor.finish("c1", "caller_hung_up")
    assert (await found(staff, "anna")).queue == ""


async def test_slots_of_partners_and_strangers_are_nobody(client: Redis) -> None:
    _, staff = await configured(client)
    assert [one.now.agent for one in await staff.all()] == ["anna", "bjorn"]
    assert await staff.one("tax/1") is None
    assert await staff.one("nobody") is None


async def test_what_was_put_is_seen_until_it_is_dropped(client: Redis) -> None:
    distributor, staff = await configured(client)
    await distributor.put_agent(AgentSpec(AgentId("bjorn"), SiteId("bodo"), {"pension": 2}))
    bjorn = await found(staff, "bjorn")
    assert (bjorn.spec.skills, bjorn.queues, bjorn.put) == ({"pension": 2}, ("pension",), True)
    await distributor.drop_agent(AgentId("bjorn"))
    assert (await found(staff, "bjorn")).spec == BJORN


async def test_who_is_on_duty_serves_the_rostered_queue_too(client: Redis) -> None:
    distributor, staff = await configured(client)
    await distributor.on_duty(QueueId("desk"), [AgentId("anna"), AgentId("bjorn")])
    assert await staff.on_duty() == {"desk": ["anna", "bjorn"]}
    assert (await found(staff, "anna")).queues == ("desk", "pension")
    await distributor.on_duty(QueueId("desk"), [])
    assert await staff.on_duty() == {"desk": []}


async def test_the_queue_of_a_wrap_up_is_known_while_it_lasts(client: Redis) -> None:
    node, anna = NodeId("n1"), AgentId("anna")
    distributor, staff = RedisDistributor(client, "nav", node), RedisStaff(client, "nav")
    await distributor.configure([QueueSpec(QueueId("pension"), wrap_up_s=60)], [ANNA])
    heard: list[Offer | Revoked] = []
    distributor.listen(node, heard.append)
    await distributor.log_in(anna)
    await distributor.enqueue(Enqueue("c1", QueueId("pension"), node))
    await asyncio.sleep(0)
    [offer] = heard
    assert isinstance(offer, Offer)
    await distributor.accept(offer.offer, offer.fence)
    assert await staff.wrapping_up("anna") == await staff.wrapping_up("nobody") == ""
    await distributor.finish("c1", "agent_hung_up")
    assert await staff.wrapping_up("anna") == "pension"
    await distributor.end_wrap_up(anna)
    assert await staff.wrapping_up("anna") == ""


async def test_many_come_in_slices_and_each_once_in_all(client: Redis) -> None:
    distributor, staff = await configured(client)
    agents = [AgentSpec(AgentId(f"a{n:04}"), SiteId("oslo"), {"pension": 1}) for n in range(700)]
    await distributor.configure([PENSION], agents)
    slices = [len(some) async for some in staff.slices()]
    assert len(slices) > 1
    assert max(slices) < 3 * SLICE
    assert [one.now.agent for one in await staff.all()] == [spec.agent for spec in agents]


async def test_without_redis_nobody_can_say() -> None:
    client = command_client("redis://127.0.0.1:1")
    staff = RedisStaff(client, "nav")
    for asked in (staff.one("anna"), staff.all(), staff.on_duty()):
        with pytest.raises(Unavailable):
            await asked
    await client.aclose()
