"""Sound on disk: one raw A-law file for each content, so that nothing is spoken or converted twice."""

import hashlib
import os
import threading
from pathlib import Path

from ivr.prompts.speech import Voice

BYTES_A_SECOND = 8000
SETTINGS_VERSION = 2
"""Part of every name: raise it when level, trimming or conversion change."""
UNUSED_S = 60 * 24 * 3600.0


def speech_name(text: str, voice: Voice) -> str:
    return _name(f"{voice.name} {voice.words_per_minute} {text}".encode())


def recording_name(wav: bytes) -> str:
    return _name(wav)


def _name(content: bytes) -> str:
    return hashlib.sha256(b"%d %s" % (SETTINGS_VERSION, content)).hexdigest()[:40] + ".al"


class SoundCache:
    """A folder of A-law files. Files appear whole or not at all, also when several nodes share the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        return self._folder / name

    def duration_s(self, name: str) -> float | None:
        """How long the file lasts, or None when it is not there. Marks it as used."""
        path = self._folder / name
        try:
            size = path.stat().st_size
            os.utime(path)
        except FileNotFoundError:
            return None
        return size / BYTES_A_SECOND

    def write(self, name: str, alaw: bytes) -> float:
        """Keep `alaw`; gives its duration in seconds. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        # Two versions of the flows may make the same sound at once, in threads of one node.
        part = self._folder / f"{name}.{os.getpid()}.{threading.get_ident()}.part"
        part.write_bytes(alaw)
        part.replace(self._folder / name)
        return len(alaw) / BYTES_A_SECOND

    def prune(self, now_s: float) -> int:
        """Remove what nobody has used for UNUSED_S before `now_s` (wall clock), and torn parts. Gives how many."""
        removed = 0
        for path in self._folder.glob("*.al*"):
            try:
                if path.stat().st_mtime < now_s - UNUSED_S:
                    path.unlink()
                    removed += 1
            except FileNotFoundError:
                continue
        return removed
