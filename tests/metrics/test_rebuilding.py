"""Numbers that add up: a simulated day through the folds of two nodes, and every number of it made again."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from events.catalogue import Event
from metrics.conclusions import Conclusions
from metrics.half_hour_rows import Key
from metrics.half_hours import HalfHours
from metrics.measures import MEASURES
from metrics.pipeline import Folds
from metrics.positions import position
from metrics.rebuilding import rebuilt
from metrics.records import Records
from metrics.records.half_hours import half_hours, kept_events
from metrics.service_level import Tally
from metrics.sums import Sums
from metrics.wallboard import Offers
from tests.metrics.simulated_day import LIMITS, TENANT, SimulatedDay, Told
from tests.metrics.told import tell

OSLO = ZoneInfo("Europe/Oslo")
DAYS = {
    "an ordinary day": (datetime(2026, 11, 23, 9, tzinfo=OSLO), 6.0, 24),
    "the night that loses an hour": (datetime(2026, 3, 28, 23, 30, tzinfo=OSLO), 6.0, 23),
    "the night that gains an hour": (datetime(2026, 10, 24, 23, 30, tzinfo=OSLO), 6.0, 25),
}
CALLS = 500
WRITTEN_WITHIN_S = 120


class Nodes:
    """Two nodes that read one stream at their own pace, write one database, and are restarted now and then."""

    def __init__(self, records: Records, told: Told, restarts: float) -> None:
        self.folds = [Folds(TENANT, records, limits=LIMITS, commit_every_s=0) for _ in range(2)]
        self.restarted = 0
        self._records = records
        self._told = told
        self._ids = [position(id_) for id_, _ in told]
        self._chance = Random(3)
        self._restarts = restarts

    async def run(self) -> None:
        at = [0, 0]
        while min(at) < len(self._told):
            node = self._chance.randrange(2)
            if self._chance.random() < self._restarts:  # all that it had in memory is gone
                await self.folds[node].close()
                self.folds[node] = Folds(TENANT, self._records, limits=LIMITS, commit_every_s=0)
                await self.folds[node].load()
                checkpoint = position(self.folds[node].checkpoint)
                at[node] = sum(1 for id_ in self._ids if id_ <= checkpoint)
                self.restarted += 1
            until = at[node] + self._chance.randrange(1, 400)
            await self.folds[node](self._told[max(at[node] - 20, 0) : until])  # some of it is told again
            at[node] = min(until, len(self._told))
        for folds in self.folds:
            for _ in range(100 * WRITTEN_WITHIN_S):
                if folds.saved == folds.checkpoint:
                    break
                await asyncio.sleep(0.01)  # a machine that is too busy has it written later
            assert folds.saved == folds.checkpoint
            await folds.close()


async def in_table(records: Records) -> dict[Key, Sums]:
    return {key: row async for key, row in half_hours(records.database, TENANT, 0, 2**53)}


async def made_again(records: Records, since_ms: int, until_ms: int) -> dict[Key, Sums]:
    def kept(first_ms: int, last_ms: int) -> AsyncIterator[tuple[str, Event]]:
        return kept_events(records.database, TENANT, first_ms, last_ms, slice_of=700)

    return await rebuilt(kept, LIMITS, since_ms, until_ms)


def measured(rows: Mapping[Key, Sums]) -> dict[tuple[Key, str], float | None]:
    return {(key, measure.key): measure.of(row) for key, row in rows.items() for measure in MEASURES}


@pytest.mark.parametrize("name", DAYS)
async def test_every_number_made_again_from_what_is_kept_is_the_same(name: str, tmp_path: Path) -> None:
    begins, hours, lasts_h = DAYS[name]
    day = SimulatedDay(CALLS, round(begins.timestamp() * 1000), hours)
    told = day.told()
    records = await Records.open(tmp_path / "records.sqlite")
    try:
        nodes = Nodes(records, told, restarts=0.1)
        await nodes.run()
        assert nodes.restarted > 2
        written = await in_table(records)
        again = await made_again(records, 0, 2**53)
        midnight = (begins + timedelta(hours=1)).replace(hour=0, minute=0)
        next_midnight = midnight + timedelta(days=1)
        bounds = round(midnight.timestamp() * 1000), round(next_midnight.timestamp() * 1000)
        of_the_day = await made_again(records, *bounds)
    finally:
        await records.close()
    assert measured(again) == measured(written)
    assert again == written, "nor does anything differ that is in no measure"
    assert of_the_day == {key: row for key, row in written.items() if bounds[0] <= key[2] < bounds[1]}
    assert bounds[1] - bounds[0] == lasts_h * 3_600_000
    check_against_the_rest(day, told, written, nodes.folds)


def check_against_the_rest(day: SimulatedDay, told: Told, rows: Mapping[Key, Sums], folds: list[Folds]) -> None:
    once = HalfHours(LIMITS)
    for id_, event in told:
        once.stream_ms = position(id_)[0]
        tell(once, [event])
    assert once.take() == rows, "restarts and a second node change nothing"
    counted = {key: _counts(row.arrivals) for key, row in rows.items() if row.arrivals.offered}
    assert counted == day.truth, "the figures are what happened"
    for one in folds:
        assert {*one.half_hours.balances().values(), *one.service_level.balances().values()} == {0}
        for (queue, start_ms), cohort in one.service_level.cohorts.items():
            assert _of_all_sites(rows, queue, start_ms).arrivals == cohort, "reports and wallboard say the same"
    concluded = Conclusions()
    tell(concluded, [event for _, event in told])
    for (queue, start_ms), (answered, ended_well) in concluded.counts.items():
        work = _of_all_sites(rows, queue, start_ms).work
        assert (work.answered, work.concluded) == (answered, ended_well)
    missed = folds[0].wallboard.offers()
    for queue in day.queues:
        of_queue = [row.work for (name, _, _), row in rows.items() if name == queue]
        made = Offers(sum(work.offers for work in of_queue), sum(work.missed for work in of_queue))
        assert made == missed[queue], "nor do missed offers differ"
    total = Sums()
    for row in rows.values():
        total.add(row)
    assert total.arrivals.answered == total.work.answered
    assert all((total.whole.really_lost, total.passed.callbacks, total.passed.transfers, total.told.answered))
    assert total.whole.really_lost < total.arrivals.lost - total.arrivals.lost_short, "some rang again"
    assert all(measure.of(total) is not None for measure in MEASURES)


def _of_all_sites(rows: Mapping[Key, Sums], queue: str, start_ms: int) -> Sums:
    total = Sums()
    for (name, _, start), row in rows.items():
        if (name, start) == (queue, start_ms):
            total.add(row)
    return total


def _counts(tally: Tally) -> Counter[str]:
    counts = {"O": tally.offered, "A": tally.answered, "L": tally.lost, "F": tally.flowed_out}
    return Counter({name: count for name, count in counts.items() if count})
