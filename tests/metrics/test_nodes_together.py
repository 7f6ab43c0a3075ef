"""Nodes that write the same PostgreSQL in any order, fail and start anew: as if one of them had written it."""

import asyncio
import json
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from metrics.cdr import CallRecords
from metrics.pipeline import Folds
from metrics.records import Records, RecordsError
from metrics.saving import Full, Saver, Writer
from tests.metrics.postgres_server import PostgresServer
from tests.metrics.simulated_day import LIMITS, TENANT, SimulatedDay, Told
from tests.metrics.told import DAY_MS

pytestmark = pytest.mark.interop

NODES, LIVES, CALLS = 3, 3, 120
FAILS = 0.3
TABLES = ("call_records", "decisions", "fold_parts", "half_hours", "checkpoints")


class Shaky:
    """Records that are slow by chance, and fail before a commit or when it is done."""

    def __init__(self, records: Records, chance: Random) -> None:
        self._records = records
        self._chance = chance
        self.load = records.load

    async def commit(self, *given: Any) -> None:
        draw = self._chance.random()
        await asyncio.sleep(self._chance.random() / 100)
        if draw < FAILS / 2:
            raise RecordsError("not begun")
        await self._records.commit(*given)
        if draw < FAILS:
            raise RecordsError("its answer was lost")


def shaky_folds(records: Records, chance: Random) -> Folds:
    folds = Folds(TENANT, limits=LIMITS)
    folds._saver = Saver(Writer(TENANT, Shaky(records, chance), retry_s=0.005), 0)
    return folds


async def node(url: str, told: Told, chance: Random) -> None:
    """Lives that end in the middle of something; the last one comes to the end."""
    for life in range(1, LIVES + 1):
        records = await Records.open(url)
        folds = shaky_folds(records, chance)
        await folds.load()
        at, turns = 0, chance.randint(2, 8)
        while folds.saved != told[-1][0] and (turns or life == LIVES):
            batch = told[at : at + chance.choice((1, 3, 20, 100, 500))]
            with suppress(Full):
                await folds(batch)
                at, turns = at + len(batch), max(0, turns - 1)
            await asyncio.sleep(chance.random() / 100)
        await folds.close()
        await records.close()


async def tables(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """The number by which a node orders contacts is its own; how often was written does not matter."""
    found = {}
    records = await Records.open(url)
    for name in TABLES:

        async def read(connection: Any, name: str = name) -> list[tuple[Any, ...]]:
            return sorted(tuple(row) for row in await connection.exec_driver_sql(f"SELECT * FROM {name}"))

        found[name] = await records.database.read(read)
    await records.close()
    found["checkpoints"] = [row[:2] for row in found["checkpoints"]]
    for at, (tenant, fold, part, body) in enumerate(found["fold_parts"]):
        if fold == CallRecords.name:
            found["fold_parts"][at] = tenant, fold, part, json.loads(body)[1:]
    return found


@pytest.mark.parametrize("seed", range(2))
async def test_whoever_is_ahead_or_fails_nothing_is_lost_or_doubled(postgres_server: PostgresServer, seed: int) -> None:
    told = SimulatedDay(CALLS, DAY_MS, hours=2, seed=seed).told()
    alone, together = postgres_server.new(), postgres_server.new()
    records = await Records.open(alone)
    one = Folds(TENANT, records, limits=LIMITS, commit_every_s=0)
    await one(told)
    await records.close()
    async with asyncio.timeout(120):
        await asyncio.gather(*(node(together, told, Random(seed * NODES + number)) for number in range(NODES)))
    expected, found = await tables(alone), await tables(together)
    assert len(expected["call_records"]) > CALLS / 2
    for name in TABLES:
        assert found[name] == expected[name], name
