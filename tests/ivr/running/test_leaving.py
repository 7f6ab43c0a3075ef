"""What the rules of waiting callers ask, and what they don't."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from acd.model import QueueId
from ivr.ports.call import CallInfo, ContactId
from ivr.running.announcing import Waiting
from ivr.running.leaving import LOOKS_EVERY_S, Rules
from ivr.running.run import Run
from ivr.simulator.call import SimulatedCall
from tests.ivr.engine import QUEUE, Engine, flow_of

VIRTUAL_TIME = True
FLOW = flow_of(QUEUE)


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = Engine()
    yield engine
    await engine.close()


def rules(engine: Engine, when: str, contact: str = "c1") -> Rules:
    waiting = Waiting.model_validate({"overflow": [{"when": when, "next": "too_long"}]})
    call = SimulatedCall(CallInfo(ContactId(contact), "5000", "test"))
    run = Run(call, engine.begin(FLOW, contact), engine.services, engine.book(FLOW))
    return Rules(run, QueueId("q"), waiting, 0.0)


async def test_a_crowd_of_callers_asks_once_who_is_logged_in(engine: Engine) -> None:
    await engine.staff("kari")
    watching = [rules(engine, "agents == 0", f"c{number}") for number in range(50)]
    await asyncio.sleep(1)
    assert engine.distributor.asked.count("queues") == 1
    await asyncio.sleep(LOOKS_EVERY_S)
    assert engine.distributor.asked.count("queues") == 2
    assert not any(each.left.done() for each in watching)
    for each in watching:
        each.stop()


async def test_what_a_rule_does_not_name_is_not_asked(engine: Engine) -> None:
    await engine.staff("kari")
    crowded, alone = rules(engine, "waiting > 2"), rules(engine, "agents == 0")
    await asyncio.sleep(1)
    assert (engine.distributor.asked.count("place"), engine.distributor.asked.count("queues")) == (1, 1)
    crowded.stop()
    alone.stop()


async def test_a_question_is_finished_though_the_caller_leaves(engine: Engine) -> None:
    await engine.staff("kari")
    engine.distributor.slow_s = 2.0
    crowded = rules(engine, "waiting > 2")
    await asyncio.sleep(1)
    crowded.stop()
    assert len(engine.commands) == 1
    await asyncio.sleep(2)
    assert len(engine.commands) == 0


async def test_who_is_logged_out_does_not_count(engine: Engine) -> None:
    await engine.staff()
    alone = rules(engine, "agents == 0")
    assert (await alone.left).next == "too_long"
    alone.stop()
