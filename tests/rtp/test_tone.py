import numpy as np
import pytest

from rtp.g711 import decode_a
from rtp.tone import ringing, silence, tone


def loudest_hz(sound: bytes) -> float:
    spectrum = np.abs(np.fft.rfft(decode_a(sound).astype(float)))
    return float(np.argmax(spectrum)) * 8000 / len(sound)


def test_a_tone_has_its_pitch_length_and_level() -> None:
    sound = tone((440,), 0.5, level_db=-20.0)
    assert len(sound) == 4000
    assert loudest_hz(sound) == pytest.approx(440, abs=2)
    assert int(np.abs(decode_a(sound)).max()) == pytest.approx(3277, rel=0.05)


def test_ringing_is_a_second_of_425_hz_and_four_of_silence() -> None:
    period = ringing()
    assert len(period) == 40_000
    assert loudest_hz(period[:8000]) == pytest.approx(425, abs=1)
    assert period[8000:] == silence(4.0)
