"""Whole messages: parsed, written, answered."""

from dataclasses import replace

import pytest
import sipmessage
from hypothesis import given, settings
from hypothesis import strategies as st

from sip.message.headers import Headers
from sip.message.message import REASONS, Limits, MessageError, Request, Response, parse, respond
from sip.message.uri import SipUri

INVITE = b"""INVITE sip:bob@biloxi.com SIP/2.0
Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKnashds8
Max-Forwards: 70
To: Bob <sip:bob@biloxi.com>
From: Alice <sip:alice@atlanta.com>;tag=1928301774
Call-ID: a84b4c76e66710
CSeq: 314159 INVITE
Contact: <sip:alice@pc33.atlanta.com>
Content-Type: application/sdp
Content-Length: 4

v=0
""".replace(b"\n", b"\r\n")[:-1]


def request(data: bytes = INVITE) -> Request:
    message = parse(data)
    assert isinstance(message, Request)
    return message


def test_request_of_rfc_3261_section_4_reads_as_printed() -> None:
    invite = request()
    assert (invite.method, str(invite.uri), invite.version) == ("INVITE", "sip:bob@biloxi.com", "SIP/2.0")
    assert (invite.via.transport, invite.via.host, invite.via.branch) == ("UDP", "pc33.atlanta.com", "z9hG4bKnashds8")
    assert (invite.from_.display, invite.from_.tag, invite.to.tag) == ("Alice", "1928301774", None)
    assert (invite.call_id, invite.cseq.number, invite.cseq.method) == ("a84b4c76e66710", 314159, "INVITE")
    assert (invite.max_forwards, str(invite.contacts[0])) == (70, "<sip:alice@pc33.atlanta.com>")
    assert (invite.content_type, invite.body) == ("application/sdp", b"v=0\r")


def test_written_message_reads_back_the_same() -> None:
    assert parse(bytes(request())) == request()


def test_response_takes_what_identifies_it_from_the_request() -> None:
    ringing = respond(request(), 180, to_tag="8321234356")
    answer = parse(bytes(ringing))
    assert isinstance(answer, Response)
    assert (answer.status, answer.reason, answer.to.tag) == (180, "Ringing", "8321234356")
    assert (answer.via, answer.from_, answer.call_id, answer.cseq) == (
        request().via,
        request().from_,
        request().call_id,
        request().cseq,
    )


def refused(data: bytes, limits: Limits = Limits()) -> MessageError:  # noqa: B008 - frozen
    with pytest.raises(MessageError) as raised:
        parse(data, limits)
    return raised.value


def test_error_carries_what_its_answer_needs() -> None:
    error = refused(INVITE.replace(b"314159 INVITE", b"314159 BYE"))
    assert error.status == 400
    assert error.partial is not None
    answer = parse(bytes(respond(error.partial, 400, to_tag="x")).replace(b" BYE", b" INVITE"))
    assert (answer.via, answer.call_id, answer.to.tag) == (request().via, "a84b4c76e66710", "x")


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia", 505),
        (b"SIP/2.0\r\nVia", b"HTTP/1.1\r\nVia", 400),
        (b"INVITE sip", b"INV ITE sip", 400),
        (b"sip:bob@biloxi.com SIP", b"sip:bob@ SIP", 400),
        (b"sip:bob@biloxi.com SIP", b"sip:bob@biloxi.com?a=b SIP", 400),
        (b"sip:bob@biloxi.com SIP", b"sip:" + b"b" * 9000 + b"@biloxi.com SIP", 414),
        (b"Max-Forwards: 70", b"Max-Forwards: 256", 400),
        (b"Max-Forwards: 70", b"X: " + b"x" * 9000, 400),
        (b"Max-Forwards: 70", b"X\0: x", 400),
        (b"Max-Forwards: 70", b"X", 400),
        (b"Max-Forwards: 70", b"Require: a b", 400),
        (b"Max-Forwards: 70", b"X: a\rb", 400),
        (b"Max-Forwards: 70", b"To: <sip:c@d>", 400),
        (b"Max-Forwards: 70", b"x:\r\n" * 201 + b"x: ", 400),
        (b"Length: 4", b"Length: 6", 400),
        (b"Length: 4", b"Length: -1", 400),
        (b"Length: 4", b"Length: \xc2\xb2", 400),
        (b"Length: 4", b"Length: " + b"1" * 5000, 400),
        (b"Length: 4", b"Length: 4\r\nl: 4", 400),
        (b"Length: 4", b"Length: 4\r\nX: " + b"x " * 20000, 513),
    ],
)
def test_malformed_request_names_its_status_and_can_be_answered(old: bytes, new: bytes, status: int) -> None:
    assert old in INVITE
    error = refused(INVITE.replace(old, new, 1))
    assert error.status == status
    assert error.partial is not None


