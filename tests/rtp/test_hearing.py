import numpy as np

from rtp.tone import silence
from rtp.wav import from_samples
from tests.rtp.hearing import best_match, contains


def noise(seed: int, seconds: float = 1.0) -> bytes:
    rng = np.random.default_rng(seed)
    return from_samples((rng.standard_normal(round(8000 * seconds)) * 0.2).astype(np.float32))


def test_the_prompt_that_was_played_is_found_amid_silence() -> None:
    prompts = {"one": noise(1), "two": noise(2), "three": noise(3)}
    name, fit = best_match(silence(0.3) + prompts["two"] + silence(0.5), prompts)
    assert name == "two"
    assert fit > 0.99


def test_a_part_of_a_prompt_matches_the_whole() -> None:
    assert contains(noise(1)[2000:5000], noise(1)) > 0.99


def test_another_sound_does_not_match() -> None:
    assert contains(noise(1), noise(2)) < 0.2


def test_silence_matches_nothing() -> None:
    assert contains(silence(1.0), noise(1)) == 0.0
    assert contains(noise(1), b"") == 0.0
    assert best_match(noise(1), {}) == ("", 0.0)
