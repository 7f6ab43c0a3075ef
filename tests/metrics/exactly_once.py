"""Contacts through writers that are killed: none missing, none twice, figures as if nothing had happened."""

import asyncio
import json
import random
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from acd.keys import Keys
from events.catalogue import Event
from events.codec import encode
from metrics.decisions import TYPES, Decisions
from metrics.pipeline import Folds
from metrics.records import Records
from tests.metrics.killed_writer import ANY_TIME, STEPS, Killed, Task
from tests.metrics.told import DAY_MS, TENANT, whole_call

STREAM = Keys(TENANT).named("events")
_AT_ONCE = 1_000


def contacts(count: int) -> list[Event]:
    """Calls that overlap, five a second, each with an agent of its own."""
    told = [e for n in range(count) for e in whole_call(f"c{n}", DAY_MS + n * 200, agent=f"agent{n % 900}")]
    return sorted(told, key=lambda event: event.at_ms)


async def fill(redis: str, told: Iterable[Event]) -> None:
    """Write them into the stream."""
    client: Any = Redis.from_url(redis, decode_responses=True)
    entries = [{"e": json.dumps(encode(event))} for event in told]
    for at in range(0, len(entries), _AT_ONCE):
        pipe = client.pipeline(transaction=False)
        for entry in entries[at : at + _AT_ONCE]:
            pipe.xadd(STREAM, entry)
        await pipe.execute()
    await client.aclose()


def kill_at_every_step(
    killed: Killed, redis: str, place: str, told: list[Event], rounds: int, seed: int, *, writers: int = 1
) -> int:
    """A share of the stream for every step; then one finishes. Gives how many were killed: those who are through, as
    another one is faster, before their time has come are not.
    """
    chance = random.Random(seed)
    keep_s = 3600.0 if writers > 1 else -60.0
    steps = [step for _ in range(rounds) for step in chance.sample(STEPS, len(STEPS))]
    share = -(-len(told) // len(steps))
    kills = 0
    for number, step in enumerate(steps):
        asyncio.run(fill(redis, told[number * share : (number + 1) * share]))
        after = chance.randint(1, min(share, 400) if step == "while folding" else 30 if step == ANY_TIME else 1)
        ended = killed.run(Task(redis, place, step, after, writers, keep_s))
        assert set(ended) <= {0, signal.SIGKILL}, (step, ended)
        kills += ended.count(signal.SIGKILL)
    assert killed.run(Task(redis, place, keep_s=keep_s)) == [0]
    return kills


async def check(redis: str, place: str, told: list[Event], *, trimmed: bool) -> None:
    """What is in the database is what one writer would have written whom nobody kills."""
    records = await Records.open(place if "://" in place else Path(place))
    expected = {event.contact for event in told if event.contact}
    rows = [row async for row in records.rows(TENANT, 0, DAY_MS * 2)]
    assert len(rows) == len({row["contact"] for row in rows}) == await records.count()
    assert {row["contact"] for row in rows} == expected
    assert {(row["closed_by"], row["topic"], row["talked_ms"]) for row in rows} == {("ended", "alderspensjon", 60_000)}
    whole, kept = Folds(TENANT), Folds(TENANT, records)
    whole.apply([(f"{n}-1", event) for n, event in enumerate(told, 1)])
    await kept.load()
    assert kept.service_level.snapshot() == whole.service_level.snapshot()
    assert kept.counters.copy() == whole.counters.copy()
    assert kept.call_records.in_progress == 0
    decisions = Decisions()
    for number, event in enumerate(told):
        if type(event) in TYPES:
            decisions.note(f"{number}-0", event)
    assert await _count(records, "decisions") == len(decisions.take())
    await records.close()
    client: Any = Redis.from_url(redis, decode_responses=True)
    length = await client.xlen(STREAM)
    await client.aclose()
    assert length <= (1 if trimmed else len(told))


async def _count(records: Records, table: str) -> int:
    async def count(connection: Any) -> int:
        found = await connection.exec_driver_sql(f"SELECT count(*) FROM {table}")
        return int(found.scalar())

    return await records.database.read(count)


def proven(killed: Killed, redis: str, place: str, count: int, rounds: int, seed: int, *, writers: int = 1) -> int:
    """All of it; gives how many writers were killed."""
    told = contacts(count)
    kills = kill_at_every_step(killed, redis, place, told, rounds, seed, writers=writers)
    asyncio.run(check(redis, place, told, trimmed=writers == 1))
    return kills
