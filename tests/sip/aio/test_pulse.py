import asyncio
import time

from sip.aio.pulse import Pulse


async def test_loop_that_is_held_up_is_told_of_until_it_stops() -> None:
    told: list[float] = []
    heard = asyncio.Event()

    def late(late_s: float, now: float) -> None:
        told.append(late_s)
        heard.set()

    pulse = Pulse(late)
    pulse.start()
    time.sleep(0.4)  # noqa: ASYNC251 - holding the loop up is what it is about
    async with asyncio.timeout(10):
        await heard.wait()
    assert told[0] >= 0.25
    pulse.stop()
    pulse.stop()
    count = len(told)
    await asyncio.sleep(0.25)
    assert len(told) == count
