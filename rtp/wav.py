"""WAV files: any usual kind in, A-law at 8 kHz out."""

import struct
from dataclasses import dataclass
from math import gcd
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rtp.g711 import decode_a, decode_u, encode_a

PCM: Final = 1
A_LAW: Final = 6
MU_LAW: Final = 7
EXTENSIBLE: Final = 0xFFFE

RATE_HZ: Final = 8000
RATES_HZ: Final = (4000, 192_000)
MOST_CHANNELS: Final = 8

HALF_WIDTH: Final = 24
"""Zero crossings of the resampler's kernel on each side."""
PASS_BAND: Final = 0.9
"""The cut-off as a part of the lower rate's half; the rest is room for the filter's slope."""

BLOCK: Final = 8192
"""Samples that one step of the resampler works on, so that its memory is bounded."""

Samples = NDArray[np.float32]


class WavError(ValueError):
    """The bytes are no WAV file that can be read; the message says what is wrong with them."""


@dataclass(frozen=True, slots=True)
class _Format:
    tag: int
    channels: int
    rate_hz: int
    bits: int


def is_wav(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WAVE"


def a_law(data: bytes) -> bytes:
    """The sound of a WAV file (PCM16, A-law, µ-law; channels are mixed) as raw A-law at 8 kHz. Raises WavError."""
    form, body = _chunks(data)
    if form.tag == A_LAW and form.channels == 1 and form.rate_hz == RATE_HZ:
        return body
    samples = _samples(form, body)
    return from_samples(resample(samples, form.rate_hz, RATE_HZ))


def from_samples(samples: Samples) -> bytes:
    """A-law of samples between -1 and 1; louder ones are clipped."""
    return encode_a(np.clip(np.round(samples * 32768.0), -32768, 32767).astype(np.int16))


def header(data_bytes: int, channels: int = 1) -> bytes:
    """The head of a WAV file of raw A-law at 8 kHz that has `data_bytes` bytes of sound in all its channels."""
    form = struct.pack("<HHIIHHH", A_LAW, channels, RATE_HZ, RATE_HZ * channels, channels, 8, 0)
    fact = struct.pack("<I", data_bytes // channels)
    rest = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"fact" + struct.pack("<I", 4) + fact
    padded = data_bytes + data_bytes % 2
    return b"RIFF" + struct.pack("<I", len(rest) + 8 + padded) + rest + b"data" + struct.pack("<I", data_bytes)


def write(a_law_sound: bytes) -> bytes:
    """A whole WAV file of raw A-law at 8 kHz."""
    return header(len(a_law_sound)) + a_law_sound + bytes(len(a_law_sound) % 2)


def resample(samples: Samples, source_hz: int, target_hz: int) -> Samples:
    """Change the rate by a windowed sinc that first takes out what the lower rate cannot carry."""
    if source_hz == target_hz or not len(samples):
        return samples
    shared = gcd(source_hz, target_hz)
    phases, step = target_hz // shared, source_hz // shared
    cut = PASS_BAND * min(1.0, target_hz / source_hz)
    half = int(np.ceil(HALF_WIDTH / cut))
    padded = np.concatenate((np.zeros(half - 1, np.float32), samples, np.zeros(2 * half, np.float32)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half)
    count = len(samples) * target_hz // source_hz
    result = np.empty(count, np.float32)
    for phase in range(min(phases, count)):
        kernel = _kernel(cut, half, (phase * step) % phases / phases)
        for first in range(phase, count, phases * BLOCK):
            wanted = np.arange(first, min(count, first + phases * BLOCK), phases)
            result[wanted] = windows[wanted * step // phases] @ kernel
    return result


def _kernel(cut: float, half: int, between: float) -> Samples:
    """The filter for an output sample that lies `between` (0 to 1) two input samples."""
    at = np.arange(1 - half, half + 1) - between
    taps = np.sinc(cut * at) * np.cos(np.pi * at / (2 * half)) ** 2
    kernel: Samples = (taps / taps.sum()).astype(np.float32)
    return kernel


def _chunks(data: bytes) -> tuple[_Format, bytes]:
    if not is_wav(data):
        raise WavError("no RIFF WAVE header; expected a WAV file")
    form: _Format | None = None
    at = 12
    while at + 8 <= len(data):
        name = data[at : at + 4]
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + size]
        if name == b"fmt ":
            form = _format(body)
        elif name == b"data":
            if form is None:
                raise WavError(f"the data chunk at byte {at} comes before any fmt chunk")
            return form, body
        at += 8 + size + size % 2
    raise WavError("no data chunk")


def _format(body: bytes) -> _Format:
    if len(body) < 16:
        raise WavError(f"a fmt chunk of {len(body)} bytes, expected at least 16")
    tag, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if tag == EXTENSIBLE and len(body) >= 26:
        tag = int.from_bytes(body[24:26], "little")
    if (tag, bits) not in ((PCM, 16), (A_LAW, 8), (MU_LAW, 8)):
        raise WavError(f"format {tag} with {bits} bits; expected PCM of 16 bits, A-law or µ-law")
    if not 1 <= channels <= MOST_CHANNELS:
        raise WavError(f"{channels} channels, expected 1 to {MOST_CHANNELS}")
    if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        raise WavError(f"{rate_hz} samples a second, expected {RATES_HZ[0]} to {RATES_HZ[1]}")
    return _Format(tag, channels, rate_hz, bits)


def _samples(form: _Format, body: bytes) -> Samples:
    frame = form.channels * form.bits // 8
    whole = body[: len(body) // frame * frame]
    if form.tag == PCM:
        pcm = np.frombuffer(whole, dtype="<i2").astype(np.int16)
    else:
        pcm = decode_a(whole) if form.tag == A_LAW else decode_u(whole)
    mixed: Samples = pcm.reshape(-1, form.channels).astype(np.float32).mean(axis=1, dtype=np.float32) / 32768.0
    return mixed
