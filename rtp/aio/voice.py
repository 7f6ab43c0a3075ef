"""What becomes of the voice that a leg hears: it is recorded and goes its way; while the leg is muted, as silence."""

from typing import Protocol

from rtp.aio.recording import Recording
from rtp.description import LegDescription
from rtp.g711 import SILENCE
from rtp.packet import PacketError, payload_bounds
from rtp.recorder import NEAR
from rtp.stream import Header


class Way(Protocol):
    """Where to: over a bridge, or into a mix."""

    def carry(self, buffer: bytearray, size: int, header: Header, now: float, *, voice: bool) -> None:
        """A packet that counts is in the first `size` bytes, which may be written over. Not `voice`: a key, or noise."""

    def withhold(self, sequence: int) -> None:
        """The packet of that number is not carried."""

    def renew(self) -> None:
        """The leg was described anew."""

    def leave(self) -> None:
        """The leg goes another way from now on."""


class Voice:
    """What a leg's voice is used for, and by whom."""

    __slots__ = ("_codec", "_voice_type", "muted", "recording", "way")

    def __init__(self) -> None:
        self.recording: Recording | None = None
        self.way: Way | None = None
        self.muted = False
        self._codec = ""
        self._voice_type = -1

    def describe(self, description: LegDescription) -> None:
        """The leg was described, perhaps anew."""
        self._codec = description.codec
        self._voice_type = description.inbound.voice_type

    @property
    def wanted(self) -> bool:
        """Whether anybody listens, so that every packet is needed."""
        return self.way is not None or self.recording is not None

    def heard(self, buffer: bytearray, size: int, header: Header, now: float) -> None:
        """A packet that counts is in the first `size` bytes of the buffer."""
        way = self.way
        voice = header[1] & 0x7F == self._voice_type
        if self.muted:
            if not voice:
                if way is not None:
                    way.withhold(header[2])
                return
            self._silence(buffer, size)
        if voice and self.recording is not None:
            self.recording.voice(NEAR, memoryview(buffer)[:size], header[3], header[4], self._codec, now)
        if way is not None:
            way.carry(buffer, size, header, now, voice=voice)

    def _silence(self, buffer: bytearray, size: int) -> None:
        try:
            start, end = payload_bounds(memoryview(buffer)[:size])
        except PacketError:
            return
        buffer[start:end] = SILENCE[self._codec] * (end - start)
