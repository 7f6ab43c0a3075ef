"""Music on hold, composed and sounded here: `python -m ivr.prompts.music` writes one seamless loop as WAV.

Eight slow bars of chords, broken by a soft plucked tone over held low notes, and the same again, broken the other
way. Every sound is a sum of sines between 110 and 2,000 Hz, which a telephone carries well, and what rings on past the
end of the loop rings on at its beginning.
"""

import math
import sys
from array import array
from functools import cache

from ivr.prompts.samples import rms_dbfs, wav

RATE_HZ = 8000
LEVEL_DBFS = -27.0
"""Under the speech, so that nobody holds the phone away while waiting."""
STEP_S = 0.3
BAR_STEPS = 8
VERSION = 1
"""Raise it when the music changes, so that a new file is made."""

# Semitones over A3 (220 Hz): the low note, then the notes of the chord.
BARS = (
    (-9, (-9, -5, -2, 3, 7, 3, -2, -5)),
    (-12, (-12, -5, 0, 3, 7, 3, 0, -5)),
    (-4, (-4, 0, 3, 8, 12, 8, 3, 0)),
    (-2, (-2, 2, 5, 10, 14, 10, 5, 2)),
    (-9, (-9, -2, 3, 7, 10, 7, 3, -2)),
    (-12, (-12, 0, 3, 7, 12, 7, 3, 0)),
    (-7, (-7, 0, 5, 8, 12, 8, 5, 0)),
    (-2, (-2, 5, 7, 10, 14, 10, 7, 2)),
)
PLUCKED = ((1.0, 1.0, 1.6), (2.0, 0.35, 3.0), (3.0, 0.12, 5.0))
HELD = ((1.0, 0.45, 0.5), (2.0, 0.2, 0.6), (3.0, 0.08, 0.9))


@cache
def _tone(semitones: int, seconds: float, partials: tuple[tuple[float, float, float], ...]) -> tuple[float, ...]:
    """A note: each partial is (multiple, strength, decay per second). It begins and ends in silence."""
    count = round(seconds * RATE_HZ)
    pitch_hz = 220.0 * 2 ** (semitones / 12)
    edge = RATE_HZ // 50
    samples = [0.0] * count
    for multiple, strength, decay in partials:
        step = math.tau * pitch_hz * multiple / RATE_HZ
        fade = math.exp(-decay / RATE_HZ)
        for at in range(count):
            samples[at] += strength * math.sin(step * at)
            strength *= fade
    for at in range(edge):
        samples[at] *= at / edge
        samples[-1 - at] *= at / edge
    return tuple(samples)


def compose() -> "array[int]":
    """The loop, at RATE_HZ and LEVEL_DBFS."""
    step = round(STEP_S * RATE_HZ)
    bars = [*BARS, *((low, notes[::-1]) for low, notes in BARS)]
    total = step * BAR_STEPS * len(bars)
    mix = [0.0] * total
    for bar, (low, notes) in enumerate(bars):
        start = bar * BAR_STEPS * step
        _add(mix, start, _tone(low, BAR_STEPS * STEP_S * 1.25, HELD))
        for at, note in enumerate(notes):
            _add(mix, start + at * step, _tone(note + 12, 1.8, PLUCKED))
    peak = max(map(abs, mix))
    raw = array("h", [round(20000 * value / peak) for value in mix])
    gain = 10 ** ((LEVEL_DBFS - rms_dbfs(raw)) / 20)
    return array("h", [round(sample * gain) for sample in raw])


def _add(mix: list[float], start: int, tone: tuple[float, ...]) -> None:
    """Mix `tone` in at `start`; what goes past the end comes in again at the beginning."""
    room = len(mix) - start
    mix[start : start + len(tone)] = map(sum, zip(mix[start : start + len(tone)], tone[:room], strict=True))
    rest = tone[room:]
    mix[: len(rest)] = map(sum, zip(mix[: len(rest)], rest, strict=True))


if __name__ == "__main__":
    sys.stdout.buffer.write(wav(compose(), RATE_HZ))
