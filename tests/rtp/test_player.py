from itertools import chain, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtp.g711 import A_TO_U, SILENCE_A
from rtp.player import Sound, SoundCache, duration_s, stretches


def sound(*codes: int) -> Sound:
    return Sound(b"".join(bytes([code]) * 160 for code in codes))


def played(sounds: tuple[Sound, ...], most: int = 20, *, loop: bool = False, offset_s: float = 0.0) -> list[int]:
    frames = chain.from_iterable(stretches(sounds, "PCMA", loop=loop, offset_s=offset_s))
    return [frame[0] for frame in islice(frames, most)]


def test_the_last_frame_is_filled_up_with_silence() -> None:
    frames = Sound(bytes([1]) * 200).frames
    assert [len(frame) for frame in frames] == [160, 160]
    assert frames[1] == bytes([1]) * 40 + bytes([SILENCE_A]) * 120


def test_mu_law_is_translated_once() -> None:
    once = sound(1, 2)
    assert once.of("PCMA") is once.frames
    assert once.of("PCMU")[1] == once.frames[1].translate(A_TO_U)
    assert once.of("PCMU") is once.of("PCMU")


@pytest.mark.parametrize(
    ("loop", "offset_s", "expected"),
    [
        (False, 0.0, [1, 2, 3]),
        (False, -1.0, [1, 2, 3]),
        (False, 0.02, [2, 3]),
        (False, 0.04, [3]),
        (False, 9.0, []),
        (True, 0.0, [1, 2, 3, 1, 2, 3, 1]),
        (True, 0.04, [3, 1, 2, 3, 1, 2, 3]),
        (True, 0.02 * 301, [2, 3, 1, 2, 3, 1, 2]),
    ],
)
def test_sounds_follow_each_other_from_the_offset(loop: bool, offset_s: float, expected: list[int]) -> None:
    assert played((sound(1, 2), sound(3)), 7, loop=loop, offset_s=offset_s) == expected


@pytest.mark.parametrize("sounds", [(), (sound(),)])
def test_a_loop_of_nothing_is_nothing(sounds: tuple[Sound, ...]) -> None:
    assert played(sounds, loop=True) == []


@given(st.lists(st.integers(0, 5), max_size=4), st.integers(0, 25))
def test_the_duration_is_that_of_the_frames(lengths: list[int], skipped: int) -> None:
    sounds = tuple(sound(*range(length)) for length in lengths)
    frames = played(sounds, 100, offset_s=skipped * 0.02)
    assert duration_s(sounds, skipped * 0.02) == pytest.approx(len(frames) * 0.02)


def test_the_cache_drops_the_least_lately_used() -> None:
    cache = SoundCache(2 * 160)
    a, b, c = (("a", 0, 0), ("b", 0, 0), ("c", 0, 0))
    cache.put(a, sound(1))
    cache.put(b, sound(2))
    assert cache.get(a) is not None
    cache.put(c, sound(3))
    assert cache.get(b) is None
    assert cache.get(a) is not None
    assert cache.size == 320


def test_a_sound_put_twice_counts_once_and_a_discarded_one_not() -> None:
    cache = SoundCache(1000)
    cache.put(("a", 0, 0), sound(1))
    cache.put(("a", 0, 0), sound(1))
    assert cache.size == 160
    cache.discard(("a", 0, 0))
    cache.discard(("a", 0, 0))
    assert cache.size == 0


def test_a_sound_larger_than_the_cache_is_not_kept() -> None:
    cache = SoundCache(100)
    cache.put(("a", 0, 0), sound(1))
    assert cache.get(("a", 0, 0)) is None
    assert cache.size == 0
