"""A node follows which crises are on, ends them by its own clock, and knows callers again without their numbers."""

import asyncio
from collections.abc import Sequence

import pytest

from acd.crises import KEY_MS, By, Change, CrisesInOneProcess, Running, Standing, make, switch_off, switch_on
from acd.distributor import Unavailable
from events.catalogue import ContactStarted, CrisisChanged
from events.sink import MemorySink
from ivr.over_sip.telephony import Identity
from svar.crises_in_service import CrisesInService, Recognising

KARI = By("kari", "t", "cli")


class Bench:
    """A store that may be away, and a node that follows it. Time stands still until it is moved."""

    def __init__(self) -> None:
        self.now_ms = 1_700_000_000_000
        self.sink = MemorySink()
        self.store = CrisesInOneProcess(self.sink, lambda: self.now_ms)
        self.node = CrisesInService(self, Identity("t", "n1", lambda: self.now_ms))
        self.away = False

    async def on(self, crisis: str = "flood", for_ms: int = 60_000) -> Standing:
        wish = Running(crisis, 0, self.now_ms + for_ms, "")
        return await make(self.store, lambda standing: switch_on(standing, wish, KARI, "secret"))

    async def off(self, crisis: str = "flood") -> Standing:
        return await make(self.store, lambda standing: switch_off(standing, crisis, KARI))

    def names(self) -> list[str]:
        return [one.crisis for one in self.node.on(self.now_ms)]

    # The store, as the node sees it.

    def _there(self) -> CrisesInOneProcess:
        if self.away:
            raise Unavailable("away")
        return self.store

    async def standing(self) -> Standing:
        return await self._there().standing()

    async def change(self, expected: int, change: Change) -> Standing | None:
        return await self._there().change(expected, change)

    async def say(self, node: str, sequence: int) -> None:
        await self._there().say(node, sequence)

    async def said(self, nodes: Sequence[str]) -> dict[str, int]:
        return await self._there().said(nodes)

    async def changed(self, after: int, within_s: float) -> None:
        await self._there().changed(after, within_s)


@pytest.fixture
async def bench() -> Bench:
    return Bench()


async def following(bench: Bench, names: list[str]) -> None:
    async with asyncio.timeout(5):
        while bench.names() != names:  # noqa: ASYNC110 - the port tells nobody
            await asyncio.sleep(0)


async def test_a_node_begins_with_what_is_on_the_last_one_first(bench: Bench) -> None:
    await bench.on("flood")
    await bench.on("late")
    await bench.node.start()
    assert bench.names() == ["late", "flood"]
    assert await bench.store.said(["n1"]) == {"n1": 2}
    assert bench.node.in_service() == {("late",): 1, ("flood",): 1}


async def test_a_node_hears_at_once_of_what_is_switched_on_and_off(bench: Bench) -> None:
    running = asyncio.create_task(bench.node.run())
    await following(bench, [])
    await bench.on()
    await following(bench, ["flood"])
    await bench.off()
    await following(bench, [])
    running.cancel()


async def test_a_crisis_ends_by_the_nodes_clock_though_the_store_is_away(bench: Bench) -> None:
    await bench.on()
    await bench.node.start()
    bench.away = True
    await bench.node.start()
    bench.now_ms += 59_999
    assert bench.names() == ["flood"]
    bench.now_ms += 1
    assert bench.names() == []
    assert [event.on for event in bench.sink.events if isinstance(event, CrisisChanged)] == [True]


async def test_a_node_that_runs_outlives_the_stores_absence(bench: Bench) -> None:
    await bench.on()
    bench.away = True
    await bench.node.start()
    running = asyncio.create_task(bench.node.run())
    await asyncio.sleep(0)
    assert bench.names() == []
    bench.away = False
    await following(bench, ["flood"])
    running.cancel()


async def test_whoever_sees_it_first_tells_that_one_has_ended(bench: Bench) -> None:
    await bench.on()
    await bench.node.start()
    bench.now_ms += 60_000
    await bench.node.start()
    await bench.node.start()
    told = [event for event in bench.sink.events if isinstance(event, CrisisChanged)]
    assert [(event.on, event.cause, event.author, event.node) for event in told] == [
        (True, "switched_on", "kari", "cli"),
        (False, "time_is_up", "svar", "n1"),
    ]


async def test_a_store_that_has_forgotten_is_told_again_by_the_node(bench: Bench) -> None:
    await bench.on()
    await bench.off()
    await bench.on("late")
    await bench.node.start()
    bench.store = CrisesInOneProcess(bench.sink, lambda: bench.now_ms)
    await bench.node.start()
    assert bench.names() == ["late"]
    assert [one.crisis for one in (await bench.store.standing()).on] == ["late"]
    assert len(bench.sink.events) == 3


async def test_callers_carry_a_key_during_a_crisis_and_a_day_longer(bench: Bench) -> None:
    sink = MemorySink()
    recognising = Recognising(sink, bench.node)

    def key_of(number: str) -> str:
        recognising.emit(
            ContactStarted(
                at_ms=0, tenant="t", node="n1", contact="c", number="5000", flow="main", flow_version="v", trunk="t",
                pii_caller=number,
            )
        )  # fmt: skip
        event = sink.events[-1]
        assert isinstance(event, ContactStarted)
        return event.pii_caller_key

    assert key_of("+4790000001") == ""
    await bench.on()
    await bench.node.start()
    first = key_of("+4790000001")
    assert len(first) == 32
    assert "9000" not in first
    assert key_of("+4790000001") == first != key_of("+4790000002")
    assert key_of("") == ""
    bench.now_ms += 60_000 + KEY_MS - 1
    await bench.node.start()
    assert key_of("+4790000001") == first
    bench.now_ms += 1
    assert key_of("+4790000001") == ""
    await bench.node.start()
    assert (await bench.store.standing()).key == ""
