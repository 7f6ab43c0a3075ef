"""Keys as telephone events (RFC 4733), received and sent."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rtp.packet import Buffer

DIGITS: Final = "0123456789*#ABCD"
"""By event code (RFC 4733 §3.2)."""

EVENT: Final = struct.Struct("!BBH")
END: Final = 0x80
VOLUME: Final = 10
"""-10 dBm0."""
UNITS_A_TICK: Final = 160

PRESS_TICKS: Final = 5
"""100 ms of key, the last of its packets with the end bit."""
REPEAT_TICKS: Final = 2
"""The end packet goes out three times in all (§2.5.1.4), 20 ms apart so that one burst of loss leaves one."""
GAP_TICKS: Final = 3
"""From the end of a key to the next: 50 ms, rounded up to whole packets."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key, told at the first packet of its event; `duration_ms` is how long it had lasted by then."""

    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class EventPacket:
    """A telephone event to send: all packets of one event carry the timestamp of its first."""

    payload: bytes
    age: int
    """Timestamp units since the event began."""


class DtmfReceiver:
    """Tells each key once: packets of one event are known by their RTP timestamp (RFC 4733 §2.5.1.2)."""

    __slots__ = ("_duration", "_event", "_timestamp")

    def __init__(self) -> None:
        self._event = -1
        self._timestamp = 0
        self._duration = 0

    def receive(self, payload: Buffer, timestamp: int) -> Key | None:
        """A telephone-event payload. Gives the key if this is its first packet; what is no key gives None."""
        if len(payload) < 4:
            return None
        event, flags, duration = EVENT.unpack_from(payload)
        if event >= len(DIGITS):
            return None
        since = (timestamp - self._timestamp) & 0xFFFFFFFF
        if self._event >= 0:
            if since == 0:
                self._duration = 0 if flags & END else max(self._duration, duration)
                return None
            if since >= 0x80000000:
                return None
            if event == self._event and since == self._duration:
                self._timestamp, self._duration = timestamp, 0 if flags & END else duration
                return None
        self._event, self._timestamp = event, timestamp
        self._duration = 0 if flags & END else duration
        return Key(DIGITS[event], duration // 8)


def check_digits(digits: str) -> None:
    """Raises ValueError naming the character that is no key."""
    for digit in digits:
        if digit not in DIGITS:
            raise ValueError(f"'{digit}' is no key; the keys are {DIGITS}")


def event_packets(digits: str) -> Iterator[EventPacket | None]:
    """What to send at each 20 ms tick for these keys (checked before); None is a tick of silence."""
    for digit in digits:
        code = DIGITS.index(digit)
        for tick in range(1, PRESS_TICKS + REPEAT_TICKS + 1):
            ends = END if tick >= PRESS_TICKS else 0
            duration = UNITS_A_TICK * min(tick, PRESS_TICKS)
            yield EventPacket(EVENT.pack(code, ends | VOLUME, duration), UNITS_A_TICK * (tick - 1))
        for _ in range(GAP_TICKS - REPEAT_TICKS):
            yield None
