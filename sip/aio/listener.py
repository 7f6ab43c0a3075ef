"""A socket that connections come to (RFC 3261 §18.2.1)."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable

from sip.config import Address

_BACKLOG = 1024
_MOST_A_WAKE = 64
_PAUSE_S = 1.0
_MAPPED = "::ffff:"


class Listener:
    """Bound to one address; `::` takes IPv4 too. `accepted` gets each socket with the peer's address, and owns it."""

    def __init__(self, address: Address, accepted: Callable[[socket.socket, Address], None]) -> None:
        """Raises OSError if it cannot be bound."""
        six = ":" in address.host
        self._socket = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._socket.setblocking(False)  # noqa: FBT003 - the library's own way
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if six:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if address.host == "::" else 1)
            self._socket.bind((address.host, address.port))
            self._socket.listen(_BACKLOG)
        except (OSError, OverflowError):
            self._socket.close()
            raise
        self._accepted = accepted
        self._transport = address.transport
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._loop.add_reader(self._socket, self._readable)

    @property
    def address(self) -> Address:
        host, port = self._socket.getsockname()[:2]
        return Address(host, port, self._transport)

    def close(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        for _ in range(_MOST_A_WAKE):
            try:
                stream, peer = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    self._wait()
                    return
                continue
            stream.setblocking(False)  # noqa: FBT003 - the library's own way
            host = peer[0].removeprefix(_MAPPED)
            self._accepted(stream, Address(host, peer[1], self._transport))

    def _wait(self) -> None:
        """There are no descriptors left: trying again at once would take all of the time."""
        self._loop.remove_reader(self._socket)
        self._pause = self._loop.call_later(_PAUSE_S, self._loop.add_reader, self._socket, self._readable)
