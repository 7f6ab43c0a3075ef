"""The RTP packet (RFC 3550 §5.1)."""

import struct
from dataclasses import dataclass
from typing import Final

Buffer = bytes | bytearray | memoryview

HEADER: Final = struct.Struct("!BBHII")
"""Version and flags, marker and payload type, sequence, timestamp, SSRC."""
WORDS: Final = struct.Struct("!III")
"""The same as words, the first three fields in one."""

VERSION_2: Final = 0x80
MARKER: Final = 0x80
COMFORT_NOISE: Final = 13
"""The static payload type of comfort noise (RFC 3389): sent in place of voice in silence, whether agreed or not."""
MOST_BYTES: Final = 1500
"""The longest datagram that is read; a longer one is no voice packet."""


class PacketError(ValueError):
    """The bytes are no RTP packet, or no RTCP packet; the message says what is wrong with them."""


@dataclass(frozen=True, slots=True)
class RtpPacket:
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    def to_bytes(self) -> bytes:
        """The datagram. Raises PacketError if a field does not fit its bits."""
        if not 0 <= self.payload_type <= 127:
            raise PacketError(f"payload type {self.payload_type} does not fit 7 bits")
        try:
            second = MARKER * self.marker | self.payload_type
            return HEADER.pack(VERSION_2, second, self.sequence, self.timestamp, self.ssrc) + self.payload
        except struct.error as error:
            raise PacketError(f"{self!r}: {error}") from error


def parse(data: Buffer) -> RtpPacket:
    """Read one datagram; CSRCs, extension and padding are left out. Raises PacketError and nothing else."""
    start, end = payload_bounds(data)
    _, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    return RtpPacket(second & 0x7F, sequence, timestamp, ssrc, bytes(data[start:end]), second >= MARKER)


def payload_bounds(data: Buffer) -> tuple[int, int]:
    """Where the payload begins and ends in a datagram. Raises PacketError."""
    size = len(data)
    if size < 12:
        raise PacketError(f"{size} bytes are too few for an RTP header of 12")
    first = data[0]
    if first & 0xC0 != VERSION_2:
        raise PacketError(f"RTP version {first >> 6}, expected 2")
    if first == VERSION_2:
        return 12, size
    start = 12 + 4 * (first & 0x0F)
    if first & 0x10:
        if start + 4 > size:
            raise PacketError(f"the header extension begins at byte {start} of {size}")
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = size
    if first & 0x20:
        padding = data[size - 1]
        if padding == 0:
            raise PacketError("padding of no bytes; its last byte counts itself")
        end -= padding
    if start > end:
        raise PacketError(f"the payload would begin at byte {start} and end at {end} of {size}")
    return start, end
