"""The simulated call keeps the contract of the Call port."""

import asyncio

import pytest

from ivr.ports.call import AgentLeg, Call, CallInfo, Clip, ContactId
from ivr.simulator.call import SimulatedCall, SimulatedLeg
from tests.ivr.call_contract import AgentEnd, CallContract, FarEnd

VIRTUAL_TIME = True


class SimulatedFarEnd:
    def __init__(self, call: SimulatedCall) -> None:
        self._call = call

    async def press(self, key: str) -> None:
        self._call.press(key)

    async def speak(self, duration_s: float) -> None:
        self._call.speak(duration_s)
        await asyncio.sleep(duration_s)

    async def hang_up(self) -> None:
        self._call.hang_up()

    def heard(self) -> list[str]:
        return [heard.text for heard in self._call.heard]


class SimulatedAgentEnd:
    def __init__(self, leg: SimulatedLeg) -> None:
        self._leg = leg

    async def hang_up(self) -> None:
        self._leg.end()

    @property
    def released(self) -> bool:
        return self._leg.ended.done()


class SimulatedWorld:
    async def make_call(self) -> tuple[Call, FarEnd]:
        call = SimulatedCall(CallInfo(ContactId("c"), "5000", "test"))
        return call, SimulatedFarEnd(call)

    async def make_leg(self) -> tuple[AgentLeg, AgentEnd]:
        leg = SimulatedLeg("kari")
        return leg, SimulatedAgentEnd(leg)

    def voice_file(self) -> str:
        return ""

    def clip(self, text: str, duration_s: float) -> Clip:
        return Clip("", duration_s, text, "nb")


@pytest.fixture
def world() -> SimulatedWorld:
    return SimulatedWorld()


class TestSimulatedCall(CallContract):
    """The suite, on the simulated call."""


async def test_a_transfer_is_taken_or_not_as_the_far_end_says() -> None:
    call = SimulatedCall(CallInfo(ContactId("c"), "5000", "test"), takes=lambda target: target == "partner")
    assert await call.transfer("partner")
    assert not await call.transfer("nobody")


async def test_a_leg_that_is_not_simulated_is_refused() -> None:
    class Other:
        agent = "kari"

        async def hang_up(self) -> None: ...

    with pytest.raises(TypeError, match="Other"):
        await SimulatedCall(CallInfo(ContactId("c"), "5000", "test")).bridge(Other())


async def test_an_agent_talks_as_long_as_the_story_says() -> None:
    call = SimulatedCall(CallInfo(ContactId("c"), "5000", "test"))
    began = asyncio.get_running_loop().time()
    await call.bridge(SimulatedLeg("kari", talks_s=120))
    assert asyncio.get_running_loop().time() - began == pytest.approx(120)
