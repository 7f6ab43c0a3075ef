"""G.711: A-law and µ-law, as tables."""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

SILENCE_A: Final = 0xD5
SILENCE_U: Final = 0xFF
FRAME_BYTES: Final = 160
"""20 ms at 8 kHz, a byte a sample."""


def _linear_a(code: int) -> int:
    """The 16-bit sample of an A-law code (13 bits, shifted up by three)."""
    code ^= 0x55
    exponent, mantissa = (code >> 4) & 0x07, code & 0x0F
    value = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return value if code & 0x80 else -value


def _linear_u(code: int) -> int:
    """The 16-bit sample of a µ-law code (14 bits, shifted up by two)."""
    code ^= 0xFF
    value = (((code & 0x0F) << 3) + 0x84 << ((code >> 4) & 0x07)) - 0x84
    return -value if code & 0x80 else value


DECODE_A: Final[NDArray[np.int16]] = np.array([_linear_a(code) for code in range(256)], dtype=np.int16)
DECODE_U: Final[NDArray[np.int16]] = np.array([_linear_u(code) for code in range(256)], dtype=np.int16)


def _nearest(decode: NDArray[np.int16]) -> NDArray[np.uint8]:
    """For each of the 65,536 samples (index: the sample as unsigned) the code whose sample lies nearest."""
    order = np.argsort(decode, kind="stable")
    levels = decode[order].astype(np.int32)
    samples = np.arange(-32768, 32768)
    nearest = order[np.searchsorted((levels[:-1] + levels[1:]) / 2, samples, side="right")].astype(np.uint8)
    return np.roll(nearest, -32768)


@cache
def _encode_a() -> NDArray[np.uint8]:
    return _nearest(DECODE_A)


@cache
def _encode_u() -> NDArray[np.uint8]:
    return _nearest(DECODE_U)


def decode_a(data: bytes) -> NDArray[np.int16]:
    return DECODE_A[np.frombuffer(data, dtype=np.uint8)]


def decode_u(data: bytes) -> NDArray[np.int16]:
    return DECODE_U[np.frombuffer(data, dtype=np.uint8)]


def encode_a(samples: NDArray[np.int16]) -> bytes:
    return _encode_a()[samples.view(np.uint16)].tobytes()


def encode_u(samples: NDArray[np.int16]) -> bytes:
    return _encode_u()[samples.view(np.uint16)].tobytes()


A_TO_U: Final[bytes] = _encode_u()[DECODE_A.view(np.uint16)].tobytes()
"""For `bytes.translate`: the µ-law code nearest to each A-law code."""
U_TO_A: Final[bytes] = _encode_a()[DECODE_U.view(np.uint16)].tobytes()

SILENCE_FRAME: Final = bytes([SILENCE_A]) * FRAME_BYTES
SILENCE: Final = {"PCMA": bytes([SILENCE_A]), "PCMU": bytes([SILENCE_U])}
"""One sample of it, by codec."""


def translation(source: str, target: str) -> bytes | None:
    """The table from one codec (PCMA, PCMU) to the other, None where they are the same."""
    return None if source == target else A_TO_U if source == "PCMA" else U_TO_A
