"""A canary that is worse is taken back once, by whichever node sees it first; one that is not may be promoted."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from acd.versions import Pointer
from acd.versions_folder import FolderVersions
from events.catalogue import CanaryEnded, FlowsPublished
from events.sink import MemorySink
from ivr.over_sip.telephony import Identity
from ivr.versions.arms import Arms
from svar.canary_watch import CanaryWatch
from tests.ivr.versions.test_arms import ended, queued, started, told
from tests.svar.editions import canary, content, publish

NOW_MS = 1_700_000_000_000


class Bench:
    """Two nodes that watch one canary, and hear the same events."""

    def __init__(self, folder: Path) -> None:
        self.sink = MemorySink()
        self.now_ms = NOW_MS
        self.store = FolderVersions(folder, sink=self.sink, now_ms=lambda: NOW_MS)
        self.arms = [Arms(), Arms()]
        self.pointer = Pointer()
        self.watches = [
            CanaryWatch(self.store, arms, lambda: self.pointer, Identity("t", f"n{n}", lambda: self.now_ms))
            for n, arms in enumerate(self.arms)
        ]

    async def begin(self, promote_after_s: int = 0) -> None:
        self.old = await publish(self.store, content("old"))
        self.new = await canary(self.store, content("new"), 0.1, promote_after_s)
        self.pointer = await self.store.pointer()
        for arms in self.arms:
            told(arms, self.sink.events[-1])

    def call(self, version: str, outcomes: list[str]) -> None:
        for n, outcome in enumerate(outcomes):
            contact = f"{version[:4]}-{n}-{outcome}"
            middle = [queued(contact)] if outcome == "answered" else []
            for arms in self.arms:
                told(arms, started(contact, version[:12]), *middle, ended(contact, outcome))

    async def look(self) -> None:
        await asyncio.gather(*(watch.look() for watch in self.watches))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_a_canary_that_is_worse_is_taken_back_once(bench: Bench) -> None:
    await bench.begin()
    bench.call(bench.old, ["answered"] * 160 + ["menu_ended"] * 20)
    bench.call(bench.new, ["answered"] * 6 + ["menu_ended"] * 14)
    await bench.look()
    pointer = await bench.store.pointer()
    assert (pointer.active, pointer.canary) == (bench.old, None)
    assert sum(watch.taken_back for watch in bench.watches) == 1
    event = bench.sink.events[-1]
    assert isinstance(event, CanaryEnded)
    assert (event.cause, event.author) == ("worse", "svar")
    assert event.message.startswith("70.0% of 20 contacts hung up in the menu, 11.1% of 180")
    await bench.look()
    assert len(await bench.store.moves()) == 3
    for watch, arms in zip(bench.watches, bench.arms, strict=True):
        assert watch.tallies()["canary", "menu_ended"] == 14
        told(arms, event)
        assert watch.tallies() == {}


async def test_a_canary_that_is_no_worse_stays_until_its_time_has_come(bench: Bench) -> None:
    await bench.begin(promote_after_s=7200)
    bench.now_ms = NOW_MS + 8_000_000
    bench.call(bench.old, ["answered"] * 180)
    bench.call(bench.new, ["answered"] * 19)
    await bench.look()
    assert (await bench.store.pointer()).canary is not None, "nothing is promoted that nobody has met"
    bench.now_ms = NOW_MS
    bench.call(bench.new, ["completed"])
    await bench.look()
    assert (await bench.store.pointer()).canary is not None
    bench.now_ms = NOW_MS + 7_200_000
    await bench.look()
    pointer = await bench.store.pointer()
    assert (pointer.active, pointer.canary) == (bench.new, None)
    ended_, published = bench.sink.events[-2:]
    assert isinstance(ended_, CanaryEnded)
    assert isinstance(published, FlowsPublished)
    assert ended_.cause == "promoted"
    assert published.author == "svar"
    assert published.message == "nothing was worse in 7200 s and 20 contacts"


async def test_another_canary_is_not_judged_by_the_one_before(bench: Bench) -> None:
    await bench.begin()
    bench.call(bench.old, ["answered"] * 180)
    bench.call(bench.new, ["menu_ended"] * 20)
    newer = await canary(bench.store, content("newer"), 0.1)
    bench.pointer = await bench.store.pointer()
    await bench.look()
    pointer = await bench.store.pointer()
    assert pointer.canary is not None
    assert pointer.canary.version == newer


async def test_the_same_version_tried_again_is_not_judged_by_its_first_trial(bench: Bench) -> None:
    await bench.begin()
    bench.call(bench.old, ["answered"] * 180)
    bench.call(bench.new, ["menu_ended"] * 20)
    assert bench.pointer.canary is not None
    bench.pointer = replace(bench.pointer, canary=replace(bench.pointer.canary, since_ms=NOW_MS + 1))
    await bench.look()
    assert len(await bench.store.moves()) == 2
