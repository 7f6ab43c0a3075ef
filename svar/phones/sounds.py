"""What a test phone says: a tone, or a WAV file."""

import tempfile
from pathlib import Path

from rtp.tone import silence, tone
from rtp.wav import a_law

TONE_S = 1.0
PAUSE_S = 1.0


class Sounds:
    """Raw A-law files in a folder that goes away with the phone."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="svar-phone-")

    def tone(self, frequency_hz: int) -> str:
        """A second of tone, a second of silence; to be looped."""
        return self._write(f"tone-{frequency_hz}.al", tone((frequency_hz,), TONE_S) + silence(PAUSE_S))

    def wav(self, path: Path) -> str:
        """A WAV file. Raises ValueError (what is wrong with it) or OSError."""
        return self._write(f"{path.stem}.al", a_law(path.read_bytes()))

    def _write(self, name: str, sound: bytes) -> str:
        path = Path(self._folder.name) / name
        path.write_bytes(sound)
        return str(path)

    def remove(self) -> None:
        self._folder.cleanup()
