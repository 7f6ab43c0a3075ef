"""The whole way with a real Redis: stream, relay, folds and records, over restarts of svar and of Redis."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from redis.asyncio import Redis

from acd.connection import blocking_client
from acd.keys import Keys
from acd.relay import Relay
from events.catalogue import Event
from events.codec import encode
from metrics.pipeline import Folds
from metrics.records import Records
from svar.embedded.redis import EmbeddedRedis
from tests.metrics.told import DAY_MS, whole_call


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - what is looked at tells nobody
            await asyncio.sleep(0.01)


async def write(url: str, events: list[Event]) -> None:
    client = Redis.from_url(url, decode_responses=True)
    for event in events:
        await client.xadd(Keys("nav").named("events"), {"e": json.dumps(encode(event))})
    await client.aclose()


@contextlib.asynccontextmanager
async def reading(url: str, path: Path, cut_off: bool = False) -> AsyncIterator[Folds]:
    """One run of svar's metrics, from its saved state on. `cut_off`: it ends without a last look at the stream."""
    records = await Records.open(path)
    folds = Folds("nav", records, commit_every_s=0)
    await folds.load()
    client = blocking_client(url)
    relay = Relay(client, "nav")
    relay.add("records", folds, after=folds.checkpoint)
    task = asyncio.create_task(relay.run())
    try:
        yield folds
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        try:
            if not cut_off:
                await relay.drain()
        finally:  # what stays open fails a test that comes later
            await client.aclose()
            await folds.close()
            await records.close()


def offered(folds: Folds) -> int:
    return folds.service_level.tally().offered


async def test_what_was_counted_stays_counted_over_restarts_of_svar_and_of_redis(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    first, second, third = (whole_call(f"c{n}", DAY_MS + n * 1000, agent=f"agent{n}") for n in range(3))
    redis = await EmbeddedRedis.start(tmp_path / "redis")
    await write(redis.url, first + second[:6])
    async with reading(redis.url, path, cut_off=True) as folds:
        await until(lambda: offered(folds) == 2)
    await redis.stop()
    redis = await EmbeddedRedis.start(tmp_path / "redis")
    await write(redis.url, second[6:])
    async with reading(redis.url, path) as folds:
        await until(lambda: offered(folds) == 2 and folds.call_records.in_progress == 0)
        await write(redis.url, third)
    records = await Records.open(path)
    assert await records.count() == 3
    whole = Folds("nav")
    whole.apply([(f"{n}-1", event) for n, event in enumerate(first + second + third, 1)])
    after = Folds("nav", records)
    await after.load()
    assert after.service_level.snapshot() == whole.service_level.snapshot()
    assert after.counters.copy() == whole.counters.copy()
    assert after.wallboard.by_state() == whole.wallboard.by_state()
    for n in range(3):
        record = await records.find(f"c{n}")
        assert record is not None
        assert (record["agent"], record["topic"]) == (f"agent{n}", "alderspensjon")
    await records.close()
    await redis.stop()


async def test_svar_that_has_lost_its_checkpoint_in_redis_counts_nothing_twice(redis_url: str, tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    await write(redis_url, whole_call("c1"))
    async with reading(redis_url, path) as folds:
        await until(lambda: offered(folds) == 1)
    client = Redis.from_url(redis_url)
    await client.delete(Keys("nav").named("checkpoints"))
    await client.aclose()
    records = await Records.open(path)
    folds = Folds("nav", records, commit_every_s=0)
    await folds.load()
    reader = blocking_client(redis_url)
    relay = Relay(reader, "nav")
    relay.add("records", folds)  # from the beginning: everything is told again
    await relay.drain()
    assert offered(folds) == 1
    assert folds.counters.copy()["answered"] == {("pensjon",): 1}
    assert await records.count() == 1
    await reader.aclose()
    await folds.close()
    await records.close()
