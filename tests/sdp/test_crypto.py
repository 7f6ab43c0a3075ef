"""`a=crypto` lines: read, written, chosen (RFC 4568)."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdp.crypto import (
    CHANCE_BYTES,
    OFFERED,
    Crypto,
    Secured,
    Security,
    Srtp,
    Suite,
    answered,
    completed,
    keys,
    offered,
    parse,
    protection,
)
from sdp.description import Media
from sdp.errors import NoCommonProtection

CHANCE = bytes(range(CHANCE_BYTES))
INLINE = "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
SECRET = base64.b64decode(INLINE[7:])
SHORT = base64.b64encode(bytes(29)).decode()


def media(*lines: Crypto, protocol: str = "RTP/AVP") -> Media:
    return Media("audio", 4000, protocol, ("8",), None, tuple([line.attribute for line in lines]))


def test_example_of_rfc_4568_is_read_with_lifetime_and_mki() -> None:
    crypto = parse(f"1 AES_CM_128_HMAC_SHA1_80 {INLINE}|2^20|1:4")
    assert crypto == Crypto(1, Suite.AES_128_SHA1_80, SECRET, 2**20, b"\0\0\0\1")
    assert str(crypto) == f"1 AES_CM_128_HMAC_SHA1_80 {INLINE}|1048576|1:4"


@pytest.mark.parametrize(
    ("suite", "size"),
    [
        ("AES_CM_128_HMAC_SHA1_80", 30),
        ("AES_CM_128_HMAC_SHA1_32", 30),
        ("AES_256_CM_HMAC_SHA1_80", 46),
        ("AES_256_CM_HMAC_SHA1_32", 46),
        ("AEAD_AES_128_GCM", 28),
        ("AEAD_AES_256_GCM", 44),
    ],
)
def test_key_of_each_suite_has_its_length_padded_or_not(suite: str, size: int) -> None:
    text = base64.b64encode(CHANCE[:size]).decode()
    for written in (text, text.rstrip("=")):
        crypto = parse(f"7 {suite} inline:{written}")
        assert crypto is not None
        assert (crypto.suite.value, crypto.key, crypto.suite.key_bytes) == (suite, CHANCE[:size], size)
    wrong = base64.b64encode(CHANCE[: size + 1]).decode()
    assert parse(f"7 {suite} inline:{wrong}") is None


@pytest.mark.parametrize(
    "tail", ["", " KDR=0", " WSH=64", " -later=1 WSH=128", "|2^31", "|2147483648", "|3:1", "|2^48|255:1"]
)
def test_parameters_that_change_nothing_are_taken(tail: str) -> None:
    crypto = parse(f"1 AES_CM_128_HMAC_SHA1_32 {INLINE}{tail}")
    assert crypto is not None
    assert crypto.key == SECRET


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1",
        f"x AES_CM_128_HMAC_SHA1_80 {INLINE}",
        f"1234567890 AES_CM_128_HMAC_SHA1_80 {INLINE}",
        f"1 F8_128_HMAC_SHA1_80 {INLINE}",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE};{INLINE}",
        f"1 AES_CM_128_HMAC_SHA1_80 uri:{INLINE[7:]}",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{SHORT}",
        "1 AES_CM_128_HMAC_SHA1_80 inline:abcde",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE}===",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE}|0",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE}|2^49",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE}|2^999999999999999",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE}|1:0",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE}|1:129",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE}|256:1",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE} KDR=1",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE} UNENCRYPTED_SRTP",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE} UNENCRYPTED_SRTCP",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE} UNAUTHENTICATED_SRTP",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE} FEC_ORDER=FEC_SRTP",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE} later=1",
    ],
)
def test_line_that_asks_for_what_is_not_done_here_is_not_acceptable(value: str) -> None:
    assert parse(value) is None


@pytest.mark.parametrize(
    "tail",
    [
        " " * 60_000,
        "inline:" + "A" * 60_000,
        "inline:" + "A=" * 30_000,
        f"{INLINE}" + "|1:1" * 15_000,
        f"{INLINE}" + " -a" * 20_000 + " x",
        f"{INLINE} -" + "WSH=" * 15_000 + "\n",
    ],
)
def test_hostile_line_takes_linear_time(tail: str) -> None:
    begun_s = time.process_time()
    parse("1 AES_CM_128_HMAC_SHA1_80 " + tail)
    assert time.process_time() - begun_s < 0.1


@given(st.text(max_size=60) | st.text("1 2^|:;=/inle\tKDRWSH", max_size=60).map(lambda t: f"1 AEAD_AES_128_GCM {t}"))
def test_any_text_is_a_line_or_none(text: str) -> None:
    crypto = parse(text)
    assert crypto is None or parse(str(crypto)) == crypto


@given(
    st.integers(0, 999_999_999),
    st.sampled_from(Suite),
    st.binary(min_size=46, max_size=46),
    st.none() | st.integers(1, 2**48),
    st.binary(max_size=16),
)
def test_what_is_written_reads_back_the_same(
    tag: int, suite: Suite, key: bytes, lifetime: int | None, mki: bytes
) -> None:
    crypto = Crypto(tag, suite, key[: suite.key_bytes], lifetime, mki)
    assert parse(str(crypto)) == crypto


def test_keys_are_in_no_representation() -> None:
    crypto = Crypto(1, Suite.AES_128_GCM, b"secret-secret")
    for value in (crypto, Secured(crypto, crypto), Security(Srtp.REQUIRED, b"secret", Secured(crypto, crypto))):
        assert "secret" not in repr(value)


def test_offer_has_a_key_of_its_own_for_each_suite() -> None:
    made = offered(Security(Srtp.PREFERRED, CHANCE))
    assert [crypto.suite for crypto in made] == list(OFFERED)
    assert [crypto.tag for crypto in made] == [1, 2, 3, 4]
    assert b"".join(crypto.key for crypto in made) == CHANCE
    assert offered(Security(Srtp.REFUSED, CHANCE)) == ()


def test_later_offer_has_what_protects_the_stream_and_leaves_a_plain_one_plain() -> None:
    security = Security(Srtp.PREFERRED, CHANCE, Secured(OURS, GOOD))
    assert offered(security, media(OURS)) == (OURS,)
    assert offered(Security(Srtp.PREFERRED, CHANCE), media()) == ()
    assert OURS not in offered(Security(Srtp.PREFERRED, CHANCE), media(OURS))


def test_answer_echoes_tag_and_suite_with_a_key_of_its_own() -> None:
    theirs = Crypto(9, Suite.AES_128_SHA1_32, SECRET)
    secured = answered(theirs, Security(Srtp.REQUIRED, CHANCE))
    assert secured == Secured(Crypto(9, Suite.AES_128_SHA1_32, CHANCE[:30]), theirs)


def test_our_key_stays_for_as_long_as_the_peers_does() -> None:
    kept = answered(Crypto(1, Suite.AES_128_SHA1_80, SECRET), Security(Srtp.REQUIRED, CHANCE))
    security = Security(Srtp.REQUIRED, CHANCE[1:], kept)
    again = answered(Crypto(2, Suite.AES_128_SHA1_80, SECRET), security)
    assert (again.sent.key, again.sent.tag) == (kept.sent.key, 2)
    for theirs in (Crypto(1, Suite.AES_128_SHA1_80, bytes(30)), Crypto(1, Suite.AES_128_SHA1_32, SECRET)):
        assert answered(theirs, security).sent.key == CHANCE[1:31]


def test_acceptable_lines_of_a_stream_keep_their_order() -> None:
    lines = [Crypto(2, Suite.AES_128_SHA1_32, SECRET), Crypto(3, Suite.AES_128_GCM, b""), GOOD]
    assert [crypto.tag for crypto in keys(media(*lines))] == [2, 1]


GOOD = Crypto(1, Suite.AES_128_SHA1_80, SECRET)
OURS = Crypto(1, Suite.AES_128_SHA1_80, bytes(30))


@pytest.mark.parametrize(
    ("protocol", "lines", "policy", "usable", "protected"),
    [
        ("RTP/AVP", (), Srtp.REFUSED, True, False),
        ("RTP/AVP", (GOOD,), Srtp.REFUSED, True, False),
        ("RTP/SAVP", (GOOD,), Srtp.REFUSED, False, False),
        ("RTP/AVP", (), Srtp.PREFERRED, True, False),
        ("RTP/AVPF", (GOOD,), Srtp.PREFERRED, True, True),
        ("RTP/SAVPF", (GOOD,), Srtp.PREFERRED, True, True),
        ("RTP/SAVP", (), Srtp.PREFERRED, False, False),
        ("RTP/AVP", (), Srtp.REQUIRED, False, False),
        ("RTP/AVP", (GOOD,), Srtp.REQUIRED, True, True),
        ("RTP/SAVP", (GOOD,), Srtp.REQUIRED, True, True),
        ("UDP/TLS/RTP/SAVPF", (GOOD,), Srtp.PREFERRED, False, False),
    ],
)
def test_policy_decides_which_stream_is_taken(
    protocol: str, lines: tuple[Crypto, ...], policy: Srtp, usable: bool, protected: bool
) -> None:
    assert protection(media(*lines, protocol=protocol), policy) == (usable, GOOD if protected else None)


def test_answer_completes_the_offer_by_tag_and_suite() -> None:
    other = Crypto(2, Suite.AES_128_GCM, bytes(28))
    secured = completed(media(other, OURS), media(GOOD), Srtp.PREFERRED)
    assert secured == Secured(OURS, GOOD)


def test_answer_without_keys_to_a_best_effort_offer_is_plain() -> None:
    assert completed(media(OURS), media(), Srtp.PREFERRED) is None
    assert completed(media(), media(GOOD), Srtp.REFUSED) is None


@pytest.mark.parametrize(
    ("theirs", "protocol", "policy"),
    [
        ((), "RTP/SAVP", Srtp.PREFERRED),
        ((), "RTP/AVP", Srtp.REQUIRED),
        ((Crypto(2, Suite.AES_128_SHA1_80, SECRET),), "RTP/AVP", Srtp.PREFERRED),
        ((Crypto(1, Suite.AES_128_SHA1_32, SECRET),), "RTP/AVP", Srtp.PREFERRED),
        ((OURS,), "RTP/AVP", Srtp.PREFERRED),
    ],
)
def test_answer_that_protects_nothing_we_could_read_is_refused(
    theirs: tuple[Crypto, ...], protocol: str, policy: Srtp
) -> None:
    with pytest.raises(NoCommonProtection):
        completed(media(OURS, protocol=protocol), media(*theirs, protocol=protocol), policy)
