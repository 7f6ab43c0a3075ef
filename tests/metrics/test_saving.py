"""The store is away: nothing is lost, nothing is twice, figures go on, and what waits is bounded."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import pytest

from metrics.call_record import CallRecord
from metrics.decisions import TYPES, Decision, Decisions
from metrics.health import Ailing
from metrics.pipeline import Batch, Folds
from metrics.positions import START
from metrics.saving import Full, Saver, Writer
from tests.metrics.told import DAY_MS, stream, whole_call

Commit = tuple[str, list[str], dict[tuple[str, str], str | None], list[str]]


class Away:
    """A store that is away until it is told to be there, and remembers what it got."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.there = asyncio.Event()
        self.asked = asyncio.Event()
        self.got: list[Commit] = []
        self._hangs = hangs

    async def load(self, tenant: str) -> tuple[str, dict[str, dict[str, str]]]:
        return START, {}

    async def commit(
        self,
        tenant: str,
        checkpoint: str,
        records: Sequence[CallRecord],
        parts: Mapping[tuple[str, str], str | None],
        decisions: Sequence[Decision] = (),
    ) -> None:
        self.asked.set()
        if self._hangs:
            await self.there.wait()
        elif not self.there.is_set():
            raise OSError("disk full")
        names = [record["contact"] for record in records]
        self.got.append((checkpoint, names, dict(parts), [decision.stream_id for decision in decisions]))

    @property
    def records(self) -> list[str]:
        return [name for commit in self.got for name in commit[1]]

    @property
    def decisions(self) -> list[str]:
        return [id_ for commit in self.got for id_ in commit[3]]


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - what is looked at tells nobody
            await asyncio.sleep(0.005)


def decided(told: Batch) -> list[str]:
    """The ids of the events that are kept."""
    decisions = Decisions()
    for id_, event in told:
        if type(event) in TYPES:
            decisions.note(id_, event)
    return [decision.stream_id for decision in decisions.take()]


def saving(store: Away, folds: Folds, most: int = 20_000, patience_s: float = 0.05) -> Saver:
    """With waits that a test can wait for."""
    folds._saver = saver = Saver(Writer("nav", store, patience_s, retry_s=0.01), every_s=0, most=most)
    return saver


@pytest.mark.parametrize("hangs", [False, True])
async def test_figures_go_on_while_the_store_is_away_and_all_is_written_once_when_it_is_back(hangs: bool) -> None:
    store, folds = Away(hangs=hangs), Folds("nav")
    saver = saving(store, folds)
    told = stream([event for n in range(4) for event in whole_call(f"c{n}", DAY_MS + n * 500_000)])
    half = len(told) // 2
    await folds(told[:half])
    await folds(told[half:])
    assert folds.service_level.tally().offered == 4
    assert (folds.checkpoint, folds.saved) == (told[-1][0], START)
    assert saver.figures()["waiting"] == 4 + len(decided(told))
    with pytest.raises(Ailing, match="rows wait to be written"):
        await saver.check()
    store.there.set()
    await until(lambda: folds.saved == told[-1][0])
    assert store.records == ["c0", "c1", "c2", "c3"]
    assert store.decisions == decided(told)
    figures = saver.figures()
    assert (figures["waiting"], figures["away_seconds"]) == (0, 0)
    assert await saver.check() == f"written up to {told[-1][0]}"
    parts: dict[tuple[str, str], str | None] = {}
    whole = Folds("nav")
    whole.apply(told)
    for commit in store.got:
        parts |= commit[2]
    made = [(fold.name, part, body) for fold in whole._folds() for part, body in fold.changes().items()]
    assert {key for key, body in parts.items() if body is not None} == {
        (fold, part) for fold, part, body in made if body is not None
    }


async def test_what_waits_is_bounded_and_the_stream_keeps_the_rest() -> None:
    store, folds = Away(), Folds("nav")
    saving(store, folds, most=6)
    told = stream([*whole_call("c1"), *whole_call("c2", DAY_MS + 500_000)])
    await folds(told[:4])
    with pytest.raises(Full, match="the stream keeps the rest: disk full"):
        await folds(told)
    with pytest.raises(Full):
        await folds(told)
    assert folds.service_level.tally().offered == 2, "counted once"
    store.there.set()
    await until(lambda: folds.saved == told[-1][0])
    await folds(told)
    assert store.records == ["c1", "c2"]


async def test_who_stops_while_the_store_is_away_leaves_it_to_the_stream() -> None:
    store, folds = Away(), Folds("nav")
    saver = saving(store, folds)
    told = stream(whole_call("c1"))
    await folds(told)
    await folds.close()
    assert (folds.saved, store.got) == (START, [])
    assert saver.figures()["waiting"] == 1 + len(decided(told))
    await folds.close()


async def test_who_stops_while_it_is_written_waits_for_it() -> None:
    store, folds = Away(hangs=True), Folds("nav")
    saving(store, folds, patience_s=30)
    told = stream(whole_call("c1"))
    telling = asyncio.create_task(folds(told))
    await store.asked.wait()
    telling.cancel()
    await asyncio.wait({telling})
    closing = asyncio.create_task(folds.close())
    await asyncio.sleep(0)
    store.there.set()
    await closing
    assert (folds.saved, store.records) == (told[-1][0], ["c1"])


async def test_a_store_that_never_answers_does_not_keep_a_node_from_its_end() -> None:
    store, folds = Away(hangs=True), Folds("nav")
    saving(store, folds)
    await folds(stream(whole_call("c1")))
    async with asyncio.timeout(30):
        await folds.close()
    assert store.got == []


async def test_in_memory_alone_nothing_waits() -> None:
    folds = Folds("nav")
    told = stream(whole_call("c1"))
    await folds(told)
    await folds.close()
    assert (folds.saved, folds.saver) == (told[-1][0], None)
