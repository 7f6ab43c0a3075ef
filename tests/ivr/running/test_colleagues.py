"""Agents who are rung by others get no callers meanwhile."""

import asyncio

import pytest

from acd.model import AgentId, AgentSpec, AgentState, NodeId, QueueId, QueueSpec, SiteId
from acd.simulated import ModelDistributor
from events.sink import MemorySink
from ivr.ports.phones import NotAnswered
from ivr.running.colleagues import AGAIN_S, STAYS_S, Colleagues
from ivr.running.commands import Commands

VIRTUAL_TIME = True
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
    colleagues.free_all()
    await commands.drain(1)
    assert (await state(distributor))[0] is AgentState.READY
    assert not colleagues.leads(BERIT)


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
    assert not colleagues.leads(BERIT)
    colleagues.free(BERIT)
    assert await state(distributor) == (AgentState.NOT_READY, "lunch")


class Clocked:
    """berit, with a distributor whose time passes with the loop's, and who may be away."""

    def __init__(self) -> None:
        self.commands = Commands()
        self.distributor = ModelDistributor("t", NodeId("n"), self._now_ms, MemorySink())
        self.colleagues = Colleagues(self.distributor, self.commands)

    @staticmethod
    def _now_ms() -> int:
        return 1_000_000 + round(asyncio.get_running_loop().time() * 1000)

    async def begin(self) -> None:
        await self.distributor.configure([QueueSpec(QueueId("q"))], [AgentSpec(BERIT, SiteId("s"), {"q": 1})])
        await self.distributor.log_in(BERIT)
        await self.colleagues.engage(BERIT)

    async def after(self, seconds: float) -> tuple[AgentState, str]:
        """Her state when that time has passed."""
        await asyncio.sleep(seconds)
        await self.distributor.due()
        return await state(self.distributor)


@pytest.fixture
async def clocked() -> Clocked:
    made = Clocked()
    await made.begin()
    return made


async def test_who_was_given_the_caller_stays_so_as_long_as_the_talk_lasts(clocked: Clocked) -> None:
    assert clocked.colleagues.leads(BERIT)
    assert await clocked.after(0.1) == (AgentState.NOT_READY, "transferred")
    assert await clocked.after(3 * 3600) == (AgentState.NOT_READY, "transferred")
    clocked.colleagues.free(BERIT)
    assert (await clocked.after(0.1))[0] is AgentState.READY
    assert (await clocked.after(3600))[0] is AgentState.READY


async def test_the_third_of_three_stays_until_dropped_or_given_the_caller(clocked: Clocked) -> None:
    clocked.colleagues.joins(BERIT)
    assert await clocked.after(3 * 3600) == (AgentState.NOT_READY, "conference")
    assert clocked.colleagues.leads(BERIT)
    assert await clocked.after(3 * 3600) == (AgentState.NOT_READY, "transferred")
    clocked.colleagues.free_all()
    assert (await clocked.after(0.1))[0] is AgentState.READY


async def test_a_node_that_dies_strands_nobody(clocked: Clocked) -> None:
    clocked.colleagues.leads(BERIT)
    assert (await clocked.after(0.1))[1] == "transferred"
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    assert (await clocked.after(STAYS_S - 1))[1] == "transferred"
    assert (await clocked.after(2))[0] is AgentState.READY


async def test_what_the_agent_says_in_the_talk_counts_and_ready_does_not_bring_callers(clocked: Clocked) -> None:
    clocked.colleagues.leads(BERIT)
    assert (await clocked.after(0.1))[1] == "transferred"
    await clocked.distributor.not_ready(BERIT, "lunch")
    assert (await clocked.after(100))[1] == "lunch"
    await clocked.distributor.ready(BERIT)
    assert (await clocked.after(AGAIN_S))[1] == "transferred"
    clocked.colleagues.free_all()


async def test_nobody_but_who_was_rung_stays(clocked: Clocked) -> None:
    clocked.colleagues.joins("nobody")
    assert not clocked.colleagues.leads("nobody")
