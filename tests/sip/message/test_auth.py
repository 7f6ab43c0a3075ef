"""Digest: the RFCs' own vectors, and what is refused."""

from dataclasses import replace
from hashlib import md5

import pytest
import sipmessage
from hypothesis import given, settings
from hypothesis import strategies as st

from sip.errors import ParseError
from sip.message.auth import (
    ALGORITHMS,
    Challenge,
    Credentials,
    authorize,
    choose,
    digest_response,
    hash_a1,
    is_right,
    read_challenges,
    read_credentials,
)

# RFC 7616 §3.9.1
EXAMPLE = (
    'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=MD5, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, '
    'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, '
    'response="8ca523f5e9506fed4657c9700eebdbec", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
SHA_256 = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"


def secret(algorithm: str) -> str:
    return hash_a1("Mufasa", "http-auth@example.org", "Circle of Life", algorithm)


def test_examples_of_rfc_7616_prove_the_password() -> None:
    credentials = Credentials.parse(EXAMPLE)
    assert (credentials.username, credentials.nonce_count) == ("Mufasa", 1)
    assert is_right(credentials, "GET", secret("MD5"))
    stronger = replace(credentials, algorithm="SHA-256", response=SHA_256)
    assert is_right(stronger, "GET", secret("SHA-256"))
    assert not is_right(stronger, "POST", secret("SHA-256"))


def test_response_without_qop_is_that_of_rfc_2069() -> None:
    # RFC 2069 §2.4, with its erratum 749
    credentials = Credentials(
        "Mufasa", "testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "/dir/index.html", "x"
    )
    a1 = hash_a1("Mufasa", "testrealm@host.com", "CircleOfLife")
    assert digest_response(credentials, "GET", a1) == "1949323746fe6a43ef61f9606e7febea"
    assert credentials.nonce_count == 0


def test_session_variant_hashes_the_secret_with_both_nonces() -> None:
    credentials = Credentials("u", "r", "n", "sip:x", "", "MD5-SESS", "auth", "00000001", "c")
    a1 = hash_a1("u", "r", "p")
    # RFC 7616 §3.4.2, written out
    session = md5(f"{a1}:n:c".encode()).hexdigest()
    a2 = md5(b"REGISTER:sip:x").hexdigest()
    assert a1 == md5(b"u:r:p").hexdigest()
    assert digest_response(credentials, "REGISTER", a1) == md5(f"{session}:n:00000001:c:auth:{a2}".encode()).hexdigest()


@pytest.mark.parametrize(
    "change", [{"algorithm": "MD4"}, {"qop": "auth-int"}, {"response": "é"}, {"response": "0" * 32}]
)
def test_unknown_algorithm_or_qop_and_a_wrong_response_prove_nothing(change: dict[str, str]) -> None:
    assert not is_right(replace(Credentials.parse(EXAMPLE), **change), "GET", secret("MD5"))


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
@pytest.mark.parametrize("qop", [(), ("auth",), ("auth-int", "auth")])
@pytest.mark.parametrize("opaque", ["", "opaque"])
def test_client_and_server_agree_over_the_wire(algorithm: str, qop: tuple[str, ...], opaque: str) -> None:
    sent_challenge = Challenge('a "realm"', "n0", algorithm, qop, opaque, stale=True)
    challenge = Challenge.parse(str(sent_challenge))
    assert challenge == sent_challenge
    sent = authorize(
        challenge, username="Bjørn", password="p", method="REGISTER", uri="sip:x", cnonce="c", nonce_count=10
    )
    heard = Credentials.parse(str(sent))
    assert heard == sent
    assert (heard.opaque, heard.nc) == (opaque, "0000000a" if qop else "")
    assert heard.nonce_count == (10 if qop else 0)
    assert is_right(heard, "REGISTER", hash_a1("Bjørn", 'a "realm"', "p", algorithm))
    assert not is_right(heard, "REGISTER", hash_a1("Bjørn", 'a "realm"', "q", algorithm))


def test_independent_reader_understands_what_we_write() -> None:
    challenge = sipmessage.AuthChallenge.parse(str(Challenge("r", "n", "SHA-256")))
    assert challenge.parameters is not None
    assert (challenge.scheme, challenge.parameters["realm"], challenge.parameters["algorithm"]) == (
        "Digest",
        "r",
        "SHA-256",
    )
    credentials = sipmessage.AuthCredentials.parse(str(Credentials.parse(EXAMPLE)))
    assert credentials.parameters is not None
    assert credentials.parameters["response"] == "8ca523f5e9506fed4657c9700eebdbec"


def test_first_challenge_that_can_be_answered_is_chosen() -> None:
    exotic, integrity, good = (
        Challenge("r", "n", "AKAV1-MD5"),
        Challenge("r", "n", qop=("auth-int",)),
        Challenge("r", "n"),
    )
    assert choose([exotic, integrity, good, Challenge("s", "n")]) is good
    assert choose([exotic, integrity]) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Basic abc",
        "Digest",
        "Digest realm",
        "Digest realm=x",
        'Digest realm="x", realm="y", nonce="z"',
        'Digest realm="x nonce="z"',
        'Digest realm="x",, nonce="z"',
        'Digest realm="x", nonce="z", algorithm="a b"',
    ],
)
def test_malformed_lines_are_refused_alone_and_passed_over_among_others(text: str) -> None:
    with pytest.raises(ParseError):
        Challenge.parse(text)
    good = 'digest realm = "x" , nonce=z'
    assert read_challenges([text, good]) == [Challenge("x", "z", qop=())]
    assert read_credentials([text, EXAMPLE]) == [Credentials.parse(EXAMPLE)]


@pytest.mark.parametrize(("old", "new"), [("nc=00000001", "nc=1"), ("nc=00000001, ", ""), ('cnonce="', 'x="')])
def test_qop_without_its_counters_is_refused(old: str, new: str) -> None:
    with pytest.raises(ParseError):
        Credentials.parse(EXAMPLE.replace(old, new))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200).map(lambda text: "Digest " + text) | st.text('a="\\, =', max_size=60))
def test_arbitrary_text_gives_a_challenge_or_a_parse_error(text: str) -> None:
    try:
        challenge = Challenge.parse(text)
    except ParseError:
        return
    assert Challenge.parse(str(challenge)) == challenge


def test_digest_has_so_many_parameters() -> None:
    line = 'Digest realm="a", nonce="b"' + "".join(f", x{n}=1" for n in range(62))
    assert Challenge.parse(line).realm == "a"
    with pytest.raises(ParseError):
        Challenge.parse(line + ", y=1")
