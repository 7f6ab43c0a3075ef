"""One leg's outbound RTP as a machine: a packet a tick, on one sequence and one clock. Time is an argument."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Final

from rtp.dtmf import EventPacket
from rtp.packet import HEADER, MARKER, VERSION_2, WORDS
from rtp.packetization import by_tick, ticks_a_frame

TICK_MS: Final = 20
TICK_S: Final = 0.020
TICK_UNITS: Final = 160
"""20 ms of the 8 kHz RTP clock."""

Datagrams = Iterator[bytes | None]
Stretches = Iterator[Iterable[bytes]]
"""Frames in stretches (a sound each), so that no layer of iterators lies between a tick and its frame."""

USUAL_BYTES: Final = HEADER.size + TICK_UNITS

_pack = HEADER.pack
_pack_words = WORDS.pack


@dataclass(frozen=True, slots=True)
class Outbound:
    """What to send a leg: payload types as *its* SDP numbers them, and whether anything may be sent at all.

    `packet_ms` is how long the packets of what is played last: 10, 20, 30 or 40.
    """

    voice_type: int
    event_type: int | None = None
    sends: bool = True
    packet_ms: int = 20


class Numbers:
    """The sequence and the clock of one leg's outbound stream, whoever makes its packets, and the count of them.

    `timestamp` is that of the last 20 ms sent: the next packet's is 160 units on, however long the last one was.
    """

    __slots__ = ("due", "last_at", "leader", "sequence", "ssrc", "surplus", "timestamp", "unsent")

    def __init__(self, ssrc: int, sequence: int, timestamp: int, now: float) -> None:
        self.ssrc = ssrc
        self.sequence = sequence
        self.timestamp = timestamp
        self.due = 0
        """Packets that were due by the clock."""
        self.unsent = 0
        """Those of them that did not go out, told by the shell."""
        self.surplus = 0
        """Payload bytes due beyond 160 a packet, so that the usual packet costs no counting."""
        self.last_at = now
        """When something was sent last, or would have been."""
        self.leader: object | None = None
        """The relay whose numbers the stream follows, until something is played."""

    def clock(self, now: float) -> int:
        """The timestamp that a packet sent now would carry, after a silence."""
        return (self.timestamp + TICK_UNITS * max(1, round((now - self.last_at) / TICK_S))) & 0xFFFFFFFF

    @property
    def sent(self) -> int:
        return self.due - self.unsent

    @property
    def octets(self) -> int:
        """Payload bytes of the packets sent; those that did not go out are taken for usual ones."""
        return self.sent * TICK_UNITS + self.surplus

    def relayed(self, sequence: int, timestamp: int, size: int, now: float) -> None:
        """A relay sends this datagram; whatever is sent next continues from it. An older packet moves nothing."""
        self.due += 1
        self.surplus += size - USUAL_BYTES
        if (sequence - self.sequence) & 0xFFFF < 0x8000:
            self.sequence, self.timestamp, self.last_at = sequence, timestamp, now


class RtpSender(Numbers):
    """Plays frames and keys, a packet a tick; a relay borrows its numbers (`rtp.relay`).

    A tick is 20 ms, or 10 where the peer wants packets of 10 ms.

    The packets come from a generator, whose locals are in one place: with thousands of streams the objects touched for
    a packet decide its cost.
    """

    __slots__ = ("_keys", "_play", "_stretches", "datagrams", "outbound")

    def __init__(self, outbound: Outbound, ssrc: int, sequence: int, timestamp: int, now: float) -> None:
        super().__init__(ssrc, sequence, timestamp, now)
        self.outbound = outbound
        self._stretches: Stretches = iter(())
        self._play = 0
        """The number of the play; negative once it has come to its end, until that is told."""
        self._keys: Iterator[EventPacket | None] | None = None
        self.datagrams: Datagrams = iter(())
        """The next of these at every tick; None, or none, where nothing is to be sent (then ask `ended`)."""

    def play(self, number: int, stretches: Stretches, now: float) -> None:
        """Send these frames from the next tick on, in place of what is played. `number` is not 0."""
        self._resume(now)
        self._stretches = stretches
        self._play = number
        self._generate()

    def stop(self, now: float) -> None:
        """Play nothing more; keys that are being sent go on."""
        if self._play > 0:
            self.last_at = now
        self._stretches = iter(())
        self._play = 0
        self._generate()

    def press(self, packets: Iterator[EventPacket | None], now: float) -> None:
        """Send keys, after those that are being sent; what is played pauses meanwhile."""
        self._resume(now)
        self._keys = packets if self._keys is None else chain(self._keys, packets)
        self._generate()

    @property
    def idle(self) -> bool:
        """Whether ticks would send nothing: neither a play nor keys."""
        return self._play <= 0 and self._keys is None

    def ended(self, now: float) -> int:
        """To be asked after a tick without datagram: the number of the play that has just come to its end, else 0."""
        self.last_at = now
        if self._play >= 0:
            return 0
        ended, self._play = -self._play, 0
        return ended

    def _generate(self) -> None:
        """Begin anew with what is to be sent: keys first."""
        speaking = self._speak() if self.outbound.packet_ms == TICK_MS else self._speak_repacked()
        self.datagrams = speaking if self._keys is None else chain(self._press(self._keys), speaking)

    def _speak(self) -> Datagrams:
        ssrc, sends = self.ssrc, self.outbound.sends
        usual = VERSION_2 << 24 | self.outbound.voice_type << 16
        word = usual | MARKER << 16
        stretches = self._stretches
        for stretch in stretches:
            frames = iter(stretch)
            self._stretches = chain((frames,), stretches)
            for frame in frames:
                self.timestamp = timestamp = (self.timestamp + 160) & 0xFFFFFFFF
                if not sends:
                    yield None
                    continue
                self.sequence = sequence = (self.sequence + 1) & 0xFFFF
                self.due += 1
                yield _pack_words(word | sequence, timestamp, ssrc) + frame
                word = usual
        self._play = -abs(self._play)

    def _speak_repacked(self) -> Datagrams:
        outbound, ssrc = self.outbound, self.ssrc
        octet = outbound.voice_type | MARKER
        frames = chain.from_iterable(self._stretches)
        self._stretches = iter((frames,))
        for payload in by_tick(frames, outbound.packet_ms):
            if payload is None:
                yield None
                continue
            timestamp = (self.timestamp + TICK_UNITS) & 0xFFFFFFFF
            self.timestamp = (timestamp + len(payload) - TICK_UNITS) & 0xFFFFFFFF
            if not outbound.sends:
                yield None
                continue
            self.sequence = (self.sequence + 1) & 0xFFFF
            self.due += 1
            self.surplus += len(payload) - TICK_UNITS
            yield _pack(0x80, octet, self.sequence, timestamp, ssrc) + payload
            octet = outbound.voice_type
        self._play = -abs(self._play)

    def _press(self, keys: Iterator[EventPacket | None]) -> Datagrams:
        outbound = self.outbound
        event_type = outbound.event_type
        rests = (None,) * (ticks_a_frame(outbound.packet_ms) - 1)
        for packet in keys:
            self.timestamp = (self.timestamp + TICK_UNITS) & 0xFFFFFFFF
            if packet is None or event_type is None or not outbound.sends:
                yield None
                yield from rests
                continue
            self.due += 1
            self.surplus += len(packet.payload) - TICK_UNITS
            self.sequence = (self.sequence + 1) & 0xFFFF
            octet = event_type if packet.age else event_type | MARKER
            began = (self.timestamp - packet.age) & 0xFFFFFFFF
            yield _pack(0x80, octet, self.sequence, began, self.ssrc) + packet.payload
            yield from rests
        self._keys = None

    def skip(self, ticks: int) -> None:
        """Ticks of 20 ms were missed for good: their packets count as due and unsent, and the clock goes on.

        Not within a key.
        """
        packets = ticks * TICK_MS // self.outbound.packet_ms
        self.due += packets
        self.unsent += packets
        if self._keys is None:
            self.timestamp = (self.timestamp + ticks * TICK_UNITS) & 0xFFFFFFFF

    def update(self, outbound: Outbound, table: bytes | None = None) -> None:
        """The peer described its media anew; `table` translates what is being played into its codec."""
        self.outbound = outbound
        self.leader = None
        if table is not None:
            self._stretches = (map(bytes.translate, stretch, repeat(table)) for stretch in self._stretches)
        self._generate()

    def stamp(self, now: float) -> int:
        """The timestamp of the moment, for a sender report; no finer than a tick."""
        return self.clock(now) if self.idle else self.timestamp

    def _resume(self, now: float) -> None:
        """After silence the clock has gone on; the next packet begins a talkspurt (RFC 3551 §4.1)."""
        self.leader = None
        if self.idle:
            self.timestamp = (self.clock(now) - TICK_UNITS) & 0xFFFFFFFF
