"""Sound on disk."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ivr.prompts.cache import UNUSED_S, SoundCache, recording_name, speech_name
from ivr.prompts.speech import Voice

VOICE = Voice("nb", 150)


def test_another_text_voice_or_pace_is_another_file() -> None:
    names = {
        speech_name("Hei", VOICE),
        speech_name("Hei.", VOICE),
        speech_name("Hei", Voice("nb+f2", 150)),
        speech_name("Hei", Voice("nb", 160)),
        recording_name(b"Hei"),
    }
    assert len(names) == 5
    assert speech_name("Hei", VOICE) in names


def test_what_was_written_is_found_again_with_its_duration(tmp_path: Path) -> None:
    cache = SoundCache(tmp_path / "new" / "folder")
    assert cache.duration_s("a.al") is None
    assert cache.write("a.al", bytes(12_000)) == 1.5
    assert cache.duration_s("a.al") == 1.5
    assert [path.name for path in cache.path("").iterdir()] == ["a.al"]


def test_what_nobody_used_for_long_is_removed_and_what_was_used_stays(tmp_path: Path) -> None:
    cache = SoundCache(tmp_path)
    for name in ("old.al", "used.al", "torn.al.7.part"):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (1.0, 1.0))
    cache.duration_s("used.al")
    used_at_s = (tmp_path / "used.al").stat().st_mtime
    assert cache.prune(used_at_s + UNUSED_S - 1) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["used.al"]


def test_two_who_make_the_same_sound_at_once_both_get_it(tmp_path: Path) -> None:
    cache = SoundCache(tmp_path)
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: cache.write("a.al", bytes(80_000)), range(200)))
    assert made == [10.0] * 200
    assert [path.name for path in tmp_path.iterdir()] == ["a.al"]
