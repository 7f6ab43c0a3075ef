"""All connections of one user agent: accepted, opened when something is to be sent, bounded, and watched."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Callable

import structlog

from sip.aio.connection import Connection, Secure
from sip.aio.door import Door
from sip.aio.listener import Listener
from sip.aio.tls import CertificateError, Tls
from sip.certificates import Expected, identities
from sip.config import Address
from sip.core import UserAgentCore
from sip.message.framing import FramingError

_log = structlog.get_logger(__name__)

_SWEEP_S = 1.0
_LOOK_AGAIN_S = 60.0


class Streams:
    """`heard` gets every message, `flush` a word after each batch and whenever the core was told something."""

    def __init__(
        self,
        core: UserAgentCore,
        heard: Callable[[bytes, Address], None],
        flush: Callable[[], None],
        tls: Tls | None = None,
    ) -> None:
        self._core = core
        self._heard = heard
        self._flush = flush
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._listeners: list[Listener] = []
        self._open: dict[Address, Connection] = {}
        self._silent: dict[Address, Connection] = {}
        self._held: dict[Address, list[tuple[bytes, Expected]]] = {}
        self._door = Door(core.config.streams, self._known, self._loop.time())
        self._sweeper: asyncio.TimerHandle | None = None
        self.counts = dict.fromkeys(
            (
                "connections_accepted",
                "connections_opened",
                "connections_refused",
                "connections_overdue",
                "connect_failures",
                "handshake_failures",
            ),
            0,
        )

    def __len__(self) -> int:
        return len(self._open)

    def listen(self, address: Address) -> Address:
        """Take connections there; gives the address with its port. Raises OSError."""
        if self._tls is not None and address.transport == "TLS":
            self._tls.watch()
        listener = Listener(address, self._accepted)
        self._listeners.append(listener)
        return listener.address

    def send(self, data: bytes, destination: Address) -> None:
        """Over the connection that stands, else over a new one. What fails is reported once this has returned."""
        self._send(data, destination, self._core.expected(destination) if destination.transport == "TLS" else None)

    def _send(self, data: bytes, destination: Address, expected: Expected | None) -> None:
        connection = self._open.get(destination)
        if connection is not None and expected is not None and self._for_whoever_proves(connection):
            if not connection.established and connection.course.expected != expected:
                self._hold(data, connection, expected)
                return
            connection = connection if self._still_right(connection, expected) else None
        connection = connection or self._connect(destination, expected)
        if connection is None:
            self.counts["connect_failures"] += 1
            self._loop.call_soon(self._lost, destination)
        else:
            connection.course.carried = True
            connection.send(data, self._core.config.streams.unread_bytes)

    def _hold(self, data: bytes, connection: Connection, expected: Expected) -> None:
        """What is for another name than a connection will prove may not wait in it: it waits for the proof."""
        connection.course.carried = True
        held = self._held.setdefault(connection.address, [])
        held.append((data, expected))
        if sum(len(one) for one, _ in held) > self._core.config.streams.unread_bytes:
            self._loop.call_soon(connection.close, "too much waits for it")

    def _send_held(self, address: Address) -> None:
        for data, expected in self._held.pop(address, ()):
            self._send(data, address, expected)

    def close(self) -> None:
        """Listen no more and close every connection; nobody is told."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        self._held.clear()
        if self._tls is not None:
            self._tls.close()
        connections, self._open = self._open, {}
        for connection in connections.values():
            connection.close("we stop")

    # --- what a connection reports

    def established(self, connection: Connection) -> None:
        if connection.address.transport != "TLS":
            return
        if connection.address in self._held:
            self._loop.call_soon(self._send_held, connection.address)
        proved = connection.course.proved = identities(connection.certificate())
        if (expected := connection.course.expected) is not None:
            if expected.met(proved):
                # Whoever vouches for this name need not be believed about others.
                self._core.connected(connection.address, [expected.name] if proved else ())
            else:
                _log.error(
                    "a server proved another name", peer=connection.address, expected=expected.name, shown=proved
                )
                connection.close("its certificate has another name")
        else:
            self._core.connected(connection.address, proved)
            if self._core.trunk(connection.address) is not None:
                self._door.left(connection.address)

    def message(self, connection: Connection, data: bytes) -> None:
        self._silent.pop(connection.address, None)
        connection.course.carried = True
        self._heard(data, connection.address)

    def broken(self, connection: Connection, fault: FramingError) -> None:
        _log.info("a stream could not be followed", peer=connection.address, reason=str(fault))
        if fault.head:
            self._core.receive_broken(fault.head, connection.address, self._loop.time())
            self._flush()

    def closed(self, connection: Connection, why: str) -> None:
        address = connection.address
        if self._open.get(address) is not connection:
            return
        del self._open[address]
        self._silent.pop(address, None)
        self._held.pop(address, None)  # it fails with all that waits for that address
        self._door.left(address)
        _log.debug("connection closed", peer=address, reason=why, outgoing=connection.outgoing)
        if not connection.course.stood:
            self.counts["connect_failures" if connection.outgoing else "handshake_failures"] += 1
            if connection.outgoing:
                _log.info("a connection could not be opened", peer=address, reason=why)
        if connection.course.carried:
            self._lost(address)
        else:  # nobody can count on it, and to ask every call would let a flood of connections cost them all
            self._core.connected(address, ())

    def woken(self) -> None:
        self._flush()

    # --- inside

    def _known(self, address: Address) -> bool:
        return self._core.registrar.reaches(address) or self._core.trunk(address) is not None

    def _lost(self, address: Address) -> None:
        if address not in self._open:
            self._core.connection_lost(address, self._loop.time())
            self._flush()

    def _accepted(self, stream: socket.socket, address: Address) -> None:
        secure = self._tls.accepting() if self._tls is not None else None
        if (address.transport == "TLS" and secure is None) or not self._may_come_in(address):
            self.counts["connections_refused"] += 1
            stream.close()
            return
        self.counts["connections_accepted"] += 1
        if (before := self._open.get(address)) is not None:
            before.close("its peer opened another")
        connection = Connection(
            self, stream, address, outgoing=False, secure=secure if address.transport == "TLS" else None
        )
        self._take_on(connection)
        if self._core.trunk(address) is None:
            self._silent[address] = connection
        connection.start()

    def _full(self) -> bool:
        return len(self._open) >= min(self._core.config.streams.connections, _descriptors())

    def _may_come_in(self, address: Address) -> bool:
        """Of strangers who have said nothing yet, the one who waits longest makes room for the next."""
        if self._full():
            return False
        if self._core.trunk(address) is not None:
            return True
        now = self._loop.time()
        if self._door.full(now):
            longest = next(iter(self._silent.values()), None)
            if longest is not None:
                longest.close("room was needed")
        return self._door.admit(address, now)

    def _connect(self, address: Address, expected: Expected | None) -> Connection | None:
        """A connection under way; None where there can be none."""
        secure = None
        if expected is not None:
            secure = self._securing(address, expected)
            if secure is None:
                return None
        if self._full() or (":" not in address.host and not address.host[-1:].isdigit()):
            return None
        ours = [one.address.host for one in self._listeners if (":" in one.address.host) == (":" in address.host)]
        stream = _dial(address, next(iter(ours), ""))
        if stream is None:
            return None
        self.counts["connections_opened"] += 1
        connection = Connection(self, stream, address, outgoing=True, secure=secure)
        connection.course.expected = expected
        self._take_on(connection)
        connection.start()
        return connection

    def _securing(self, address: Address, expected: Expected) -> Secure | None:
        if self._tls is None:
            return None
        try:
            return self._tls.connecting(expected)
        except CertificateError as error:
            _log.error("TLS cannot be spoken to a peer", peer=address, reason=str(error))
            return None

    def _for_whoever_proves(self, connection: Connection) -> bool:
        """Whoever came from the address of a host that was looked up need not be that host."""
        return connection.outgoing or self._core.looked_up(connection.address)

    def _still_right(self, connection: Connection, expected: Expected) -> bool:
        """Whether what it proved is what the next request wants: several domains may share an address (RFC 5923 §8)."""
        address = connection.address
        if not connection.established or expected.met(connection.course.proved):
            return True
        del self._open[address]
        self._silent.pop(address, None)
        self._door.left(address)
        self._core.connected(address, ())
        connection.close("another name is wanted there")
        return False

    def _take_on(self, connection: Connection) -> None:
        self._open[connection.address] = connection
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(_SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        now, limits = self._loop.time(), self._core.config.streams
        for connection in tuple(self._open.values()):
            late = connection.overdue(now, limits) or self._idle(connection, now)
            if late:
                self.counts["connections_overdue"] += 1
                connection.close(late)
        self._sweeper = self._loop.call_later(_SWEEP_S, self._sweep) if self._open else None

    def _idle(self, connection: Connection, now: float) -> str:
        """Why a connection on which nothing counts is closed; one that counts is kept alive, where we opened it."""
        course, limits = connection.course, self._core.config.streams
        ping_due = connection.outgoing and limits.ping_s > 0 and course.pinged is None
        ping_due = ping_due and now - course.kept > limits.ping_s
        if not ping_due and now - course.heard <= limits.idle_s:
            return ""
        wanted = self._core.trunk(connection.address) is not None or self._core.uses(connection.address)
        if wanted and ping_due:
            connection.ping()
        if wanted or now - course.heard <= limits.idle_s:
            course.heard = max(course.heard, now - limits.idle_s + _LOOK_AGAIN_S)
            return ""
        return "idle"


def _descriptors() -> int:
    """Half of the files that the process may open: the media needs the others."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft // 2 if soft > 0 else 1_000_000


def _dial(address: Address, ours: str) -> socket.socket | None:
    """A socket on its way there, from our host where it is a certain one: peers know us by it. None where the kernel
    refuses at once."""
    stream = socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET, socket.SOCK_STREAM)
    stream.setblocking(False)  # noqa: FBT003 - the library's own way
    try:
        if ours not in ("", "0.0.0.0", "::"):
            stream.bind((ours, 0))
        stream.connect_ex((address.host, address.port))
    except (OSError, OverflowError):
        stream.close()
        return None
    return stream
