"""What a test phone says into the line, unless it is given a WAV file."""

import tempfile
from pathlib import Path

from rtp import wav
from rtp.tone import silence, tone

TONE_S = 1.0
PAUSE_S = 1.0
DEFAULT_HZ = 440


def check_files(play: Path | None, record: Path | None) -> None:
    """Before anybody is rung: can `play` be said, and `record` be written? Raises ValueError and OSError."""
    if play is not None:
        try:
            wav.a_law(play.read_bytes())
        except wav.WavError as fault:
            raise ValueError(f"--play {play}: {fault}; expected a WAV file") from fault
    if record is not None and not record.absolute().parent.is_dir():
        raise ValueError(f"--record {record}: there is no folder {record.parent}")


class Sounds:
    """Raw A-law files in a folder that comes with the first and goes away with the phone."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def tone(self, frequency_hz: int = DEFAULT_HZ) -> str:
        """A second of tone, a second of silence; to be looped."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="svar-phone-")
        path = Path(self._folder.name) / f"tone-{frequency_hz}.al"
        path.write_bytes(tone((frequency_hz,), TONE_S) + silence(PAUSE_S))
        return str(path)

    def remove(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
