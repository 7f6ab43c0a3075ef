"""A record that all nodes change, in a real Redis."""

import asyncio
import socket
from collections.abc import AsyncIterator

import orjson
import pytest
from redis.asyncio import Redis

from acd.connection import command_client
from acd.distributor import Unavailable
from acd.kept_record import KeptRecord, wait_past
from acd.keys import Keys


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    client = command_client(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def record(client: Redis) -> KeptRecord:
    return KeptRecord(client, "nav", "notes", watching=client, begins="on")


async def test_of_two_who_change_what_they_saw_one_does(record: KeptRecord) -> None:
    made = await asyncio.gather(*(record.change(0, {"sequence": 0, "by": by}, ()) for by in "ab"))
    [text] = [one for one in made if one is not None]
    assert await record.read() == text
    assert orjson.loads(text)["sequence"] == 1


async def test_what_is_not_due_yet_is_not_changed(record: KeptRecord) -> None:
    assert await record.change(0, {"sequence": 0}, (), due_ms=2**52) is None
    assert await record.read() is None


async def test_what_begins_gets_the_time_of_the_server(record: KeptRecord, client: Redis) -> None:
    text = await record.change(0, {"sequence": 0, "on": [{"since_ms": 0}, {"since_ms": 7}]}, ())
    seconds, _ = await client.time()
    first, second = orjson.loads(text or "")["on"]
    assert abs(first["since_ms"] / 1000 - seconds) < 5
    assert second["since_ms"] == 7


async def test_who_waits_is_woken_by_a_change(record: KeptRecord) -> None:
    waiting = asyncio.create_task(record.changed(0, 60))
    await record.change(0, {"sequence": 0}, ())
    await asyncio.wait_for(waiting, 10)


async def test_a_store_that_does_not_answer_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = command_client(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(Unavailable):
            await wait_past(client, Keys("nav").named("notes:changes"), 0, 0.1)
        await client.aclose()