def test_bounds_are_inclusive() -> None:
    lines = INVITE[: INVITE.index(b"\r\n\r\n")].split(b"\r\n")
    most = Limits(len(INVITE), INVITE.index(b"\r\n\r\n") + 4, max(map(len, lines)), len(lines) - 1)
    assert parse(INVITE, most) == request()
    for less in (
        replace(most, message=most.message - 1),
        replace(most, head=most.head - 1),
        replace(most, line=most.line - 1),
        replace(most, headers=most.headers - 1),
    ):
        assert refused(INVITE, less).status in (400, 513)


def test_message_over_the_limit_is_513() -> None:
    error = refused(INVITE, Limits(message=100))
    assert error.status == 513
    assert error.partial is not None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"\0\0\0\0",
        b"hello",
        INVITE.replace(b"INVITE", b"ACK").replace(b"Max-Forwards: 70", b"Max-Forwards: x"),
        INVITE.replace(b"INVITE sip", b"INV<TE sip"),
        INVITE.replace(b"Via: ", b"X: "),
        INVITE.replace(b"SIP/2.0/UDP", b"UDP"),
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a\r\n\r\n",
        b"SIP/2.0 99 Odd" + INVITE[INVITE.index(b"\r\n") :],
        b"SIP/2.0 700 Odd" + INVITE[INVITE.index(b"\r\n") :],
        b"SIP/2.0" + INVITE[INVITE.index(b"\r\n") :],
        b"SIP/2.0 200 OK" + INVITE[INVITE.index(b"\r\n") :].replace(b"70", b"x"),
        b"SIP/2.0 200 OK" + INVITE[INVITE.index(b"\r\n") :].replace(b"70", b"\r"),
        b"SIP/2.0 200 OK" + INVITE[INVITE.index(b"\r\n") : INVITE.index(b"\r\nContent-Type")],
    ],
)
def test_what_cannot_be_answered_has_no_partial_request(data: bytes) -> None:
    assert refused(data).partial is None


def test_broken_via_is_mended_so_far_as_the_answer_needs_it() -> None:
    broken = INVITE.replace(b"branch=z9hG4bKnashds8", b"branch=z9hG4bK1;;").replace(
        b"Max", b"v: x\r\nbad name: y\r\nv: SIP/2.0/TCP b;;\r\nMax"
    )
    partial = refused(broken).partial
    assert partial is not None
    assert partial.headers.get_all("Via") == ["SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK1", "SIP/2.0/TCP b"]
    partial.replace_via(partial.via.with_received("192.0.2.1", 5))
    assert (partial.via.received, partial.vias[1].transport) == ("192.0.2.1", "TCP")


def test_partial_request_holds_what_an_answer_takes_and_each_but_via_once() -> None:
    partial = refused(INVITE.replace(b"Max-Forwards: 70", b"f: <sip:x@y>\r\nVia: SIP/2.0/UDP b")).partial
    assert partial is not None
    assert [name for name, _ in partial.headers.items()] == ["Via", "Via", "From", "To", "Call-ID", "CSeq"]
    assert partial.headers.get("From") == "<sip:x@y>"


