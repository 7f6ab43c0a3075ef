"""Messages cut out of a byte stream (RFC 3261 §18.3, RFC 5626 §3.5.1)."""

from __future__ import annotations

import re

from sip.errors import SipError
from sip.message.message import LIMITS, Limits

PING = b"\r\n\r\n"
"""What stands for a keep-alive among the messages: answer it with PONG."""

PONG = b"\r\n"

_END = b"\r\n\r\n"
_KEEP_ALIVES = re.compile(rb"(?:\r\n\r\n)++")
_FOLD = re.compile(rb"\r\n[ \t]++")
_LENGTH = re.compile(rb"\r\n(?:Content-Length|l)[ \t]*+:[ \t]*+([^\r\n]*+)", re.IGNORECASE)


class FramingError(SipError):
    """The stream can't be followed any further: answer `head` with what its parse says, and close the connection."""

    def __init__(self, reason: str, head: bytes) -> None:
        super().__init__(reason)
        self.head = head


class Framer:
    """One direction of a connection. How its bytes are cut into chunks makes no difference to what comes out."""

    __slots__ = ("_buffer", "_limits", "_searched", "_wanted", "fault")

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0
        self._wanted = 0
        self.fault: FramingError | None = None

    @property
    def partial(self) -> bool:
        """A message began that is not complete yet. Empty lines begin none."""
        return bool(self._buffer.strip(PONG))

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that `data` completes, and PING for each keep-alive. After a `fault` nothing comes any more."""
        messages: list[bytes] = []
        if self.fault is None:
            self._buffer += data
            messages += self._keep_alives()
            while (message := self._next()) is not None:
                messages.append(message)
                messages += self._keep_alives()
        return messages

    def _keep_alives(self) -> list[bytes]:
        """All that stand between two messages at once: 64 KiB may be 16,000 of them."""
        run = _KEEP_ALIVES.match(self._buffer) if not self._wanted else None
        if run is None:
            return []
        count = run.end() // len(PING)
        del run  # a bytearray is not cut while somebody looks at it
        del self._buffer[: count * len(PING)]
        self._searched = 0
        return [PING] * count

    def _next(self) -> bytes | None:
        if not self._wanted:
            if self._buffer.startswith(b"\r"):
                return self._between()
            self._find_end()
        if not self._wanted or len(self._buffer) < self._wanted:
            return None
        return self._take(self._wanted)

    def _between(self) -> bytes | None:
        """One empty line between messages, which is the answer to a keep-alive, is passed over."""
        if PING.startswith(self._buffer):
            return None
        if not self._buffer.startswith(PONG):
            self._fail("a CR alone between messages")
            return None
        del self._buffer[: len(PONG)]
        return self._next()

    def _find_end(self) -> None:
        """Set `_wanted` to the length of the message at the start of the buffer once its head is there."""
        end = self._buffer.find(_END, self._searched, self._limits.head)
        if end < 0:
            self._searched = max(0, len(self._buffer) - len(_END) + 1)
            if len(self._buffer) >= self._limits.head:
                self._fail(f"no empty line within {self._limits.head} bytes")
            return
        head = bytes(self._buffer[: end + len(_END)])
        lengths = _LENGTH.findall(_FOLD.sub(b" ", head))
        # A stream has no other way to tell where a message ends, so here the header may not miss.
        if len(lengths) != 1 or not lengths[0].strip(b" \t").isdigit() or len(lengths[0]) > 10:
            self._fail("one Content-Length in digits expected", head)
        elif len(head) + int(lengths[0]) > self._limits.message:
            self._fail(f"a message of more than {self._limits.message} bytes", head)
        else:
            self._wanted = len(head) + int(lengths[0])

    def _take(self, length: int) -> bytes:
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        self._searched = self._wanted = 0
        return taken

    def _fail(self, reason: str, head: bytes = b"") -> None:
        self.fault = FramingError(reason, head)
        self._buffer.clear()
