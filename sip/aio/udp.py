"""One UDP socket, read without asyncio's transports: those allocate 256 KiB for every datagram."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import Callable

from sip.config import Address

_LARGEST = 65536
_LONGEST_WAKE_S = 0.01
_BETWEEN_LOOKS = 16
"""Datagrams between two looks at the clock."""
_KERNEL_BUFFER = 4 * 1024 * 1024
_MAPPED = "::ffff:"


class UdpSocket:
    """Bound to one address; `::` takes IPv4 too. `send_failures` counts datagrams that the kernel did not take."""

    def __init__(
        self,
        address: Address,
        heard: Callable[[bytes, Address], None],
        woken: Callable[[], None],
        clock: Callable[[], float] | None = None,
    ) -> None:
        """`heard` gets every datagram, `woken` a word after each batch. Raises OSError if it cannot be bound."""
        host, port, _ = address
        self._six = ":" in host
        self._socket = socket.socket(socket.AF_INET6 if self._six else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._prepare(host, port)
        except OSError:
            self._socket.close()
            raise
        self._heard = heard
        self._woken = woken
        self._loop = asyncio.get_running_loop()
        self._clock = clock or self._loop.time
        self._loop.add_reader(self._socket, self._readable)
        self.send_failures = 0

    @property
    def address(self) -> Address:
        host, port = self._socket.getsockname()[:2]
        return Address(host, port)

    def send(self, data: bytes, destination: Address) -> None:
        """What cannot be sent is as good as lost on the way: the transactions repeat it.

        A name is not sent to: the kernel's look-up would hold up every call.
        """
        host, port, _ = destination
        if ":" not in host and not host[-1:].isdigit():
            self.send_failures += 1
            return
        if self._six and ":" not in host:
            host = _MAPPED + host
        try:
            self._socket.sendto(data, (host, port))
        except (OSError, OverflowError):
            self.send_failures += 1

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _prepare(self, host: str, port: int) -> None:
        self._socket.settimeout(0.0)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self._socket.setsockopt(socket.SOL_SOCKET, option, _KERNEL_BUFFER)
        if self._six:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == "::" else 1)
        self._socket.bind((host, port))

    def _readable(self) -> None:
        """For a bounded time, so that timers and calls get their turn in a flood. Bounded by number instead, a node
        that is held up by calls would read too few of the messages that it could refuse at once.
        """
        receive, clock = self._socket.recvfrom, self._clock
        until = clock() + _LONGEST_WAKE_S
        for count in itertools.count(1):
            if count % _BETWEEN_LOOKS == 0 and clock() >= until:
                break
            try:
                data, source = receive(_LARGEST)
            except BlockingIOError:
                break
            except OSError:
                continue
            host = source[0]
            if self._six and host.startswith(_MAPPED):
                host = host[len(_MAPPED) :]
            self._heard(data, Address(host, source[1]))
        self._woken()
