"""What scripts refuse reaches callers as a refusal with its code, not as a fault of the store."""

import asyncio
import re
from pathlib import Path

import pytest

import acd
from acd.channel import REFUSALS
from acd.connection import command_client
from acd.distributor import Refused
from acd.model import AgentId, AgentSpec, Enqueue, NodeId, QueueId, QueueSpec, SiteId
from acd.store import RedisDistributor

SCRIPTS = Path(acd.__file__).parent / "scripts"


def test_every_code_that_a_script_gives_is_known() -> None:
    given = {code for file in SCRIPTS.glob("*.lua") for code in re.findall(r"refuse\('([A-Z]+)", file.read_text())}
    assert given <= REFUSALS


async def test_nodes_that_configure_at_once_overtake_each_other_and_end_whole(redis_url: str) -> None:
    clients = [command_client(redis_url) for _ in range(4)]
    nodes = [RedisDistributor(client, "t", NodeId(f"n{at}")) for at, client in enumerate(clients)]
    queues = [QueueSpec(QueueId("q"))]
    agents = [AgentSpec(AgentId(f"a{at}"), SiteId("oslo"), {"q": 5}) for at in range(600)]
    try:
        await asyncio.gather(*(node.configure(queues, agents) for node in nodes))
        assert len(await nodes[0].agents()) == 600
        await nodes[0].log_in(AgentId("a599"))
        await nodes[1].enqueue(Enqueue("c", QueueId("q"), NodeId("n1")))
        with pytest.raises(Refused):
            await nodes[2].enqueue(Enqueue("d", QueueId("none"), NodeId("n2")))
    finally:
        for client in clients:
            await client.aclose()
