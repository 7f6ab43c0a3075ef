"""The shared tokens, and the time that hostile text takes."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.errors import ParseError
from sip.message import auth, fields
from sip.message.address import NameAddr
from sip.message.grammar import find_param, is_token, merge_params, quote, scan_end, scan_params, unquote, write_params
from sip.message.message import parse
from sip.message.uri import parse_uri
from sip.message.via import Via

MESSAGE = (
    "INVITE sip:bob@biloxi.com SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nTo: <sip:b@b>\r\n"
    "From: <sip:a@a>;tag=1\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
)


def test_token_is_what_rfc_3261_lists() -> None:
    assert is_token("!interesting-Method0123456789_*+`.%indeed'~")
    assert not is_token("")
    assert not is_token("a b")
    assert not is_token("é")


def test_parameters_are_read_up_to_where_they_end() -> None:
    params, end = scan_params(';Tag = "a;b" ; lr;x=[::1] , next', 0)
    assert (params, end) == ((("tag", '"a;b"'), ("lr", None), ("x", "[::1]")), 25)
    assert scan_end(";lr , next", 3) == 5
    assert scan_end(";lr", 3) == 3
    assert scan_end("a,", 1) == -1
    assert scan_end("a b", 1) == -1


def test_parameter_is_found_whatever_its_case_and_read_without_quotes() -> None:
    params = (("LR", None), ("tag", '"a\\"b"'))
    assert (find_param(params, "lr"), find_param(params, "tag"), find_param(params, "x")) == ("", 'a"b', None)
    assert write_params(params) == ';LR;tag="a\\"b"'


def test_merged_parameters_keep_their_place() -> None:
    assert merge_params((("a", "1"), ("rport", None)), {"rport": "5", "b": None}) == (
        ("a", "1"),
        ("rport", "5"),
        ("b", None),
    )


def test_control_characters_do_not_pass_a_quoted_string() -> None:
    assert unquote('"BEL:\\\a NUL:\\\0 \\"x\\\\"') == 'BEL: NUL: "x\\'
    assert quote("a\r\nb\0") == '"ab"'


@given(st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", codec="utf-8")))
def test_quoted_text_comes_back(text: str) -> None:
    assert unquote(quote(text)) == text


N = 64 * 1024
HOSTILE = [
    "a" * N,
    "%" * N,
    "%41" * (N // 3),
    '"' * N,
    '"' + "\\" * N,
    '"' + "\\a" * (N // 2),
    "<" * N,
    "<sip:" + "a" * N,
    "sip:" + "a" * N,
    "sip:" + "a:" * (N // 2),
    "sip:" + "a@" * (N // 2),
    "sip:a" + ";a" * (N // 2) + "\x01",
    "sip:a;" + "a=" * (N // 2),
    "sip:a?" + "a=&" * (N // 3) + "<",
    "tel:" + "1-" * (N // 2) + "x",
    "a " * (N // 2) + "\x01",
    " " * N,
    " \t" * (N // 2) + ";",
    "<sip:a@b>" + ";a=b" * (N // 4) + "\x01",
    "<sip:a@b>" + " ;" * (N // 2),
    "<sip:a@b>" + ";a " * (N // 3) + "=",
    "<sip:a@b>," * (N // 10) + "x",
    "SIP/2.0/UDP a" + ";" * N,
    "SIP/2.0/UDP a;branch" + " " * N,
    "SIP/2.0/UDP a," * (N // 14),
    "SIP" + " /" * (N // 2),
    "1" * N + " INVITE",
    "Digest " + 'a="",' * (N // 5),
    "Digest " + " " * N + "=",
    "Digest a=" + '"\\' * (N // 2),
    "\r\n " * (N // 3),
    "\r" * N,
    ":" * N,
    "a:\r\n" * (N // 4),
    " \r\n" * (N // 3),
]


def in_message(text: str) -> object:
    return parse((MESSAGE + text + "\r\n\r\n").encode())


PARSERS: list[Callable[[str], object]] = [
    parse_uri,
    NameAddr.parse,
    NameAddr.parse_list,
    Via.parse_list,
    Via.salvage,
    auth.Challenge.parse,
    auth.Credentials.parse,
    lambda text: fields.read_cseq([text]),
    lambda text: fields.read_seconds([text]),
    lambda text: fields.read_tokens([text]),
    in_message,
    lambda text: in_message("Contact: " + text),
    lambda text: in_message("Via: " + text),
    lambda text: in_message(text + ": x"),
    lambda text: parse(text.encode()),
]


@pytest.mark.parametrize("parser", PARSERS)
def test_64_kib_of_hostile_text_take_linear_time(parser: Callable[[str], object]) -> None:
    for text in HOSTILE:
        begun_s = time.process_time()
        try:
            parser(text)
        except ParseError:
            pass
        # A quadratic parse of this takes minutes.
        assert time.process_time() - begun_s < 0.5, text[:40]
