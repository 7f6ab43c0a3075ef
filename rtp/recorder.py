"""A leg's voice as one stretch of A-law, in the order and at the distances of its timestamps."""

from typing import Final

from rtp.g711 import SILENCE_A, U_TO_A
from rtp.packet import PacketError, payload_bounds

MOST_GAP: Final = 8000 * 60
"""A longer jump of the timestamp (a minute) is another clock, not a silence."""
MOST_LATE: Final = 8000
MOST_BYTES: Final = 8000 * 3600 * 4
"""Four hours; what comes after is not recorded."""


class Recorder:
    """Collects voice until it is taken away to be written. Late packets find their place while it is not taken."""

    __slots__ = ("_buffer", "_next", "_ssrc", "_table", "recorded")

    def __init__(self, codec: str) -> None:
        self.set_codec(codec)
        self._buffer = bytearray()
        self._ssrc = -1
        self._next = 0
        self.recorded = 0
        """Bytes (samples) in all."""

    def set_codec(self, codec: str) -> None:
        """What comes from now on is PCMA or PCMU; the recording is A-law either way."""
        self._table = U_TO_A if codec == "PCMU" else None

    def voice(self, data: bytes | bytearray | memoryview, timestamp: int, ssrc: int) -> None:
        """A voice packet was heard."""
        try:
            start, end = payload_bounds(data)
        except PacketError:
            return
        payload = bytes(data[start:end])
        if self._table is not None:
            payload = payload.translate(self._table)
        gap = ((timestamp - self._next + 0x80000000) & 0xFFFFFFFF) - 0x80000000 if ssrc == self._ssrc else 0
        if -MOST_LATE <= gap < 0:
            self._late(payload, gap)
            return
        if gap > MOST_GAP or gap < 0:
            gap = 0
        if self.recorded + gap + len(payload) > MOST_BYTES:
            return
        self._ssrc = ssrc
        self._next = (timestamp + len(payload)) & 0xFFFFFFFF
        self._buffer += bytes([SILENCE_A]) * gap
        self._buffer += payload
        self.recorded += gap + len(payload)

    def _late(self, payload: bytes, gap: int) -> None:
        """Put a packet into the silence that was left for it, if that is still here."""
        at = len(self._buffer) + gap
        if at >= 0 and at + len(payload) <= len(self._buffer):
            self._buffer[at : at + len(payload)] = payload

    @property
    def waiting(self) -> int:
        """Bytes that are not taken yet."""
        return len(self._buffer)

    def take(self) -> bytes:
        """What was recorded since the last call, to be written."""
        taken = bytes(self._buffer)
        self._buffer.clear()
        return taken
