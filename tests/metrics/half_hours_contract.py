"""What either database does with half-hours and the events they are made of. Inherited as `RecordsContract` is."""

from collections.abc import AsyncIterator
from json import dumps
from pathlib import Path

import pytest

from events.catalogue import ContactStarted, Event
from metrics.half_hour_rows import BETWEEN, HalfHourTable, Rows
from metrics.pipeline import Folds
from metrics.records import Records
from metrics.records import half_hours as stored
from metrics.service_level import INTERVAL_MS
from metrics.sums import Sums
from tests.metrics.told import DAY_MS, TENANT, became, stream, whole_call

HOUR_MS = 3_600_000


class HalfHoursContract:
    """Tests of `metrics.records.half_hours`."""

    @pytest.fixture
    async def records(self, place: Path | str) -> AsyncIterator[Records]:
        opened = await Records.open(place)
        yield opened
        await opened.close()

    async def test_half_hours_are_read_in_their_order_whatever_a_slice_holds(self, records: Records) -> None:
        rows = Rows(100)
        keys = [(queue, site, DAY_MS + n * INTERVAL_MS) for n in range(3) for site in ("", "å", "z") for queue in "ba"]
        for count, key in enumerate(keys, 1):
            rows.of(key).arrivals.offered = count
        await self._write(records, "1-0", rows)
        found = [
            (key, row.arrivals.offered) async for key, row in stored.half_hours(records.database, TENANT, 0, 2**53, 4)
        ]
        assert len(found) == len(keys)
        assert dict(found) == {key: count for count, key in enumerate(keys, 1)}
        assert [key[2] for key, _ in found] == sorted(key[2] for key in keys)
        part = [key async for key, _ in records.half_hours(TENANT, DAY_MS + INTERVAL_MS, DAY_MS + 2 * INTERVAL_MS)]
        assert {start_ms for _, _, start_ms in part} == {DAY_MS + INTERVAL_MS}
        assert [key async for key, _ in records.half_hours("another", 0, 2**53)] == []

    async def test_a_half_hour_that_changes_replaces_the_one_that_was(self, records: Records) -> None:
        rows = Rows(100)
        for stream_id in ("1-0", "2-0"):
            rows.of(("q", "s", DAY_MS)).arrivals.offered += 1
            await self._write(records, stream_id, rows)
        expected = Sums()
        expected.arrivals.offered = 2
        assert [row async for _, row in records.half_hours(TENANT, 0, 2**53)] == [expected]

    async def test_a_start_reads_those_of_the_last_day_and_no_older_ones(self, records: Records) -> None:
        rows = Rows(100)
        for back_h in (0, 23, 26, 500):
            rows.of(("q", "s", DAY_MS - back_h * HOUR_MS))
        await self._write(records, f"{DAY_MS}-0", rows)
        _, parts = await records.load(TENANT)
        read = {int(name.partition(BETWEEN)[0]) for name in parts[HalfHourTable.name]}
        assert read == {DAY_MS, DAY_MS - 23 * HOUR_MS}

    async def test_kept_events_come_in_the_order_of_the_stream(self, records: Records) -> None:
        folds = Folds(TENANT, records, commit_every_s=0)
        told: list[tuple[str, Event]] = [
            (f"{DAY_MS + ms}-{n}", event)
            for ms in range(3)
            for n, event in enumerate(
                [*whole_call(f"c{ms}"), *whole_call(f"d{ms}"), became("kari", "ready", "wrap_up", DAY_MS)]
            )
        ]
        await folds(told)
        await folds.close()
        kept = [id_ async for id_, _ in stored.kept_events(records.database, TENANT, 0, 2**53, slice_of=7)]
        there = set(kept)
        assert kept == [id_ for id_, _ in told if id_ in there]
        assert len(kept) > 30
        some = stored.kept_events(records.database, TENANT, DAY_MS + 1, DAY_MS + 2)
        assert {id_.partition("-")[0] async for id_, _ in some} == {str(DAY_MS + 1)}

    async def test_of_callers_and_agents_only_what_figures_need_is_kept(self, records: Records) -> None:
        folds = Folds(TENANT, records, commit_every_s=0)
        await folds(stream([*whole_call("c1"), became("kari", "ready", "wrap_up", DAY_MS, reason="sick")]))
        await folds.close()
        kept = [event async for _, event in records.kept_events(TENANT, 0, 2**53)]
        started = next(event for event in kept if event.kind == "contact_started")
        states = [event for event in kept if event.kind == "agent_state_changed"]
        assert isinstance(started, ContactStarted)
        assert started.pii_caller == ""
        assert states
        assert all(getattr(event, name) == "" for event in states for name in ("agent", "state", "reason", "contact"))

    async def _write(self, records: Records, stream_id: str, rows: Rows) -> None:
        parts = {(HalfHourTable.name, name): dumps(body) for name, body in HalfHourTable(rows).changes().items()}
        await records.commit(TENANT, stream_id, [], parts)
