import math
import random
import wave
from pathlib import Path

import pytest

from svar.probe.hearing import (
    FRAME,
    RecordingError,
    first_sound_s,
    likeness,
    longest_of,
    loudness,
    read_wav,
    write_wav,
)

SILENCE = b"\x80" * FRAME


def words(seed: int, seconds: float = 3.0) -> bytes:
    """Syllables of drawn lengths and loudness, as speech rises and falls."""
    drawn, samples = random.Random(seed), bytearray()
    while len(samples) < seconds * 8000:
        height, pitch = drawn.uniform(5, 60), drawn.uniform(150, 400)
        samples += bytes(
            128 + round(height * math.sin(2 * math.pi * pitch * at / 8000)) for at in range(drawn.randrange(400, 2400))
        )
        samples += b"\x80" * drawn.randrange(0, 1600)
    return bytes(samples[: round(seconds * 8000)])


def through_a_network(samples: bytes, late: int) -> bytes:
    """Later, quieter, coarser, and with a frame lost now and then."""
    frames = [samples[at : at + FRAME] for at in range(0, len(samples), FRAME)]
    heard = [SILENCE if at % 40 == 7 else bytes(128 + (one - 128) // 2 for one in f) for at, f in enumerate(frames)]
    return SILENCE * late + b"".join(heard)


def test_the_same_words_are_alike_late_quieter_and_with_losses() -> None:
    for seed in range(5):
        said = words(seed)
        assert likeness(through_a_network(said, late=20), longest_of(said, 3.0)) > 0.8


def test_other_words_are_not_alike() -> None:
    for seed in range(5):
        assert likeness(through_a_network(words(seed), late=20), longest_of(words(seed + 100), 3.0)) < 0.6


def test_silence_and_nothing_are_like_nothing() -> None:
    assert likeness(SILENCE * 100, words(1)) == 0
    assert likeness(b"", words(1)) == 0
    assert likeness(words(1), b"") == 0


def test_a_sound_begins_where_it_lasts_and_a_click_is_none() -> None:
    tone = words(3)[:1600] * 4
    assert first_sound_s(SILENCE * 25 + tone) == pytest.approx(0.5, abs=0.1)
    assert first_sound_s(SILENCE * 10 + b"\xff" * FRAME + SILENCE * 10) is None
    assert first_sound_s(b"") is None
    assert loudness(SILENCE) == [0.0]


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    said = words(4)
    write_wav(tmp_path / "said.wav", said)
    assert read_wav(tmp_path / "said.wav") == said


def test_a_recording_of_sixteen_bits_is_read(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "wide.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\x00\x00\x00\x40\x00\xc0")
    assert read_wav(tmp_path / "wide.wav") == bytes((128, 192, 64))


def test_another_kind_of_file_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    with wave.open(str(tmp_path / "fast.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44100)
        file.writeframes(b"\x00" * 400)
    for name, expected in (("text.wav", "expected a WAV file"), ("fast.wav", "expected mono, 8000 Hz")):
        with pytest.raises(RecordingError, match=f"{name}: {expected}"):
            read_wav(tmp_path / name)
