"""The node's own events reach the stream once each, whatever Redis does meanwhile."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import RedisError

from acd.connection import command_client
from acd.spool import Spool, SpoolFile
from events.catalogue import Event, EventsLost, NodeStarted
from events.codec import decode
from tests.acd.redis_server import RedisServer


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="svar-") as folder, RedisServer(Path(folder)) as server:
        yield server


@pytest.fixture
async def client(server: RedisServer) -> AsyncIterator[Any]:
    client = command_client(server.url)
    yield client
    await client.aclose()


def started(release: str) -> Event:
    return NodeStarted(at_ms=1, tenant="nav", node="n1", release=release)


async def stream(client: Any) -> list[Event]:
    return [decode(json.loads(fields["e"])) for _, fields in await client.xrange("svar:{nav}:events")]


async def eventually_in_stream(client: Any, count: int) -> None:
    async with asyncio.timeout(10):
        while len(await stream(client)) < count:  # noqa: ASYNC110 - another process holds it
            await asyncio.sleep(0.01)


async def releases(client: Any) -> list[str]:
    return [event.release for event in await stream(client) if isinstance(event, NodeStarted)]


async def test_events_are_in_the_stream_soon(client: Any, tmp_path: Path) -> None:
    spool = Spool(client, "nav", "n1", tmp_path / "spool")
    running = asyncio.create_task(spool.run())
    for n in range(3):
        spool.emit(started(f"æ{n}"))
    await eventually_in_stream(client, 3)
    assert await releases(client) == ["æ0", "æ1", "æ2"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await spool.close()
    assert os.listdir(tmp_path) == []


async def test_events_wait_on_disk_while_redis_is_away_also_over_a_restart_of_the_node(
    client: Any, server: RedisServer, tmp_path: Path
) -> None:
    spool = Spool(client, "nav", "n1", tmp_path / "spool")
    server.kill()
    spool.emit(started("0"))
    spool.emit(started("1"))
    await spool.close()
    server.start()
    again = Spool(client, "nav", "n1", tmp_path / "spool")
    again.emit(started("2"))
    await again.flush()
    assert await releases(client) == ["0", "1", "2"]
    assert os.listdir(tmp_path) == []


async def test_what_waits_is_told_in_memory_and_on_disk(client: Any, tmp_path: Path) -> None:
    spool = Spool(client, "nav", "n1", tmp_path / "spool", most_bytes=1_000)
    spool.emit(started("1"))
    assert (spool.waiting, spool.bytes_on_disk, spool.most_bytes) == (1, 0, 1_000)
    spool._spill()
    assert (spool.waiting, spool.bytes_on_disk) == (0, (tmp_path / "spool").stat().st_size)
    await spool.flush()
    assert (spool.waiting, spool.bytes_on_disk) == (0, 0)


async def test_running_spool_outlives_redis_and_loses_nothing(client: Any, server: RedisServer, tmp_path: Path) -> None:
    spool = Spool(client, "nav", "n1", tmp_path / "spool")
    running = asyncio.create_task(spool.run())
    server.kill()
    for n in range(450):
        spool.emit(started(str(n)))
    async with asyncio.timeout(10):
        while os.listdir(tmp_path) != ["spool"]:  # noqa: ASYNC110 - the file system tells nobody
            await asyncio.sleep(0.01)
    spool.emit(started("450"))
    server.start()
    await eventually_in_stream(client, 451)
    assert await releases(client) == [str(n) for n in range(451)]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_batch_that_was_not_answered_is_sent_again_and_stands_there_once(client: Any, tmp_path: Path) -> None:
    class Deaf:
        """Passes commands on and loses the first answer."""

        def __init__(self) -> None:
            self.lost = 0

        async def evalsha(self, *args: Any) -> None:
            await client.eval(spool._script.text, *args[1:])
            if not self.lost:
                self.lost += 1
                raise RedisError("the answer was lost")

    deaf: Any = Deaf()
    spool = Spool(deaf, "nav", "n1", tmp_path / "spool")
    spool.emit(started("1"))
    with pytest.raises(RedisError):
        await spool.flush()
    spool.emit(started("2"))
    await spool.flush()
    assert await releases(client) == ["1", "2"]


async def test_what_finds_no_room_is_counted_and_told(client: Any, tmp_path: Path) -> None:
    spool = Spool(client, "nav", "n1", tmp_path / "spool", most=2)
    for n in range(5):
        spool.emit(started(str(n)))
    await spool.flush()
    events = await stream(client)
    assert await releases(client) == ["0", "1"]
    assert [event.count for event in events if isinstance(event, EventsLost)] == [3]


async def test_full_disk_file_and_a_folder_that_cannot_be_written_are_counted(
    client: Any, server: RedisServer, tmp_path: Path
) -> None:
    server.kill()
    full = Spool(client, "nav", "n1", tmp_path / "spool", most_bytes=150)
    nowhere = Spool(client, "nav", "n1", tmp_path / "nowhere" / "spool")
    for spool in (full, nowhere):
        spool.emit(started("1"))
        spool.emit(started("2"))
        await spool.close()
    server.start()
    await full.flush()
    await nowhere.flush()
    assert [event.count for event in await stream(client) if isinstance(event, EventsLost)] == [1, 2]


def test_file_goes_on_where_it_was_and_ends_when_all_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    assert SpoolFile(path, 1000).append(["a", "b", "c"]) == 0
    lines, mark = SpoolFile(path, 1000).read(2)
    assert lines == ["a", "b"]
    SpoolFile(path, 1000).drop(mark)
    file = SpoolFile(path, 1000)
    assert file
    lines, mark = file.read(2)
    assert lines == ["c"]
    file.drop(mark)
    assert not file
    assert os.listdir(tmp_path) == []


def test_line_that_a_crash_left_half_written_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    path.write_bytes(b"a\nhal")
    file = SpoolFile(path, 1000)
    file.append(["b"])
    assert file.read(10)[0] == ["a", "b"]


def test_file_takes_no_more_than_its_bytes(tmp_path: Path) -> None:
    file = SpoolFile(tmp_path / "spool", 4)
    assert file.append(["a", "b", "c"]) == 1


def test_events_on_disk_are_their_owners_alone(tmp_path: Path) -> None:
    SpoolFile(tmp_path / "spool", 1000).append(["a"])
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mark", ["", "7x", "1234"])
def test_a_mark_that_a_crash_left_hides_nothing_that_comes_after(tmp_path: Path, mark: str) -> None:
    (tmp_path / "spool.sent").write_text(mark)
    file = SpoolFile(tmp_path / "spool", 1000)
    file.append(["a", "b"])
    assert file
    assert file.read(9)[0] == ["a", "b"]
