"""Where rtpengine tells of keys: `--dtmf-log-dest` of each of them names this address."""

import asyncio
import socket
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final

from rtp.rtpengine.ng import KeyPress, key_press

LONGEST: Final = 65_535
MOST_AT_ONCE: Final = 64


class KeyListener:
    """`pressed` is told of keys that come from one of `hosts`; everything else is dropped unread."""

    def __init__(self, address: tuple[str, int], hosts: Collection[str], pressed: Callable[[KeyPress], None]) -> None:
        """Raises OSError if it cannot listen there."""
        self._hosts = frozenset(hosts)
        self._pressed = pressed
        self._loop = asyncio.get_running_loop()
        self._sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._sock.setblocking(False)  # noqa: FBT003
            self._sock.bind(address)
        except OSError:
            self._sock.close()
            raise
        self._loop.add_reader(self._sock, self._readable)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._sock.getsockname()[:2]
        return host, port

    def _readable(self) -> None:
        for _ in range(MOST_AT_ONCE):
            try:
                data, source = self._sock.recvfrom(LONGEST)
            except BlockingIOError:
                return
            except OSError:
                continue
            press = key_press(data) if source[0] in self._hosts else None
            if press is not None:
                self._pressed(press)

    def close(self) -> None:
        with suppress(ValueError):
            self._loop.remove_reader(self._sock)
        self._sock.close()
