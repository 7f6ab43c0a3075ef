from sip.message.message import respond
from sip.requests import acknowledgement, cancellation
from tests.sip.raw import raw, request

INVITE = raw(
    "INVITE",
    "Route: <sip:192.0.2.8;lr>, <sip:192.0.2.7;lr>",
    "Via: SIP/2.0/UDP 192.0.2.3",
    "Contact: <sip:a@192.0.2.9>",
)


def test_acknowledgement_of_a_failure_is_of_the_same_transaction() -> None:
    asked = request(INVITE)
    ack = acknowledgement(asked, respond(asked, 486, to_tag="b"))
    assert (ack.method, str(ack.uri), str(ack.cseq)) == ("ACK", "sip:600@192.0.2.1", "1 ACK")
    assert ack.vias == [asked.via]
    assert (ack.to.tag, ack.from_, ack.call_id) == ("b", asked.from_, asked.call_id)
    assert ack.route == asked.route
    assert ack.body == b""


def test_cancellation_has_the_branch_and_no_tag_and_no_demands() -> None:
    asked = request(INVITE)
    cancel = cancellation(asked)
    assert (cancel.method, str(cancel.cseq), cancel.to.tag) == ("CANCEL", "1 CANCEL", None)
    assert cancel.vias == [asked.via]
    assert cancel.route == asked.route
    assert "Contact" not in cancel.headers
