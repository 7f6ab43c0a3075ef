"""Walks a run through its flow. Knows no node by name: what a node does stands in the node."""

from events.catalogue import StepEntered
from ivr.language.problems import FlowError
from ivr.running.run import ForgottenDigitsError, Run

MOST_STEPS = 1_000
MOST_IDLE_STEPS = 50
"""Steps in a row without a key or a stay in a queue."""


class EndlessFlowError(FlowError):
    """A caller was led in circles; the message has the last steps."""


async def interpret(run: Run, step: str | None) -> None:
    """From `step` to the flow's end. Raises CallEnded, EndlessFlowError, and KeyError for an unknown step."""
    for _ in range(MOST_STEPS):
        if step is None:
            return
        _count(run)
        step = await _one(run, step)
    raise _endless(run)


def _count(run: Run) -> None:
    run.idle_steps += 1
    if run.idle_steps > MOST_IDLE_STEPS:
        raise _endless(run)


def _endless(run: Run) -> EndlessFlowError:
    return EndlessFlowError(f"flow {run.data.flow!r} turns in a circle: ... {' > '.join(run.data.trace[-6:])}")


async def _one(run: Run, step: str) -> str | None:
    node = run.flow.nodes[step]
    services, data = run.services, run.data
    data.enter(step)
    services.sink.emit(
        StepEntered(
            at_ms=services.now_ms(),
            tenant=services.tenant,
            node=services.node,
            contact=data.contact,
            flow=data.flow,
            step=step,
            type=node.type,
        )
    )
    try:
        return await node.run(run)
    except ForgottenDigitsError as forgotten:
        # The digits stayed on the node where they were pressed: ask again, then come back here.
        del data.asked[forgotten.variable]
        deep = len(data.frames)
        asked = await _one(run, forgotten.step)
        while asked is not None and len(data.frames) > deep:
            # A sub-flow asks; whatever its result is, the digits are what was wanted of it.
            _count(run)
            asked = await _one(run, asked)
        return step if asked is not None and forgotten.variable in data.asked else asked
