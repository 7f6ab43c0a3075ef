"""Connections that never get anywhere, kept standing: who is thrown out comes again."""

import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

# A ClientHello of TLS 1.2 that breaks off: its record says 512 bytes.
HALF_A_HANDSHAKE = bytes.fromhex("1603010200010001fc0303") + bytes(32)
HALF_A_MESSAGE = b"INVITE sip:5000@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@a>;t"
KINDS = ("silent", "half a handshake", "half a message", "a byte a second")
_TICK_S = 0.05
_BACK_PER_TICK = 25


class Attacker:
    """`count` connections in four kinds, from a host each."""

    def __init__(self, port: int, tls_port: int, count: int) -> None:
        self._ports = {kind: tls_port if kind == "half a handshake" else port for kind in KINDS}
        self._sockets: list[socket.socket | None] = [None] * count
        self._stop = threading.Event()
        self.opened = 0

    def run(self) -> None:
        began = time.monotonic()
        for number in range(len(self._sockets)):
            self._open(number)
        while not self._stop.wait(_TICK_S):
            gone = [number for number, one in enumerate(self._sockets) if one is None or _is_gone(one)]
            for number in gone[:_BACK_PER_TICK]:
                self._open(number)
            if time.monotonic() - began > 1.0:
                began = time.monotonic()
                self._drip()
        for one in self._sockets:
            if one is not None:
                one.close()

    def stop(self) -> None:
        self._stop.set()

    @property
    def standing(self) -> int:
        return sum(one is not None for one in self._sockets)

    def _open(self, number: int) -> None:
        before = self._sockets[number]
        if before is not None:
            before.close()
        kind = KINDS[number % 4]
        one = socket.socket()
        one.bind((f"127.5.{number // 250}.{1 + number % 250}", 0))
        one.settimeout(1)
        self._sockets[number] = None
        try:
            one.connect(("127.0.0.1", self._ports[kind]))
            one.setblocking(False)  # noqa: FBT003 - the library's own way
            one.send({"half a handshake": HALF_A_HANDSHAKE, "half a message": HALF_A_MESSAGE}.get(kind, b"")[:1000])
        except OSError:
            one.close()
            return
        self._sockets[number] = one
        self.opened += 1

    def _drip(self) -> None:
        for one in self._sockets[3::4]:
            if one is not None:
                try:
                    one.send(b"I")
                except OSError:
                    pass


def _is_gone(one: socket.socket) -> bool:
    try:
        return not one.recv(1)
    except BlockingIOError:
        return False
    except OSError:
        return True


@contextmanager
def half_open(port: int, tls_port: int, count: int) -> Iterator[Attacker]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 2 * count + 512), hard), hard))
    attacker = Attacker(port, tls_port, count)
    thread = threading.Thread(target=attacker.run)
    thread.start()
    try:
        yield attacker
    finally:
        attacker.stop()
        thread.join()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
