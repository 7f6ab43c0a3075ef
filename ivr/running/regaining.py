"""A stay in a queue of a caller who may have been cut off in it before, and may be again."""

import asyncio

from acd.model import QueueId
from ivr.ports.call import CallEnded
from ivr.running.announcing import Waiting
from ivr.running.leaving import Exit
from ivr.running.queueing import Left, Wish, wait_and_talk
from ivr.running.run import Run, Visit

CODE = "place_code"
"""The slot of texts for waiting callers that says the code by which they get the place back."""
REGAINED = "regained"
"""The outcome of a visit that was cut off in an earlier call: its wait counts on."""


async def wait_as_before(run: Run, wish: Wish, waiting: Waiting) -> Left | Exit:
    """`wait_and_talk`, from the place on that the caller had, and kept for when they are cut off."""
    places, info = run.services.places, run.call.info
    resumed = run.data.entry is not None
    if any(CODE in said.slots() for said in waiting.texts().values()):
        run.set_personal(CODE, "" if places is None else places.code(info))
    if places is None:
        return await wait_and_talk(run, wish, waiting)
    if not resumed and (regained := await places.regain(info, wish.queue)) is not None:
        take_up(run, regained.queue, regained.waited_ms)
    waited_ms = sum(visit.waited_ms for visit in run.data.journey)
    places.entered(info, wish.queue, run.services.now_ms() - waited_ms)
    try:
        left = await wait_and_talk(run, wish, waiting)
    except (CallEnded, asyncio.CancelledError):
        visit = run.data.journey[-1] if run.data.journey else None
        places.left(info, cut=visit is None or visit.outcome != "answered")
        raise
    places.left(info, cut=False)
    return left


def take_up(run: Run, queue: str, waited_ms: int) -> None:
    """What the caller has waited in an earlier call counts as waited in this one."""
    arrived_ms = run.services.now_ms() - waited_ms
    run.data.journey.append(Visit(QueueId(queue), arrived_ms, outcome=REGAINED, waited_ms=waited_ms))
