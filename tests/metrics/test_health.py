import asyncio
from collections.abc import Callable

import pytest

from metrics.health import Ailing, Health, LoopLag, Outcome, StreamLag, Unwell


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - what is looked at tells nobody
        await asyncio.sleep(0.001)


async def well() -> str:
    return "fine"


async def failing() -> str:
    raise Unwell("lag 12 s, 5 s is the limit")


async def broken() -> str:
    raise ConnectionError


async def hanging() -> str:
    await asyncio.get_running_loop().create_future()
    return "never"


async def test_every_check_is_told_by_name() -> None:
    health = Health(timeout_s=0.01)
    for name, check in {"redis": well, "relay": failing, "sip": broken, "mqtt": hanging}.items():
        health.add(name, check)
    report = await health.report()
    assert report.checks == {
        "redis": Outcome(ok=True, detail="fine"),
        "relay": Outcome(ok=False, detail="lag 12 s, 5 s is the limit"),
        "sip": Outcome(ok=False, detail="ConnectionError"),
        "mqtt": Outcome(ok=False, detail="no answer within 0.01 s"),
    }
    assert not report.ok


async def test_health_is_well_when_every_check_is() -> None:
    health = Health()
    assert (await health.report()).ok
    health = Health()
    health.add("redis", well)
    assert (await health.report()).ok


@pytest.mark.parametrize(("keep_s", "asked"), [(3600.0, 1), (0.0, 3)])
async def test_those_who_ask_together_share_an_answer(keep_s: float, asked: int) -> None:
    runs = []

    async def counting() -> str:
        runs.append(1)
        return ""

    health = Health(keep_s=keep_s)
    health.add("x", counting)
    reports = await asyncio.gather(*(health.report() for _ in range(3)))
    assert len(runs) == asked
    assert all(report.ok for report in reports)


async def test_a_late_loop_is_seen_and_a_punctual_one_is_well() -> None:
    lag = LoopLag(every_s=0.001, window=3)
    assert lag.worst_s() == 0
    assert await lag.check() == "0.0 ms late at worst"
    looking = asyncio.create_task(lag.run())
    async with asyncio.timeout(5):
        await until(lambda: lag.worst_s() > 0)
    looking.cancel()
    with pytest.raises(Unwell, match="ms late, -1000 ms is the limit"):
        await lag.check(limit_s=-1.0)
    with pytest.raises(asyncio.CancelledError):
        await looking


class Stream:
    """A stream and its reader, as ids."""

    def __init__(self) -> None:
        self.tip = self.here = "0-0"

    async def last(self) -> str:
        return self.tip


async def test_a_reader_that_is_at_the_end_is_not_behind_however_long_nothing_happened() -> None:
    stream = Stream()
    lag = StreamLag(stream.last, lambda: stream.here, limit_s=0)
    assert await lag.check() == "0.0 s behind"
    stream.tip = stream.here = "99000-1"
    assert await lag.check() == "0.0 s behind"


async def test_a_reader_that_does_not_reach_what_was_there_before_is_behind() -> None:
    stream = Stream()
    lag = StreamLag(stream.last, lambda: stream.here, limit_s=0)
    stream.tip, stream.here = "99000-10", "5-0"
    assert await lag.check() == "0.0 s behind", "what has just come may be unread"
    stream.tip, stream.here = "99500-0", "99000-9"
    with pytest.raises(Unwell, match=r"0\.0 s behind, 0 s is the limit"):
        await lag.check()
    assert lag.behind_s > 0
    stream.tip, stream.here = "99900-0", "99500-0"
    assert await lag.check() == "0.0 s behind", "only what came with this check is unread"


async def test_a_reader_that_stands_still_is_behind_by_the_oldest_that_it_has_not_reached() -> None:
    stream = Stream()
    lag = StreamLag(stream.last, lambda: stream.here, limit_s=0, most=2)
    stream.tip = "1"
    assert await lag.check() == "0.0 s behind"
    for n in range(2, 6):
        stream.tip = str(n)
        with pytest.raises(Unwell):
            await lag.check()
    stream.here = "2"
    assert await lag.check() == "0.0 s behind", "of five looks two were kept"


async def test_a_node_that_ails_still_takes_callers() -> None:
    async def ailing() -> str:
        raise Ailing("a version is refused")

    async def well() -> str:
        return "fine"

    health = Health()
    health.add("redis", well)
    health.add("flows", ailing)
    report = await health.report()
    assert (report.ok, report.serves, report.status) == (False, True, "ailing")
