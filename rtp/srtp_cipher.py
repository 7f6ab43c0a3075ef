"""How SRTP makes packets secret and genuine: AES-CM with HMAC-SHA1 (RFC 3711 §4), AES-GCM (RFC 7714).

A cipher has the session keys of one direction of RTP or of RTCP, and knows nothing of what was seen before. An `index`
is 48 bits for RTP and 31 for RTCP; `start` is where a packet's secret part begins. What is opened is that part, None
where it is not genuine.
"""

from hmac import compare_digest
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.hmac import HMAC

from rtp.packet import Buffer
from rtp.srtp_keys import RTCP, RTP, SessionKeys, block_cipher, keystream, session_keys
from sdp.crypto import Crypto, Suite

ENCRYPTED: Final = 0x80000000
"""The E flag, before the index of RTCP (RFC 3711 §3.4)."""
RTCP_START: Final = 8
RTCP_TAG_BYTES: Final = 10
"""Of HMAC-SHA1, also where RTP has but four (RFC 4568 §6.2.2)."""
GCM_TAG_BYTES: Final = 16

_from_bytes = int.from_bytes


class Transform(Protocol):
    """One of the two ciphers below. `tail_bytes` is what a packet grows by, `after_word_bytes` what of it is last.

    Before that last part stands an MKI, and before the MKI the index of RTCP.
    """

    @property
    def tail_bytes(self) -> int: ...

    @property
    def after_word_bytes(self) -> int: ...

    def seal(self, packet: Buffer, start: int, ssrc: int, index: int) -> bytes:
        """The protected packet."""

    def open(self, packet: Buffer, start: int, ssrc: int, index: int) -> bytes | None: ...

    def seal_rtcp(self, packet: Buffer, ssrc: int, index: int) -> bytes:
        """The same for RTCP, with the index in it."""

    def open_rtcp(self, packet: Buffer, ssrc: int, word: int) -> bytes | None:
        """`packet` is whole but for its MKI, `word` the E flag and the index that stand in it."""


class CounterMode:
    """AES-CM, and HMAC-SHA1 over all of it."""

    __slots__ = ("_encrypt", "_mac", "_salt", "after_word_bytes", "tail_bytes")

    def __init__(self, keys: SessionKeys, tag_bytes: int, tail_bytes: int) -> None:
        self._encrypt = block_cipher(keys.cipher)
        self._mac = HMAC(keys.authentication, SHA1())
        self._salt = _from_bytes(keys.salt, "big") << 16
        self.after_word_bytes = tag_bytes
        self.tail_bytes = tail_bytes

    def seal(self, packet: Buffer, start: int, ssrc: int, index: int) -> bytes:
        protected = bytes(packet[:start]) + self._crypt(packet[start:], ssrc, index)
        return protected + self._tag(protected, (index >> 16).to_bytes(4, "big"))

    def open(self, packet: Buffer, start: int, ssrc: int, index: int) -> bytes | None:
        end = len(packet) - self.after_word_bytes
        tag = self._tag(packet[:end], (index >> 16).to_bytes(4, "big"))
        return self._crypt(packet[start:end], ssrc, index) if compare_digest(tag, packet[end:]) else None

    def seal_rtcp(self, packet: Buffer, ssrc: int, index: int) -> bytes:
        secret = self._crypt(packet[RTCP_START:], ssrc, index)
        protected = bytes(packet[:RTCP_START]) + secret + (ENCRYPTED | index).to_bytes(4, "big")
        return protected + self._tag(protected, b"")

    def open_rtcp(self, packet: Buffer, ssrc: int, word: int) -> bytes | None:
        end = len(packet) - self.after_word_bytes
        if not compare_digest(self._tag(packet[:end], b""), packet[end:]):
            return None
        secret = packet[RTCP_START : end - 4]
        return self._crypt(secret, ssrc, word & ~ENCRYPTED) if word & ENCRYPTED else bytes(secret)

    def _crypt(self, data: Buffer, ssrc: int, index: int) -> bytes:
        """Encrypt, or decrypt, which is the same (§4.1)."""
        size = len(data)
        stream = keystream(self._encrypt, self._salt ^ ssrc << 64 ^ index << 16, size)
        return (_from_bytes(data, "big") ^ _from_bytes(stream, "big")).to_bytes(size, "big")

    def _tag(self, packet: Buffer, rollover: bytes) -> bytes:
        mac = self._mac.copy()
        mac.update(packet)
        mac.update(rollover)
        return mac.finalize()[: self.after_word_bytes]


class Gcm:
    """AES-GCM, whose tag belongs to the ciphertext."""

    __slots__ = ("_aead", "_salt", "after_word_bytes", "tail_bytes")

    def __init__(self, keys: SessionKeys, tail_bytes: int) -> None:
        self._aead = AESGCM(keys.cipher)
        self._salt = _from_bytes(keys.salt, "big")
        self.after_word_bytes = 0
        self.tail_bytes = tail_bytes

    def seal(self, packet: Buffer, start: int, ssrc: int, index: int) -> bytes:
        header = bytes(packet[:start])
        return header + self._aead.encrypt(self._nonce(ssrc, index), packet[start:], header)

    def open(self, packet: Buffer, start: int, ssrc: int, index: int) -> bytes | None:
        return self._decrypt(self._nonce(ssrc, index), packet[start:], packet[:start])

    def seal_rtcp(self, packet: Buffer, ssrc: int, index: int) -> bytes:
        header, word = bytes(packet[:RTCP_START]), (ENCRYPTED | index).to_bytes(4, "big")
        return header + self._aead.encrypt(self._nonce(ssrc, index), packet[RTCP_START:], header + word) + word

    def open_rtcp(self, packet: Buffer, ssrc: int, word: int) -> bytes | None:
        nonce, end = self._nonce(ssrc, word & ~ENCRYPTED), len(packet) - 4
        if word & ENCRYPTED:
            genuine = bytes(packet[:RTCP_START]) + bytes(packet[end:])
            return self._decrypt(nonce, packet[RTCP_START:end], genuine)
        clear = bytes(packet[: end - GCM_TAG_BYTES])
        opened = self._decrypt(nonce, packet[end - GCM_TAG_BYTES : end], clear + bytes(packet[end:]))
        return None if opened is None else clear[RTCP_START:]

    def _nonce(self, ssrc: int, index: int) -> bytes:
        """RFC 7714 §8.1, §9.1."""
        return (self._salt ^ ssrc << 48 ^ index).to_bytes(12, "big")

    def _decrypt(self, nonce: bytes, data: Buffer, genuine: Buffer) -> bytes | None:
        try:
            return self._aead.decrypt(nonce, data, genuine)
        except InvalidTag:
            return None


def rtp_transform(crypto: Crypto) -> Transform:
    keys = session_keys(crypto.suite, crypto.key, RTP)
    if crypto.suite in (Suite.AES_128_GCM, Suite.AES_256_GCM):
        return Gcm(keys, GCM_TAG_BYTES)
    tag_bytes = 4 if crypto.suite.endswith("32") else 10
    return CounterMode(keys, tag_bytes, tag_bytes)


def rtcp_transform(crypto: Crypto) -> Transform:
    keys = session_keys(crypto.suite, crypto.key, RTCP)
    if crypto.suite in (Suite.AES_128_GCM, Suite.AES_256_GCM):
        return Gcm(keys, GCM_TAG_BYTES + 4)
    return CounterMode(keys, RTCP_TAG_BYTES, RTCP_TAG_BYTES + 4)
