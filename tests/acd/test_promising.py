"""Promises over the distributor's port: on Redis and in memory."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from acd.connection import command_client
from acd.distributor import Refused
from acd.model import AgentId, AgentSpec, NodeId, Offer, QueueId, QueueSpec, Revoked, SiteId
from acd.promises import CallbackTerms, NewPromise
from acd.simulated import ModelDistributor
from acd.store import RedisDistributor
from events.sink import MemorySink

NODE = NodeId("n1")
NEW = NewPromise(
    "c1.cb", "c1", QueueId("q"), ("ann", "phone"), '{"number": "+4722334455"}', terms=CallbackTerms(most=2)
)


@pytest.fixture(params=["redis", "memory"])
async def keeper(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Any]:
    client = command_client(redis_url)
    keeper: Any = RedisDistributor(client, "nav", NODE)
    if request.param == "memory":
        keeper = ModelDistributor("nav", NODE, lambda: 1_000_000, MemorySink())
    await keeper.configure([QueueSpec(QueueId("q"))], [AgentSpec(AgentId("a"), SiteId("s"), {"q": 1})])
    await keeper.beat(NODE, 0)
    yield keeper
    await client.aclose()


async def test_a_promise_stands_until_it_is_cancelled(keeper: Any) -> None:
    assert await keeper.promise(NEW) == "c1.cb"
    kept = await keeper.standing("phone")
    assert (kept.callback, kept.first, kept.queue, kept.tries) == ("c1.cb", "c1", "q", 0)
    assert kept.pii_detail == NEW.pii_detail
    assert await keeper.callback("c1.cb") == kept
    assert await keeper.cancel_callback("c1.cb")
    assert not await keeper.cancel_callback("c1.cb")
    assert await keeper.standing("phone") is None
    with pytest.raises(Refused, match="NOCONTACT"):
        await keeper.callback("c1.cb")


async def test_who_has_one_is_told_which(keeper: Any) -> None:
    await keeper.promise(NEW)
    assert await keeper.promise(NewPromise("c2.cb", "c2", QueueId("q"), ("bob", "phone"))) == "c1.cb"
    assert await keeper.promise(NewPromise("c3.cb", "c3", QueueId("q"), ("eva",), terms=NEW.terms)) == "c3.cb"
    with pytest.raises(Refused, match="FULL"):
        await keeper.promise(NewPromise("c4.cb", "c4", QueueId("q"), ("ole",), terms=NEW.terms))
    with pytest.raises(Refused, match="NOQUEUE"):
        await keeper.promise(NewPromise("c5.cb", "c5", QueueId("x"), ("ole",)))


async def test_its_turn_comes_as_an_offer_of_its_kind(keeper: Any) -> None:
    heard: list[Offer | Revoked] = []
    keeper.listen(NODE, heard.append)
    await keeper.promise(NEW)
    await keeper.log_in(AgentId("a"))
    await asyncio.sleep(0.01)
    (offer,) = heard
    assert isinstance(offer, Offer)
    assert (offer.contact, offer.agent, offer.grounds.kind) == ("c1.cb", "a", "callback")
    assert offer.rings_for_ms == 20_000 + 90_000
    await keeper.hold_callback(offer.offer, offer.fence)
    with pytest.raises(Refused, match="NOOFFER"):
        await keeper.hold_callback(offer.offer, offer.fence + 1)
    await keeper.callback_tried("c1.cb", "busy")
    assert (await keeper.callback("c1.cb")).tries == 1
