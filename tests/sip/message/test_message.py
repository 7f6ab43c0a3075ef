"""Whole messages: parsed, written, answered."""

import pytest

from sip.errors import ParseError
from sip.message.message import Request, Response, parse, respond

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


def test_error_carries_what_its_answer_needs() -> None:
    with pytest.raises(ParseError) as raised:
        parse(INVITE.replace(b"314159 INVITE", b"314159 BYE"))
    assert raised.value.status == 400
    assert raised.value.partial is not None
    assert b"Call-ID: a84b4c76e66710\r\n" in bytes(respond(raised.value.partial, 400, to_tag="x"))
