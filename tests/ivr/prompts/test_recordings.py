"""The folder of recordings and its manifest."""

from pathlib import Path

import pytest

from ivr.language.problems import FlowFileError
from ivr.prompts.recordings import MANIFEST, Listing, Recordings, for_callers, music_for_callers
from ivr.prompts.samples import PEAK_DBFS, SPEECH_DBFS, from_pcm, levels
from ivr.prompts.wav_file import WavFileError, read, read_channels
from rtp.g711 import decode_a
from rtp.wav import a_law
from tests.ivr.prompts.wavs import sine, written


@pytest.mark.parametrize("level", [0.02, 0.2, 0.99])
@pytest.mark.parametrize(("bits", "channels", "rate_hz"), [(8, 1, 8000), (16, 2, 44_100), (24, 1, 48_000)])
def test_recordings_come_out_at_one_level_without_silence_at_the_ends(
    level: float, bits: int, channels: int, rate_hz: int
) -> None:
    per_s = rate_hz * channels
    silence = sine(0.5, 0.0, per_s)
    recorded = written(silence + sine(1, level, per_s) + silence, bits, channels=channels, rate_hz=rate_hz)
    sound = read(for_callers(recorded))
    found = levels(sound.samples, rate_hz)
    assert abs(found.speech_dbfs - SPEECH_DBFS) < 0.5
    assert found.peak_dbfs <= PEAK_DBFS
    assert (sound.rate_hz, round(sound.duration_s, 1)) == (rate_hz, 1.1)


@pytest.mark.parametrize("rate_hz", [8000, 11_025, 44_100, 96_000])
@pytest.mark.parametrize(("bits", "channels"), [(8, 1), (16, 2), (24, 2), (32, 1), (0, 1)])
def test_callers_hear_every_kind_of_file_at_the_same_level(bits: int, channels: int, rate_hz: int) -> None:
    recorded = written(sine(0.5, 0.1, rate_hz * channels), bits, channels=channels, rate_hz=rate_hz)
    heard = from_pcm(decode_a(a_law(for_callers(recorded))).tobytes())
    assert abs(len(heard) / 8000 - 0.5) < 0.02
    assert abs(levels(heard, 8000).speech_dbfs - SPEECH_DBFS) < 0.5


def test_a_recording_of_silence_is_refused() -> None:
    with pytest.raises(WavFileError, match="nothing to hear"):
        for_callers(written(sine(0.2, 0.0), 16))


def test_music_keeps_its_level_its_channels_and_its_length() -> None:
    loop = sine(0.5, 0.05)
    channels, sound = read_channels(music_for_callers(written(loop, 24, channels=2)))
    assert (channels, sound.samples) == (2, loop)


def test_recordings_are_found_by_language_and_key(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path / "prompts")
    for name in ("nb/main/menu.say", "se/values/number/3", "music/default"):
        path = recordings.folder / f"{name}.wav"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
    (tmp_path / "outside.wav").write_bytes(b"")
    assert list(recordings.all()) == [("nb", "main/menu.say"), ("se", "values/number/3")]
    assert recordings.source("nb", "main/menu.say") == recordings.folder / "nb/main/menu.say.wav"
    assert recordings.source("en", "main/menu.say") is None
    assert recordings.source("nb", "../../outside") is None
    assert recordings.source("nb", "") is None


def test_the_manifest_comes_back_as_it_was_written(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path / "new")
    texts = {"nb": {"main/menu.say": "For økonomi, tast 1: 'ja' #1.\n", "main/5": "no"}, "se": {"a": "čuođi " * 40}}
    assert recordings.texts() == {}
    recordings.write_texts(texts)
    assert recordings.texts() == texts
    assert Listing.of(recordings).texts == texts
    recordings.write_texts({})
    assert recordings.texts() == {}
    assert [path.name for path in recordings.folder.iterdir()] == [MANIFEST]


@pytest.mark.parametrize("text", ["nb: 3", "- nb", "nb: {a: [b]}", "nb: {a: &x b}", "nb: {a: b]}", "\xff"])
def test_a_manifest_that_is_none_is_told_with_its_place(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_bytes(text.encode("latin-1"))
    with pytest.raises(FlowFileError, match=rf"{MANIFEST}:1:\d+: "):
        Recordings(tmp_path).texts()
