"""Invariants as the scripts count them, and the numbers of a real distributor, which add up."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from acd.connection import command_client
from acd.distributor import Unavailable
from acd.invariants import INVARIANTS, OVERDUE_MS, Invariants, Proofs
from acd.model import AgentId, AgentSpec, Enqueue, NodeId, QueueId, QueueSpec, SiteId
from acd.store import RedisDistributor

NODE = NodeId("n1")


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Any]:
    client = command_client(redis_url)
    yield client
    await client.aclose()


async def test_an_empty_store_breaks_nothing(client: Any) -> None:
    assert await Invariants(client, "nav").read() == Proofs(dict.fromkeys(INVARIANTS, 0), {})


async def test_queues_of_a_distributor_at_work_add_up_and_a_lost_contact_shows(client: Any) -> None:
    acd = RedisDistributor(client, "nav", NODE)
    queues = [QueueSpec(QueueId("family")), QueueSpec(QueueId("work"))]
    await acd.configure(queues, [AgentSpec(AgentId("anna"), SiteId("oslo"), {"family": 5})])
    for n in range(4):
        await acd.enqueue(Enqueue(f"c{n}", QueueId("family"), NODE))
    await acd.log_in(AgentId("anna"))
    await acd.leave("c1", "caller_hung_up")
    await acd.leave("c2", "partner", flowed_out=True)
    invariants = Invariants(client, "nav")
    assert (await invariants.read()).balances == {"family": 0, "work": 0}
    await client.hincrby("svar:{nav}:numbers:family", "l", -1)
    assert (await invariants.read()).balances == {"family": 1, "work": 0}


async def test_what_is_beyond_its_time_shows(client: Any) -> None:
    acd = RedisDistributor(client, "nav", NODE, now_ms=lambda: 1_000_000)
    await acd.configure([QueueSpec(QueueId("family"))], [])
    deadlines = "svar:{nav}:deadlines"
    await client.zadd(deadlines, {"w:anna": 1_000_000 - OVERDUE_MS - 1, "w:per": 1_000_000 - OVERDUE_MS})
    assert (await Invariants(client, "nav").read()).overdue == {"w:anna"}


async def test_what_the_scripts_count_is_read_by_name(client: Any) -> None:
    await client.hincrby("svar:{nav}:meta", "violated:overtaken", 2)
    assert (await Invariants(client, "nav").read()).violations == dict.fromkeys(INVARIANTS, 0) | {"overtaken": 2}


async def test_a_store_that_is_away_is_told(tmp_path: Path) -> None:
    client = command_client(f"unix://{tmp_path}/none")
    with pytest.raises(Unavailable):
        await Invariants(client, "nav").read()
    await client.aclose()


# --- Faults put into the store by hand ---


class Store:
    """A distributor at work, in whose store things are changed. Its time moves by hand."""

    def __init__(self, client: Any) -> None:
        self.client, self.now_ms = client, 1_000_000
        self.acd = RedisDistributor(client, "nav", NODE, now_ms=lambda: self.now_ms)

    def named(self, name: str) -> str:
        return self.acd.keys.named(name)

    async def begin(self, *contacts: str) -> None:
        agents = [AgentSpec(AgentId(name), SiteId("oslo"), {"family": 1}) for name in ("anna", "per")]
        await self.acd.configure([QueueSpec(QueueId("family"))], agents)
        for contact in contacts:
            self.now_ms += 10
            await self.acd.enqueue(Enqueue(contact, QueueId("family"), NODE))

    async def member(self, contact: str) -> tuple[str, int]:
        """Its name in rankings and its place."""
        entry = orjson.loads(await self.client.hget(self.named("entries"), contact))
        return entry["member"], entry["score"]

    async def violated(self) -> dict[str, int]:
        seen = (await Invariants(self.client, "nav").read()).violations
        return {name: count for name, count in seen.items() if count}

    async def leases(self) -> int:
        return int(await self.client.hlen(self.named("leases")))


async def test_offered_contact_that_is_open_still_is_counted_and_not_offered_again(client: Any) -> None:
    store = Store(client)
    await store.begin("c1")
    await store.acd.log_in(AgentId("anna"))
    await store.client.zadd(store.named("open:1/family"), dict([await store.member("c1")]))
    await store.acd.log_in(AgentId("per"))
    assert (await store.violated(), await store.leases()) == ({"two_offers_contact": 1}, 1)


async def test_idle_agent_who_talks_is_counted_and_not_rung(client: Any) -> None:
    store = Store(client)
    await store.begin("c1")
    await store.acd.log_in(AgentId("anna"))
    await store.client.zadd(store.named("idle:1/family"), {"anna": 0})
    await store.acd.enqueue(Enqueue("c2", QueueId("family"), NODE))
    assert (await store.violated(), await store.leases()) == ({"two_offers_agent": 1}, 1)
    await store.acd.log_in(AgentId("per"))
    assert await store.leases() == 2


async def test_contact_whose_node_has_no_lease_is_counted(client: Any) -> None:
    store = Store(client)
    await store.begin("c1")
    await store.client.zrem(store.named("deadlines"), f"n:{NODE}")
    await store.acd.log_in(AgentId("anna"))
    assert await store.violated() == {"no_owner": 1}


async def test_contact_that_jumped_the_queue_is_counted(client: Any) -> None:
    store = Store(client)
    await store.begin("c1", "c2")
    member, score = await store.member("c2")
    await store.client.zadd(store.named("open:1/family"), {member: score - 1000})
    await store.acd.log_in(AgentId("anna"))
    assert await store.violated() == {"overtaken": 1}


async def test_times_and_places_of_nobody_are_counted_and_stop_nothing(client: Any) -> None:
    store = Store(client)
    await store.begin("c1")
    deadlines = {f"{kind}:nobody": store.now_ms for kind in "owrcx"}
    await store.client.zadd(store.named("deadlines"), deadlines)
    await store.client.zadd(store.named("timers"), {"t:nobody": store.now_ms})
    await store.client.zadd(store.named(f"held:{NODE}"), {"000000000000:nobody": 0})
    while await store.acd.due() == 0:
        pass
    assert await store.acd.drop_node(NODE, "node_lost") == 2
    assert await store.violated() == {"stuck_state": 6, "no_owner": 1}


# --- A configuration without an end ---


async def run_of(client: Any) -> str:
    return str(await client.hget("svar:{nav}:meta", "run"))


async def test_half_a_configuration_is_ended_by_a_node_that_has_the_same(client: Any) -> None:
    store = Store(client)
    await store.begin()
    run = await run_of(client)
    other = RedisDistributor(client, "nav", NodeId("n2"), now_ms=lambda: store.now_ms)
    await other.configure([QueueSpec(QueueId("work"))], [])
    await client.hset(store.named("meta"), "run", f"{run.partition('-')[0]}-dead")
    for ms, expected in ((2_999, "work"), (1, "family")):
        store.now_ms += ms
        await other.beat(NodeId("n2"), 0)
        await store.acd.beat(NODE, 0)
        assert [now.queue for now in await store.acd.queues()] == [expected]


async def test_configuration_that_nobody_alive_has_gives_way_to_one_that_is_there(client: Any) -> None:
    store = Store(client)
    await store.begin()
    await client.hset(store.named("meta"), mapping={"run": "elsewhere-dead", "sliced": store.now_ms})
    for ms, ended in ((29_999, False), (1, True)):
        store.now_ms += ms
        await store.acd.beat(NODE, 0)
        run, swept = await client.hmget(store.named("meta"), "run", "swept")
        assert (run == swept) == ended
