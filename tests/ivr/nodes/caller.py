"""A caller for tests of nodes: presses at given times, and leaves a trace of what was heard."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ivr.running.run import FlowRun
from ivr.simulator.call import SimulatedCall
from tests.ivr.engine import Engine, flow_of

HEAD = """
flow: test
title: Test
numbers: [5000]
languages: [nb, en]
variables: {demo: false, count: 0}
start: first
nodes:
"""
GOODBYE = "  bye: {type: hangup, say: {nb: Ha det., en: Goodbye.}}\n"


@asynccontextmanager
async def ringing(
    nodes: str, presses: Sequence[tuple[float, str]] = (), engine: Engine | None = None
) -> AsyncIterator[tuple[SimulatedCall, FlowRun]]:
    """A call that went through `nodes` (and bye) with keys at these seconds, and its run, when the call is over."""
    engine = engine or Engine()
    flow = flow_of(HEAD + nodes + GOODBYE)
    data = engine.begin(flow, "c1")
    call, task = engine.dial(flow, "c1", data)
    for at_s, key in presses:
        asyncio.get_running_loop().call_later(at_s, call.press, key)
    await task
    yield call, data
    await engine.close()


def texts(call: SimulatedCall) -> list[str]:
    return [heard.text for heard in call.heard]
