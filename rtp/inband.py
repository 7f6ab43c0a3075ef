"""Keys heard as tones in the voice (ITU-T Q.23, Q.24), for a peer that sends no telephone events.

Ten milliseconds at a time are compared with the eight frequencies (the sums of Goertzel's algorithm, as one product of
matrices). Three such blocks in a row that look like a key are then fitted with two free sines: what they are off by,
how unlike in level they are, and what they leave over, tells a key from speech and music.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rtp.dtmf import Key
from rtp.g711 import DECODE_A, DECODE_U
from rtp.packet import Buffer

RATE_HZ: Final = 8000
LOW_HZ: Final = (697, 770, 852, 941)
HIGH_HZ: Final = (1209, 1336, 1477, 1633)
KEYS: Final = ("123A", "456B", "789C", "*0#D")
"""By low and high frequency."""

BLOCK: Final = 80
"""10 ms: a tone of 40 ms, which Q.24 wants heard, has three whole ones wherever it begins."""
WINDOW_BLOCKS: Final = 3
WINDOW: Final = BLOCK * WINDOW_BLOCKS
MOST_SILENT_BLOCKS: Final = 2
"""20 ms without the tones end a press: breaks of 10 ms do not, pauses of 40 ms do."""

MOST_OFF: Final = 0.025
"""Frequencies are accepted up to 1.5 % off and refused from 3.5 % on."""
LEAST_AMPLITUDE: Final = 700.0
"""Of each tone, -30 dBm0."""
MOST_TWIST_DB: Final = (-9.5, 6.0)
"""The high tone against the low one: -8 to 4 dB have to be accepted."""
MOST_LEFT_OVER: Final = 0.08
"""Of the energy, beside the two sines: a signal 11 dB over noise."""

_LEAST_ENERGY: Final = BLOCK * LEAST_AMPLITUDE**2
_LEAST_LIKENESS: Final = 0.6
"""Of the energy, at the two frequencies; also of the loudest block of a window, in each other."""
_LEAST_GOING_ON: Final = 0.4
_GOES_ON_DOWN_TO: Final = 0.1
_LEAST_OF_EACH: Final = 0.05
_MOST_TURN: Final = 0.02
"""Radians a sample (25 Hz) that one step of a fit may move: the two sines stay apart."""
FITS: Final = 3

Samples = NDArray[np.float32]
Wide = NDArray[np.float64]

_RADIANS: Final = 2 * np.pi / RATE_HZ * np.array(LOW_HZ + HIGH_HZ)
_TURNS: Final = np.exp(-1j * np.outer(np.arange(BLOCK), _RADIANS)).astype(np.complex64)
_TABLE: Final = np.concatenate((_TURNS.real, _TURNS.imag), axis=1)
_DECODE: Final = {"PCMA": DECODE_A.astype(np.float32), "PCMU": DECODE_U.astype(np.float32)}
_TIMES: Final = (np.arange(WINDOW) - (WINDOW - 1) / 2)[:, np.newaxis]
_SCALE: Final = WINDOW / 2


class ToneReceiver:
    """Tells each press once, in the first 30 to 50 ms of it."""

    __slots__ = ("_digit", "_level", "_past", "_rest", "_silent")

    def __init__(self) -> None:
        self._rest = b""
        self._past: Samples = np.zeros(WINDOW - BLOCK, np.float32)
        self._digit: tuple[int, int] | None = None
        self._level = 0.0
        self._silent = 0

    def receive(self, payload: Buffer, codec: str) -> list[Key]:
        """Voice in PCMA or PCMU, in the order in which it was said. Gives the keys whose press has begun."""
        sound = self._rest + bytes(payload)
        whole = len(sound) - len(sound) % BLOCK
        self._rest = sound[whole:]
        samples = np.concatenate((self._past, _DECODE[codec][np.frombuffer(sound, np.uint8, whole)]))
        self._past = samples[whole:]
        blocks = samples.reshape(-1, BLOCK)
        energies = np.einsum("ij,ij->i", blocks, blocks)
        if self._digit is None and energies.max() < _LEAST_ENERGY:
            return []
        sums = blocks @ _TABLE
        powers = np.square(sums)
        powers = (powers[:, :8] + powers[:, 8:]) * (2 / BLOCK)
        keys = []
        for end in range(WINDOW_BLOCKS, len(blocks) + 1):
            if self._digit is not None and self._goes_on(powers[end - 1], float(energies[end - 1]), self._digit):
                continue
            begin = end - WINDOW_BLOCKS
            pair = _likely(powers[begin:end], energies[begin:end])
            if pair is not None and _is_key(samples[begin * BLOCK : end * BLOCK], sums[begin:end], pair):
                self._digit = pair
                self._silent = 0
                self._level = float(energies[begin:end].mean())
                keys.append(Key(KEYS[pair[0]][pair[1]], WINDOW_BLOCKS * 10))
        return keys

    def _goes_on(self, powers: Samples, energy: float, digit: tuple[int, int]) -> bool:
        """Whether the press has not ended yet with this block."""
        tones = float(powers[digit[0]] + powers[4 + digit[1]])
        if energy >= _GOES_ON_DOWN_TO * self._level and tones >= _LEAST_GOING_ON * energy:
            self._silent = 0
            return True
        self._silent += 1
        if self._silent >= MOST_SILENT_BLOCKS:
            self._digit = None
        return self._digit is not None


def _likely(powers: Samples, energies: Samples) -> tuple[int, int] | None:
    """The low and the high frequency that stand out, if they hold most of the energy, evenly over the blocks."""
    least = float(energies.min())
    if least < _LEAST_ENERGY or least < _LEAST_LIKENESS * float(energies.max()):
        return None
    total = powers.sum(axis=0)
    low, high = int(total[:4].argmax()), int(total[4:].argmax())
    one, other, whole = float(total[low]), float(total[4 + high]), float(energies.sum())
    if one + other < _LEAST_LIKENESS * whole or min(one, other) < _LEAST_OF_EACH * whole:
        return None
    return low, high


def _is_key(samples: Samples, sums: Samples, pair: tuple[int, int]) -> bool:
    """Whether two sines near the pair's frequencies, of like level, make up nearly all of the window."""
    at = [pair[0], 4 + pair[1]]
    nominal = _RADIANS[at]
    turns = sums[:, at] + 1j * sums[:, [8 + n for n in at]]
    advance = (turns[1:] * turns[:-1].conj()).sum(axis=0) * np.exp(-1j * nominal * BLOCK)
    radians, amplitudes, left_over = _fitted(samples, nominal + np.angle(advance) / BLOCK)
    if left_over > MOST_LEFT_OVER or amplitudes.min() < LEAST_AMPLITUDE:
        return False
    least_db, most_db = MOST_TWIST_DB
    twist_db = 20 * np.log10(amplitudes[1] / amplitudes[0])
    return bool(np.abs(radians / nominal - 1).max() <= MOST_OFF and least_db <= twist_db <= most_db)


def _fitted(samples: Samples, radians: Wide) -> tuple[Wide, Wide, float]:
    """Two sines as near as can be to the samples, begun with these radians a sample (Gauss-Newton).

    Gives their frequencies and amplitudes, and what part of the energy they leave over.
    """
    for _ in range(FITS):
        angles = _TIMES * radians
        sines = np.concatenate((np.cos(angles), np.sin(angles)), axis=1)
        shapes = np.concatenate((sines, sines * (_TIMES / _SCALE)), axis=1)
        parts = np.linalg.solve(shapes.T @ shapes, shapes.T @ samples)
        cosines, sine_parts, rising, falling = parts.reshape(4, 2)
        squares = np.maximum(cosines**2 + sine_parts**2, 1.0)
        turned = (rising * sine_parts - falling * cosines) / squares / _SCALE
        radians = radians + np.clip(turned, -_MOST_TURN, _MOST_TURN)
    rest = samples - sines @ parts[:4]
    return radians, np.sqrt(squares), float(rest @ rest / (samples @ samples))
