"""Was the right thing heard? Recordings compared with what should have been played."""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtp.g711 import decode_a

RATE_HZ = 8000
Samples = NDArray[np.float64]


def a_law_file(path: str | Path) -> Samples:
    """A raw A-law file, such as a prompt."""
    return decode_a(Path(path).read_bytes()).astype(np.float64)


def wav_file(path: Path) -> Samples:
    """A 16-bit mono WAV file at 8 kHz. A header that was not finished (the writer was killed) is forgiven."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)


def likeness(heard: Samples, wanted: Samples) -> tuple[float, float]:
    """How alike the best place in `heard` is to `wanted` (1.0: the same but for loudness), and where that is, in s."""
    # A call that ends with the sound loses the last packets in a jitter buffer.
    heard = np.pad(heard, (0, len(wanted) // 4 + 1))
    if len(heard) < len(wanted):
        return 0.0, 0.0
    size = 1 << (len(heard) + len(wanted)).bit_length()
    products = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size)), size)
    places = len(heard) - len(wanted) + 1
    energy = np.concatenate(([0.0], np.cumsum(heard**2)))
    windows = np.maximum(energy[len(wanted) :] - energy[: -len(wanted)], 1.0)
    scores = products[:places] / np.sqrt(windows[:places] * np.sum(wanted**2))
    best = int(np.argmax(scores))
    return float(scores[best]), best / RATE_HZ


def share_alike(heard: Samples, wanted: Samples, piece_s: float = 0.25, alike: float = 0.8) -> float:
    """The share of `wanted`, in pieces, that was heard: for a phone that puts gaps between what it hears."""
    size = round(piece_s * RATE_HZ)
    parts = [wanted[at : at + size] for at in range(0, len(wanted) - size + 1, size)]
    parts = [part for part in parts if np.sqrt(np.mean(part**2)) > 100]
    return sum(likeness(heard, part)[0] > alike for part in parts) / len(parts)


def power_at(heard: Samples, frequency_hz: float) -> float:
    """The part of the sound's power within 10 Hz of `frequency_hz`, 0 to 1."""
    spectrum = np.abs(np.fft.rfft(heard)) ** 2
    frequencies = np.fft.rfftfreq(len(heard), 1 / RATE_HZ)
    near = np.abs(frequencies - frequency_hz) <= 10
    return float(np.sum(spectrum[near]) / max(np.sum(spectrum), 1.0))


def write_tone(path: Path, frequency_hz: float, seconds: float) -> Path:
    """A WAV file of a steady tone, at 8 kHz."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((6000 * np.sin(2 * np.pi * frequency_hz * at)).astype("<i2").tobytes())
    return path
