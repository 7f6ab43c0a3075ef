"""What was heard: when a sound began, and how like a recording it was, by the rise and fall of its loudness.

Sound is 8-bit unsigned samples at 8,000 Hz, as pyVoIP gives them. Of each 20 ms the loudness in decibels is taken:
words spoken twice rise and fall alike whatever the codec and the gaps, other words do not.
"""

import math
import wave
from collections.abc import Sequence
from pathlib import Path

FRAME = 160
FRAME_S = 0.02
MIDDLE = 128
SOUND_DB = 20.0
"""Above it a frame is sound: music on hold and speech lie above 30, comfort noise below 10."""
SOUND_FRAMES = 3
"""Of so many in a row; a click is no voice."""


class RecordingError(ValueError):
    """A WAV file that cannot be compared; the message names it and says what was expected."""


def loudness(samples: bytes) -> list[float]:
    """Decibels above one step of a sample, a frame each."""
    frames = (samples[at : at + FRAME] for at in range(0, len(samples) - FRAME + 1, FRAME))
    return [10 * math.log10(1 + sum((one - MIDDLE) ** 2 for one in frame) / FRAME * 16) for frame in frames]


def first_sound_s(samples: bytes) -> float | None:
    """When a sound began; None where there was none."""
    levels = loudness(samples)
    for at in range(len(levels) - SOUND_FRAMES + 1):
        if all(level > SOUND_DB for level in levels[at : at + SOUND_FRAMES]):
            return at * FRAME_S
    return None


def likeness(samples: bytes, recording: bytes) -> float:
    """-1 to 1, at the place where the recording fits best. What is heard may begin late, and end before it."""
    heard, wanted = loudness(samples), loudness(recording)
    length = min(len(heard), len(wanted))
    if length < SOUND_FRAMES:
        return 0.0
    part = wanted[:length]
    return max((_correlation(heard[at : at + length], part) for at in range(len(heard) - length + 1)), default=0.0)


def longest_of(recording: bytes, seconds: float) -> bytes:
    """The part of a recording that can be heard in so many seconds, a late beginning allowed for."""
    return recording[: max(round(seconds * 0.7 / FRAME_S), SOUND_FRAMES) * FRAME]


def read_wav(path: Path) -> bytes:
    """Mono, 8,000 Hz, 8 or 16 bits. Raises RecordingError."""
    try:
        with wave.open(str(path)) as file:
            shape = (file.getnchannels(), file.getframerate(), file.getsampwidth())
            if shape[:2] != (1, 8000) or shape[2] not in (1, 2):
                raise RecordingError(f"{path}: expected mono, 8000 Hz, 8 or 16 bits")
            data: bytes = file.readframes(60 * 8000)
    except (OSError, EOFError, wave.Error) as error:
        raise RecordingError(f"{path}: expected a WAV file: {error}") from None
    if shape[2] == 1:
        return data
    return bytes((high + MIDDLE) & 0xFF for high in data[1::2])


def write_wav(path: Path, samples: bytes) -> None:
    """Mono, 8,000 Hz, 8 bits. Raises OSError."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setframerate(8000)
        file.setsampwidth(1)
        file.writeframes(samples)


def _correlation(left: Sequence[float], right: Sequence[float]) -> float:
    mean_left, mean_right = sum(left) / len(left), sum(right) / len(right)
    products = squares_left = squares_right = 0.0
    for one, other in zip(left, right, strict=True):
        a, b = one - mean_left, other - mean_right
        products += a * b
        squares_left += a * a
        squares_right += b * b
    if squares_left == 0 or squares_right == 0:
        return 0.0
    return products / math.sqrt(squares_left * squares_right)
