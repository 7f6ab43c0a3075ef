"""RFC 3711 appendix B, word for word."""

from rtp.srtp_keys import RTCP, RTP, SessionKeys, block_cipher, counters, keystream, session_keys
from sdp.crypto import Suite

KEY = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")
SALT = int("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000", 16)


def test_keystream_of_appendix_b_2() -> None:
    stream = keystream(block_cipher(KEY), SALT, 1044512)
    blocks = {
        0x0000: "E03EAD0935C95E80E166B16DD92B4EB4",
        0x0001: "D23513162B02D0F72A43A2FE4A5F97AB",
        0x0002: "41E95B3BB0A2E8DD477901E4FCA894C0",
        0xFEFF: "EC8CDF7398607CB0F2D21675EA9EA1E4",
        0xFF00: "362B7C3C6773516318A077D7FC5073AE",
        0xFF01: "6A2CC3787889374FBEB4C81B17BA6C44",
    }
    assert {at: stream[16 * at :][:16].hex().upper() for at in blocks} == blocks
    assert len(stream) == 1044512


def test_a_part_of_a_block_is_its_beginning_and_nothing_is_nothing() -> None:
    encrypt = block_cipher(KEY)
    assert keystream(encrypt, SALT, 17) == keystream(encrypt, SALT, 32)[:17]
    assert keystream(encrypt, SALT, 0) == b""


def test_counters_make_a_row_of_blocks() -> None:
    times, plus = counters(3)
    assert (5 << 16) * times + plus == int("".join(f"{(5 << 16) + at:032x}" for at in range(3)), 16)


def test_session_keys_of_appendix_b_3() -> None:
    master = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE41390EC675AD498AFEEBB6960B3AABE6")
    keys = session_keys(Suite.AES_128_SHA1_80, master, RTP)
    assert keys.cipher.hex().upper() == "C61E7A93744F39EE10734AFE3FF7A087"
    assert keys.salt.hex().upper() == "30CBBC08863D8C85D49DB34A9AE1"
    assert keys.authentication.hex().upper() == "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"


def test_keys_of_rtcp_are_others_and_have_the_lengths_of_their_suite() -> None:
    for suite in Suite:
        master = bytes(range(suite.key_bytes))
        keys = session_keys(suite, master, RTCP)
        assert (len(keys.cipher), len(keys.authentication)) == (suite.cipher_bytes, 20)
        assert len(keys.salt) == suite.salt_bytes
        assert not set(keys) & set(session_keys(suite, master, RTP))


def test_keys_are_not_shown() -> None:
    assert repr(SessionKeys(b"secret", b"secret", b"secret")) == "SessionKeys(...)"
