"""A text made into the sound that callers hear, on an admin's own machine."""

import asyncio
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ivr.language.prompting import Said
from ivr.ports.call import Clip
from ivr.prompts import music
from ivr.prompts.cache import SoundCache
from ivr.prompts.inventory import spoken_in
from ivr.prompts.maker import ClipMaker
from ivr.prompts.phrases import breaths, examples
from ivr.prompts.recordings import Listing
from ivr.prompts.speech import VOICES, PromptError, Speech
from rtp import wav

PLAYERS = (("pw-play",), ("paplay",), ("aplay", "-q"), ("afplay",), ("play", "-q"))
"""Programs that play a WAV file, the best first."""
LONGEST_S = 120.0


@dataclass(frozen=True, slots=True)
class Heard:
    """Raw A-law at 8 kHz, and the clips that it was put together from."""

    clips: tuple[Clip, ...]
    a_law: bytes


def hear(said: Said, language: str, listing: Listing) -> Heard:
    """`said` as a caller of `language` hears it, with examples as values. Raises PromptError and OSError."""
    # Not the node's own cache, which belongs to the user that it runs as.
    with TemporaryDirectory(prefix="svar-listen-") as folder:
        clips = asyncio.run(_clips(said, language, listing, Path(folder)))
        return Heard(tuple(clips), b"".join(Path(clip.path).read_bytes() for clip in clips))


async def _clips(said: Said, language: str, listing: Listing, cache: Path) -> list[Clip]:
    spoken = spoken_in(said, language, listing)
    if spoken is None:
        raise PromptError(f"a caller of {language!r} hears nothing: no recording, no voice, no fallback")
    maker = ClipMaker(SoundCache(cache), listing.recordings.folder, wav.a_law, music.VERSION)
    text, speech = said.texts[spoken], Speech()
    clips: list[Clip] = []
    try:
        sentences = list(breaths(spoken, text, said.key, examples(text)))
        recorded = any(listing.heard(spoken, piece.key) for whole, parts in sentences if whole for piece in parts)
        for whole, parts in sentences:
            pieces = [whole] if whole is not None and spoken in VOICES and not recorded else parts
            clips += [await maker.make(piece, speech) for piece in pieces]
    finally:
        await speech.close()
    return clips


def give(heard: Heard, output: Path | None) -> None:
    """Write a WAV file, or play it. Raises PromptError where nothing can play it, and OSError."""
    if output is not None:
        output.write_bytes(wav.write(heard.a_law))
        return
    player = next((player for player in PLAYERS if shutil.which(player[0])), None)
    if player is None:
        names = ", ".join(player[0] for player in PLAYERS)
        raise PromptError(f"nothing here plays sound ({names}): write a file by --output prompt.wav")
    with TemporaryDirectory(prefix="svar-listen-") as folder:
        path = Path(folder) / "prompt.wav"
        path.write_bytes(wav.write(heard.a_law))
        try:
            subprocess.run([*player, str(path)], check=True, timeout=LONGEST_S, stderr=subprocess.DEVNULL)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as fault:
            raise PromptError(f"{player[0]} could not play it: write a file by --output prompt.wav") from fault
