"""What is said, through the sound card."""

import io
import wave
from pathlib import Path

import pytest

from ivr.language.prompting import Said
from ivr.ports.call import Clip
from ivr.simulator.prompts import WrittenPrompts
from svar.sound_card import PLAYERS, Speaker, Voice, find_player, wav_of
from tests.rtp.phone import until


def player(folder: Path, script: str, name: str = "aplay") -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def clip(folder: Path) -> Clip:
    (folder / "clip.al").write_bytes(b"\xd5" * 800)
    return Clip(str(folder / "clip.al"), 0.1, "hei", "nb")


def test_the_first_player_on_the_path_is_taken(tmp_path: Path) -> None:
    player(tmp_path, "true", "ffplay")
    assert find_player(str(tmp_path)) == [str(tmp_path / "ffplay"), *PLAYERS["ffplay"]]
    player(tmp_path, "true", "aplay")
    assert find_player(str(tmp_path)) == [str(tmp_path / "aplay"), "-q"]


def test_a_machine_without_a_player_is_known(tmp_path: Path) -> None:
    assert find_player(str(tmp_path)) is None


def test_a_clip_is_a_wav_file_of_a_law_at_8_khz() -> None:
    made = wav_of(b"\xd5" * 80)
    assert made[20:22] == b"\x06\x00"
    with pytest.raises(wave.Error, match="unknown format: 6"), wave.open(io.BytesIO(made)):
        pass
    assert int.from_bytes(made[4:8], "little") == len(made) - 8


async def test_a_clip_is_given_to_the_player(tmp_path: Path) -> None:
    speaker = Speaker([str(player(tmp_path, f'cat "$1" > {tmp_path}/heard'))])
    await speaker.play(clip(tmp_path))
    assert (tmp_path / "heard").read_bytes() == wav_of(b"\xd5" * 800)
    assert speaker.fault == ""
    speaker.close()


async def test_a_machine_without_a_sound_card_says_so_once(tmp_path: Path) -> None:
    speaker = Speaker([str(player(tmp_path, f"echo >> {tmp_path}/tries; echo audio open error >&2; exit 1"))])
    await speaker.play(clip(tmp_path))
    await speaker.play(clip(tmp_path))
    assert speaker.fault == "nothing is heard, aplay says: audio open error"
    assert (tmp_path / "tries").read_text() == "\n"
    speaker.close()


async def test_a_player_that_is_gone_is_told(tmp_path: Path) -> None:
    speaker = Speaker([str(tmp_path / "aplay")])
    await speaker.play(clip(tmp_path))
    assert speaker.fault.startswith("nothing is heard: ")
    speaker.close()


async def test_what_is_said_is_spoken_and_played(tmp_path: Path) -> None:
    voice = Voice(tmp_path / "state", tmp_path / "prompts", [str(player(tmp_path, f'wc -c < "$1" > {tmp_path}/heard'))])
    said = Said({"nb": "Velkommen."}, "test/menu.say")
    silent = WrittenPrompts()
    assert await voice.ready([said], silent) is voice
    (clip,) = voice.clips(said, "nb")
    assert clip.text == "Velkommen."
    assert voice.music("default")
    voice.say(clip.text)
    await until(lambda: (tmp_path / "heard").exists() and (tmp_path / "heard").read_text() != "", "sound")
    await voice.close()
    assert int((tmp_path / "heard").read_text()) > 2000
    assert voice.fault == ""


async def test_without_a_player_texts_are_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    voice = Voice(tmp_path / "state", tmp_path / "prompts")
    silent = WrittenPrompts()
    assert await voice.ready([], silent) is silent
    assert voice.player_told == "nothing is heard: none of aplay, paplay, ffplay, afplay is installed; texts only"
    voice.say("Velkommen.")
    await voice.close()
