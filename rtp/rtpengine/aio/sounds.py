"""Sounds as files that rtpengine plays, made once for all who hear them."""

import asyncio
import hashlib
import os
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rtp import wav
from rtp.engine import MediaError
from rtp.g711 import FRAME_BYTES, SILENCE_A
from rtp.rtpengine import flv

MOST_FILES: Final = 1000
MOST_BYTES: Final = 64 * 1024 * 1024

_Key = tuple[tuple[tuple[str, int, int], ...], int, bool]


@dataclass(frozen=True, slots=True)
class SoundFile:
    """`path` is absolute, for rtpengine to read; `duration_s` is once through."""

    path: str
    duration_s: float


class SoundFiles:
    """Keeps the last MOST_FILES in `folder`, which rtpengine has to see under the same name."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError if the folder cannot be made."""
        self._folder = folder.absolute()
        self._folder.mkdir(parents=True, exist_ok=True)
        for left in self._folder.glob("*.flv"):
            left.unlink(missing_ok=True)
        self._made: OrderedDict[_Key, SoundFile] = OrderedDict()

    async def made(self, files: tuple[str, ...], offset_s: float, *, loop: bool) -> SoundFile:
        """These files one after the other from `offset_s` on, as they are on disk now. Raises MediaError."""
        skipped = round(max(0.0, offset_s) * wav.RATE_HZ / FRAME_BYTES)
        key = (tuple([_version(file) for file in files]), skipped, loop)
        found = self._made.get(key)
        if found is None:
            found = await asyncio.to_thread(self._make, files, skipped * FRAME_BYTES, loop)
        self._made[key] = found
        self._made.move_to_end(key)
        if len(self._made) > MOST_FILES:
            _, dropped = self._made.popitem(last=False)
            if dropped not in self._made.values():
                with suppress(OSError):
                    os.unlink(dropped.path)
        return found

    def _make(self, files: tuple[str, ...], skipped: int, loop: bool) -> SoundFile:
        sound = b"".join([_read(file) for file in files])
        if skipped:
            at = skipped % len(sound) if loop and sound else skipped
            sound = sound[at:] + (sound[:at] if loop else b"")
        data = flv.container(sound)
        path = self._folder / f"{hashlib.blake2b(data, digest_size=16).hexdigest()}.flv"
        try:
            part = path.with_suffix(".part")
            part.write_bytes(data)
            part.replace(path)
        except OSError as error:
            raise MediaError(f"sound for rtpengine {path}: {error}", 500) from error
        return SoundFile(str(path), -(-len(sound) // FRAME_BYTES) * FRAME_BYTES / wav.RATE_HZ)


def _version(file: str) -> tuple[str, int, int]:
    try:
        stat = os.stat(file)
    except OSError as error:
        raise MediaError(f"sound {file}: {error}", 500) from error
    return file, stat.st_mtime_ns, stat.st_size


def _read(file: str) -> bytes:
    """Raw A-law, filled up to whole frames with silence."""
    try:
        size = os.path.getsize(file)
        if size > MOST_BYTES:
            raise wav.WavError(f"{size} bytes, at most {MOST_BYTES}")
        data = Path(file).read_bytes()
        sound = wav.a_law(data) if wav.is_wav(data) else data
    except (OSError, wav.WavError) as error:
        raise MediaError(f"sound {file}: {error}", 500) from error
    return sound + bytes([SILENCE_A]) * (-len(sound) % FRAME_BYTES)
