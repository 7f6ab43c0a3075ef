"""Invariants as the scripts count them, and the numbers of a real distributor, which add up."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

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
