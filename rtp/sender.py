"""One leg's outbound RTP as a machine: a packet a tick, on one sequence and one clock. Time is an argument."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Final

from rtp.dtmf import EventPacket
from rtp.packet import HEADER, MARKER

TICK_S: Final = 0.020
TICK_UNITS: Final = 160
"""20 ms of the 8 kHz RTP clock."""

_NOTHING: Iterator[bytes] = iter(())
_pack = HEADER.pack


@dataclass(frozen=True, slots=True)
class Outbound:
    """What to send a leg: payload types as *its* SDP numbers them, and whether anything may be sent at all."""

    voice_type: int
    event_type: int | None = None
    sends: bool = True


@dataclass(slots=True)
class Counts:
    """Packets that were due by the clock, and those of them that did not go out."""

    due: int = 0
    unsent: int = 0

    @property
    def sent(self) -> int:
        return self.due - self.unsent


class RtpSender:
    """Plays frames and keys, a packet a tick; a relay borrows its numbers (`rtp.relay`)."""

    __slots__ = (
        "_at",
        "_ended",
        "_frames",
        "_keys",
        "_octet",
        "_play",
        "counts",
        "event_timestamp",
        "outbound",
        "sequence",
        "ssrc",
        "timestamp",
    )

    def __init__(self, outbound: Outbound, ssrc: int, sequence: int, timestamp: int, now: float) -> None:
        self.outbound = outbound
        self.ssrc = ssrc
        self.sequence = sequence
        self.timestamp = timestamp
        self.counts = Counts()
        self._at = now
        self._frames = _NOTHING
        self._play = 0
        self._ended = 0
        self._keys: Iterator[EventPacket | None] | None = None
        self.event_timestamp = timestamp
        self._octet = outbound.voice_type | MARKER

    def play(self, number: int, frames: Iterator[bytes], now: float) -> None:
        """Send these frames from the next tick on, in place of what is played."""
        if self.idle:
            self._resume(now)
        self._frames = frames
        self._play = number

    def stop(self) -> None:
        """Play nothing more; keys that are being sent go on."""
        self._frames = _NOTHING
        self._play = self._ended = 0

    def press(self, packets: Iterator[EventPacket | None], now: float) -> None:
        """Send keys, after those that are being sent; what is played pauses meanwhile."""
        if self.idle:
            self._resume(now)
        self._keys = packets if self._keys is None else chain(self._keys, packets)

    @property
    def idle(self) -> bool:
        """Whether ticks would send nothing: neither a play nor keys."""
        return self._play == 0 and self._keys is None

    def ended(self) -> int:
        """The number of the play that has come to its end since the last call, else 0."""
        ended, self._ended = self._ended, 0
        return ended

    def tick(self, now: float) -> bytes | None:
        """The datagram of this tick, None if nothing is to be sent (it may have come to its end: see `ended`)."""
        if self._keys is not None:
            return self._tick_key(self._keys, now)
        frame = next(self._frames, None)
        if frame is None:
            self._ended, self._play = self._play, 0
            return None
        self._at = now
        self.timestamp = timestamp = (self.timestamp + 160) & 0xFFFFFFFF
        if not self.outbound.sends:
            self._octet = self.outbound.voice_type | MARKER
            return None
        self.counts.due += 1
        octet = self._octet
        self._octet = octet & 0x7F
        self.sequence = sequence = (self.sequence + 1) & 0xFFFF
        return _pack(0x80, octet, sequence, timestamp, self.ssrc) + frame

    def _tick_key(self, keys: Iterator[EventPacket | None], now: float) -> bytes | None:
        self._at = now
        self._octet = self.outbound.voice_type | MARKER
        self.timestamp = (self.timestamp + TICK_UNITS) & 0xFFFFFFFF
        try:
            packet = next(keys)
        except StopIteration:
            self._keys = None
            return None
        event_type = self.outbound.event_type
        if packet is None or event_type is None or not self.outbound.sends:
            return None
        if packet.first:
            self.event_timestamp = self.timestamp
        self.counts.due += 1
        self.sequence = (self.sequence + 1) & 0xFFFF
        octet = event_type | MARKER if packet.first else event_type
        return _pack(0x80, octet, self.sequence, self.event_timestamp, self.ssrc) + packet.payload

    def skip(self, ticks: int) -> None:
        """Ticks were missed for good: what they owed counts as due and unsent, and the clock goes on."""
        self.counts.due += ticks
        self.counts.unsent += ticks
        self.timestamp = (self.timestamp + ticks * TICK_UNITS) & 0xFFFFFFFF

    def update(self, outbound: Outbound, table: bytes | None = None) -> None:
        """The peer described its media anew; `table` translates what is being played into its codec."""
        self.outbound = outbound
        if table is not None:
            self._frames = map(bytes.translate, self._frames, repeat(table))
        self._octet = outbound.voice_type | MARKER

    def clock(self, now: float) -> int:
        """The timestamp that a packet sent now would carry, after a silence."""
        return (self.timestamp + TICK_UNITS * max(1, round((now - self._at) / TICK_S))) & 0xFFFFFFFF

    def relayed(self, sequence: int, timestamp: int, now: float) -> None:
        """A relay has sent this; whatever is sent next continues from it. An older packet moves nothing."""
        if (sequence - self.sequence) & 0xFFFF < 0x8000:
            self.sequence, self.timestamp, self._at = sequence, timestamp, now

    def _resume(self, now: float) -> None:
        """After silence the clock has gone on, and the next packet begins a talkspurt (RFC 3551 §4.1)."""
        self.timestamp = (self.clock(now) - TICK_UNITS) & 0xFFFFFFFF
        self._octet = self.outbound.voice_type | MARKER