def test_request_line_at_the_limit_is_not_too_long() -> None:
    line = INVITE.index(b"\r\n")
    assert refused(INVITE, Limits(line=line - 1)).status == 414
    assert refused(INVITE, Limits(line=line)).status == 400


@pytest.mark.parametrize(("call_id", "read"), [(b"X: 1", ""), (b"Call-ID: a b", "a b")])
def test_call_id_of_a_partial_request_can_be_read_whatever_it_is(call_id: bytes, read: str) -> None:
    partial = refused(INVITE.replace(b"Call-ID: a84b4c76e66710", call_id)).partial
    assert partial is not None
    assert partial.call_id == read


@pytest.mark.parametrize("hops", [128, 129])
def test_malformed_request_of_more_hops_than_any_route_has_is_not_answered(hops: int) -> None:
    vias = b"Via: SIP/2.0/UDP a\r\n" * (hops - 1)
    partial = refused(INVITE.replace(b"To: ", vias + b"X: ")).partial
    assert (partial is not None) == (hops == 128)


def test_answer_to_a_request_without_a_readable_to_adds_no_tag() -> None:
    partial = refused(INVITE.replace(b"To: Bob <sip", b"To: Bob, <sip")).partial
    assert partial is not None
    assert respond(partial, 400, to_tag="x").headers.get("To") == "Bob, <sip:bob@biloxi.com>"
    partial = refused(INVITE.replace(b"To: ", b"X: ")).partial
    assert partial is not None
    assert "To" not in respond(partial, 400, to_tag="x").headers


def test_body_ends_with_its_length_or_with_the_datagram() -> None:
    assert request(INVITE + b"more").body == b"v=0\r"
    assert request(INVITE.replace(b"Content-Length: 4\r\n", b"") + b"more").body == INVITE[-4:] + b"more"


def test_leading_empty_lines_bare_lf_and_folding_are_understood() -> None:
    assert request(b"\r\n\r\n" + INVITE) == request()
    assert request(INVITE.replace(b"\r\n", b"\n")) == request()
    assert request(INVITE.replace(b": Bob <", b":\r\n Bob\r\n\t <")).to == request().to
    assert request(INVITE.replace(b"SIP/2.0\r\nVia", b"sip/2.0\r\nVia")).version == "SIP/2.0"


def test_empty_line_may_miss_where_there_is_no_body() -> None:
    bodiless = INVITE[: INVITE.index(b"Content-Type")]
    assert request(bodiless).body == b""
    assert refused(bodiless[:-2]).status == 400
    assert refused(bodiless + b"Content-Length: 4\r\n").status == 400


def test_latin_1_name_is_read_and_written_in_utf_8() -> None:
    read = request(INVITE.replace(b"Alice <", b'"Bj\xf8rn" <'))
    assert read.from_.display == "Bjørn"
    assert '"Bjørn"'.encode() in bytes(read)


def test_unknown_headers_survive() -> None:
    assert request(INVITE.replace(b"Max-", b"X-ODD:  a, b ;c\r\nMax-")).headers.get("x-odd") == "a, b ;c"


def test_reason_may_be_empty_or_beyond_ascii() -> None:
    tail = INVITE[INVITE.index(b"\r\n") :]
    for line, status, reason in (
        (b"SIP/2.0 100 ", 100, ""),
        (b"sip/2.0 200", 200, ""),
        ("SIP/2.0 200 Ås".encode(), 200, "Ås"),
    ):
        response = parse(line + tail)
        assert isinstance(response, Response)
        assert (response.status, response.reason) == (status, reason)


ROUTED = INVITE.replace(b"Max-", b"Record-Route: <sip:p;lr>\r\nTimestamp: 54\r\nMax-")


