"""Two tenants on one Redis: the same names mean different queues, agents, phones, nodes, orders and events."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from acd.connection import command_client
from acd.distributor import Refused
from acd.locations import Location, Locations
from acd.model import AgentId, AgentSpec, AgentState, Enqueue, NodeId, Offer, QueueId, QueueSpec, SiteId
from acd.nodes import NodeRecord, Nodes
from acd.orders import Order, Orders
from acd.store import RedisDistributor

QUEUE, ANNA, NODE = QueueId("work"), AgentId("anna"), NodeId("n1")
TENANTS = ("nav", "skatt")


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Any]:
    client = command_client(redis_url)
    yield client
    await client.aclose()


async def distributor(client: Any, tenant: str, heard: list[object]) -> RedisDistributor:
    made = RedisDistributor(client, tenant, NODE)
    made.listen(NODE, heard.append)
    await made.configure([QueueSpec(QUEUE)], [AgentSpec(ANNA, SiteId("s"), {"work": 5})])
    return made


async def state(of: RedisDistributor) -> AgentState:
    return next(one.state for one in await of.agents() if one.agent == ANNA)


async def test_a_caller_of_one_tenant_is_offered_to_its_own_agent_alone(client: Any) -> None:
    heard: dict[str, list[object]] = {tenant: [] for tenant in TENANTS}
    nav, skatt = [await distributor(client, tenant, heard[tenant]) for tenant in TENANTS]
    await nav.enqueue(Enqueue("c1", QUEUE, NODE))
    await skatt.log_in(ANNA)
    await skatt.due()
    assert heard == {"nav": [], "skatt": []}
    assert (await state(nav), await state(skatt)) == (AgentState.LOGGED_OUT, AgentState.READY)
    with pytest.raises(Refused, match="NOCONTACT"):
        await skatt.place("c1")
    await skatt.enqueue(Enqueue("c1", QUEUE, NODE))
    await nav.leave("c1", "caller_hung_up")
    assert (await state(nav), await state(skatt)) == (AgentState.LOGGED_OUT, AgentState.OFFERED)
    assert [len(await one.queues()) for one in (nav, skatt)] == [1, 1]
    assert [(await one.queues())[0].waiting for one in (nav, skatt)] == [0, 1]


async def test_an_offer_of_one_tenant_cannot_be_taken_by_another(client: Any) -> None:
    heard: list[object] = []
    nav, skatt = await distributor(client, "nav", heard), await distributor(client, "skatt", [])
    await nav.log_in(ANNA)
    await nav.enqueue(Enqueue("c1", QUEUE, NODE))
    await nav.due()
    offers = [one for one in heard if isinstance(one, Offer)]
    with pytest.raises(Refused, match="NOOFFER"):
        await skatt.accept(offers[0].offer, offers[0].fence)
    await nav.accept(offers[0].offer, offers[0].fence)


async def test_nodes_phones_and_orders_of_one_tenant_are_unknown_to_the_other(client: Any) -> None:
    record = NodeRecord("n1", "oslo", "sip:192.0.2.1", ("192.0.2.1",), "1", 1)
    await Nodes(client, "nav").announce(record)
    await Locations(client, "nav", lambda: 1).save(Location("anna", "sip:anna@192.0.2.9", 5, {}, "n1"))
    await Orders(client, "nav").send(Order("o1", "kari", "hang_up", 5), "n1")
    seen = await Nodes(client, "skatt").look()
    assert (seen.living, seen.dead) == ({}, {})
    assert await Locations(client, "skatt", lambda: 1).of("anna") == []
    assert await client.exists("svar:{skatt}:node:n1") == 0
    assert await Nodes(client, "nav").secret() != await Nodes(client, "skatt").secret()


async def test_every_key_carries_the_tag_of_its_tenant_and_no_other(client: Any) -> None:
    """So that a cluster has each tenant in one slot."""
    for tenant in TENANTS:
        made = await distributor(client, tenant, [])
        await made.beat(NODE, 0)
        await made.log_in(ANNA)
        await made.enqueue(Enqueue("c1", QUEUE, NODE))
        await Nodes(client, tenant).secret()
        await Orders(client, tenant).send(Order("o1", "kari", "hang_up", 5), "n2")
    keys = [key async for key in client.scan_iter("*")]
    tags = {key.partition("{")[2].partition("}")[0] for key in keys}
    assert tags == set(TENANTS)
    assert all(key.startswith((f"svar:{{{TENANTS[0]}}}:", f"svar:{{{TENANTS[1]}}}:")) for key in keys)
    own = {tenant: {key for key in keys if f"{{{tenant}}}" in key} for tenant in TENANTS}
    assert len(own["nav"]) == len(own["skatt"])
