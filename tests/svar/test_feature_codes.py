"""What an agent tells svar by ringing a code."""

import pytest

from acd.model import AgentId, AgentSpec, AgentState, NodeId, QueueId, QueueSpec, SiteId
from acd.simulated import ModelDistributor
from events.sink import MemorySink
from ivr.ports.call import CallInfo, ContactId
from ivr.simulator.call import SimulatedCall
from ivr.simulator.prompts import WrittenPrompts
from svar import feature_codes

ANNA = AgentId("anna")


@pytest.fixture
async def distributor() -> ModelDistributor:
    made = ModelDistributor("t", NodeId("n"), lambda: 1_000_000, MemorySink())
    await made.configure([QueueSpec(QueueId("q"))], [AgentSpec(ANNA, SiteId("s"), {"q": 1})])
    return made


async def rung(code: str, distributor: ModelDistributor) -> SimulatedCall:
    call = SimulatedCall(CallInfo(ContactId("c"), code, "anna"))
    await feature_codes.serve(call, code, ANNA, distributor, WrittenPrompts())
    return call


async def state(distributor: ModelDistributor) -> AgentState:
    return (await distributor.agents())[0].state


async def test_an_agent_goes_not_ready_and_ready_again(distributor: ModelDistributor) -> None:
    await distributor.log_in(ANNA)
    call = await rung("*2", distributor)
    assert await state(distributor) is AgentState.NOT_READY
    assert [heard.text for heard in call.heard] == ["Du er ikke klar."]
    await rung("*1", distributor)
    assert await state(distributor) is AgentState.READY


async def test_an_agent_without_wrap_up_is_told_that_it_cannot_be_ended(distributor: ModelDistributor) -> None:
    await distributor.log_in(ANNA)
    call = await rung("*3", distributor)
    assert [heard.text for heard in call.heard] == ["Det går ikke nå."]
    assert await state(distributor) is AgentState.READY


async def test_an_agent_who_is_not_logged_in_is_told_so(distributor: ModelDistributor) -> None:
    call = await rung("*1", distributor)
    assert [heard.text for heard in call.heard] == ["Det går ikke nå."]
    assert call.ended


async def test_an_agent_who_hangs_up_before_the_answer_has_been_heard_all_the_same(
    distributor: ModelDistributor,
) -> None:
    await distributor.log_in(ANNA)
    call = SimulatedCall(CallInfo(ContactId("c"), "*2", "anna"))
    call.hang_up()
    await feature_codes.serve(call, "*2", ANNA, distributor, WrittenPrompts())
    assert await state(distributor) is AgentState.NOT_READY


class Broken(ModelDistributor):
    async def ready(self, agent: AgentId) -> None:
        raise RuntimeError("a bug")


async def test_a_call_that_fails_is_hung_up() -> None:
    call = SimulatedCall(CallInfo(ContactId("c"), "*1", "anna"))
    with pytest.raises(RuntimeError):
        await feature_codes.serve(call, "*1", ANNA, Broken("t", NodeId("n"), lambda: 0, MemorySink()), WrittenPrompts())
    assert call.ended
