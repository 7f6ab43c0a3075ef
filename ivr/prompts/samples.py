"""16-bit mono samples: silence cut off at the ends, speech brought to one level, written as WAV."""

import io
import math
import sys
import wave
from array import array
from itertools import pairwise
from operator import mul

FULL_SCALE = 32768
SPEECH_DBFS = -20.0
"""RMS of the spoken parts of a prompt, in dB under full scale: as loud as a person on the line."""
PEAK_DBFS = -3.0
SILENCE_DBFS = -45.0
"""A block whose peak is below this is silence."""
BLOCK_S = 0.01
KEPT_SILENCE_S = 0.03
"""Left at either end, so that no consonant is cut."""
LARGEST_GAIN = 30.0


def from_pcm(pcm: bytes) -> "array[int]":
    """Samples of little-endian 16-bit PCM; an odd byte at the end is dropped."""
    samples = array("h", pcm[: len(pcm) & ~1])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def to_pcm(samples: "array[int]") -> bytes:
    """Little-endian 16-bit PCM."""
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    return samples.tobytes()


def wav(samples: "array[int]", rate_hz: int) -> bytes:
    """A WAV file of `samples`."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(to_pcm(samples))
    return out.getvalue()


def amplitude(dbfs: float) -> float:
    return float(FULL_SCALE * 10 ** (dbfs / 20))


def rms_dbfs(samples: "array[int]") -> float:
    """Level over the whole of `samples`; minus infinity for nothing or pure silence."""
    power = sum(map(mul, samples, samples)) / len(samples) if samples else 0.0
    return 20 * math.log10(math.sqrt(power) / FULL_SCALE) if power else -math.inf


def _peak(samples: "array[int]") -> int:
    highest, lowest = max(samples), min(samples)
    return max(highest, -lowest)


def _loud_blocks(samples: "array[int]", block: int) -> list[int]:
    limit = amplitude(SILENCE_DBFS)
    starts = range(0, len(samples), block)
    return [at for at in starts if _peak(samples[at : at + block]) > limit]


def trimmed(samples: "array[int]", rate_hz: int) -> "array[int]":
    """Without the silence at either end; empty when there is nothing but silence."""
    block = max(1, round(rate_hz * BLOCK_S))
    loud = _loud_blocks(samples, block)
    if not loud:
        return array("h")
    kept = round(rate_hz * KEPT_SILENCE_S)
    return samples[max(0, loud[0] - kept) : loud[-1] + block + kept]


def normalised(samples: "array[int]", rate_hz: int, level_dbfs: float = SPEECH_DBFS) -> "array[int]":
    """The parts that are not silence at `level_dbfs` RMS, but no peak above PEAK_DBFS."""
    block = max(1, round(rate_hz * BLOCK_S))
    loud = array("h")
    for at in _loud_blocks(samples, block):
        loud += samples[at : at + block]
    if not loud:
        return samples
    wanted = amplitude(level_dbfs - rms_dbfs(loud)) / FULL_SCALE
    gain = min(wanted, amplitude(PEAK_DBFS) / _peak(loud), LARGEST_GAIN)
    return array("h", [round(sample * gain) for sample in samples])


def largest_step(samples: "array[int]") -> int:
    """The largest jump from one sample to the next: a click shows here."""
    return max((abs(b - a) for a, b in pairwise(samples)), default=0)
