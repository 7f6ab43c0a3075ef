"""What is said, through the sound card, by whatever player is installed."""

import asyncio
import shutil
import struct
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ivr.language.prompting import Prompts, Said
from ivr.ports.call import Clip
from ivr.prompts.library import SpokenPrompts
from rtp import wav

PLAYERS: dict[str, tuple[str, ...]] = {
    "aplay": ("-q",),
    "paplay": (),
    "ffplay": ("-nodisp", "-autoexit", "-loglevel", "quiet"),
    "afplay": (),
}
"""Programs that play a WAV file, with what they need to be told."""
RATE_HZ = 8000
_A_LAW = 6


def find_player(path: str | None = None) -> list[str] | None:
    """The command of the first player on PATH; None where there is none."""
    for name, arguments in PLAYERS.items():
        found = shutil.which(name, path=path)
        if found is not None:
            return [found, *arguments]
    return None


def wav_of(a_law: bytes) -> bytes:
    """A WAV file of A-law samples at 8 kHz, which every player knows."""
    form = struct.pack("<HHIIHH", _A_LAW, 1, RATE_HZ, RATE_HZ, 1, 8)
    chunks = b"WAVE" + b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(a_law)) + a_law
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


class Speaker:
    """Plays one clip at a time; the next one ends the one before. `fault` says why nothing is heard, if so."""

    def __init__(self, player: list[str]) -> None:
        self._player = player
        self._process: asyncio.subprocess.Process | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="svar-")
        self._played = 0
        self.fault = ""

    async def play(self, clip: Clip) -> None:
        """Play it to the end, or until the next one. What keeps it from being heard is noted in `fault`."""
        self.stop()
        if self.fault or not clip.path:
            return
        self._played += 1
        file = Path(self._folder.name) / f"{self._played % 4}.wav"
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        try:
            file.write_bytes(wav_of(await asyncio.to_thread(Path(clip.path).read_bytes)))
            process = await asyncio.create_subprocess_exec(
                *self._player, str(file), stdin=nothing, stdout=nothing, stderr=pipe
            )
        except OSError as error:
            self.fault = f"nothing is heard: {error}"
            return
        self._process = process
        _, said = await process.communicate()
        if process.returncode is not None and process.returncode > 0:
            told = said.decode(errors="replace").strip().splitlines()
            name = Path(self._player[0]).name
            self.fault = f"nothing is heard, {name} says: {told[0] if told else 'nothing; is there a sound card?'}"

    def stop(self) -> None:
        """Silence."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()

    def close(self) -> None:
        self.stop()
        self._folder.cleanup()


class Voice:
    """Prompts that are heard through the sound card; where none plays them they are text alone, and `fault` says why.

    Implements `ivr.language.prompting.Prompts` between `ready` and `close`.
    """

    def __init__(self, state: Path, recordings: Path, player: list[str] | None = None) -> None:
        """`state`: where sound is kept. `player`: the command of one, else the first on PATH."""
        self._inner = SpokenPrompts(state, recordings, wav.a_law)
        self._player = player or find_player()
        self._speaker = Speaker(self._player) if self._player is not None else None
        self._clips: dict[str, Clip] = {}
        self._playing: set[asyncio.Task[None]] = set()

    @property
    def player_told(self) -> str:
        """What plays it, or what is lacking."""
        if self._player is None:
            return f"nothing is heard: none of {', '.join(PLAYERS)} is installed; texts only"
        return f"{Path(self._player[0]).name} plays what is said"

    @property
    def fault(self) -> str:
        return self._speaker.fault if self._speaker is not None else ""

    async def ready(self, said: Iterable[Said], silent: Prompts) -> Prompts:
        """Have the sound made, and give the prompts to use: `silent` where nothing can be played."""
        if self._speaker is None:
            return silent
        await self._inner.start()
        self._inner.prepare(said)
        await self._inner.ready()
        return self

    def prepare(self, said: Iterable[Said]) -> None:
        self._inner.prepare(said)

    def clips(self, said: Said, language: str) -> tuple[Clip, ...]:
        found = self._inner.clips(said, language)
        self._clips.update({clip.text: clip for clip in found})
        return found

    def music(self, name: str) -> tuple[Clip, ...]:
        return self._inner.music(name)

    def say(self, text: str) -> None:
        """It is heard now, in place of what was heard before."""
        clip = self._clips.get(text)
        if clip is not None and self._speaker is not None:
            task = asyncio.get_running_loop().create_task(self._speaker.play(clip))
            self._playing.add(task)
            task.add_done_callback(self._playing.discard)

    async def close(self) -> None:
        """Silence, and nothing more is made."""
        if self._speaker is not None:
            self._speaker.close()
            await asyncio.gather(*self._playing, return_exceptions=True)
            await self._inner.close()
