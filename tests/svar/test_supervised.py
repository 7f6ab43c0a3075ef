"""What systemd hears of a node, and what a node does where nobody listens."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from svar.supervised import Supervisor


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(10)
        yield sock


def told(ear: socket.socket) -> list[str]:
    return ear.recv(1000).decode().split("\n")


def by(ear: socket.socket, **more: str) -> Supervisor:
    return Supervisor({"NOTIFY_SOCKET": ear.getsockname(), **more})


def test_systemd_hears_when_a_node_is_ready_and_how_long_its_stop_may_take(ear: socket.socket) -> None:
    supervisor = by(ear)
    supervisor.ready("svar ready sip=127.0.0.1:5060")
    assert told(ear) == ["READY=1", "STATUS=svar ready sip=127.0.0.1:5060"]
    supervisor.stopping(330)
    assert told(ear)[:2] == ["STOPPING=1", "EXTEND_TIMEOUT_USEC=330000000"]


def test_an_abstract_socket_is_found() -> None:
    name = f"svar-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"\0{name}")
        sock.settimeout(10)
        Supervisor({"NOTIFY_SOCKET": f"@{name}"}).tell("READY=1")
        assert told(sock) == ["READY=1"]


async def test_the_watchdog_is_fed_while_the_loop_turns_and_no_longer(ear: socket.socket) -> None:
    async with by(ear, WATCHDOG_USEC="60000").watched():
        assert [await asyncio.to_thread(told, ear) for _ in range(3)] == [["WATCHDOG=1"]] * 3
    assert "watchdog" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_a_watchdog_for_another_process_is_left_alone(ear: socket.socket) -> None:
    supervisor = by(ear, WATCHDOG_USEC="60000", WATCHDOG_PID="1")
    assert supervisor.watchdog_s == 0
    async with supervisor.watched():
        pass


def test_nothing_happens_where_nobody_listens(tmp_path: Path) -> None:
    Supervisor({}).ready("x")
    Supervisor({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("x")
