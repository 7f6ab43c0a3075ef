"""WAV files of any kind become 16-bit mono samples."""

import re
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.prompts import wav_file
from ivr.prompts.wav_file import WavFileError, read
from rtp.g711 import decode_a, decode_u
from tests.ivr.prompts.wavs import riff, sine, written

TONE = sine(0.1)


@pytest.mark.parametrize(("bits", "off_by"), [(8, 256), (16, 0), (24, 0), (32, 0), (0, 1)])
def test_every_width_gives_the_same_sound(bits: int, off_by: int) -> None:
    sound = read(written(TONE, bits))
    assert (len(sound.samples), sound.rate_hz, sound.duration_s) == (800, 8000, 0.1)
    assert max(abs(a - b) for a, b in zip(sound.samples, TONE, strict=True)) <= off_by


def test_telephone_codes_are_read_by_the_tables_of_g_711() -> None:
    codes = bytes(range(256))
    assert read(riff("a-law", 8, codes)).samples.tolist() == decode_a(codes).tolist()
    assert read(riff("mu-law", 8, codes)).samples.tolist() == decode_u(codes).tolist()


def test_channels_are_mixed_and_any_rate_is_kept() -> None:
    stereo = array("h", [1000, 3000, -2000, 0])
    sound = read(written(stereo, 16, channels=2, rate_hz=44_100))
    assert (sound.samples.tolist(), sound.rate_hz) == ([2000, -1000], 44_100)
    channels, both = wav_file.read_channels(written(stereo, 24, channels=2, rate_hz=48_000))
    assert (channels, both.samples) == (2, stereo)


def test_the_extensible_format_names_the_real_one_and_torn_frames_are_dropped() -> None:
    body = TONE.tobytes() + b"\1"
    assert read(riff("pcm", 16, body, extensible=True)).samples == TONE


def test_floating_point_beyond_full_scale_is_clipped_and_what_is_no_number_is_silence() -> None:
    body = array("f", [2.0, -7.5, float("nan"), float("inf"), 1.0]).tobytes()
    assert read(riff("float", 32, body)).samples.tolist() == [32767, -32768, 0, 32767, 32767]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no WAV file"),
        (b"ID3\4mp3 renamed to wav", "no WAV file"),
        (b"RIFF\0\0\0\0WAVE", "no data chunk"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0", "before its format"),
        (b"RIFF\0\0\0\0WAVEfmt \2\0\0\0ab", "format has 2 bytes"),
        (riff("pcm", 12, b""), "format 1 with 12 bits"),
        (riff("pcm", 16, b"", channels=9), "9 channels"),
        (riff("pcm", 16, b"", rate_hz=2000), "2000 samples a second"),
        (bytes(wav_file.LARGEST + 1), "larger than 64 MiB"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, said: str) -> None:
    with pytest.raises(WavFileError, match=re.escape(said)):
        read(data)


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_file_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(written(sine(0.01), data.draw(st.sampled_from([0, 8, 16, 24, 32]))))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, 70))] = data.draw(st.integers(0, 255))
    try:
        read(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    except WavFileError:
        pass
