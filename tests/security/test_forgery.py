"""What somebody sends who is not the peer: a digest that was overheard, requests into others' dialogs, answers."""

import pytest

from sip.config import Address
from sip.events import Ended, InviteReceived, ReinviteReceived, SessionId
from sip.message.auth import authorize
from sip.message.message import Request, parse
from tests.security.strangers import STRANGER, TRUNK, challenge, register, server
from tests.sip.network import ANSWER, OFFER, Network, Peer, call
from tests.sip.raw import answers, ask, raw, statuses

SDP = "Content-Type: application/sdp"
CONTACT = "Contact: <sip:x@203.0.113.9>"


def overheard(peer: Peer) -> bytes:
    """A REGISTER of anna's that was taken."""
    (asked,) = ask(peer, register(1, "anna"), STRANGER)
    answer = authorize(
        challenge(asked), username="anna", password="right", method="REGISTER", uri="sip:nav.example", cnonce="c"
    )
    data = register(2, "anna", str(answer))
    assert statuses(ask(peer, data, STRANGER)) == [200]
    return data


@pytest.mark.parametrize("changes", [[], [(b"203.0.113.9>", b"203.0.113.66>")], [(b"nc=00000001", b"nc=00000002")]])
def test_a_digest_that_was_overheard_is_good_for_nothing(changes: list[tuple[bytes, bytes]]) -> None:
    """Neither again, nor with another Contact, nor counted up: the count is in the hash."""
    peer = server()
    data = overheard(peer).replace(b"z9hG4bK2", b"z9hG4bK3").replace(b"CSeq: 1", b"CSeq: 2")
    for old, new in changes:
        assert old in data
        data = data.replace(old, new)
    assert statuses(ask(peer, data, Address("203.0.113.66", 5060))) == [401]


def test_a_digest_for_one_method_is_good_for_no_other() -> None:
    peer = server()
    data = overheard(peer).replace(b"z9hG4bK2", b"z9hG4bK3").replace(b"REGISTER", b"INVITE")
    data = data.replace(b"nc=00000001", b"nc=00000002")
    assert statuses(ask(peer, data)) == [401]


def standing(peer: Peer) -> tuple[SessionId, str]:
    """A call of the trunk's that is acknowledged, and its tag on our side."""
    invite = raw("INVITE", SDP, "Contact: <sip:x@198.51.100.1>", body=OFFER, uri="sip:5000@nav.example",
                 via="SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKtrunk")  # fmt: skip
    peer.core.receive(invite, TRUNK, 1000.0)
    (event,) = (one for one in peer.core.events() if isinstance(one, InviteReceived))
    peer.core.accept(event.session, ANSWER, 1000.0)
    tag = answers(peer)[-1].to.tag or ""
    ack = raw("ACK", uri="sip:192.0.2.1", to=f"<sip:600@192.0.2.1>;tag={tag}", branch="z9hG4bKack")
    peer.core.receive(ack, TRUNK, 1000.0)
    peer.core.events()
    return event.session, tag


@pytest.mark.parametrize("method", ["BYE", "INVITE", "CANCEL", "INFO", "UPDATE", "REFER", "NOTIFY"])
@pytest.mark.parametrize("to_tag", ["", "0", "guess", "000001"])
@pytest.mark.parametrize("source", [STRANGER, TRUNK])
def test_a_dialog_is_not_touched_by_who_does_not_know_its_tags(method: str, to_tag: str, source: Address) -> None:
    """Call-ID, From, From tag and Via are known to the forger; our tag is 64 bits of chance."""
    peer = server()
    session, tag = standing(peer)
    assert tag != to_tag
    to = "<sip:600@192.0.2.1>" + (f";tag={to_tag}" if to_tag else "")
    forged = raw(method, SDP, CONTACT, body=OFFER, uri="sip:5000@nav.example", to=to, cseq="7", branch="z9hG4bKtrunk")
    peer.core.receive(forged, source, 1001.0)
    events = peer.core.events()
    assert not [one for one in events if isinstance(one, Ended | ReinviteReceived)]
    assert peer.core.bye(session, 1002.0)


@pytest.mark.parametrize("via", ["198.51.100.1:5060;branch=z9hG4bK8d1f", "203.0.113.9:5060;branch=z9hG4bK8d1f"])
def test_a_call_that_rings_is_cancelled_by_its_caller_alone(via: str) -> None:
    """Even where the branch was guessed: phones there are that count them."""
    peer = server()
    invite = raw("INVITE", SDP, "Contact: <sip:x@198.51.100.1>", body=OFFER, uri="sip:5000@nav.example",
                 via="SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK8d1f")  # fmt: skip
    peer.core.receive(invite, TRUNK, 1000.0)
    (event,) = peer.core.events()
    assert isinstance(event, InviteReceived)
    answers(peer)
    cancel = raw("CANCEL", uri="sip:5000@nav.example", via=f"SIP/2.0/UDP {via}")
    assert statuses(ask(peer, cancel, STRANGER)) == [481]
    assert not peer.core.events()
    own = raw("CANCEL", uri="sip:5000@nav.example", via="SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK8d1f")
    assert statuses(ask(peer, own, Address("198.51.100.2", 5060))) == [200, 487]
    assert [type(one) for one in peer.core.events()] == [Ended]


@pytest.mark.parametrize("status", ["200 OK", "302 Moved", "403 Forbidden", "486 Busy Here"])
def test_an_answer_with_a_guessed_branch_answers_nothing(status: str) -> None:
    network = Network()
    caller, callee = server(), Network().join(TRUNK)
    call(network, caller, callee)
    ((data, _),) = caller.core.datagrams()
    invite = parse(data)
    assert isinstance(invite, Request)
    forged = (
        f"SIP/2.0 {status}\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKguess;rport\r\nFrom: {invite.from_}\r\n"
        f"To: {invite.to};tag=f\r\nCall-ID: {invite.call_id}\r\nCSeq: {invite.cseq}\r\n"
        f"Contact: <sip:0900@203.0.113.9>\r\nContent-Length: 0\r\n\r\n"
    ).encode()
    caller.core.receive(forged, TRUNK, 1000.1)
    assert not caller.core.events()
    assert not caller.core.datagrams()
