"""Sound to play as 20 ms frames, prepared once for all who hear it."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import chain, cycle, islice
from typing import Final

from rtp.g711 import A_TO_U, FRAME_BYTES, SILENCE_A

FRAME_S: Final = 0.020

Frames = tuple[bytes, ...]


class Sound:
    """A-law sound as frames of 160 bytes, the last filled up with silence; in µ-law when first asked for."""

    __slots__ = ("_mu_law", "frames", "size")

    def __init__(self, a_law: bytes) -> None:
        padded = a_law + bytes([SILENCE_A]) * (-len(a_law) % FRAME_BYTES)
        self.frames: Frames = tuple(padded[i : i + FRAME_BYTES] for i in range(0, len(padded), FRAME_BYTES))
        self.size = len(padded)
        """Bytes that it takes in one codec, Python's own not counted."""
        self._mu_law: Frames | None = None

    def of(self, codec: str) -> Frames:
        """The frames for PCMA or PCMU."""
        if codec == "PCMA":
            return self.frames
        if self._mu_law is None:
            self._mu_law = tuple(frame.translate(A_TO_U) for frame in self.frames)
        return self._mu_law


def stretches(
    sounds: tuple[Sound, ...], codec: str, *, loop: bool = False, offset_s: float = 0.0
) -> Iterator[Iterable[bytes]]:
    """The frames of these sounds one sound after the other, from `offset_s` on; a loop of nothing is nothing."""
    parts = tuple(sound.of(codec) for sound in sounds)
    total = sum(map(len, parts))
    skipped = round(max(0.0, offset_s) / FRAME_S)
    if not loop or not total:
        return _skip(iter(parts), skipped)
    return _skip(cycle(parts), skipped % total)


def _skip(parts: Iterator[Frames], skipped: int) -> Iterator[Iterable[bytes]]:
    """`parts` without their first `skipped` frames."""
    for part in parts:
        if skipped < len(part):
            return chain((islice(part, skipped, None) if skipped else part,), parts)
        skipped -= len(part)
    return iter(())


def duration_s(sounds: tuple[Sound, ...], offset_s: float = 0.0) -> float:
    """How long these sounds last from `offset_s` on, played once."""
    total = sum(len(sound.frames) for sound in sounds)
    return max(0, total - round(max(0.0, offset_s) / FRAME_S)) * FRAME_S


class SoundCache:
    """Sounds by key (a file and its version), the least lately used dropped when `most_bytes` is passed.

    A dropped sound lives on as long as somebody plays it.
    """

    __slots__ = ("_most_bytes", "_sounds", "size")

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._sounds: OrderedDict[tuple[str, int, int], Sound] = OrderedDict()
        self.size = 0

    def get(self, key: tuple[str, int, int]) -> Sound | None:
        sound = self._sounds.get(key)
        if sound is not None:
            self._sounds.move_to_end(key)
        return sound

    def put(self, key: tuple[str, int, int], sound: Sound) -> None:
        self.discard(key)
        self._sounds[key] = sound
        self.size += sound.size
        while self.size > self._most_bytes:
            _, dropped = self._sounds.popitem(last=False)
            self.size -= dropped.size

    def discard(self, key: tuple[str, int, int]) -> None:
        sound = self._sounds.pop(key, None)
        if sound is not None:
            self.size -= sound.size
