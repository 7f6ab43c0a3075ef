"""Tones as raw A-law at 8 kHz."""

from typing import Final

import numpy as np

from rtp.g711 import SILENCE_A
from rtp.wav import RATE_HZ, from_samples

RINGING_HZ: Final = (425,)
"""ETSI's call-progress tone, as in Norway."""


def tone(frequencies_hz: tuple[int, ...], duration_s: float, level_db: float = -13.0) -> bytes:
    """Sines added up, each at `level_db` below full scale."""
    at = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    waves = np.sum([np.sin(2 * np.pi * hz * at) for hz in frequencies_hz], axis=0) * 10 ** (level_db / 20)
    return from_samples(waves.astype(np.float32))


def silence(duration_s: float) -> bytes:
    return bytes([SILENCE_A]) * round(duration_s * RATE_HZ)


def ringing() -> bytes:
    """One period of the ringing tone: a second of sound, four of silence."""
    return tone(RINGING_HZ, 1.0) + silence(4.0)
