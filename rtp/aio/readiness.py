"""Which sockets have something to read: one epoll of our own in the loop, since `add_reader` costs 19 µs a socket."""

import asyncio
import select
import socket
from collections.abc import Callable
from typing import Protocol

MOST_AT_ONCE = 256


class Readiness(Protocol):
    """Calls `readable(now)` for every watched socket that has a datagram, once for each."""

    def watch(self, sock: socket.socket, readable: Callable[[float], None]) -> None: ...

    def forget(self, sock: socket.socket) -> None:
        """Before the socket is closed."""

    def close(self) -> None: ...


class EpollReadiness:
    """One file descriptor in the loop, whatever the number of sockets (Linux)."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._epoll = select.epoll()
        self._readers: dict[int, Callable[[float], None]] = {}
        loop.add_reader(self._epoll.fileno(), self._ready)

    def watch(self, sock: socket.socket, readable: Callable[[float], None]) -> None:
        self._readers[sock.fileno()] = readable
        self._epoll.register(sock.fileno(), select.EPOLLIN)

    def forget(self, sock: socket.socket) -> None:
        if self._readers.pop(sock.fileno(), None) is not None:
            self._epoll.unregister(sock.fileno())

    def _ready(self) -> None:
        readers = self._readers
        now = self._loop.time()
        for fd, _ in self._epoll.poll(0, MOST_AT_ONCE):
            readable = readers.get(fd)
            if readable is not None:
                readable(now)

    def close(self) -> None:
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()


class LoopReadiness:
    """The loop's own readers, where there is no epoll."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def watch(self, sock: socket.socket, readable: Callable[[float], None]) -> None:
        self._loop.add_reader(sock, lambda: readable(self._loop.time()))

    def forget(self, sock: socket.socket) -> None:
        self._loop.remove_reader(sock)

    def close(self) -> None:
        """Nothing is held besides the watched sockets."""


def readiness(loop: asyncio.AbstractEventLoop) -> Readiness:
    """The best that this system has."""
    return EpollReadiness(loop) if hasattr(select, "epoll") else LoopReadiness(loop)
