"""A node's loops: whoever asks for its health hears of one that has ended."""

import asyncio
import contextlib
from contextlib import AsyncExitStack

import pytest

from metrics.health import Unwell
from svar.parts import Parts


async def for_ever() -> None:
    await asyncio.Event().wait()


async def fails() -> None:
    raise ValueError("a bug")


async def returns() -> None:
    return None


async def test_parts_that_run_are_well() -> None:
    parts = Parts()
    async with AsyncExitStack() as stack:
        parts.run(stack, "relay", for_ever())
        parts.run(stack, "spool", for_ever())
        assert await parts.check() == "2 run"


async def test_a_part_that_failed_or_returned_is_named() -> None:
    parts = Parts()
    async with AsyncExitStack() as stack:
        parts.run(stack, "relay", fails())
        parts.run(stack, "spool", returns())
        parts.run(stack, "worker", for_ever())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with pytest.raises(Unwell, match=r"relay \(ValueError\), spool \(returned\)"):
            await parts.check()


async def test_parts_end_with_the_stack_and_are_no_fault_then() -> None:
    parts = Parts()
    async with AsyncExitStack() as stack:
        parts.run(stack, "relay", for_ever())
    assert await parts.check() == "0 run"


async def test_a_part_that_loses_its_cancellation_is_asked_again() -> None:
    """`asyncio.wait_for` of Python 3.11 gives the result of what was done as it was cancelled, and no cancellation."""
    parts, ended = Parts(ask_again_s=0.001), []

    async def loses_one() -> None:
        for _ in range(2):
            try:
                await for_ever()
            except asyncio.CancelledError:
                ended.append(True)

    async with AsyncExitStack() as stack:
        parts.run(stack, "mqtt", loses_one())
        await asyncio.sleep(0)
    assert len(ended) == 2


async def test_a_part_that_never_ends_keeps_no_other_from_ending(capsys: pytest.CaptureFixture[str]) -> None:
    parts, free = Parts(ask_again_s=0.001), asyncio.Event()

    async def stubborn() -> None:
        while not free.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await free.wait()

    async with AsyncExitStack() as stack:
        parts.run(stack, "worker", for_ever())
        parts.run(stack, "mqtt", stubborn())
        await asyncio.sleep(0)
    assert await parts.check() == "1 run"
    assert "a part of the node does not end" in capsys.readouterr().out
    free.set()
    await asyncio.sleep(0)
