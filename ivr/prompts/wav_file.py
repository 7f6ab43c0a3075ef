"""WAV files of people: any usual kind in, 16-bit mono samples at their own rate out.

PCM of 8, 16, 24 and 32 bits, floating point of 32, A-law and µ-law. Whole samples are moved as bytes, never one by one.
"""

import struct
import sys
from array import array
from dataclasses import dataclass

from ivr.prompts.samples import from_pcm

PCM, FLOAT, A_LAW, MU_LAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
KINDS = {(PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32), (A_LAW, 8), (MU_LAW, 8)}
RATES_HZ = (4000, 192_000)
MOST_CHANNELS = 8
LARGEST = 64 * 1024 * 1024


class WavFileError(ValueError):
    """The bytes are no WAV file that can be read; the message says what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Sound:
    """16-bit samples."""

    samples: "array[int]"
    rate_hz: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate_hz


@dataclass(frozen=True, slots=True)
class _Format:
    tag: int
    channels: int
    rate_hz: int
    bits: int


def read(data: bytes) -> Sound:
    """The sound of a WAV file, its channels mixed. Raises WavFileError."""
    channels, sound = read_channels(data)
    return Sound(_mixed(sound.samples, channels), sound.rate_hz) if channels > 1 else sound


def read_channels(data: bytes) -> tuple[int, Sound]:
    """How many channels there are, and their samples in turns. Raises WavFileError."""
    if len(data) > LARGEST:
        raise WavFileError(f"larger than {LARGEST // 2**20} MiB")
    form, body = _chunks(data)
    return form.channels, Sound(_samples(form, body), form.rate_hz)


def _chunks(data: bytes) -> tuple[_Format, bytes]:
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise WavFileError("this is no WAV file (it has no RIFF WAVE header); save it as WAV")
    form: _Format | None = None
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + size]
        if name == b"fmt ":
            form = _format(body)
        elif name == b"data":
            if form is None:
                raise WavFileError("its data stand before its format")
            return form, body
        at += 8 + size + size % 2
    raise WavFileError("there is no sound in it (no data chunk)")


def _format(body: bytes) -> _Format:
    if len(body) < 16:
        raise WavFileError(f"its format has {len(body)} bytes, expected at least 16")
    tag, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if tag == EXTENSIBLE and len(body) >= 26:
        tag = int.from_bytes(body[24:26], "little")
    if (tag, bits) not in KINDS:
        raise WavFileError(f"format {tag} with {bits} bits; expected PCM of 8, 16, 24 or 32 bits, A-law or µ-law")
    if not 1 <= channels <= MOST_CHANNELS:
        raise WavFileError(f"{channels} channels, expected 1 to {MOST_CHANNELS}")
    if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        raise WavFileError(f"{rate_hz} samples a second, expected {RATES_HZ[0]} to {RATES_HZ[1]}")
    return _Format(tag, channels, rate_hz, bits)


def _samples(form: _Format, body: bytes) -> "array[int]":
    """16-bit samples of all channels: of wider PCM the two upper bytes."""
    width = form.bits // 8
    body = body[: len(body) // (width * form.channels) * width * form.channels]
    if form.tag == FLOAT:
        return _from_floats(body)
    if form.tag == PCM and width == 2:
        return from_pcm(body)
    pcm = bytearray(2 * (len(body) // width))
    if form.tag != PCM:
        low, high = _A_LAW_BYTES if form.tag == A_LAW else _MU_LAW_BYTES
        pcm[0::2], pcm[1::2] = body.translate(low), body.translate(high)
    elif width == 1:
        pcm[1::2] = body.translate(_UNSIGNED)
    else:
        pcm[0::2], pcm[1::2] = body[width - 2 :: width], body[width - 1 :: width]
    return from_pcm(bytes(pcm))


def _from_floats(body: bytes) -> "array[int]":
    floats = array("f", body)
    if sys.byteorder == "big":
        floats.byteswap()
    # A comparison with NaN is false: it becomes silence.
    return array("h", [round(32767 * each) if -1.0 <= each <= 1.0 else _beyond(each) for each in floats])


def _beyond(value: float) -> int:
    return 32767 if value > 1 else -32768 if value < -1 else 0


def _mixed(samples: "array[int]", channels: int) -> "array[int]":
    each = [samples[channel::channels] for channel in range(channels)]
    return array("h", [sum(frame) // channels for frame in zip(*each, strict=True)])


def _a_law(code: int) -> int:
    """ITU-T G.711, table 1a."""
    code ^= 0x55
    segment, step = code >> 4 & 7, (code & 0x0F) << 4
    magnitude = step + 8 if not segment else step + 0x108 << segment - 1
    return magnitude if code & 0x80 else -magnitude


def _mu_law(code: int) -> int:
    """ITU-T G.711, table 2a."""
    code ^= 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << (code >> 4 & 7)) - 0x84
    return -magnitude if code & 0x80 else magnitude


def _tables(values: list[int]) -> tuple[bytes, bytes]:
    """The lower and the upper byte of each value."""
    return bytes(value & 0xFF for value in values), bytes(value >> 8 & 0xFF for value in values)


_UNSIGNED = bytes(code ^ 0x80 for code in range(256))
_A_LAW_BYTES = _tables([_a_law(code) for code in range(256)])
_MU_LAW_BYTES = _tables([_mu_law(code) for code in range(256)])
