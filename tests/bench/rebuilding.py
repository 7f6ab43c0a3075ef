"""The whole simulated day, and a month's report: `python -m tests.bench.rebuilding [--calls 15000] [--days 30]`.

First a day of 15,000 contacts through two nodes with restarts, every figure made again and compared (as the test does
with a part of a day); then so many days in one records file, and what a month's report of them takes.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from metrics.pipeline import Folds
from metrics.records import Records
from metrics.service_level import Tally
from svar.demo.traffic import DAY_S, WAYS
from svar.reports import page, tables
from svar.reports.gathering import By, Names
from svar.reports.period import Kind, period
from svar.reports.source import Source
from svar.reports.words import Language
from tests.metrics.simulated_day import LIMITS, TENANT, SimulatedDay
from tests.metrics.test_rebuilding import Nodes, check_against_the_rest, in_table, made_again, measured

OSLO = ZoneInfo("Europe/Oslo")
SITES = tuple(f"site{n}" for n in range(19))
QUEUES = tuple(way.queue for way in WAYS for _ in range(max(1, round(way.weight))))
FIRST = datetime(2026, 10, 1, 9, tzinfo=OSLO)
"""Of a month with a change of the clock."""


def day_of(calls: int, number: int) -> SimulatedDay:
    at = FIRST + timedelta(days=number)
    return SimulatedDay(calls, round(at.timestamp() * 1000), DAY_S / 3600, number, QUEUES, SITES)


async def whole_day(folder: Path, calls: int) -> str:
    day = day_of(calls, 24)
    told = day.told()
    records = await Records.open(folder / "day.sqlite")
    nodes = Nodes(records, told, restarts=0.02)
    began = time.process_time()
    await nodes.run()
    counted_s, began = time.process_time() - began, time.process_time()
    written = await in_table(records)
    again = await made_again(records, 0, 2**53)
    again_s = time.process_time() - began
    await records.close()
    assert measured(again) == measured(written)
    assert again == written
    check_against_the_rest(day, told, written, nodes.folds)
    return (
        f"{calls:,} contacts, {len(told):,} events, {nodes.restarted} restarts of two nodes: {len(written):,} "
        f"half-hours, all the same made again; counted in {counted_s:.0f} s of CPU (both nodes), made again in "
        f"{again_s:.1f} s"
    )


async def filled(folder: Path, calls: int, days: int) -> Records:
    records = await Records.open(folder / "month.sqlite")
    folds = Folds(TENANT, records, limits=LIMITS, commit_every_s=0)
    for number in range(days):
        prefix = f"d{number}-"
        told = [(id_, replace(e, contact=e.contact and prefix + e.contact)) for id_, e in day_of(calls, number).told()]
        for at in range(0, len(told), 2_000):
            await folds(told[at : at + 2_000])
        sys.stderr.write(f"day {number + 1} of {days}\r")
    await folds.close()
    return records


async def month(folder: Path, calls: int, days: int) -> str:
    records = await filled(folder, calls, days)
    source = Source(records, TENANT, Names(limits=LIMITS))
    about = period(Kind.MONTH, "2026-10", OSLO, FIRST.date())
    began = time.process_time()
    made = await source.report(about, [(one,) for one in (By.QUEUE, By.SITE, By.DAY, By.HALF_HOUR)])
    read_s, began = time.process_time() - began, time.process_time()
    text = page.written(made, Language.NORWEGIAN, page.Goals(0.9, 0.7))
    page_s, began = time.process_time() - began, time.process_time()
    wide = await source.report(about, [(By.QUEUE, By.SITE, By.HALF_HOUR)])
    lines = tables.as_csv(wide).count("\n")
    csv_s, began = time.process_time() - began, time.process_time()
    again, differing = await source.report_again(about, [(By.QUEUE,)])
    again_s = time.process_time() - began
    await records.close()
    assert differing == []
    assert again.total == made.total
    arrivals = Tally()
    for row in wide.tables[By.QUEUE, By.SITE, By.HALF_HOUR].values():
        arrivals.add(row.arrivals)
    assert arrivals == made.total.arrivals
    size_mb = (folder / "month.sqlite").stat().st_size / 1e6
    return (
        f"{made.total.arrivals.offered:,} entries into queues in {days} days, records of {size_mb:,.0f} MB: report "
        f"read in {read_s:.1f} s, page of {len(text) / 1000:.0f} kB written in {page_s:.2f} s, CSV of {lines:,} lines "
        f"in {csv_s:.1f} s, all made again from the events and compared in {again_s:.0f} s (CPU)"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=15_000)
    parser.add_argument("--days", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="svar-") as folder:
        sys.stdout.write(asyncio.run(whole_day(Path(folder), options.calls)) + "\n")
        sys.stdout.flush()
        if options.days:
            sys.stdout.write(asyncio.run(month(Path(folder), options.calls, options.days)) + "\n")


if __name__ == "__main__":
    main()
