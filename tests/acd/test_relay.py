"""Events reach every sink in order, at least once, from its checkpoint on."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import structlog
from redis.asyncio import Redis

from acd import relay as relay_module
from acd.connection import blocking_client
from acd.relay import START, Relay
from events.catalogue import Event, NodeStarted
from events.codec import encode
from tests.acd.redis_server import RedisServer

STREAM, CHECKPOINTS = "svar:{nav}:events", "svar:{nav}:checkpoints"


class Kept:
    """A sink that keeps what it gets, and fails as often as it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []
        self.failures = 0
        self.more = asyncio.Event()

    async def __call__(self, batch: Sequence[tuple[str, Event]]) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("the disk is full")
        self.got += [(entry_id, event.release) for entry_id, event in batch if isinstance(event, NodeStarted)]
        self.more.set()

    @property
    def releases(self) -> list[str]:
        return [release for _, release in self.got]


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Any]:
    client = blocking_client(redis_url)
    yield client
    await client.aclose()


async def write(client: Any, *releases: str) -> None:
    for release in releases:
        event = NodeStarted(at_ms=1, tenant="nav", node="n1", release=release)
        await client.xadd(STREAM, {"e": json.dumps(encode(event))})


async def test_sink_gets_events_in_order_and_goes_on_after_a_restart(client: Redis) -> None:
    await write(client, "1", "2")
    for expected in (["1", "2"], ["3"]):
        relay, sink = Relay(client, "nav"), Kept()
        relay.add("records", sink)
        await relay.drain()
        assert sink.releases == expected
        await write(client, "3")


async def test_sink_that_begins_at_the_start_gets_everything_each_time(client: Redis) -> None:
    await write(client, "1", "2")
    for _ in range(2):
        relay, sink = Relay(client, "nav"), Kept()
        relay.add("memory", sink, after=START)
        await relay.drain()
        assert sink.releases == ["1", "2"]


async def test_sink_that_knows_its_last_id_gets_what_is_after_it(client: Redis) -> None:
    await write(client, "1", "2", "3")
    first, sink = Relay(client, "nav"), Kept()
    first.add("records", sink)
    await first.drain()
    second, again = Relay(client, "nav"), Kept()
    second.add("records", again, after=sink.got[0][0])
    await second.drain()
    assert again.got == sink.got[1:]


