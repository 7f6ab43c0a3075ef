"""One direction of a bridge: packets of one leg become the other's by a new header, written in place."""

from typing import Final

from rtp.g711 import translation
from rtp.packet import COMFORT_NOISE, HEADER, MARKER, VERSION_2, WORDS, PacketError, payload_bounds
from rtp.reception import CLOCK_HZ
from rtp.sender import USUAL_BYTES, RtpSender
from rtp.stream import Header, RtpStream

_pack_into = HEADER.pack_into
_unpack_words = WORDS.unpack_from
_pack_words = WORDS.pack_into
HEADER_BYTES: Final = 12
LONGEST_CHANGE: Final = 0x80000000
"""Of the transit time; a longer one is a clock that went round."""
_NONE: Final = -1


class Relay:
    """Re-bases sequence and timestamp on the receiving leg's, which so hears one stream whoever it is bridged with."""

    __slots__ = (
        "_event_in",
        "_sender",
        "_shift_sequence",
        "_shift_timestamp",
        "_ssrc",
        "_table",
        "_word_in",
        "_word_out",
    )

    def __init__(self, sender: RtpSender, source_codec: str, target_codec: str, event_in: int | None) -> None:
        """`sender` is the receiving leg's, `event_in` the type by which telephone events come in."""
        self._sender = sender
        self._table = translation(source_codec, target_codec)
        self._event_in = _NONE if event_in is None else event_in
        self._ssrc = _NONE
        self._shift_sequence = 0
        self._shift_timestamp = 0
        self._word_in = self._word_out = _NONE

    def follow(self, data: bytearray, size: int, stream: RtpStream, now: float) -> bool:
        """Do all that `stream` and `rewrite` do, at once, for voice that is simply the next packet of what is relayed.

        `data` holds a datagram from the latched source of `stream`. False: nothing was done, take the long way.
        """
        word, timestamp, ssrc = _unpack_words(data)
        sender = self._sender
        reception = stream.reception
        transit = reception.transit
        sequence = (reception.extended + 1) & 0xFFFF
        if (
            word != self._word_in | sequence
            or ssrc != self._ssrc
            or ssrc != stream.ssrc
            or sender.leader is not self
            or transit is None
            or size < HEADER_BYTES
        ):
            return False
        new_transit = now * CLOCK_HZ - timestamp
        change = abs(new_transit - transit)
        if change > LONGEST_CHANGE or not reception.complete:
            return False
        reception.transit = new_transit
        reception.jitter += (change - reception.jitter) / 16
        reception.extended += 1
        stream.received += 1
        sender.due += 1
        if size != USUAL_BYTES:
            sender.surplus += size - USUAL_BYTES
        stream.silent_since = sender.last_at = now
        sender.sequence = sequence = (sequence + self._shift_sequence) & 0xFFFF
        sender.timestamp = timestamp = (timestamp + self._shift_timestamp) & 0xFFFFFFFF
        if self._table is not None:
            data[HEADER_BYTES:size] = data[HEADER_BYTES:size].translate(self._table)
        _pack_words(data, 0, self._word_out | sequence, timestamp, sender.ssrc)
        return True

    def rewrite(self, data: bytearray, size: int, header: Header, now: float) -> bool:
        """Make the packet in the first `size` bytes of `data` the receiving leg's. False: it is not to be sent."""
        first, second, sequence, timestamp, ssrc = header
        sender = self._sender
        outbound = sender.outbound
        payload_type = outbound.voice_type
        type_in = second & 0x7F
        voice = type_in != self._event_in
        if not voice:
            if outbound.event_type is None:
                return False
            payload_type = outbound.event_type
        elif type_in == COMFORT_NOISE:
            self.withhold(sequence)
            return False
        if not outbound.sends or not sender.idle:
            return False
        if voice and self._table is not None and not self._translate(data, size, self._table):
            return False
        marker = second & MARKER
        if ssrc != self._ssrc or sender.leader is not self:
            self._begin(sequence, timestamp, ssrc, now)
            marker = MARKER
        if voice:
            self._word_in = VERSION_2 << 24 | type_in << 16
            self._word_out = VERSION_2 << 24 | payload_type << 16
        sequence = (sequence + self._shift_sequence) & 0xFFFF
        timestamp = (timestamp + self._shift_timestamp) & 0xFFFFFFFF
        _pack_into(data, 0, first, marker | payload_type, sequence, timestamp, sender.ssrc)
        sender.relayed(sequence, timestamp, size, now)
        return True

    def _begin(self, sequence: int, timestamp: int, ssrc: int, now: float) -> None:
        """This packet is the next of the receiving leg's stream, whatever was sent before."""
        sender = self._sender
        sender.leader = self
        self._ssrc = ssrc
        self._shift_sequence = sender.sequence + 1 - sequence
        self._shift_timestamp = sender.clock(now) - timestamp

    def withhold(self, sequence: int) -> None:
        """This packet stays here (comfort noise was agreed with nobody); the numbers close up: no loss is seen."""
        if (sequence + self._shift_sequence - self._sender.sequence) & 0xFFFF == 1:
            self._shift_sequence -= 1

    def _translate(self, data: bytearray, size: int, table: bytes) -> bool:
        try:
            start, end = payload_bounds(memoryview(data)[:size])
        except PacketError:
            return False
        data[start:end] = data[start:end].translate(table)
        return True
