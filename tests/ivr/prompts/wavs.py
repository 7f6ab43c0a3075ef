"""WAV files of every kind, for tests."""

import math
import struct
from array import array

from ivr.prompts.samples import to_pcm

TAGS = {"pcm": 1, "float": 3, "a-law": 6, "mu-law": 7}


def sine(seconds: float, level: float = 0.3, rate_hz: int = 8000) -> "array[int]":
    """A tone of 440 Hz; `level` of its peak is a part of full scale."""
    step = math.tau * 440 / rate_hz
    return array("h", [round(32767 * level * math.sin(step * at)) for at in range(round(seconds * rate_hz))])


def riff(
    kind: str, bits: int, body: bytes, *, channels: int = 1, rate_hz: int = 8000, extensible: bool = False
) -> bytes:
    tag = TAGS[kind]
    width = channels * bits // 8
    form = struct.pack("<HHIIHH", 0xFFFE if extensible else tag, channels, rate_hz, rate_hz * width, width, bits)
    if extensible:
        form += struct.pack("<HHIH", 22, bits, 0, tag) + bytes(14)
    odd = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    chunks = odd + b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def written(samples: "array[int]", bits: int, *, channels: int = 1, rate_hz: int = 8000) -> bytes:
    """`samples` as PCM of so many bits, or as floating point for 0."""
    pcm = to_pcm(samples)
    if bits == 0:
        floats = struct.pack(f"<{len(samples)}f", *(each / 32767 for each in samples))
        return riff("float", 32, floats, channels=channels, rate_hz=rate_hz)
    if bits == 8:
        body = bytes((each >> 8) + 128 for each in samples)
    else:
        low = bytes(bits // 8 - 2)
        body = b"".join(low + pcm[at : at + 2] for at in range(0, len(pcm), 2))
    return riff("pcm", bits, body, channels=channels, rate_hz=rate_hz)
