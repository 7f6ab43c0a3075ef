"""Many callers and few agents, everything at random moments: nobody is lost, stuck, or answered twice."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.connection import command_client
from acd.distributor import Distributor
from acd.model import AgentId, AgentSpec, AgentState, NodeId, Offer, QueueId, QueueSpec, SiteId
from acd.store import RedisDistributor
from events.catalogue import ContactAnswered, ContactEnded, ContactLeftQueue, ContactQueued, ContactReleased
from ivr.ports.call import AgentLeg, CallInfo
from ivr.ports.phones import NotAnswered
from ivr.running.commands import repeated
from ivr.simulator.call import SimulatedLeg
from ivr.simulator.virtual_time import run
from tests.ivr.engine import NODE, QUEUE, Engine, Fickle, flow_of

FLOW = flow_of(QUEUE)
AGENTS = [AgentId(f"agent{number}") for number in range(4)]


class WildPhones:
    """Phones that answer, are busy, or ring on, at random. `disturbed`: agents rung in the middle of a talk."""

    def __init__(self, chance: random.Random, scale_s: float) -> None:
        self._chance = chance
        self._scale_s = scale_s
        self.disturbed: list[str] = []
        self._talking: dict[str, SimulatedLeg] = {}

    async def ring(self, offer: Offer, info: CallInfo) -> AgentLeg:
        before = self._talking.get(offer.agent)
        if before is not None and not before.ended.done():
            self.disturbed.append(offer.agent)
        await asyncio.sleep(self._chance.choice([0, 0.2, 1, 3]) * self._scale_s)
        if self._chance.random() < 0.2:
            raise NotAnswered(self._chance.choice(["busy", "rejected", "unreachable"]))
        leg = SimulatedLeg(offer.agent, self._chance.choice([0, 1, 5]) * self._scale_s)
        self._talking[offer.agent] = leg
        return leg


async def storm(engine: Engine, distributor: Distributor, seed: int, scale_s: float) -> None:
    """30 callers, of whom half hang up at some moment, through 4 agents who are kept at work."""
    chance = random.Random(seed)
    phones = WildPhones(chance, scale_s)
    engine.use(distributor, phones)
    specs = [AgentSpec(agent, SiteId("s"), {"q": 1}) for agent in AGENTS]
    await distributor.configure([QueueSpec(QueueId("q"))], specs)
    for agent in AGENTS:
        await distributor.log_in(agent)
    engine.spawn(_keep_ready(distributor, scale_s))
    tasks = []
    for number in range(30):
        call, task = engine.dial(FLOW, f"c{number}")
        tasks.append(task)
        if chance.random() < 0.5:
            at_s = chance.choice([0, 0.05, 0.2, 1, 2, 5, 20]) * scale_s
            asyncio.get_running_loop().call_later(at_s, call.hang_up)
        await asyncio.sleep(chance.choice([0, 0, 0.3, 1]) * scale_s)
    journeys = [data.journey for data in await asyncio.gather(*tasks)]
    assert await engine.commands.drain(400) == 0
    # The store may be away when the test itself asks.
    assert [numbers.waiting for numbers in await repeated(distributor.queues, 60)] == [0]
    states = {now.state for now in await distributor.agents()}
    assert states <= {AgentState.READY, AgentState.NOT_READY}
    assert len(engine.services.offers) == 0
    assert phones.disturbed == []
    assert all(len(journey) == 1 for journey in journeys)


async def _keep_ready(distributor: Distributor, scale_s: float) -> None:
    while True:
        await asyncio.sleep(scale_s)
        for now in await distributor.agents():
            if now.state is AgentState.NOT_READY:
                await distributor.ready(now.agent)


async def _outages(distributor: Fickle, outage_s: float, chance: random.Random) -> None:
    """The store is away now and then; half of what is asked meanwhile is done all the same, only not confirmed."""
    while True:
        await asyncio.sleep(chance.choice([0.5, 2, 7]))
        distributor.away = True
        distributor.forgets = chance.random() < 0.5
        await asyncio.sleep(outage_s)
        distributor.away = distributor.forgets = False


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.1, 0.7]), st.sampled_from([0.0, 0.3, 2.0, 8.0, 20.0]))
def test_everybody_comes_out_on_the_model(seed: int, slow_s: float, outage_s: float) -> None:
    async def story() -> None:
        engine = Engine()
        distributor = Fickle(engine.now_ms, engine.sink)
        distributor.slow_s = slow_s
        if outage_s:
            engine.spawn(_outages(distributor, outage_s, random.Random(seed)))
        await storm(engine, distributor, seed, 1.0)
        queued, answered = len(engine.told(ContactQueued)), len(engine.told(ContactAnswered))
        assert queued == answered + len(engine.told(ContactLeftQueue))
        assert answered == len(engine.told(ContactReleased))
        assert len(engine.told(ContactEnded)) == 30
        await engine.close()

    run(story())


@pytest.fixture
async def on_redis(redis_url: str) -> AsyncIterator[RedisDistributor]:
    client = command_client(redis_url)
    yield RedisDistributor(client, "t", NodeId(NODE))
    await client.aclose()


@pytest.mark.parametrize("seed", range(3))
async def test_everybody_comes_out_on_redis(on_redis: RedisDistributor, seed: int) -> None:
    engine = Engine()
    await storm(engine, on_redis, seed, 0.02)
    assert len(engine.told(ContactEnded)) == 30
    await engine.close()
