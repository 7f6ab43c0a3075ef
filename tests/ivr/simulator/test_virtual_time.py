"""A loop whose clock jumps."""

import asyncio
from time import perf_counter

import pytest

from ivr.simulator.virtual_time import StandstillError, run


def test_an_hour_passes_at_once_and_in_order() -> None:
    async def story() -> list[str]:
        seen: list[str] = []
        loop = asyncio.get_running_loop()
        loop.call_later(3600, seen.append, "hour")
        loop.call_later(60, seen.append, "minute")
        await asyncio.sleep(3601)
        seen.append(f"{loop.time():.0f}")
        return seen

    began = perf_counter()
    assert run(story()) == ["minute", "hour", "3601"]
    assert perf_counter() - began < 5


def test_time_outs_expire() -> None:
    async def story() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(500):
                await asyncio.sleep(1000)
        return asyncio.get_running_loop().time()

    assert run(story()) == pytest.approx(500)


def test_who_waits_for_nobody_is_told() -> None:
    async def story() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(StandstillError):
        run(story())
