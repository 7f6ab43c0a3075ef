"""A loop whose clock jumps."""

import asyncio
from collections.abc import Coroutine
from time import perf_counter
from typing import Any, TypeVar

import pytest

from ivr.simulator.virtual_time import PacedLoop, StandstillError, run

T = TypeVar("T")


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


def paced(work: Coroutine[Any, Any, T], *, jumps: bool = False) -> T:
    with asyncio.Runner(loop_factory=lambda: PacedLoop(jumps=jumps)) as runner:
        return runner.run(work)


def test_a_paced_loop_is_moved_on_timer_by_timer() -> None:
    async def story() -> list[float]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, PacedLoop)
        began_s = loop.time()
        seen: list[float] = []
        loop.call_later(100, lambda: loop.call_later(100, lambda: seen.append(loop.time() - began_s)))
        loop.move_on(300)
        await asyncio.sleep(250)
        return seen

    began = perf_counter()
    assert paced(story()) == [pytest.approx(200, abs=1)]
    assert perf_counter() - began < 5


def test_a_paced_loop_goes_by_real_time_when_it_is_not_moved() -> None:
    async def story() -> float:
        began_s = asyncio.get_running_loop().time()
        await asyncio.sleep(0.05)
        return asyncio.get_running_loop().time() - began_s

    began = perf_counter()
    assert paced(story()) >= 0.05
    assert perf_counter() - began >= 0.05


def test_a_paced_loop_that_jumps_never_waits() -> None:
    async def story() -> float:
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    began = perf_counter()
    assert paced(story(), jumps=True) == pytest.approx(3600)
    assert perf_counter() - began < 5


def test_a_paced_loop_that_jumps_tells_of_a_standstill() -> None:
    async def story() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(StandstillError):
        paced(story(), jumps=True)
