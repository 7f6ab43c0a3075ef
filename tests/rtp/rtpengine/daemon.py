"""A real rtpengine on loopback, as a child of the tests."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from rtp.rtpengine import ng
from tests.ports import free_port

BINARY = shutil.which("rtpengine")
READY_S = 10.0


def needed() -> str:
    """The binary; skips the test where there is none, but fails it in CI."""
    if BINARY is None:
        if os.environ.get("CI"):
            pytest.fail("rtpengine is missing; install rtpengine-daemon")
        pytest.skip("rtpengine is not installed (Debian: rtpengine-daemon)")
    return BINARY


@dataclass
class Daemon:
    address: tuple[str, int]
    keys: tuple[str, int]
    first: int
    last: int
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def daemon(log: Path, *, first: int, last: int, port: int = 0, keys: int = 0) -> Iterator[Daemon]:
    """In the foreground, in userspace, with the ports of RTP between `first` and `last`."""
    control, keys = port or free_port(), keys or free_port()
    options = {
        "config-file": "none",
        "table": "-1",
        "interface": "127.0.0.1",
        "listen-ng": f"127.0.0.1:{control}",
        "dtmf-log-dest": f"127.0.0.1:{keys}",
        "port-min": first,
        "port-max": last,
        "endpoint-learning": "heuristic",
        "num-threads": 1,
        "media-num-threads": 1,
        "log-level": 6,
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    with log.open("wb") as output:
        process = subprocess.Popen([needed(), "--foreground", "--log-stderr", *arguments], stdout=output, stderr=output)
        started = Daemon(("127.0.0.1", control), ("127.0.0.1", keys), first, last, process)
        try:
            _await(started, log)
            yield started
        finally:
            started.kill()


def _await(started: Daemon, log: Path) -> None:
    end = time.monotonic() + READY_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(started.address)
        sock.settimeout(0.05)
        while time.monotonic() < end and started.process.poll() is None:
            try:
                sock.send(ng.datagram("ready", ng.ping()))
                ng.result(ng.reply(sock.recv(1000))[1])
            except OSError:
                time.sleep(0.02)
            else:
                return
    pytest.fail(f"rtpengine did not begin: {log.read_text()[-2000:]}")
