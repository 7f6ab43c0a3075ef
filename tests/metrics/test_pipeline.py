import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.catalogue import Event
from metrics.cdr import CallRecord
from metrics.decisions import Decision
from metrics.pipeline import SLICE, START, Folds, day_start_ms, position
from metrics.records import Records
from metrics.service_level import Tally, svargrad
from tests.metrics.told import DAY_MS, queued, started, stream, whole_call

OSLO = ZoneInfo("Europe/Oslo")


def calls(count: int) -> list[Event]:
    """Calls that overlap, each with an agent of its own."""
    told = [e for n in range(count) for e in whole_call(f"c{n}", DAY_MS + n * 20_000, agent=f"agent{n}")]
    return sorted(told, key=lambda event: event.at_ms)


def figures(folds: Folds) -> object:
    parts = (folds.service_level, folds.wallboard, folds.call_records, folds.counters)
    return [fold.snapshot() for fold in parts]


class FailingStore:
    """A store that fails as often as it is told to, and remembers what it was given."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.records: list[str] = []
        self.decisions: list[str] = []
        self.checkpoint = START
        self.parts: dict[tuple[str, str], str | None] = {}
        self.commits = 0

    async def load(self, tenant: str) -> tuple[str, dict[str, dict[str, str]]]:
        return self.checkpoint, {}

    async def commit(
        self,
        tenant: str,
        checkpoint: str,
        records: Sequence[CallRecord],
        parts: Mapping[tuple[str, str], str | None],
        decisions: Sequence[Decision] = (),
    ) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("disk full")
        self.commits += 1
        self.checkpoint = checkpoint
        self.records += [record["contact"] for record in records]
        self.decisions += [decision.stream_id for decision in decisions]
        self.parts |= parts


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 36), st.integers(0, 36)), max_size=8))
def test_a_stretch_of_the_stream_that_is_told_twice_changes_nothing(stretches: list[tuple[int, int]]) -> None:
    told = stream(calls(3))
    once, again = Folds("nav"), Folds("nav")
    once.apply(told)
    here = 0
    for first, length in stretches:
        begin = min(first, here)
        again.apply(told[begin : begin + length])
        here = max(here, begin + length)
    again.apply(told[min(here, len(told)) :])
    assert figures(again) == figures(once)
    assert again.checkpoint == once.checkpoint


def test_only_new_events_are_told_on() -> None:
    heard: list[Event] = []
    told = stream(calls(1))
    folds = Folds("nav", taps=[heard.append])
    assert folds.apply(told) == len(told)
    assert folds.apply(told) == 0
    assert heard == [event for _, event in told]


@pytest.mark.parametrize("size", [1, 5, 100])
@pytest.mark.parametrize("restart_every", [1, 3, 1000])
async def test_restarts_and_repeated_batches_count_nothing_twice_and_lose_nothing(
    tmp_path: Path, size: int, restart_every: int
) -> None:
    told = stream(calls(4))
    whole = Folds("nav")
    whole.apply(told)
    records = await Records.open(tmp_path / "records.db")
    folds = Folds("nav", records, commit_every_s=0)
    await folds.load()
    for n, begin in enumerate(range(0, len(told), size)):
        batch = told[max(begin - 2, 0) : begin + size]
        await folds(batch)
        if n % restart_every == 0:
            folds = Folds("nav", records, commit_every_s=0)
            await folds.load()
            await folds(batch)
    assert await records.count() == 4
    assert figures(folds) == figures(whole)
    assert folds.checkpoint == whole.checkpoint
    found = await records.find("c2")
    assert found is not None
    assert (found["topic"], found["talked_ms"], found["waited_ms"]) == ("alderspensjon", 60_000, 30_000)
    await records.close()


async def test_when_nothing_changed_nothing_is_written() -> None:
    store = FailingStore(failures=0)
    folds = Folds("nav", store, commit_every_s=0)
    told = stream([started("c1")])
    await folds(told)
    await folds(told)
    await folds([])
    assert store.commits == 1


async def test_small_batches_share_a_commit_and_full_ones_do_not_wait() -> None:
    store = FailingStore(failures=0)
    folds = Folds("nav", store, commit_every_s=3600)
    told = stream(calls(2))
    async with asyncio.timeout(5):
        await folds(told[:8])
        await folds(told[8:16])
    waiting = asyncio.create_task(folds(told[16:17]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    assert folds.checkpoint == told[16][0], "the figures are there at once"
    assert store.checkpoint == told[15][0]
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_small_batch_is_written_when_the_time_has_come() -> None:
    store = FailingStore(failures=0)
    folds = Folds("nav", store, commit_every_s=0.01)
    told = stream(calls(2))
    async with asyncio.timeout(5):
        await folds(told[:8])
        await folds(told[8:9])
    assert store.commits == 2


async def test_without_a_store_the_figures_are_in_memory_alone() -> None:
    folds = Folds("nav")
    await folds.load()
    await folds(stream(whole_call("c1")))
    assert svargrad(folds.service_level.tally()) == 1
    assert folds.counters.copy()["total_wait_sum"] == {("pensjon",): 40_000}


def test_a_contact_that_nobody_answered_has_no_time_to_answer() -> None:
    folds = Folds("nav")
    told = whole_call("c1")
    folds.apply(stream([told[0], told[9]]))
    assert folds.counters.copy()["total_wait_sum"] == {}


def test_the_board_is_of_today_and_counts_calls_in_progress() -> None:
    folds = Folds("nav")
    folds.apply(stream([started("c1"), queued("c1")]))
    board = folds.board(DAY_MS)
    assert (board.contacts, board.queues[0].waiting, board.queues[0].tally) == (1, 1, Tally(offered=1))


def test_ids_are_compared_by_number() -> None:
    assert position("9-10") > position("9-9")
    assert position("10-0") > position("9-99")
    assert position("7") == (7, 0)


@pytest.mark.parametrize(
    ("now_ms", "begins_ms"),
    [
        (DAY_MS, DAY_MS),
        (DAY_MS - 1, DAY_MS - 86_400_000),
        (DAY_MS + 86_399_999, DAY_MS),
        (1_774_780_200_000, 1_774_738_800_000),  # 29 March 2026, 12:30, the day that has 23 hours
    ],
)
def test_the_day_begins_at_midnight_in_the_zone(now_ms: int, begins_ms: int) -> None:
    assert day_start_ms(now_ms, OSLO) == begins_ms


async def test_a_long_batch_lets_calls_have_their_turn_in_between() -> None:
    folds = Folds("nav")
    told = stream(calls(10))
    seen: list[str] = []

    async def call() -> None:
        while folds.checkpoint != told[-1][0]:
            seen.append(folds.checkpoint)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(call())
        tasks.create_task(folds(told))
    assert len(set(seen)) >= len(told) // SLICE >= 3


def test_a_balance_that_is_off_in_reports_alone_is_seen() -> None:
    folds = Folds("nav")
    folds.apply(stream([queued("c1"), queued("c2", "familie")]))
    assert folds.balances() == {"familie": 0, "pensjon": 0}
    key = next(key for key in folds.half_hours.rows if key[0] == "pensjon")
    folds.half_hours.rows[key].arrivals.offered += 1
    assert folds.balances() == {"familie": 0, "pensjon": 1}
