"""Silence is cut off and speech is brought to one level."""

import io
import math
import wave
from array import array

from hypothesis import given
from hypothesis import strategies as st

from ivr.prompts.samples import (
    PEAK_DBFS,
    SPEECH_DBFS,
    amplitude,
    from_pcm,
    largest_step,
    levels,
    normalised,
    rms_dbfs,
    to_pcm,
    trimmed,
    wav,
)

RATE_HZ = 8000


def tone(seconds: float, level: float) -> "array[int]":
    return array("h", [round(level * math.sin(0.3 * at)) for at in range(round(seconds * RATE_HZ))])


def silence(seconds: float) -> "array[int]":
    return array("h", bytes(2 * round(seconds * RATE_HZ)))


def test_silence_at_both_ends_is_cut_and_in_the_middle_is_kept() -> None:
    spoken = silence(1) + tone(0.5, 9000) + silence(0.4) + tone(0.5, 9000) + silence(2)
    assert abs(len(trimmed(spoken, RATE_HZ)) / RATE_HZ - 1.46) < 0.02


def test_nothing_but_silence_is_nothing() -> None:
    assert len(trimmed(silence(1), RATE_HZ)) == 0
    assert normalised(silence(1), RATE_HZ) == silence(1)
    assert rms_dbfs(array("h")) == -math.inf
    assert rms_dbfs(silence(0.1)) == -math.inf


def test_loud_and_faint_speech_come_out_at_the_same_level() -> None:
    for level in (600, 4000, 32000):
        assert abs(rms_dbfs(normalised(tone(1, level), RATE_HZ)) - SPEECH_DBFS) < 0.1


def test_pauses_do_not_count_towards_the_level() -> None:
    with_pause = normalised(tone(0.5, 900) + silence(2) + tone(0.5, 900), RATE_HZ)
    assert abs(rms_dbfs(with_pause[:4000]) - SPEECH_DBFS) < 0.1


def test_one_sharp_peak_is_not_driven_over_the_limit() -> None:
    clicked = tone(1, 600)
    clicked[4000] = 20000
    assert max(normalised(clicked, RATE_HZ)) <= round(amplitude(PEAK_DBFS))


@given(st.lists(st.integers(-32768, 32767), max_size=400))
def test_any_samples_survive_levelling_and_the_way_to_bytes(values: list[int]) -> None:
    samples = array("h", values)
    assert from_pcm(to_pcm(samples)) == samples
    assert len(normalised(samples, RATE_HZ)) == len(samples)
    assert len(trimmed(samples, RATE_HZ)) <= len(samples)


def test_half_a_sample_at_the_end_is_dropped() -> None:
    assert from_pcm(b"\x01\x00\x02") == array("h", [1])


def test_a_wav_file_can_be_read_by_anybody() -> None:
    with wave.open(io.BytesIO(wav(tone(0.1, 1000), RATE_HZ))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes()) == (1, 2, 8000, 800)


def test_a_click_shows_as_a_large_step() -> None:
    assert largest_step(array("h", [0, 5, -9000, 4])) == 9005
    assert largest_step(array("h")) == 0


def test_levels_are_those_of_the_speech_and_not_of_its_pauses() -> None:
    found = levels(silence(1) + tone(1, 3277) + silence(1), RATE_HZ)
    assert abs(found.speech_dbfs + 23) < 0.1
    assert abs(found.peak_dbfs + 20) < 0.1
    assert found.clipped == 0
    assert levels(silence(1), RATE_HZ).speech_dbfs == -math.inf


def test_places_where_the_wave_is_cut_flat_are_counted() -> None:
    assert levels(tone(0.1, 32000), RATE_HZ).clipped == 0
    cut = array("h", [max(-32768, min(32767, round(60000 * math.sin(0.3 * at)))) for at in range(800)])
    assert levels(cut, RATE_HZ).clipped > 50