async def test_sink_that_fails_gets_the_same_again_and_holds_up_nobody(client: Redis) -> None:
    relay, sound, failing = Relay(client, "nav"), Kept(), Kept()
    failing.failures = 1
    relay.add("sound", sound)
    relay.add("failing", failing)
    await write(client, "1")
    running = asyncio.create_task(relay.run())
    async with asyncio.timeout(10):
        await failing.more.wait()
    assert (sound.releases, failing.releases) == (["1"], ["1"])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_events_that_come_while_it_runs_are_given(client: Redis, redis_url: str) -> None:
    relay, sink = Relay(client, "nav"), Kept()
    relay.add("records", sink)
    running = asyncio.create_task(relay.run())
    writer = blocking_client(redis_url)
    for release in ("1", "2"):
        sink.more.clear()
        await write(writer, release)
        async with asyncio.timeout(10):
            await sink.more.wait()
    assert sink.releases == ["1", "2"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await writer.aclose()


async def test_entry_that_is_no_event_is_passed_over(client: Any) -> None:
    await client.xadd(STREAM, {"e": '{"kind": "unheard_of"}'})
    await client.xadd(STREAM, {"x": "y"})
    await client.xadd(STREAM, {"e": "{"})
    await write(client, "1")
    relay, sink = Relay(client, "nav"), Kept()
    relay.add("records", sink)
    await relay.drain()
    assert sink.releases == ["1"]


async def test_long_stream_is_given_in_bounded_batches(client: Any) -> None:
    async with client.pipeline(transaction=False) as pipeline:
        entry = json.dumps(encode(NodeStarted(at_ms=1, tenant="nav", node="n1", release="r")))
        for _ in range(relay_module.BATCH + 1):
            pipeline.xadd(STREAM, {"e": entry})
        await pipeline.execute()
    sizes: list[int] = []

    async def sink(batch: Sequence[tuple[str, Event]]) -> None:
        sizes.append(len(batch))

    relay = Relay(client, "nav")
    relay.add("records", sink)
    await relay.drain()
    assert sizes == [relay_module.BATCH, 1]


async def test_stream_is_trimmed_to_the_slowest_checkpoint(client: Any) -> None:
    await write(client, "1", "2", "3", "4")
    entries = [entry_id for entry_id, _ in await client.xrange(STREAM)]
    relay = Relay(client, "nav", keep_s=-60)
    await relay.trim()
    assert await client.xlen(STREAM) == 4
    await client.hset(CHECKPOINTS, mapping={"fast": entries[3], "slow": entries[1]})
    await relay.trim()
    assert [entry_id for entry_id, _ in await client.xrange(STREAM)] == entries[1:]
    await relay.forget("slow")
    await relay.trim()
    assert [entry_id for entry_id, _ in await client.xrange(STREAM)] == entries[3:]


async def test_stream_is_kept_as_far_as_a_sink_has_not_saved_what_it_got(client: Any) -> None:
    relay, sink = Relay(client, "nav", keep_s=-60), Kept()
    saved = [START]
    relay.add("records", sink, saved=lambda: saved[-1])
    await write(client, "1", "2", "3")
    await relay.drain()
    await relay.trim()
    assert (len(sink.got), await client.xlen(STREAM)) == (3, 3)
    saved.append(sink.got[1][0])
    await relay.drain()
    await relay.trim()
    assert (len(sink.got), await client.xlen(STREAM)) == (3, 2)


async def test_stream_keeps_what_is_young(client: Any) -> None:
    await write(client, "1", "2")
    relay, sink = Relay(client, "nav", keep_s=3600), Kept()
    relay.add("records", sink)
    await relay.drain()
    await relay.trim()
    assert await client.xlen(STREAM) == 2


async def test_a_busy_node_keeps_a_shorter_time_but_nothing_is_dropped_that_a_sink_has_not_had(client: Any) -> None:
    seconds, _ = await client.time()
    old = [await client.xadd(STREAM, {"v": "x"}, id=f"{(seconds - 3000) * 1000}-{n}") for n in range(1, 4)]
    await write(client, "1")
    relay = Relay(client, "nav", keep_s=3600, most_kept=2)
    await client.hset(CHECKPOINTS, mapping={"fast": f"{seconds * 1000}-9", "slow": old[1]})
    await relay.trim()
    assert [entry_id for entry_id, _ in await client.xrange(STREAM)][:2] == old[1:]
    await client.hset(CHECKPOINTS, mapping={"slow": f"{seconds * 1000}-9"})
    await relay.trim()
    assert await client.xlen(STREAM) == 1


async def test_relay_outlives_redis_and_goes_on_where_it_was() -> None:
    with tempfile.TemporaryDirectory(prefix="svar-") as folder, RedisServer(Path(folder)) as server:
        reading, writing = blocking_client(server.url), blocking_client(server.url)
        relay, sink = Relay(reading, "nav"), Kept()
        relay.add("records", sink)
        await write(writing, "1")
        running = asyncio.create_task(relay.run())
        for release in ("2", "3"):
            async with asyncio.timeout(10):
                await sink.more.wait()
            sink.more.clear()
            server.kill()
            await writing.aclose()
            server.start()
            await write(writing, release)
        async with asyncio.timeout(10):
            await sink.more.wait()
        assert sink.releases == ["1", "2", "3"]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await reading.aclose()
        await writing.aclose()


async def test_long_stream_is_an_alarm(client: Any) -> None:
    await write(client, "1")
    with structlog.testing.capture_logs() as logs:
        await Relay(client, "nav", alarm_at=0).trim()
    assert [(entry["log_level"], entry["length"]) for entry in logs] == [("error", 1)]


async def test_an_orderly_end_does_not_wait_for_a_redis_that_is_away(tmp_path: Path) -> None:
    client = blocking_client(f"unix://{tmp_path / 'nobody'}")
    await Relay(client, "t").drain()
    await client.aclose()
