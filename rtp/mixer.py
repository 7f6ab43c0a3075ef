"""Mixes for all who talk in conferences, each without the listener's own voice: 20 ms of all of them in a few steps.

G.711 is decoded and encoded by tables, sums are in 32 bits and clipped. Seats are rows of one array, so that a tick
costs numpy's calls once and not once a leg.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rtp.g711 import DECODE_A, DECODE_U, SILENCE_A, SILENCE_U, encode_a, encode_u
from rtp.jitter import JitterBuffer
from rtp.packet import Buffer
from rtp.sender import TICK_UNITS

RING: Final = 16 * TICK_UNITS
"""Samples that a seat keeps: the furthest place (`rtp.jitter`), and the longest packet after it."""
MOST_PACKET: Final = 1440
FIRST_SEATS: Final = 12

_LAWS: Final = {"PCMA": 0, "PCMU": 1}
_SILENCES: Final = (SILENCE_A, SILENCE_U)


def _decoding() -> NDArray[np.int32]:
    """Samples by code, A-law before µ-law. Silence counts as none, so that who is silent changes nobody's voice."""
    table = np.concatenate((DECODE_A, DECODE_U)).astype(np.int32)
    table[SILENCE_A] = 0
    return table


def _encoding() -> NDArray[np.uint8]:
    """Codes by sample + 32,768, A-law before µ-law."""
    samples = np.arange(-32768, 32768).astype(np.int16)
    return np.frombuffer(encode_a(samples) + encode_u(samples), dtype=np.uint8)


_DECODE: Final = _decoding()
_ENCODE: Final = _encoding()


@dataclass(frozen=True, slots=True)
class _Plan:
    """Who hears whom, as rows: those who hear most come first, so that each further voice adds to a beginning."""

    listeners: tuple[int, ...]
    voices: tuple[NDArray[np.intp], ...]
    """The first voice of every listener, the second of those who hear two, and so on."""
    offsets: NDArray[np.int32]


class Mixer:
    """Its clock is its own, in samples: every `mix` is 20 ms."""

    __slots__ = ("_at", "_buffers", "_codes", "_free", "_hears", "_laws", "_plan", "_rows", "_silence")

    def __init__(self) -> None:
        self._at = 0
        self._codes = np.zeros((0, RING), np.uint8)
        self._laws = np.zeros((0, 1), np.uint16)
        self._silence = np.zeros((0, 1), np.uint8)
        self._rows: list[memoryview] = []
        self._buffers: dict[int, JitterBuffer] = {}
        self._hears: dict[int, tuple[int, ...]] = {}
        self._free: list[int] = []
        self._plan: _Plan | None = None

    @property
    def seats(self) -> int:
        """How many are taken."""
        return len(self._buffers)

    def take_seat(self, codec: str) -> int:
        """A seat for a voice in PCMA or PCMU, silent at first; `leave` gives it back."""
        if not self._free:
            self._grow()
        seat = heapq.heappop(self._free)
        self._buffers[seat] = JitterBuffer()
        self._hears[seat] = ()
        self.describe(seat, codec)
        return seat

    def _grow(self) -> None:
        had = len(self._rows)
        more = had or FIRST_SEATS
        self._codes = np.concatenate((self._codes, np.zeros((more, RING), np.uint8)))
        self._laws = np.concatenate((self._laws, np.zeros((more, 1), np.uint16)))
        self._silence = np.concatenate((self._silence, np.zeros((more, 1), np.uint8)))
        self._rows = [row.data for row in self._codes]
        self._free = list(range(had, had + more))
        self._plan = None

    def describe(self, seat: int, codec: str) -> None:
        """It speaks and hears this codec from now on."""
        law = _LAWS[codec]
        self._laws[seat] = law * 256
        self._silence[seat] = _SILENCES[law]
        self._codes[seat] = _SILENCES[law]
        self._plan = None

    def leave(self, seat: int) -> None:
        """Nobody hears it any more, and it hears nobody."""
        del self._buffers[seat], self._hears[seat]
        heapq.heappush(self._free, seat)
        for listener, voices in self._hears.items():
            self._hears[listener] = tuple(voice for voice in voices if voice != seat)
        self._codes[seat] = self._silence[seat]
        self._plan = None

    def hear(self, seat: int, voices: tuple[int, ...]) -> None:
        """From now on these other seats are what `seat` hears; none: nothing is mixed for it."""
        self._hears[seat] = voices
        self._plan = None

    def speak(self, seat: int, payload: Buffer, timestamp: int, ssrc: int, *, marker: bool) -> None:
        """A voice packet came, in the seat's codec."""
        size = len(payload)
        place = self._buffers[seat].place(timestamp, ssrc, self._at, marker=marker)
        if place is None or size > MOST_PACKET:
            return
        row = self._rows[seat]
        begin = place % RING
        end = begin + size
        if end <= RING:
            row[begin:end] = payload
        else:
            row[begin:] = payload[: RING - begin]
            row[: end - RING] = payload[RING - begin :]

    def mix(self) -> Iterator[tuple[int, bytes]]:
        """The next 20 ms: each listener's seat, and 160 bytes in its codec."""
        plan = self._plan
        if plan is None:
            self._plan = plan = self._planned()
        begin = self._at % RING
        codes = self._codes[:, begin : begin + TICK_UNITS]
        samples = _DECODE.take(codes + self._laws)
        codes[:] = self._silence
        self._at += TICK_UNITS
        if not plan.listeners:
            return iter(())
        mixed = samples.take(plan.voices[0], axis=0)
        for voices in plan.voices[1:]:
            mixed[: len(voices)] += samples.take(voices, axis=0)
        np.minimum(mixed, 32767, out=mixed)
        np.maximum(mixed, -32768, out=mixed)
        mixed += plan.offsets
        sound = _ENCODE.take(mixed).tobytes()
        frames = [sound[i : i + TICK_UNITS] for i in range(0, len(sound), TICK_UNITS)]
        return zip(plan.listeners, frames, strict=True)

    def _planned(self) -> _Plan:
        hears = sorted(self._hears.items(), key=lambda item: -len(item[1]))
        listeners = tuple(seat for seat, voices in hears if voices)
        most = len(hears[0][1]) if hears else 0
        heard = [voices for _, voices in hears]
        columns = [[v[n] for v in takewhile(lambda v: len(v) > n, heard)] for n in range(most)]  # noqa: B023
        offsets = self._laws[list(listeners)].astype(np.int32) * 256 + 32768
        return _Plan(listeners, tuple(np.array(column, dtype=np.intp) for column in columns), offsets)

    def skip(self, ticks: int) -> None:
        """That many times 20 ms are left out; what was said in them is lost."""
        self._codes[:] = self._silence
        self._at += ticks * TICK_UNITS
