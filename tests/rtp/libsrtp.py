"""libsrtp 2 by ctypes, where the system has it (baresip and linphone bring it): SRTP by other people's hands."""

import ctypes
from ctypes.util import find_library

from sdp.crypto import Crypto, Suite

_POLICIES = {
    Suite.AES_128_SHA1_80: ("rtp_default", "rtcp_default"),
    Suite.AES_128_SHA1_32: ("aes_cm_128_hmac_sha1_32", "rtcp_default"),
    Suite.AES_256_SHA1_80: ("aes_cm_256_hmac_sha1_80", "aes_cm_256_hmac_sha1_80"),
    Suite.AES_256_SHA1_32: ("aes_cm_256_hmac_sha1_32", "aes_cm_256_hmac_sha1_80"),
    Suite.AES_128_GCM: ("aes_gcm_128_16_auth", "aes_gcm_128_16_auth"),
    Suite.AES_256_GCM: ("aes_gcm_256_16_auth", "aes_gcm_256_16_auth"),
}
_ANY_INBOUND, _ANY_OUTBOUND = 2, 3
_ROOM = 2048


class _Direction(ctypes.Structure):
    _fields_ = (("kind", ctypes.c_int), ("value", ctypes.c_uint))


class _CryptoPolicy(ctypes.Structure):
    _fields_ = tuple([(f"f{at}", ctypes.c_int) for at in range(6)])


class _Policy(ctypes.Structure):
    _fields_ = (
        ("ssrc", _Direction),
        ("rtp", _CryptoPolicy),
        ("rtcp", _CryptoPolicy),
        ("key", ctypes.c_char_p),
        ("keys", ctypes.c_void_p),
        ("key_count", ctypes.c_ulong),
        ("ekt", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("repeats", ctypes.c_int),
        ("extensions", ctypes.c_void_p),
        ("extension_count", ctypes.c_int),
        ("next", ctypes.c_void_p),
    )


def _loaded() -> ctypes.CDLL | None:
    name = find_library("srtp2")
    library = None if name is None else ctypes.CDLL(name)
    return library if library is not None and library.srtp_init() == 0 else None


_LIBRARY = _loaded()
AVAILABLE = _LIBRARY is not None


class LibSrtp:
    """One direction under one key."""

    def __init__(self, crypto: Crypto, *, inbound: bool) -> None:
        assert _LIBRARY is not None, "libsrtp 2 is missing"
        self._library = _LIBRARY
        policy = _Policy(key=crypto.key, window=128)
        policy.ssrc.kind = _ANY_INBOUND if inbound else _ANY_OUTBOUND
        for part, name in zip((policy.rtp, policy.rtcp), _POLICIES[crypto.suite], strict=True):
            getattr(self._library, f"srtp_crypto_policy_set_{name}")(ctypes.byref(part))
        self._session = ctypes.c_void_p()
        status = self._library.srtp_create(ctypes.byref(self._session), ctypes.byref(policy))
        assert status == 0, f"libsrtp: {crypto.suite}: status {status}"

    def _called(self, name: str, packet: bytes) -> bytes | None:
        buffer = ctypes.create_string_buffer(packet, _ROOM)
        size = ctypes.c_int(len(packet))
        failed = getattr(self._library, name)(self._session, buffer, ctypes.byref(size))
        return None if failed else buffer.raw[: size.value]

    def protect(self, packet: bytes) -> bytes | None:
        return self._called("srtp_protect", packet)

    def unprotect(self, packet: bytes) -> bytes | None:
        return self._called("srtp_unprotect", packet)

    def protect_rtcp(self, packet: bytes) -> bytes | None:
        return self._called("srtp_protect_rtcp", packet)

    def unprotect_rtcp(self, packet: bytes) -> bytes | None:
        return self._called("srtp_unprotect_rtcp", packet)
