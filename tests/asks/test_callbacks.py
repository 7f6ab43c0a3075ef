"""What users of other systems asked for in vain, of callers who will be rung back, on a real Redis."""

import asyncio

import pytest
from redis.asyncio import Redis

from acd.model import AgentId, Offer, QueueSpec
from acd.promises import CallbackTerms, NewPromise
from tests.asks.lab import WORK, Clock, Node, agents, node, proven

TERMS = CallbackTerms(tries=3, again_s=60)


async def begun(client: Redis, clock: Clock, *callers: str) -> Node:
    """These have come in this order, a second apart, and wait."""
    one = node(client, clock)
    await one.acd.configure([QueueSpec(WORK)], agents("anna"))
    for caller in callers:
        clock.ms += 1_000
        await one.comes(caller)
    return one


async def chooses_to_be_rung(one: Node, clock: Clock, caller: str, callback: str, *identities: str) -> str:
    """As the flow does it: the place is kept, and the caller leaves the queue."""
    place = await one.acd.place(caller)
    since_ms = clock.ms - place.waited_ms
    new = NewPromise(
        callback, caller, WORK, identities or (caller,), arrived_ms=since_ms, since_ms=since_ms, terms=TERMS
    )  # fmt: skip
    stands = await one.acd.promise(new)
    await one.acd.leave(caller, "callback", flowed_out=True)
    return stands


async def served(one: Node, clock: Clock) -> list[str]:
    """Whom the agent gets, one after the other, until nobody is left."""
    found = []
    while offers := await one.offers():
        [offer] = offers
        found.append(offer.contact)
        clock.ms += 5_000
        await one.acd.accept(offer.offer, offer.fence)
        await one.acd.finish(offer.contact, "caller_hung_up")
    return found


async def test_ask_09_a_callback_neither_jumps_ahead_nor_is_overtaken(client: Redis) -> None:
    """Callbacks jump ahead, or come out of order: whoever will be rung is served where the caller stood."""
    clock = Clock()
    one = await begun(client, clock, "c1", "c2", "c3", "c4")
    await chooses_to_be_rung(one, clock, "c3", "p3")
    clock.ms += 1_000
    await one.comes("c5")
    await chooses_to_be_rung(one, clock, "c2", "p2")
    clock.ms += 300_000
    await one.acd.beat(one.acd.node, 0)
    await one.acd.log_in(AgentId("anna"))
    assert await served(one, clock) == ["c1", "p2", "p3", "c4", "c5"]
    await proven(client)


async def test_ask_09_one_caller_has_one_callback(client: Redis) -> None:
    """Duplicates: whoever rings again, from however many calls at once, has the promise from before."""
    clock = Clock()
    one = await begun(client, clock, "c1", "c2", "c3")
    stand = await asyncio.gather(
        *(chooses_to_be_rung(one, clock, f"c{n}", f"p{n}", "the number of all three", f"code {n}") for n in (1, 2, 3))
    )
    assert len(set(stand)) == 1
    await one.acd.log_in(AgentId("anna"))
    assert await served(one, clock) == [stand[0]]
    await proven(client)


@pytest.mark.parametrize("cause", ["no_answer", "busy", "unreachable"])
async def test_ask_09_who_missed_the_callback_is_next_again(client: Redis, cause: str) -> None:
    """Put at the end after a miss: the next try comes before everybody who came later."""
    clock = Clock()
    one = await begun(client, clock, "c1")
    await chooses_to_be_rung(one, clock, "c1", "p1")
    await one.acd.log_in(AgentId("anna"))
    [offer] = await one.offers()
    assert (offer.contact, offer.grounds.kind) == ("p1", "callback")
    await one.acd.callback_tried("p1", cause)
    await one.comes("c2")
    [between] = await one.offers()
    assert between.contact == "c2", "the agent serves others meanwhile"
    await one.acd.accept(between.offer, between.fence)
    await one.comes("c3")
    await one.live(clock, 61)
    await one.acd.finish("c2", "caller_hung_up")
    assert await served(one, clock) == ["p1", "c3"]
    await proven(client)


async def test_ask_09_an_agent_who_does_not_take_a_callback_costs_the_caller_no_try(client: Redis) -> None:
    """Missed by the agent: the caller was not rung, loses no try, and is the next agent's."""
    clock = Clock()
    one = await begun(client, clock, "c1")
    await one.acd.configure([QueueSpec(WORK)], agents("anna", "bjorn"))
    await chooses_to_be_rung(one, clock, "c1", "p1")
    await one.comes("c2")
    await one.acd.log_in(AgentId("anna"))
    [offer] = await one.offers()
    await one.acd.fail(offer.offer, offer.fence, "no_answer")
    assert (await one.acd.callback("p1")).tries == 0
    await one.acd.log_in(AgentId("bjorn"))
    [again] = await one.offers()
    assert isinstance(again, Offer)
    assert (again.contact, again.agent) == ("p1", "bjorn")
    await proven(client)
