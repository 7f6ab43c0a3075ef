"""16-bit mono samples: silence cut off at the ends, speech brought to one level, written as WAV."""

import io
import math
import sys
import wave
from array import array
from dataclasses import dataclass
from itertools import groupby, pairwise
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
CLIPPED = 32_700
CLIPPED_RUN = 3


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


def audible(samples: "array[int]") -> bool:
    """Whether there is anything but silence."""
    return bool(samples) and _peak(samples) > amplitude(SILENCE_DBFS)


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


@dataclass(frozen=True, slots=True)
class Levels:
    """How loud speech is, in dB under full scale: RMS of what is not silence, and its peak; `clipped` places."""

    speech_dbfs: float
    peak_dbfs: float
    clipped: int


def levels(samples: "array[int]", rate_hz: int) -> Levels:
    """Of a recording as it is; minus infinity where there is nothing but silence."""
    block = max(1, round(rate_hz * BLOCK_S))
    starts = _loud_blocks(samples, block)
    if not starts:
        return Levels(-math.inf, -math.inf, 0)
    loud = _joined(samples, starts, block)
    peak = _peak(loud)
    clipped = _clipped(loud) if peak >= CLIPPED else 0
    return Levels(rms_dbfs(loud), 20 * math.log10(peak / FULL_SCALE), clipped)


def _clipped(samples: "array[int]") -> int:
    """Places where the wave is cut flat: CLIPPED_RUN samples and more at full scale, one after the other."""
    runs = groupby(samples, key=lambda sample: 1 if sample >= CLIPPED else -1 if sample <= -CLIPPED else 0)
    return sum(1 for at_top, run in runs if at_top and sum(1 for _ in run) >= CLIPPED_RUN)


def _joined(samples: "array[int]", starts: list[int], block: int) -> "array[int]":
    loud = array("h")
    for at in starts:
        loud += samples[at : at + block]
    return loud


def normalised(samples: "array[int]", rate_hz: int, level_dbfs: float = SPEECH_DBFS) -> "array[int]":
    """The parts that are not silence at `level_dbfs` RMS, but no peak above PEAK_DBFS."""
    block = max(1, round(rate_hz * BLOCK_S))
    starts = _loud_blocks(samples, block)
    if not starts:
        return samples
    loud = _joined(samples, starts, block)
    wanted = amplitude(level_dbfs - rms_dbfs(loud)) / FULL_SCALE
    gain = min(wanted, amplitude(PEAK_DBFS) / _peak(loud), LARGEST_GAIN)
    return array("h", map(round, map(gain.__mul__, samples)))


def largest_step(samples: "array[int]") -> int:
    """The largest jump from one sample to the next: a click shows here."""
    return max((abs(b - a) for a, b in pairwise(samples)), default=0)
