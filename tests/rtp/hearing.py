"""Which prompt was heard: sound compared by content, with normalised cross-correlation."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rtp.g711 import decode_a

QUIETEST = 0.05
"""Stretches with less than this part of the sought sound's level are silence and match nothing."""


def contains(heard: bytes, prompt: bytes) -> float:
    """How well the shorter of the two (raw A-law, 8 kHz) fits somewhere into the longer: 0 not at all, 1 exactly."""
    a, b = _samples(heard), _samples(prompt)
    long, short = (a, b) if len(a) >= len(b) else (b, a)
    level = float(np.sqrt(np.sum(short**2)))
    if not len(short) or level == 0.0:
        return 0.0
    size = 1 << (len(long) + len(short) - 1).bit_length()
    fitted = np.fft.irfft(np.fft.rfft(long, size) * np.conj(np.fft.rfft(short, size)), size)
    energy = np.concatenate(([0.0], np.cumsum(long**2)))
    local = np.sqrt(np.maximum(energy[len(short) :] - energy[: len(energy) - len(short)], 0.0))
    local = np.where(local < QUIETEST * level, np.inf, local)
    return float(max(0.0, np.max(fitted[: len(local)] / (local * level))))


def best_match(heard_alaw: bytes, prompts: Mapping[str, bytes]) -> tuple[str, float]:
    """The name of the prompt that fits best, and how well; ("", 0.0) if there is none."""
    fits = {name: contains(heard_alaw, prompt) for name, prompt in prompts.items()}
    best = max(fits, key=lambda name: fits[name], default="")
    return best, fits.get(best, 0.0)


def _samples(a_law: bytes) -> NDArray[np.float64]:
    """Without the silence at both ends, and without direct current."""
    samples = decode_a(a_law).astype(np.float64)
    loud = np.flatnonzero(np.abs(samples) > 64)
    if not len(loud):
        return np.zeros(0)
    trimmed: NDArray[np.float64] = samples[loud[0] : loud[-1] + 1]
    return np.asarray(trimmed - trimmed.mean(), dtype=np.float64)
