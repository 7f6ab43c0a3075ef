"""How fast call records are written: rows a second into SQLite and PostgreSQL, and how long a node's loop is held.

`python -m tests.bench.records` prints a table for docs/performance.md. PostgreSQL runs on a unix socket beside it, with
its default durability (`--fsync off` leaves it out).
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from metrics.cdr import CallRecord
from metrics.decisions import Decision
from metrics.pipeline import Batch, Folds
from metrics.positions import START
from metrics.records import Records
from tests.metrics.exactly_once import contacts
from tests.metrics.postgres_server import PostgresServer
from tests.metrics.told import TENANT, stream

CONTACTS = 5_000
BATCHES = (1, 20, 500)
"""Contacts a commit: a quiet node, a national day at its busiest hour, an outage made up for."""


class Made:
    """A store that keeps what the folds make."""

    def __init__(self) -> None:
        self.records: list[CallRecord] = []
        self.decisions: list[Decision] = []

    async def load(self, tenant: str) -> tuple[str, dict[str, dict[str, str]]]:
        return START, {}

    async def commit(
        self, tenant: str, checkpoint: str, records: object, parts: object, decisions: object = ()
    ) -> None:
        self.records += records  # type: ignore[arg-type]
        self.decisions += decisions  # type: ignore[arg-type]


async def made(told: Batch) -> Made:
    store = Made()
    folds = Folds(TENANT, store, commit_every_s=0)
    for at in range(0, len(told), 500):
        await folds(told[at : at + 500])
    return store


class Held:
    """The longest that the loop was held, seen from a task that wants a turn every millisecond."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    async def watch(self) -> None:
        before = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            self.worst_s, before = max(self.worst_s, now - before - 0.001), now


async def timed(new: Callable[[], Path | str], what: Made, size: int) -> str:
    """A row: commits of so many contacts with their decisions, each on disk before the next."""
    records = await Records.open(new())
    share = len(what.decisions) // len(what.records)
    most = min(len(what.records), size * 200)
    held = Held()
    watching = asyncio.create_task(held.watch())
    began, cpu = time.perf_counter(), time.process_time()
    for at in range(0, most, size):
        decisions = what.decisions[at * share : (at + size) * share]
        await records.commit(TENANT, f"{at + 1}-0", what.records[at : at + size], {("f", "p"): "1"}, decisions)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    watching.cancel()
    await records.close()
    rows = most * (1 + share)
    return (
        f"{size} | {most // size / took:,.0f} | {rows / took:,.0f} | {1e6 * cpu / rows:.0f} us | "
        f"{1000 * held.worst_s:.1f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fsync", choices=("on", "off"), default="on")
    known = parser.parse_args()
    what = asyncio.run(made(stream(contacts(CONTACTS))))
    print("| where | contacts a commit | commits/s | rows/s | CPU a row | loop held |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="svar-") as folder:
        place = Path(folder) / "postgres"
        place.mkdir()
        Path(folder).chmod(0o755)
        with PostgresServer(place, fsync=known.fsync) as server:
            for size in BATCHES:
                files = (Path(folder) / f"{size}-{n}.sqlite" for n in range(2))
                for _ in range(2):
                    print(f"| SQLite | {asyncio.run(timed(lambda files=files: next(files), what, size))} |")  # type: ignore[misc]
                    print(f"| PostgreSQL | {asyncio.run(timed(server.new, what, size))} |")


if __name__ == "__main__":
    main()
