"""Makes the clip of one piece: a recording if there is one, else speech; converted once and kept in the cache."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import structlog

from ivr.ports.call import Clip
from ivr.prompts.cache import SoundCache, recording_name, speech_name
from ivr.prompts.phrases import Piece
from ivr.prompts.recordings import MUSIC_FOLDER, Recordings, for_callers, music_for_callers
from ivr.prompts.speech import ROOT, VOICES, PromptError, Speech
from ivr.prompts.wav_file import LARGEST

log = structlog.get_logger(__name__)

Convert = Callable[[bytes], bytes]
"""From a WAV file of 16 bits, any rate, to raw A-law at 8 kHz. Called in a thread; raises what it likes."""

MUSIC_COMMAND = (sys.executable, "-m", "ivr.prompts.music")
MUSIC_TIMEOUT_S = 30.0
MUSIC = "default"


class ClipMaker:
    """Where sound comes from: recordings, the cache, speech, and our own music."""

    def __init__(self, cache: SoundCache, recordings: Path, convert: Convert, music_version: int) -> None:
        self._cache = cache
        self._recordings = Recordings(recordings)
        self._convert = convert
        self._music_version = music_version

    async def make(self, piece: Piece, speech: Speech) -> Clip:
        """The clip of `piece`, spoken through `speech` when it has no recording of use. Raises PromptError."""
        voice = VOICES.get(piece.language)
        try:
            recorded = await asyncio.to_thread(self._recorded, piece.language, piece.key)
        except PromptError as fault:
            if voice is None:
                raise
            log.warning("a recording cannot be used and the voice speaks", key=piece.key, fault=str(fault))
            recorded = None
        if recorded is not None:
            return Clip(*recorded, piece.text, piece.language)
        if voice is None:
            raise PromptError(f"no recording {piece.key!r} and no voice for language {piece.language!r}")
        name = speech_name(piece.text, voice)
        seconds = self._cache.duration_s(name)
        if seconds is None:
            wav = await speech.speak(piece.text, voice)
            seconds = await asyncio.to_thread(self._keep, name, wav)
        return Clip(str(self._cache.path(name)), seconds, piece.text, piece.language, synthetic=True)

    async def music(self, name: str) -> Clip:
        """The recording `music/<name>.wav`, or for `default` our own. Raises PromptError."""
        recorded = await asyncio.to_thread(self._recorded, MUSIC_FOLDER, name)
        if recorded is not None:
            return Clip(*recorded, text=name, language="")
        if name != MUSIC:
            raise PromptError(f"no recording music/{name}.wav")
        file = f"music-{self._music_version}.al"
        seconds = self._cache.duration_s(file)
        if seconds is None:
            seconds = await asyncio.to_thread(self._keep, file, await asyncio.to_thread(_composed))
        return Clip(str(self._cache.path(file)), seconds, name, "")

    def has_recording(self, language: str, key: str) -> bool:
        """Whether a recording is there (a look at the disk, for when flows are loaded)."""
        return self._recordings.source(language, key) is not None

    def can_make(self, piece: Piece) -> bool:
        """Whether `piece` has a recording or a voice."""
        return piece.language in VOICES or self.has_recording(piece.language, piece.key)

    def _recorded(self, folder: str, key: str) -> tuple[str, float] | None:
        """Path and seconds of a recording, converted if it is new."""
        source = self._recordings.source(folder, key)
        if source is None:
            return None
        if source.stat().st_size > LARGEST:
            raise PromptError(f"{source}: larger than {LARGEST} bytes")
        data = source.read_bytes()
        name = recording_name(data)
        seconds = self._cache.duration_s(name)
        if seconds is None:
            try:
                usual = music_for_callers(data) if folder == MUSIC_FOLDER else for_callers(data)
            except ValueError as fault:
                raise PromptError(f"{source}: {fault}") from fault
            seconds = self._keep(name, usual, source)
        return str(self._cache.path(name)), seconds

    def _keep(self, name: str, wav: bytes, source: Path | None = None) -> float:
        try:
            alaw = self._convert(wav)
            if not alaw:
                raise ValueError("there is nothing to hear in it")
            return self._cache.write(name, alaw)
        except Exception as fault:
            raise PromptError(f"{source or 'speech'}: not made into a prompt: {fault}") from fault


def _composed() -> bytes:
    """Our own music as WAV, made in a process of its own. To be called in a thread. Raises PromptError."""
    try:
        done = subprocess.run(MUSIC_COMMAND, capture_output=True, timeout=MUSIC_TIMEOUT_S, cwd=ROOT, check=False)
    except subprocess.TimeoutExpired as late:
        raise PromptError("the music was not ready in time") from late
    if done.returncode:
        raise PromptError(f"the music could not be made: exit code {done.returncode}")
    return done.stdout
