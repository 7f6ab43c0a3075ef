"""The folder of recordings: `<language>/<key>.wav`, and the text that each was made for in `recorded.yaml`."""

import io
import os
import wave
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ivr.files.load import read_file
from ivr.language.problems import FlowFileError
from ivr.prompts import wav_file
from ivr.prompts.samples import SILENCE_DBFS, audible, normalised, to_pcm, trimmed, wav

MANIFEST = "recorded.yaml"
MUSIC_FOLDER = "music"
_HEAD = "# The text that each recording was made for: written by `svar prompts import`.\n"

Texts = dict[str, dict[str, str]]
"""By language and key."""


def for_callers(data: bytes) -> bytes:
    """A recording as 16-bit mono WAV at its own rate: speech at one level, silence cut off at the ends.

    Raises WavFileError, also when there is nothing but silence.
    """
    sound = wav_file.read(data)
    samples = trimmed(normalised(sound.samples, sound.rate_hz), sound.rate_hz)
    if not samples:
        raise wav_file.WavFileError(f"there is nothing to hear in it (nothing above {SILENCE_DBFS:.0f} dBFS)")
    return wav(samples, sound.rate_hz)


def music_for_callers(data: bytes) -> bytes:
    """Music as 16-bit WAV, else as it is: where it begins and ends it goes on in a loop. Raises WavFileError."""
    channels, sound = wav_file.read_channels(data)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((channels, 2, sound.rate_hz, 0, "NONE", "not compressed"))
        file.writeframes(to_pcm(sound.samples))
    return out.getvalue()


def content(source: Path) -> bytes:
    """A recording's bytes. Raises WavFileError for one that is too large to be looked at, and OSError."""
    if source.stat().st_size > wav_file.LARGEST:
        raise wav_file.WavFileError(f"larger than {wav_file.LARGEST // 2**20} MiB")
    return source.read_bytes()


@dataclass(frozen=True, slots=True)
class Recordings:
    """What is recorded. Looks at the disk at each question."""

    folder: Path

    def source(self, language: str, key: str) -> Path | None:
        """The file of a recording; None where there is none, or where the key leads out of the folder."""
        folder = self.folder.resolve()
        source = (folder / language / f"{key}.wav").resolve()
        return source if key and source.is_relative_to(folder) and source.is_file() else None

    def all(self) -> Iterator[tuple[str, str]]:
        """Language and key of every recording, music left out."""
        for path in sorted(self.folder.rglob("*.wav")):
            language, *rest = path.relative_to(self.folder).with_suffix("").parts
            if rest and language != MUSIC_FOLDER:
                yield language, "/".join(rest)

    def texts(self) -> Texts:
        """The manifest. Raises FlowFileError when it is there and cannot be read."""
        path = self.folder / MANIFEST
        if not path.exists():
            return {}
        marked = read_file(path)
        if not marked.problems and not _is_texts(marked.data):
            marked.report((), "texts are expected here by language and key, `nb: {main/menu.say: Velkommen.}`")
        if marked.problems:
            raise FlowFileError(marked.problems)
        return {language: dict(texts) for language, texts in marked.data.items()}

    def write_texts(self, texts: Texts) -> None:
        """Write the manifest, whole or not at all. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / MANIFEST
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(_HEAD + yaml.safe_dump(texts, allow_unicode=True, width=110), encoding="utf-8")
        part.replace(path)


def _is_texts(data: object) -> bool:
    return isinstance(data, dict) and all(
        isinstance(texts, dict) and all(isinstance(text, str) for text in texts.values()) for texts in data.values()
    )


@dataclass(slots=True)
class Listing:
    """What is recorded, looked at once: for an inventory of many texts."""

    recordings: Recordings
    keys: set[tuple[str, str]] = field(default_factory=set)
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    _heard: dict[tuple[str, str], bool] = field(default_factory=dict)

    @classmethod
    def of(cls, recordings: Recordings) -> "Listing":
        """Raises FlowFileError for a manifest that cannot be read."""
        return cls(recordings, set(recordings.all()), recordings.texts())

    def heard(self, language: str, key: str) -> bool:
        """Whether there is a recording with something to hear in it; reads it the first time."""
        place = (language, key)
        if place not in self._heard:
            self._heard[place] = place in self.keys and self._read(language, key)
        return self._heard[place]

    def _read(self, language: str, key: str) -> bool:
        source = self.recordings.source(language, key)
        try:
            return source is not None and audible(wav_file.read(content(source)).samples)
        except (OSError, wav_file.WavFileError):
            return False
