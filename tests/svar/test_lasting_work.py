"""Work that outlives the store's absence."""

import asyncio

import structlog
from structlog.testing import capture_logs

from acd.distributor import Unavailable
from svar.lasting_work import lasting


async def test_an_absence_is_told_once_and_outlived_and_the_next_is_told_again() -> None:
    turns = iter([True, False, False, True, False, True])
    done = asyncio.Event()

    async def turn() -> None:
        there = next(turns, None)
        if there is None:
            done.set()
            await asyncio.Event().wait()
        if not there:
            raise Unavailable("away")

    with capture_logs() as told:
        work = asyncio.create_task(lasting(turn, 0, structlog.get_logger(), "nothing goes", retry_s=0))
        await asyncio.wait_for(done.wait(), 10)
        work.cancel()
        await asyncio.wait({work})
    assert [(one["event"], one["error"]) for one in told] == [("nothing goes", "away")] * 2
    assert work.cancelled()
