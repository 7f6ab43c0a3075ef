"""One direction of a bridge: packets of one leg become the other's by a new header, written in place."""

from typing import Final

from rtp.g711 import translation
from rtp.packet import COMFORT_NOISE, HEADER, MARKER, PacketError, payload_bounds
from rtp.sender import RtpSender
from rtp.stream import Header

_pack_into = HEADER.pack_into
_NONE: Final = -1


class Relay:
    """Re-bases sequence and timestamp on the receiving leg's, which so hears one stream whoever it is bridged with."""

    __slots__ = ("_event_in", "_sender", "_shift_sequence", "_shift_timestamp", "_ssrc", "_table")

    def __init__(self, sender: RtpSender, source_codec: str, target_codec: str, event_in: int | None) -> None:
        """`sender` is the receiving leg's, `event_in` the type by which telephone events come in."""
        self._sender = sender
        self._table = translation(source_codec, target_codec)
        self._event_in = _NONE if event_in is None else event_in
        self._ssrc = _NONE
        self._shift_sequence = 0
        self._shift_timestamp = 0

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
            self._ssrc = _NONE
            return False
        if voice and self._table is not None and not self._translate(data, size, self._table):
            return False
        marker = second & MARKER
        if ssrc != self._ssrc:
            self._ssrc = ssrc
            self._shift_sequence = sender.sequence + 1 - sequence
            self._shift_timestamp = sender.clock(now) - timestamp
            marker = MARKER
        sequence = (sequence + self._shift_sequence) & 0xFFFF
        timestamp = (timestamp + self._shift_timestamp) & 0xFFFFFFFF
        _pack_into(data, 0, first, marker | payload_type, sequence, timestamp, sender.ssrc)
        sender.relayed(sequence, timestamp, size, now)
        return True

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
