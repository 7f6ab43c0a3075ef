"""The voice of a leg, or of both sides of a bridge, as A-law in the order and at the distances of its timestamps."""

from typing import Final

import numpy as np

from rtp.engine import Sides
from rtp.g711 import DECODE_A, SILENCE_A, U_TO_A, encode_a
from rtp.packet import Buffer, PacketError, payload_bounds

NEAR: Final = 0
"""What is heard from the leg that is recorded."""
FAR: Final = 1
"""What is heard from the leg that it is bridged with, whichever that is by then."""

RATE_HZ: Final = 8000
MOST_GAP: Final = RATE_HZ * 60
"""A longer jump of the timestamp (a minute) is another clock, not a silence; a longer silence of both is shortened."""
MOST_LATE: Final = RATE_HZ
MOST_ASTRAY: Final = RATE_HZ
"""A second: how far one side may be from where the clock puts it, so that a burst of late packets moves nothing."""
HELD_BACK: Final = RATE_HZ
"""A second that is not written yet while two sides are recorded, for the one that comes later."""

QUIET: Final = 400
"""Out of 32,768 (-38 dBFS): the noise of a line stays below it, speech does not."""
LOUD_PART: Final = 8
"""One sample in so many has to be louder than that for a packet to be speech."""
_LOUD: Final = bytes(map(int, np.abs(DECODE_A.astype(np.int32)) >= QUIET))

Parts = tuple[bytes, ...]


class Track:
    """One voice until it is taken away to be written. Late packets find their place while it is not taken."""

    __slots__ = ("_buffer", "_next", "_ssrc", "recorded")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._ssrc = -1
        self._next = 0
        self.recorded = 0
        """Samples in all."""

    @property
    def taken(self) -> int:
        return self.recorded - len(self._buffer)

    def begin_anew(self) -> None:
        """The next packet is the first again: it follows without a gap of its own."""
        self._ssrc = -1

    def voice(self, payload: bytes, timestamp: int, ssrc: int, place: int | None, most: int) -> bool:
        """A voice packet, which by the clock begins at sample `place` (None: where the one before ends).

        False if more than `most` samples would be recorded.
        """
        gap = ((timestamp - self._next + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        if ssrc == self._ssrc and -MOST_LATE <= gap < 0:
            self._late(payload, gap)
            return True
        if ssrc != self._ssrc or gap > MOST_GAP or gap < 0:
            gap = 0 if place is None else max(0, place - self.recorded)
        astray = 0 if place is None else place - self.recorded - gap
        if astray > MOST_ASTRAY:
            gap += astray
        self._next = (timestamp + len(payload)) & 0xFFFFFFFF
        self._ssrc = ssrc
        if astray < -MOST_ASTRAY:
            return True
        if self.recorded + gap + len(payload) > most:
            return False
        self._silence(gap)
        self._buffer += payload
        self.recorded += len(payload)
        return True

    def _silence(self, samples: int) -> None:
        self._buffer += bytes([SILENCE_A]) * samples
        self.recorded += samples

    def _late(self, payload: bytes, gap: int) -> None:
        """Put a packet into the silence that was left for it, if that is still here."""
        at = len(self._buffer) + gap
        if at >= 0 and at + len(payload) <= len(self._buffer):
            self._buffer[at : at + len(payload)] = payload

    def take(self, until: int) -> bytes:
        """What was recorded up to sample `until`, filled up with silence, which counts as this voice's own."""
        missing = max(0, until - self.recorded)
        self._silence(missing)
        self._next = (self._next + missing) & 0xFFFFFFFF
        count = until - self.taken
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken


class Recorder:
    """The tracks of one recording, on one clock where they are two. Bounded by `most_s` of sound."""

    __slots__ = ("_began", "_most", "_paused_at", "_sides", "_tracks", "full", "heard_at", "spoken")

    def __init__(self, sides: Sides, most_s: float, now: float) -> None:
        self._sides = sides
        self._tracks = (Track(),) if sides is Sides.ONE else (Track(), Track())
        self._most = round(most_s * RATE_HZ)
        self._began = now
        self._paused_at: float | None = None
        self.full = False
        """Whether something was left out because the recording is as long as it may be."""
        self.heard_at = now
        """When somebody was heard last; at first when it began, or went on after a pause."""
        self.spoken = 0
        """Samples up to where somebody was heard last."""

    def voice(self, side: int, data: Buffer, timestamp: int, ssrc: int, codec: str, now: float) -> None:
        """A voice packet in PCMA or PCMU was heard on that side."""
        if self._paused_at is not None or side >= len(self._tracks):
            return
        try:
            start, end = payload_bounds(data)
        except PacketError:
            return
        payload = bytes(data[start:end])
        if codec == "PCMU":
            payload = payload.translate(U_TO_A)
        place = None if self._sides is Sides.ONE else self._place(len(payload), now)
        track = self._tracks[side]
        self.full = not track.voice(payload, timestamp, ssrc, place, self._most) or self.full
        if payload.translate(_LOUD).count(1) * LOUD_PART > len(payload):
            self.heard_at = now
            self.spoken = max(self.spoken, track.recorded)

    def _place(self, size: int, now: float) -> int:
        """Where a packet that ends now begins; where nobody spoke for long, time is left out."""
        place = round((now - self._began) * RATE_HZ) - size
        too_long = place - max(track.recorded for track in self._tracks) - MOST_GAP
        if too_long > 0:
            self._began += too_long / RATE_HZ
            place -= too_long
        return max(0, place)

    def change_far(self) -> None:
        """Another leg is on the far side from now on, whose numbers have nothing to do with the last one's."""
        for track in self._tracks[FAR:]:
            track.begin_anew()

    def pause(self, now: float) -> None:
        """Nothing that is said from now on is recorded, and the time is left out. Nothing if it is so already."""
        if self._paused_at is None:
            self._paused_at = now

    def resume(self, now: float) -> None:
        if self._paused_at is None:
            return
        self._began += now - self._paused_at
        self._paused_at = None
        self.heard_at = now
        for track in self._tracks:
            track.begin_anew()

    @property
    def recorded(self) -> int:
        """Samples a channel."""
        return max(track.recorded for track in self._tracks)

    @property
    def ready(self) -> int:
        """Samples a channel that `take` would give."""
        held = 0 if self._sides is Sides.ONE else HELD_BACK
        return max(0, self.recorded - held - self._tracks[0].taken)

    def take(self, *, last: bool = False) -> Parts:
        """What is to be written, every track equally long; `combine` makes one of them."""
        taken = self._tracks[0].taken
        until = self.recorded if last else taken + self.ready
        return tuple([track.take(until) for track in self._tracks])


def channels(sides: Sides) -> int:
    return 2 if sides is Sides.STEREO else 1


def combine(sides: Sides, parts: Parts) -> bytes:
    """The sound of a file from that of its tracks: side by side, or added up."""
    if sides is Sides.ONE:
        return parts[0]
    tracks = np.stack([np.frombuffer(part, dtype=np.uint8) for part in parts])
    if sides is Sides.STEREO:
        return tracks.T.tobytes()
    mixed = DECODE_A[tracks].sum(axis=0, dtype=np.int32)
    return encode_a(np.clip(mixed, -32768, 32767).astype(np.int16))
