"""What the stream still has of a contact."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from acd import trail as trail_module
from acd.connection import command_client
from acd.distributor import Unavailable
from acd.model import NodeId, QueueId, QueueSpec, Tier
from acd.store import RedisDistributor
from acd.trail import Trail
from events.catalogue import AgentStateChanged, CallbackPromised, ContactEnded, ContactStarted, Event, StepEntered
from events.codec import encode

STREAM = "svar:{nav}:events"


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Any]:
    client = command_client(redis_url)
    yield client
    await client.aclose()


def started(contact: str, at_ms: int) -> Event:
    return ContactStarted(
        at_ms=at_ms, tenant="nav", node="n", contact=contact, number="5000", flow="f", flow_version="v", trunk="t"
    )


def step(contact: str, at_ms: int, name: str = "menu") -> Event:
    return StepEntered(at_ms=at_ms, tenant="nav", node="n", contact=contact, flow="f", step=name, type="menu")


def ended(contact: str, at_ms: int) -> Event:
    return ContactEnded(
        at_ms=at_ms, tenant="nav", node="n", contact=contact, outcome="completed", cause="flow_ended", duration_ms=1
    )


async def write(client: Any, *events: Event) -> None:
    for event in events:
        await client.xadd(STREAM, {"e": json.dumps(encode(event))})


async def test_a_contact_has_its_own_events_in_order_from_the_first_to_the_last(client: Any) -> None:
    ours = [started("c1", 1), step("c1", 1), step("c1", 3, "other"), ended("c1", 3)]
    await write(client, started("c1", 0), started("c2", 1), ours[0], step("c2", 1), ours[1], ours[3], ours[2])
    await client.xadd(STREAM, {"e": "no event, though it names c1"})
    assert await Trail(client, "nav").of("c1") == ours


async def test_a_long_stream_is_read_piece_by_piece(client: Any) -> None:
    count = trail_module.BATCH + 5
    await write(client, started("c1", 0))
    pipeline = client.pipeline(transaction=False)
    for at in range(count):
        pipeline.xadd(STREAM, {"e": json.dumps(encode(step("c2", at)))})
    await pipeline.execute()
    await write(client, ended("c1", count))
    assert [event.kind for event in await Trail(client, "nav").of("c1")] == ["contact_started", "contact_ended"]


async def test_an_unknown_contact_has_no_events(client: Any) -> None:
    await write(client, started("c1", 0))
    assert await Trail(client, "nav").of("c") == []


async def test_the_last_contacts_come_first_with_their_ends(client: Any) -> None:
    await write(client, started("c1", 1), started("c2", 2), ended("c1", 3), started("c3", 4), ended("c3", 5))
    found = await Trail(client, "nav").recent(2)
    assert [(begun.contact, end.at_ms if end else 0) for begun, end in found] == [("c3", 5), ("c2", 0)]


async def test_tiers_are_those_that_the_distributor_has(client: Any) -> None:
    tiers = (Tier(sites="own"), Tier(sites=("oslo", "moss"), groups=("reserve",), after_s=3))
    acd = RedisDistributor(client, "nav", NodeId("n1"))
    await acd.configure([QueueSpec(QueueId("x"), tiers=tiers), QueueSpec(QueueId("y"))], [])
    assert await Trail(client, "nav").tiers() == {"x": list(tiers), "y": [Tier()]}


async def test_a_redis_that_is_away_is_told(tmp_path: Any) -> None:
    client = command_client(f"unix://{tmp_path}/none")
    with pytest.raises(Unavailable):
        await Trail(client, "nav").of("c1")
    with pytest.raises(Unavailable):
        await Trail(client, "nav").tiers()
    await client.aclose()


async def test_the_beginning_of_an_id_is_enough_and_each_contact_is_apart(client: Any) -> None:
    await write(client, started("ab1", 1), step("ab2", 2), started("ab2", 1), step("b1", 3), ended("ab1", 4))
    trail = Trail(client, "nav")
    assert await trail.beginning_with("ab") == {
        "ab1": [started("ab1", 1), ended("ab1", 4)],
        "ab2": [started("ab2", 1), step("ab2", 2)],
    }
    assert list(await trail.beginning_with("ab2")) == ["ab2"]
    assert await trail.beginning_with("abc") == {}


async def test_what_a_caller_was_promised_is_found_with_the_contact_that_it_was_promised_to(client: Any) -> None:
    promised = CallbackPromised(
        at_ms=2, tenant="nav", node="n", contact="later", first="c1", queue="q", chosen_ms=0, waited_ms=1, position=1
    )
    await write(client, started("c1", 1), promised)
    trail = Trail(client, "nav")
    assert await trail.beginning_with("c1") == {"c1": [started("c1", 1), promised]}
    assert await trail.beginning_with("later") == {"later": [promised]}


async def test_what_the_distributor_told_just_before_the_node_is_not_lost(client: Any) -> None:
    await write(client, step("c1", 5), started("c1", 4))
    assert (await Trail(client, "nav").beginning_with("c1"))["c1"] == [started("c1", 4), step("c1", 5)]


async def test_a_whole_contact_is_found_without_reading_all_that_was_before(client: Any) -> None:
    await write(client, step("c1", 1), *(step("c2", 2) for _ in range(5)), started("c1", 3))
    assert len((await Trail(client, "nav").beginning_with("c1"))["c1"]) == 2
    assert (await Trail(client, "nav", batch=3).beginning_with("c1"))["c1"] == [started("c1", 3)]


def became(agent: str, at_ms: int) -> Event:
    return AgentStateChanged(
        at_ms=at_ms, tenant="nav", node="n", agent=agent, site="", state="ready", reason="", previous="", lasted_ms=0
    )


async def test_around_an_agent_stand_the_state_from_before_and_what_has_happened_since(client: Any) -> None:
    told = [became("a", 1), became("a", 2), step("c", 3), became("b", 4), became("b", 5), step("c", 6), became("a", 7)]
    await write(client, *told)
    found = await Trail(client, "nav").around("a", 5, {"agent_state_changed"})
    assert found == [became("a", 2), became("b", 5), became("a", 7)]


async def test_no_more_than_so_many_events_are_looked_through(client: Any) -> None:
    await write(client, *(became("a", at) for at in range(5, 15)))
    assert await Trail(client, "nav", most_recent=4).around("a", 0, {"agent_state_changed"}) == [
        became("a", at) for at in range(11, 15)
    ]


async def test_beginnings_are_forgotten_as_far_as_every_sink_has_had_them(client: Any) -> None:
    told = [started("c1", 1), step("c1", 1), started("c2", 2), started("c3", 3), started("c1", 4)]
    await write(client, *told)
    trail = Trail(client, "nav", batch=2)

    def theirs(event: ContactStarted) -> bool:
        return event.contact != "c2"

    assert await trail.forget(theirs) == (3, 0), "no sink has said how far it is"
    entries = [entry_id for entry_id, _ in await client.xrange(STREAM)]
    await client.hset("svar:{nav}:checkpoints", mapping={"folds": entries[3], "slow": entries[2]})
    assert await trail.forget(theirs, only_look=True) == (3, 0)
    assert await trail.forget(theirs) == (3, 1)
    assert [entry_id for entry_id, _ in await client.xrange(STREAM)] == entries[1:]
