from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from svar.commands.probe import line
from svar.probe.figures import Figures
from svar.probe.hearing import write_wav
from svar.probe.plan import Visit
from svar.probe.rounds import Outcome, judged
from tests.svar.probe.test_hearing import SILENCE, through_a_network, words

PLAIN = Visit("5000", "", 3.0, 0.0, 10.0, None, None, 0.7)
QUIET = SILENCE * 150


@pytest.fixture
def both(tmp_path: Path) -> Visit:
    write_wav(tmp_path / "main.wav", words(1))
    write_wav(tmp_path / "queue.wav", words(2))
    return Visit("5000", "2", 3.0, 3.0, 10.0, tmp_path / "main.wav", tmp_path / "queue.wav", 0.7)


def test_without_recordings_any_sound_will_do_and_silence_will_not(both: Visit) -> None:
    assert judged(PLAIN, 0.1, words(9), b"").cause == "through"
    assert judged(PLAIN, 0.1, QUIET, b"").cause == "silent"
    keys = replace(both, hears=None, then_hears=None)
    assert judged(keys, 0.1, words(9), words(8)).cause == "through"
    assert judged(keys, 0.1, words(9), QUIET).cause == "key_silent"


def test_with_recordings_the_words_count(both: Visit) -> None:
    main, queue = through_a_network(words(1), 10), through_a_network(words(2), 10)
    right = judged(both, 0.25, main, queue)
    assert (right.cause, right.answer_s) == ("through", 0.25)
    assert 0.7 < right.likeness <= 1
    assert judged(both, 0.1, queue, queue).cause == "other_words"
    assert judged(both, 0.1, main, main).cause == "key_other_words"
    assert judged(both, 0.1, main, QUIET).cause == "key_silent"


def test_figures_tell_the_last_call_and_count_all() -> None:
    figures = Figures(["5000", '8"0'])
    figures.note(Outcome("5000", "silent", 0.2), 1_000)
    figures.note(Outcome("5000", "through", 0.25, 0.5, 0.75, 0.9), 2_000)
    text = figures.text()
    assert 'svar_probe_success{number="5000"} 1\n' in text
    assert 'svar_probe_answer_seconds{number="5000"} 0.25\n' in text
    assert 'svar_probe_likeness_ratio{number="5000"} 0.9\n' in text
    assert 'svar_probe_last_call_timestamp_seconds{number="5000"} 2000\n' in text
    assert 'svar_probe_calls_total{number="5000",outcome="silent"} 1\n' in text
    assert 'svar_probe_calls_total{number="5000",outcome="through"} 1\n' in text
    assert 'svar_probe_calls_total{number="8\\"0",outcome="through"} 0\n' in text
    assert 'svar_probe_success{number="8' not in text


def test_a_call_is_told_in_a_line() -> None:
    at = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    assert line(Outcome("5000", "through", 0.251, 0.5, 0.75, 0.9), at) == (
        "09:30:00 5000: through, answered after 0.25 s, sound 0.50 s later, 0.75 s after the key, likeness 0.90"
    )
    assert line(Outcome("5000", "fault", detail="no phone"), at) == "09:30:00 5000: fault (no phone)"