@pytest.mark.parametrize(
    ("status", "method", "copied"), [(100, "INVITE", False), (180, "INVITE", True), (200, "INVITE", True),
                                     (300, "INVITE", False), (200, "OPTIONS", False), (202, "REFER", True)],
)  # fmt: skip
def test_record_route_goes_where_a_dialog_may_begin(status: int, method: str, copied: bool) -> None:
    response = respond(request(ROUTED.replace(b"INVITE", method.encode())), status, to_tag="t")
    assert ("Record-Route" in response.headers) == copied
    assert ("Timestamp" in response.headers) == (status == 100)
    assert response.to.tag == (None if status == 100 else "t")


def test_response_keeps_the_tag_that_is_there_and_takes_what_it_is_given() -> None:
    inside = request(INVITE.replace(b"biloxi.com>", b"biloxi.com>;tag=old"))
    response = respond(
        inside, 200, "Fine", to_tag="new", headers=[("Contact", "<sip:c>")], body=b"v=0", content_type="application/sdp"
    )
    assert (response.to.tag, response.reason, response.contacts[0].uri) == ("old", "Fine", SipUri("", "c"))
    assert bytes(response).endswith(b"Content-Type: application/sdp\r\nContent-Length: 3\r\n\r\nv=0")
    assert respond(inside, 599).reason == "Unknown"
    assert respond(inside, 486).reason == REASONS[486] == "Busy Here"


def test_response_refuses_to_carry_a_second_line() -> None:
    with pytest.raises(ValueError):
        respond(request(), 400, "Bad\r\nX: y")
    with pytest.raises(ValueError):
        respond(request(), 400, headers=[("Warning", "a\r\nX: y")])


def test_written_content_length_is_the_right_one() -> None:
    made = Request("OPTIONS", SipUri("", "h"), Headers([("l", "99")]), b"abc")
    assert bytes(made) == b"OPTIONS sip:h SIP/2.0\r\nContent-Length: 3\r\n\r\nabc"


def test_independent_reader_agrees() -> None:
    theirs, ours = sipmessage.Message.parse(bytes(request())), request()
    assert isinstance(theirs, sipmessage.Request)
    assert (theirs.method, str(theirs.uri), theirs.body) == (ours.method, str(ours.uri), ours.body)
    assert (theirs.call_id, theirs.cseq.sequence, theirs.max_forwards) == (ours.call_id, ours.cseq.number, 70)
    assert (str(theirs.via[0]), theirs.from_address.parameters["tag"]) == (str(ours.via), ours.from_.tag)


PIECES = st.sampled_from(
    [b"\r\n", b" ", b":", b"\0", b"\xff", b"<", b'"', b"Via: ", b"SIP/2.0", b"\r\n\r\n", b";", b","]
)


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=100) | st.tuples(st.integers(0, len(INVITE)), st.integers(0, 20), PIECES).map(
    lambda cut: INVITE[: cut[0]] + cut[2] + INVITE[cut[0] + cut[1] :]))  # fmt: skip
def test_arbitrary_bytes_give_a_message_or_a_parse_error_that_can_be_answered(data: bytes) -> None:
    partial, message = None, None
    try:
        message = parse(data)
    except MessageError as error:
        partial = error.partial
    if partial is not None:
        partial.replace_via(partial.via.with_received("192.0.2.1", 5))
        assert bytes(respond(partial, 400, to_tag="t")).count(b"\r\n\r\n") == 1
    if message is None:
        return
    assert parse(bytes(message)) == parse(bytes(parse(bytes(message))))
    if isinstance(message, Request):
        assert parse(bytes(respond(message, 200, to_tag="t"))).to.tag


HEADER_TEXT = st.text(st.characters(min_codepoint=33, codec="utf-8", exclude_characters="\x7f"), max_size=20)


@given(
    st.lists(st.tuples(st.from_regex(r"X-[a-z]{1,5}", fullmatch=True), HEADER_TEXT), max_size=5), st.binary(max_size=50)
)
def test_what_is_written_reads_back_the_same(items: list[tuple[str, str]], body: bytes) -> None:
    message = request()
    for name, value in items:
        message.headers.add(name, value.strip())
    message.body = body
    read = request(bytes(message))
    message.headers.set("Content-Length", str(len(body)))
    assert read == message
