"""One stream to a peer, TCP or TLS, read and written without a task: the loop's readiness drives it."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from sip.certificates import Expected
from sip.config import Address, StreamLimits
from sip.message.framing import PING, PONG, Framer, FramingError

# As much as one TLS record holds; so few messages at a time that timers and calls get their turn in a flood.
_CHUNK = 16384
_BUFFER = memoryview(bytearray(_CHUNK))  # what is read is copied out of it before anything else can read
_THROWN_AWAY = 16
_AGAIN = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


Secure = Callable[[socket.socket], ssl.SSLSocket]
"""Makes a connected socket speak TLS; the handshake is left to the connection. Raises OSError."""


class Owner(Protocol):
    """Who holds connections."""

    def established(self, connection: Connection) -> None:
        """TCP, and TLS where it is spoken, stand. May close it."""

    def message(self, connection: Connection, data: bytes) -> None: ...

    def broken(self, connection: Connection, fault: FramingError) -> None:
        """Nothing more can be cut out of it; it is closed once what waits has gone out."""

    def closed(self, connection: Connection, why: str) -> None:
        """It is gone. Never called from within `send`."""

    def woken(self) -> None:
        """A batch was read."""


@dataclass(slots=True)
class Course:
    """How it goes, and when what began by the loop's clock; None: nothing of the kind is under way.

    `stood`: it could be used. `spoke`: a complete message came. `carried`: so it did, or one of ours was given to it,
    keep-alives apart. `proved`: the names in the peer's certificate.
    `expected`: of those that we opened over TLS, for whom alone what waits in it is meant.
    """

    opened: float
    heard: float
    kept: float
    partial: float | None = None
    unread: float | None = None
    pinged: float | None = None
    stood: bool = False
    spoke: bool = False
    carried: bool = False
    answers_pings: bool = False
    proved: tuple[str, ...] = ()
    expected: Expected | None = None


class Connection:
    """`outgoing`: we opened it. Whoever holds it looks at `overdue` now and then."""

    __slots__ = (
        "_framer",
        "_loop",
        "_out",
        "_owner",
        "_secure",
        "_socket",
        "_state",
        "address",
        "course",
        "outgoing",
    )

    def __init__(
        self, owner: Owner, stream: socket.socket, address: Address, *, outgoing: bool, secure: Secure | None = None
    ) -> None:
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._socket = stream
        self._framer = Framer()
        self._out = bytearray()
        self._secure = secure
        self._state = "connecting" if outgoing else "connected"
        self.address = address
        self.outgoing = outgoing
        now = self._loop.time()
        self.course = Course(opened=now, heard=now, kept=now)
        # Small messages go at once, and a peer that is gone is noticed. One that is gone already is noticed elsewhere.
        with suppress(OSError):
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    @property
    def open(self) -> bool:
        return self._state != "closed"

    @property
    def established(self) -> bool:
        return self._state in ("established", "ending")

    @property
    def waiting(self) -> int:
        """Bytes that the peer has not taken yet."""
        return len(self._out)

    def certificate(self) -> dict[str, object]:
        """What the peer's verified certificate says, as `ssl` writes it; empty where it showed none."""
        peer = self._socket.getpeercert() if isinstance(self._socket, ssl.SSLSocket) else None
        return dict(peer or {})

    def start(self) -> None:
        """An accepted one may be used at once, unless TLS has to be spoken first."""
        self._loop.add_reader(self._socket, self._readable)
        if self.outgoing:
            self._await_room()
        else:
            self._go_on()

    def send(self, data: bytes, limit: int) -> None:
        """Send now or as soon as possible. More than `limit` waiting bytes close it: the peer does not read."""
        if self._state in ("ending", "closed"):
            return
        if self.established and not self._out:
            data = data[self._write(data) :]
        if not data:
            return
        if not self._out:
            self.course.unread = self._loop.time()
            if self.established:
                self._await_room()
        self._out += data
        if len(self._out) > limit:
            self._loop.call_soon(self.close, "the peer does not read")

    def ping(self) -> None:
        self.course.pinged = self.course.kept = self._loop.time()
        self.send(PING, _CHUNK)

    def finish(self) -> None:
        """Close once what waits has gone out. What came in is thrown away: left there, it would take ours with it."""
        with suppress(OSError, ValueError):
            for _ in range(_THROWN_AWAY):
                if not self._socket.recv_into(_BUFFER):
                    break
        if not self._out:
            self.close("done")
        elif self.open:
            self._state = "ending"
            self._loop.remove_reader(self._socket)

    def close(self, why: str) -> None:
        if self._state == "closed":
            return
        self._state = "closed"
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        if isinstance(self._socket, ssl.SSLSocket):
            self._say_goodbye(self._socket)
        self._socket.close()
        self._out.clear()
        self._owner.closed(self, why)

    def overdue(self, now: float, limits: StreamLimits) -> str:
        """Why it has to be closed by now, or nothing. Idleness is for its owner to judge."""
        course = self.course
        if self._state in ("connecting", "connected"):
            return "the handshake took too long" if now - course.opened > limits.handshake_s else ""
        if not course.spoke and not self.outgoing and now - course.opened > limits.first_message_s:
            return "no message came"
        if course.partial is not None and now - course.partial > limits.message_s:
            return "a message was not completed"
        if course.unread is not None and now - course.unread > limits.unread_s:
            return "the peer does not read"
        late = course.answers_pings and course.pinged is not None and now - course.pinged > limits.pong_s
        return "no answer to a keep-alive" if late else ""

    # --- inside

    def _readable(self) -> None:
        """One read at a time, so that others get their turn."""
        if not self.established:
            self._go_on()
            return
        try:
            count = self._socket.recv_into(_BUFFER)
        except _AGAIN:
            return
        except (OSError, ValueError) as error:
            self.close(_reason(error))
            return
        if not count:
            self.close("closed by the peer")
            return
        self._heard(bytes(_BUFFER[:count]))
        if isinstance(self._socket, ssl.SSLSocket) and self.open and self._socket.pending():
            self._loop.call_soon(self._read_on)  # the socket does not show what TLS holds already
        self._owner.woken()

    def _read_on(self) -> None:
        if self._state == "established":
            self._readable()

    def _heard(self, data: bytes) -> None:
        course, now = self.course, self._loop.time()
        if course.pinged is not None:
            course.pinged = None
            # Left to the framer, it would wait there for another that makes a keep-alive of both.
            if data.startswith(PONG) and not data.startswith(PING) and not self._framer.partial:
                course.answers_pings = True
                data = data[len(PONG) :]
        messages = self._framer.feed(data)
        if PING in messages:
            self.send(PONG, _CHUNK)  # one for all: answers to each would be 40 times a request's work
        for message in messages:
            course.partial = None
            if message == PING:
                continue
            course.spoke = True
            course.heard = now
            self._owner.message(self, message)
            if self._state != "established":
                return
        if self._framer.fault is not None:
            self._owner.broken(self, self._framer.fault)
            self.finish()
        elif not self._framer.partial:
            course.partial = None
        elif course.partial is None:
            course.partial = now

    def _writable(self) -> None:
        if not self.established:
            self._go_on()
            return
        sent = self._write(self._out)
        if sent:
            del self._out[:sent]
            self.course.unread = self._loop.time() if self._out else None
        if self.open and not self._out:
            self._have_room()
            if self._state == "ending":
                self.close("done")

    def _write(self, data: bytes | bytearray) -> int:
        try:
            return self._socket.send(data)
        except _AGAIN:
            return 0
        except (OSError, ValueError) as error:
            self._loop.call_soon(self.close, _reason(error))
            return 0

    def _go_on(self) -> None:
        """One more step of the opening: TCP's result, then TLS as far as it gets."""
        try:
            done = self._step()
        except (OSError, ValueError) as error:
            self.close(_reason(error))
            return
        if not done:
            return
        self._state = "established"
        self.course.stood = True
        self._owner.established(self)
        if not self.established:
            return
        if self._out:
            self._await_room()
            self._writable()
        else:
            self._have_room()

    def _step(self) -> bool:
        """Whether it stands. Raises OSError and ValueError."""
        if self._state == "connecting":
            failed = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if failed:
                raise OSError(failed, os.strerror(failed))
            try:
                self._socket.getpeername()
            except OSError:
                return False
            self._state = "connected"
        if self._secure is None:
            return True
        if not isinstance(self._socket, ssl.SSLSocket):
            self._socket = self._secure(self._socket)
        self._have_room()
        try:
            self._socket.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLWantWriteError:
            self._await_room()
            return False
        return True

    def _await_room(self) -> None:
        self._loop.add_writer(self._socket, self._writable)

    def _have_room(self) -> None:
        self._loop.remove_writer(self._socket)

    def _say_goodbye(self, stream: ssl.SSLSocket) -> None:
        try:
            stream.unwrap()
        except (OSError, ValueError):
            return


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or 'closed'}"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
