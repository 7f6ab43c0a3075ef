"""Session keys from a master key (RFC 3711 §4.3; RFC 6188 §3 for 256 bits, RFC 7714 §11 for the salt of GCM)."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from sdp.crypto import Suite

RTP: Final = 0
RTCP: Final = 3
"""The first of three labels: for the cipher's key, the authentication key and the salt."""
AUTHENTICATION_BYTES: Final = 20
BLOCK_BYTES: Final = 16

Encrypt = Callable[[bytes], bytes]


class SessionKeys(NamedTuple):
    cipher: bytes
    authentication: bytes
    salt: bytes

    def __repr__(self) -> str:
        return "SessionKeys(...)"


def block_cipher(key: bytes) -> Encrypt:
    """AES over whole blocks, each by itself; kept, since making one costs more than a packet."""
    return Cipher(AES(key), ECB()).encryptor().update


@lru_cache(maxsize=128)
def counters(count: int) -> tuple[int, int]:
    """What makes of one counter a row of `count`: `counter * times + plus`, one number of as many blocks."""
    times = int.from_bytes((1).to_bytes(BLOCK_BYTES, "big") * count, "big")
    plus = int.from_bytes(b"".join(at.to_bytes(BLOCK_BYTES, "big") for at in range(count)), "big")
    return times, plus


def keystream(encrypt: Encrypt, start: int, size: int) -> bytes:
    """`size` bytes of AES in counter mode (§4.1.1). The low 16 bits of the counter `start` are zero."""
    count = (size + BLOCK_BYTES - 1) // BLOCK_BYTES
    times, plus = counters(count)
    return encrypt((start * times + plus).to_bytes(count * BLOCK_BYTES, "big"))[:size]


def session_keys(suite: Suite, master: bytes, label: int) -> SessionKeys:
    """The keys for RTP or RTCP; `master` is master key and salt together, as a description has them."""
    encrypt = block_cipher(master[: suite.cipher_bytes])
    salt = int.from_bytes(master[suite.cipher_bytes :].ljust(14, b"\0"), "big")

    def derive(offset: int, size: int) -> bytes:
        return keystream(encrypt, (salt ^ (label + offset) << 48) << 16, size)

    return SessionKeys(derive(0, suite.cipher_bytes), derive(1, AUTHENTICATION_BYTES), derive(2, suite.salt_bytes))
