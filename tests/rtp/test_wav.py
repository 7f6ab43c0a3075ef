import io
import struct
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtp import wav
from rtp.g711 import decode_a, encode_a, encode_u


def pcm_file(samples: np.ndarray[tuple[int, ...], np.dtype[np.int16]], rate_hz: int, channels: int = 1) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.astype("<i2").tobytes())
    return buffer.getvalue()


def sine(
    hz: float, rate_hz: int, seconds: float = 0.5, level: float = 0.5
) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return (level * 32767 * np.sin(2 * np.pi * hz * np.arange(round(rate_hz * seconds)) / rate_hz)).astype(np.int16)


def level_of(a_law: bytes) -> float:
    """The root mean square of the middle, as a part of full scale."""
    middle = decode_a(a_law).astype(float)[400:-400]
    return float(np.sqrt((middle**2).mean()) / 32768)


@pytest.mark.parametrize("rate_hz", [8000, 11_025, 16_000, 22_050, 44_100, 48_000])
def test_a_tone_keeps_pitch_level_and_length_at_any_rate(rate_hz: int) -> None:
    sound = wav.a_law(pcm_file(sine(1000, rate_hz), rate_hz))
    assert abs(len(sound) - 4000) <= 1
    expected = sine(1000, 8000)[400:3600].astype(float)
    got = decode_a(sound).astype(float)[400:3600]
    assert float(np.dot(expected, got) / np.sqrt(np.dot(expected, expected) * np.dot(got, got))) > 0.999
    assert level_of(sound) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize(("hz", "rate_hz"), [(5000, 16_000), (7000, 44_100), (12_000, 48_000)])
def test_what_8_khz_cannot_carry_does_not_fold_back(hz: int, rate_hz: int) -> None:
    assert level_of(wav.a_law(pcm_file(sine(hz, rate_hz), rate_hz))) < 0.001


def test_channels_are_mixed() -> None:
    left = sine(1000, 8000)
    stereo = np.column_stack((left, np.zeros_like(left))).reshape(-1)
    assert level_of(wav.a_law(pcm_file(stereo, 8000, channels=2))) == pytest.approx(0.25 / np.sqrt(2), rel=0.02)


def riff(tag: int, bits: int, body: bytes, *, rate_hz: int = 8000, channels: int = 1, extra: bytes = b"") -> bytes:
    form = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz, 1, bits) + extra
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"LIST\x03\x00\x00\x00abc\x00"
    return b"RIFF\x00\x00\x00\x00WAVE" + chunks + b"data" + struct.pack("<I", len(body)) + body


def test_a_law_at_8_khz_is_taken_as_it_is() -> None:
    body = bytes(range(256))
    assert wav.a_law(riff(wav.A_LAW, 8, body)) == body
    assert wav.a_law(wav.write(body)) == body
    assert wav.a_law(wav.write(b"abc")) == b"abc"


def test_mu_law_and_a_law_of_other_rates_are_converted() -> None:
    tone = sine(1000, 16_000)
    for data in (
        riff(wav.MU_LAW, 8, encode_u(tone), rate_hz=16_000),
        riff(wav.A_LAW, 8, encode_a(tone), rate_hz=16_000),
    ):
        assert level_of(wav.a_law(data)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


def test_the_extensible_format_names_the_real_one_further_on() -> None:
    extra = struct.pack("<HHIH", 22, 16, 0, wav.PCM) + bytes(14)
    tone = sine(1000, 8000)
    assert level_of(wav.a_law(riff(wav.EXTENSIBLE, 16, tone.tobytes(), extra=extra))) > 0.3


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no RIFF"),
        (b"RIFF\x00\x00\x00\x00WAVE", "no data chunk"),
        (b"RIFF\x00\x00\x00\x00WAVEdata\x00\x00\x00\x00", "before any fmt"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt \x04\x00\x00\x00abcd", "fmt chunk of 4 bytes"),
        (riff(wav.PCM, 24, b""), "format 1 with 24 bits"),
        (riff(wav.EXTENSIBLE, 16, b""), "format 65534"),
        (riff(wav.PCM, 16, b"", channels=0), "0 channels"),
        (riff(wav.PCM, 16, b"", rate_hz=1), "1 samples a second"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(data: bytes, said: str) -> None:
    with pytest.raises(wav.WavError, match=said):
        wav.a_law(data)


@given(st.binary(max_size=60).map(lambda tail: riff(wav.PCM, 16, b"")[:12] + tail))
def test_any_bytes_give_sound_or_the_declared_error(data: bytes) -> None:
    try:
        wav.a_law(data)
    except wav.WavError:
        pass


def test_nothing_stays_nothing() -> None:
    assert wav.a_law(pcm_file(np.zeros(0, np.int16), 16_000)) == b""


def test_what_is_too_loud_is_clipped() -> None:
    assert wav.from_samples(np.array([2.0, -2.0], np.float32)) == encode_a(np.array([32767, -32768], np.int16))
