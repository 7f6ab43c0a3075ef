"""One task a call: faults stay where they are, and a stop has a bound."""

import asyncio

import structlog

from svar.calls import CallTasks


async def test_a_call_that_fails_ends_no_other() -> None:
    calls, go = CallTasks(longest_s=60), asyncio.Event()
    outcomes = []

    async def bad() -> None:
        raise ValueError("a bug in a flow")

    async def good() -> None:
        await go.wait()
        outcomes.append("talked")

    calls.start("a", bad())
    calls.start("b", good())
    await asyncio.sleep(0)
    go.set()
    assert await calls.finish(patience_s=5) == 0
    assert outcomes == ["talked"]


async def test_calls_in_progress_may_end_by_themselves_at_a_stop() -> None:
    calls = CallTasks(longest_s=60)
    ended = asyncio.Event()

    async def soon() -> None:
        await asyncio.sleep(0)
        ended.set()

    calls.start("a", soon())
    assert len(calls) == 1
    assert await calls.finish(patience_s=5) == 0
    assert ended.is_set()
    assert len(calls) == 0


async def test_a_call_that_goes_on_too_long_is_cancelled_at_a_stop() -> None:
    calls = CallTasks(longest_s=60)
    causes = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            causes.append("cancelled")
            raise

    calls.start("a", endless())
    assert await calls.finish(patience_s=0.01) == 1
    assert causes == ["cancelled"]
    assert len(calls) == 0


async def test_no_call_lasts_for_ever() -> None:
    calls = CallTasks(longest_s=0.0)
    calls.start("a", asyncio.Event().wait())
    assert await calls.finish(patience_s=5) == 0


async def test_who_is_in_a_hurry_waits_for_no_call() -> None:
    calls, hurry = CallTasks(longest_s=60), asyncio.Event()
    calls.start("a", asyncio.Event().wait())
    finishing = asyncio.create_task(calls.finish(3600, hurry))
    await asyncio.sleep(0)
    assert not finishing.done()
    hurry.set()
    async with asyncio.timeout(5):
        assert await finishing == 1


async def test_nothing_begins_any_more_at_a_stop() -> None:
    calls, begun = CallTasks(longest_s=60), list[str]()

    async def late() -> None:
        begun.append("late")

    assert await calls.finish(patience_s=5) == 0
    assert not calls.start("a", late())
    await asyncio.sleep(0)
    assert (begun, len(calls), "a" in calls) == ([], 0, False)


async def test_what_a_call_and_the_tasks_it_starts_log_has_its_contact() -> None:
    calls, log = CallTasks(60), structlog.get_logger()

    async def beside() -> None:
        log.info("beside")

    async def work() -> None:
        log.info("at work", step="menu")
        await asyncio.gather(asyncio.create_task(beside()))

    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        for contact in ("c1", "c2"):
            calls.start(contact, work())
        await calls.finish(5)
        log.info("afterwards")
    told = sorted((line["event"], line.get("contact", "")) for line in logs)
    assert told == [("afterwards", ""), ("at work", "c1"), ("at work", "c2"), ("beside", "c1"), ("beside", "c2")]
