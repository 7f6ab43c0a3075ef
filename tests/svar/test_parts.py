"""A node's loops: whoever asks for its health hears of one that has ended."""

import asyncio
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
