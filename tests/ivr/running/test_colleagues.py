"""Agents who are rung by others get no callers meanwhile."""

import pytest

from acd.model import AgentId, AgentSpec, AgentState, NodeId, QueueId, QueueSpec, SiteId
from acd.simulated import ModelDistributor
from events.sink import MemorySink
from ivr.ports.phones import NotAnswered
from ivr.running.colleagues import Colleagues
from ivr.running.commands import Commands

BERIT = AgentId("berit")


@pytest.fixture
async def distributor() -> ModelDistributor:
    made = ModelDistributor("t", NodeId("n"), lambda: 1_000_000, MemorySink())
    await made.configure([QueueSpec(QueueId("q"))], [AgentSpec(BERIT, SiteId("s"), {"q": 1})])
    await made.log_in(BERIT)
    return made


async def state(distributor: ModelDistributor) -> tuple[AgentState, str]:
    now = (await distributor.agents())[0]
    return now.state, now.reason


async def test_who_is_rung_is_not_ready_until_the_call_is_over(distributor: ModelDistributor) -> None:
    commands = Commands()
    colleagues = Colleagues(distributor, commands)
    await colleagues.engage(BERIT)
    assert await state(distributor) == (AgentState.NOT_READY, "consult")
    assert colleagues.has(BERIT)
    colleagues.free_all()
    await commands.drain(1)
    assert (await state(distributor))[0] is AgentState.READY
    assert not colleagues.has(BERIT)


async def test_what_the_agent_said_meanwhile_counts(distributor: ModelDistributor) -> None:
    commands = Commands()
    colleagues = Colleagues(distributor, commands)
    await colleagues.engage(BERIT)
    await distributor.not_ready(BERIT, "lunch")
    colleagues.free(BERIT)
    await commands.drain(1)
    assert await state(distributor) == (AgentState.NOT_READY, "lunch")


async def test_who_is_not_ready_is_busy_and_who_is_unknown_is_not_there(distributor: ModelDistributor) -> None:
    colleagues = Colleagues(distributor, Commands())
    await distributor.not_ready(BERIT, "lunch")
    with pytest.raises(NotAnswered, match="busy"):
        await colleagues.engage(BERIT)
    with pytest.raises(NotAnswered, match="unreachable"):
        await colleagues.engage("nobody")
    assert not colleagues.has(BERIT)
    colleagues.free(BERIT)
    assert await state(distributor) == (AgentState.NOT_READY, "lunch")
