"""Typed header fields: what each reader accepts, and what it makes of nonsense."""

import pytest

from sip.errors import ParseError
from sip.message import fields
from sip.message.headers import Headers
from sip.message.message import Request
from sip.message.uri import SipUri


def request(*items: tuple[str, str]) -> Request:
    return Request("INVITE", SipUri("a", "b"), Headers(items))


def test_fields_of_a_bare_request_are_empty() -> None:
    bare = request()
    assert (bare.max_forwards, bare.expires, bare.retry_after, bare.content_type) == (None, None, None, "")
    lists = (bare.contacts, bare.route, bare.record_route, bare.require, bare.supported, bare.allow)
    assert not any(lists)
    assert not bare.contact_is_star
    assert bare.asserted_identities == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1800", "1800"),
        ("90;refresher=uac", "90;refresher=uac"),
        ("90 ; lang=x ; Refresher=UAS", "90;refresher=uas"),
        ("90;refresher=me", "90"),
        ("90;refresher", "90"),
        ("soon", "None"),
    ],
)
def test_session_interval_reads_as_seconds_and_who_refreshes(text: str, shown: str) -> None:
    asked = request(("x", text), ("min-se", "120"))
    assert (str(asked.session_expires), asked.min_se) == (shown, 120)


@pytest.mark.parametrize(
    ("rack", "read"),
    [("1 2 INVITE", (1, 2, "INVITE")), ("1\t 2 INVITE", (1, 2, "INVITE")), ("1 INVITE", None), ("x 2 INVITE", None)],
)
def test_what_a_prack_acknowledges(rack: str, read: tuple[int, int, str] | None) -> None:
    assert request(("RAck", rack)).rack == read


@pytest.mark.parametrize(("text", "number"), [("17", 17), ("", None), ("-1", None), ("1" * 11, None)])
def test_number_of_a_reliable_provisional(text: str, number: int | None) -> None:
    assert request(("RSeq", text)).rseq == number
    assert (request().rseq, request().rack) == (None, None)


@pytest.mark.parametrize("name", ["via", "from_", "to", "call_id", "cseq"])
def test_missing_mandatory_field_is_a_parse_error(name: str) -> None:
    with pytest.raises(ParseError, match="missing"):
        getattr(request(), name)


def test_fields_read_as_their_types() -> None:
    full = request(
        ("Record-Route", "<sip:p1;lr>, <sip:p2;lr>"),
        ("Route", "<sip:p3;lr>"),
        ("Require", "100rel, timer"),
        ("Require", " replaces ,"),
        ("k", "path"),
        ("Allow", "INVITE,ACK"),
        ("c", "Application/SDP ; charset=x"),
        ("Expires", "60"),
        ("Retry-After", "120 (I'm in a meeting);duration=60"),
        ("P-Asserted-Identity", "<sip:+4721@x>, <tel:+4721>"),
        ("CSeq", "0009\t INVITE"),
    )
    assert (list(map(str, full.record_route)), str(full.route[0])) == (["<sip:p1;lr>", "<sip:p2;lr>"], "<sip:p3;lr>")
    assert (full.require, full.supported, full.allow) == (["100rel", "timer", "replaces"], ["path"], ["INVITE", "ACK"])
    assert (full.content_type, full.expires, full.retry_after) == ("application/sdp", 60, 120)
    assert (len(full.asserted_identities), str(full.cseq)) == (2, "9 INVITE")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("9999999999", 2**32 - 1),
        ("1" * 11, 2**32 - 1),
        ("1" * 5000, 2**32 - 1),
        ("", None),
        ("x", None),
        ("-1", None),
        ("5x", None),
        ("²", None),
    ],
)
def test_seconds_are_cut_and_nonsense_is_none(text: str, seconds: int | None) -> None:
    assert fields.read_seconds([text]) == seconds


@pytest.mark.parametrize(
    "lines", [["2147483648 INVITE"], ["-1 INVITE"], ["INVITE"], ["1"], ["1INVITE"], ["1 A", "1 A"]]
)
def test_malformed_cseq_is_refused(lines: list[str]) -> None:
    with pytest.raises(ParseError):
        fields.read_cseq(lines)


@pytest.mark.parametrize("lines", [["256"], ["-1"], [""], ["1" * 5000], ["\u0663"], ["1", "1"]])
def test_malformed_max_forwards_is_refused(lines: list[str]) -> None:
    with pytest.raises(ParseError):
        fields.read_max_forwards(lines)


def test_option_tags_are_tokens_or_refused_and_other_lists_leave_nonsense_out() -> None:
    assert fields.read_required(["a, b,", "c"]) == ["a", "b", "c"]
    for text in ("a b", "a\0", "é"):
        with pytest.raises(ParseError):
            fields.read_required([text])
        assert fields.read_tokens([f"x, {text}"]) == ["x"]


def test_max_forwards_reads_up_to_255() -> None:
    assert [fields.read_max_forwards([text]) for text in ("0", "0068", "255")] == [0, 68, 255]


@pytest.mark.parametrize("text", ["", "a b", "a\0"])
def test_call_id_is_one_word(text: str) -> None:
    with pytest.raises(ParseError):
        fields.read_call_id([text])


def test_call_id_is_taken_as_it_is() -> None:
    assert request(("i", "a@[::1]")).call_id == "a@[::1]"


def test_star_stands_for_every_contact() -> None:
    star = request(("Contact", "*"))
    assert (star.contacts, star.contact_is_star) == ([], True)


def test_identity_that_cannot_be_read_is_none() -> None:
    assert request(("P-Asserted-Identity", "Bell, <sip:x")).asserted_identities == []


def test_top_via_is_replaced_whatever_line_it_shares() -> None:
    hops = request(("Via", "SIP/2.0/UDP a;rport, SIP/2.0/UDP b"), ("Via", "SIP/2.0/TCP c"))
    hops.replace_via(hops.via.with_received("192.0.2.1", 5))
    assert hops.headers.get_all("Via") == [
        "SIP/2.0/UDP a;rport=5;received=192.0.2.1",
        "SIP/2.0/UDP b",
        "SIP/2.0/TCP c",
    ]
