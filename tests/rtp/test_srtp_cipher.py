"""The examples of RFC 7714 §16 and §17, and what both ciphers keep."""

import pytest

from rtp.srtp_cipher import ENCRYPTED, CounterMode, Gcm, Transform, rtcp_transform, rtp_transform
from rtp.srtp_keys import SessionKeys
from sdp.crypto import Crypto, Suite

SALT = bytes.fromhex("517569642070726f2071756f")
HEADER = bytes.fromhex("8040f17b8041f8d35501a0b2")
PACKET = HEADER + b"Gallia est omnis divisa in partes tres"
REPORT = bytes.fromhex(
    "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"
)
PROTECTED = {
    16: "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833"
    "899d7f27beb16a9152cf765ee4390cce",
    32: "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b"
    "7aa3db36dfffd6b0f9bb7878d7a76c13",
}
SSRC = 0x5501A0B2


def gcm(size: int) -> Gcm:
    return Gcm(SessionKeys(bytes(range(size)), b"", SALT), 16)


def counter_mode() -> CounterMode:
    return CounterMode(SessionKeys(bytes(range(16)), bytes(20), SALT + b"\0\0"), 10, 10)


@pytest.mark.parametrize("size", [16, 32])
def test_rtp_of_rfc_7714_16_both_ways(size: int) -> None:
    cipher = gcm(size)
    assert cipher.seal(PACKET, 12, SSRC, 0xF17B).hex() == PROTECTED[size]
    assert cipher.open(bytes.fromhex(PROTECTED[size]), 12, SSRC, 0xF17B) == PACKET[12:]


def test_rtcp_of_rfc_7714_17_1_both_ways() -> None:
    protected = bytes.fromhex(
        "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275b"
        "c84aa45896cf4d2fc5abf87245d9eade800005d4"
    )
    cipher = gcm(16)
    assert cipher.seal_rtcp(REPORT, 0x4D617273, 0x5D4) == protected
    assert cipher.open_rtcp(protected, 0x4D617273, 0x800005D4) == REPORT[8:]


@pytest.mark.parametrize("cipher", [gcm(16), counter_mode()])
def test_a_bit_that_was_changed_anywhere_or_another_index_is_noticed(cipher: Transform) -> None:
    protected = cipher.seal(PACKET, 12, SSRC, 7)
    for at in range(len(protected)):
        changed = bytearray(protected)
        changed[at] ^= 1
        assert cipher.open(changed, 12, SSRC, 7) is None
    assert cipher.open(protected, 12, SSRC, 7 + (1 << 16)) is None
    assert cipher.open(protected, 12, SSRC, 7) == PACKET[12:]


@pytest.mark.parametrize("cipher", [gcm(16), counter_mode()])
def test_a_report_that_was_changed_is_noticed(cipher: Transform) -> None:
    protected = cipher.seal_rtcp(REPORT, SSRC, 7)
    assert REPORT[8:20] not in protected
    for at in range(len(protected)):
        changed = bytearray(protected)
        changed[at] ^= 1
        assert cipher.open_rtcp(changed, SSRC, ENCRYPTED | 7) is None
    assert cipher.open_rtcp(protected, SSRC, ENCRYPTED | 7) == REPORT[8:]


def test_a_report_may_be_genuine_and_not_secret() -> None:
    cipher = gcm(16)
    nonce_of = cipher._aead.encrypt(cipher._nonce(SSRC, 7), b"", REPORT + bytes([0, 0, 0, 7]))
    clear = REPORT + nonce_of + bytes([0, 0, 0, 7])
    assert cipher.open_rtcp(clear, SSRC, 7) == REPORT[8:]
    assert cipher.open_rtcp(clear[:-1] + b"\x06", SSRC, 6) is None
    counter = counter_mode()
    worded = REPORT + bytes([0, 0, 0, 7])
    assert counter.open_rtcp(worded + counter._tag(worded, b""), SSRC, 7) == REPORT[8:]


@pytest.mark.parametrize(
    ("suite", "rtp", "rtcp"),
    [
        (Suite.AES_128_SHA1_80, 10, 14),
        (Suite.AES_128_SHA1_32, 4, 14),
        (Suite.AES_256_SHA1_80, 10, 14),
        (Suite.AES_256_SHA1_32, 4, 14),
        (Suite.AES_128_GCM, 16, 20),
        (Suite.AES_256_GCM, 16, 20),
    ],
)
def test_packets_grow_as_their_suite_says(suite: Suite, rtp: int, rtcp: int) -> None:
    crypto = Crypto(1, suite, bytes(range(suite.key_bytes)))
    assert len(rtp_transform(crypto).seal(PACKET, 12, SSRC, 0)) - len(PACKET) == rtp
    assert len(rtcp_transform(crypto).seal_rtcp(REPORT, SSRC, 0)) - len(REPORT) == rtcp
    assert (rtp_transform(crypto).tail_bytes, rtcp_transform(crypto).tail_bytes) == (rtp, rtcp)
