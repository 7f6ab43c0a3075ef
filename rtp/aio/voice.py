"""What becomes of the voice that a leg hears: it is recorded and goes its way; while the leg is muted, as silence."""

from collections.abc import Callable, Sequence
from typing import Protocol

from rtp.aio.recording import Recording
from rtp.description import LegDescription
from rtp.dtmf import Key
from rtp.g711 import SILENCE
from rtp.inband import ToneReceiver
from rtp.packet import PacketError, payload_bounds
from rtp.recorder import NEAR
from rtp.stream import Header


class Way(Protocol):
    """Where to: over a bridge, or into a mix."""

    @property
    def direct(self) -> "Direct | None":
        """The short cut, if this way has one."""

    def carry(self, buffer: bytearray, size: int, header: Header, now: float, *, voice: bool) -> None:
        """A packet that counts is in the first `size` bytes, which may be written over. Not `voice`: a key or noise."""

    def withhold(self, sequence: int) -> None:
        """The packet of that number is not carried."""

    def renew(self) -> None:
        """The leg was described anew."""

    def leave(self) -> None:
        """The leg goes another way from now on."""


Direct = Callable[[bytearray, int, float], bool]
"""Takes what came in the first bytes of a buffer, and the time, if that is voice that just goes on; else False."""


class Voice:
    """What a leg's voice is used for, and by whom."""

    __slots__ = ("_codec", "_listens", "_tones", "_voice_type", "direct", "muted", "recording", "way")

    def __init__(self) -> None:
        self.recording: Recording | None = None
        self.way: Way | None = None
        self.direct: Direct | None = None
        """The way's own short cut, while nobody else wants the voice: see `settle`."""
        self.muted = False
        self._listens = False
        self._tones: ToneReceiver | None = None
        self._codec = ""
        self._voice_type = -1

    def listen_for_tones(self, description: LegDescription) -> None:
        self._listens = True
        self.describe(description)

    def describe(self, description: LegDescription) -> None:
        """The leg was described, perhaps anew."""
        inbound = description.inbound
        self._codec = description.codec
        self._voice_type = inbound.voice_type
        if not self._listens or not inbound.receives or inbound.event_type is not None:
            self._tones = None
        elif self._tones is None:
            self._tones = ToneReceiver()

    @property
    def wanted(self) -> bool:
        """Whether anybody listens, so that every packet is needed."""
        return self.way is not None or self.recording is not None or self._tones is not None

    def settle(self) -> None:
        """To be called after any change of what the voice is used for."""
        plain = self.way is not None and self.recording is None and self._tones is None and not self.muted
        self.direct = self.way.direct if plain and self.way is not None else None

    def heard(self, buffer: bytearray, size: int, header: Header, now: float) -> Sequence[Key]:
        """A packet that counts is in the first `size` bytes of the buffer. Gives the keys that are heard in it."""
        voice = header[1] & 0x7F == self._voice_type
        keys: Sequence[Key] = ()
        if voice and (self._tones is not None or self.muted):
            keys = self._look_into(buffer, size)
        if voice and self.recording is not None:
            self.recording.voice(NEAR, memoryview(buffer)[:size], header[3], header[4], self._codec, now)
        way = self.way
        if way is None:
            return keys
        if self.muted and not voice:
            way.withhold(header[2])
        else:
            way.carry(buffer, size, header, now, voice=voice)
        return keys

    def _look_into(self, buffer: bytearray, size: int) -> Sequence[Key]:
        """Keys are heard before a mute makes silence of it all."""
        try:
            start, end = payload_bounds(memoryview(buffer)[:size])
        except PacketError:
            return ()
        keys = self._tones.receive(buffer[start:end], self._codec) if self._tones is not None else ()
        if self.muted:
            buffer[start:end] = SILENCE[self._codec] * (end - start)
        return keys
