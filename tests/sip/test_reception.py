"""What is answered at once, in the order of RFC 3261 §8.2."""

import pytest

from sip.config import Address, CoreConfig, Digest, Limits, Trunk
from sip.events import Confirmed, InviteReceived, Origin, Registered, RegisterReceived, RequestReceived, SessionId
from sip.message.auth import Challenge, authorize
from sip.message.message import Response
from sip.transaction import TERMINATED
from tests.sip.network import ALICE, ANSWER, BOB, NEAR, OFFER, Network, Peer
from tests.sip.raw import PEER, answers, ask, raw, request, statuses

FAR = Address("203.0.113.7", 5060)
CONTACT = "Contact: <sip:peer@192.0.2.9>"
DIGEST = Digest("nav.example", {"anna": "right"}.get, b"secret")


def endpoint(**config: object) -> Peer:
    return Network().join(ALICE, CoreConfig(trunks=(NEAR,), **config))  # type: ignore[arg-type]


def invited(peer: Peer) -> InviteReceived:
    (event,) = peer.core.events()
    assert isinstance(event, InviteReceived)
    return event


def only(responses: list[Response]) -> Response:
    (response,) = responses
    return response


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\r\n", b"\0\0\0\0"])
def test_keepalive_is_dropped(data: bytes) -> None:
    peer = endpoint()
    assert ask(peer, data) == []
    assert peer.core.stats["parse_errors"] == 0


@pytest.mark.parametrize(
    ("broken", "status"),
    [
        (raw("INVITE").replace(b"SIP/2.0\r\nVia", b"SIP/7.0\r\nVia", 1), 505),
        (raw("INVITE").replace(b"CSeq: 1 INVITE", b"CSeq: 1 BYE"), 400),
        (raw("INVITE", "Content-Length: 999"), 400),
    ],
)
def test_malformed_request_is_told_what_is_wrong(broken: bytes, status: int) -> None:
    peer = endpoint()
    assert statuses(ask(peer, broken)) == [status]
    assert peer.core.stats["parse_errors"] == 1
    assert peer.core.stats["transactions"] == 0


@pytest.mark.parametrize("data", [b"rubbish", b"SIP/2.0 200 OK\r\n\r\n", raw("ACK").replace(b"CSeq: 1", b"CSeq: x")])
def test_what_cannot_be_answered_is_dropped(data: bytes) -> None:
    assert ask(endpoint(), data) == []


def test_malformed_requests_of_a_stranger_are_answered_within_the_allowance() -> None:
    peer = endpoint(limits=Limits(stranger_burst=2.0, stranger_requests_per_s=0.0))
    broken = raw("INVITE").replace(b"CSeq: 1 INVITE", b"CSeq: 1 BYE")
    assert [len(ask(peer, broken, FAR)) for _ in range(4)] == [1, 1, 0, 0]


def test_a_stranger_who_pretends_to_have_a_dialog_is_parsed_but_not_answered_beyond_the_allowance() -> None:
    peer = endpoint(limits=Limits(stranger_burst=2.0, stranger_requests_per_s=0.0))
    asked = [raw("OPTIONS", "X-Tag: ;tag=x", call_id=f"c{n}", branch=f"z9hG4bK{n}") for n in range(4)]
    assert [len(ask(peer, data, FAR)) for data in asked] == [1, 1, 0, 0]


def test_stray_response_and_stray_ack_are_dropped() -> None:
    peer = endpoint()
    stray = b"SIP/2.0 200 OK" + raw("INVITE", to="<sip:x@y>;tag=t").partition(b"SIP/2.0")[2]
    assert ask(peer, stray) == []
    two = stray.replace(b"From:", b"Via: SIP/2.0/UDP 192.0.2.8\r\nFrom:")
    assert ask(peer, two) == []
    assert ask(peer, raw("ACK", to="<sip:600@192.0.2.1>;tag=none")) == []
    assert peer.core.stats["dropped"] == 3


def test_cancel_without_its_invite_gets_481() -> None:
    peer = endpoint()
    assert statuses(ask(peer, raw("CANCEL"))) == [481]
    ask(peer, raw("BYE"))
    assert statuses(ask(peer, raw("CANCEL"))) == [481]


def test_cancel_of_something_that_is_no_call_gets_481() -> None:
    peer = endpoint(methods=frozenset(("MESSAGE",)))
    ask(peer, raw("MESSAGE"))
    assert statuses(ask(peer, raw("CANCEL"))) == [481]


@pytest.mark.parametrize("method", ["BYE", "OPTIONS", "INVITE", "REGISTER"])
def test_request_for_a_dialog_that_does_not_exist_gets_481(method: str) -> None:
    assert statuses(ask(endpoint(), raw(method, CONTACT, to="<sip:600@192.0.2.1>;tag=gone"))) == [481]


def test_bye_without_a_dialog_gets_481() -> None:
    assert statuses(ask(endpoint(), raw("BYE"))) == [481]


def test_refusals_name_what_would_be_taken() -> None:
    peer = endpoint()
    refused = only(ask(peer, raw("SUBSCRIBE")))
    assert (refused.status, "INVITE" in refused.allow) == (405, True)
    assert only(ask(peer, raw("INVITE", "Require: magic"))).headers.get("Unsupported") == "magic"
    assert statuses(ask(peer, raw("FOO", to="<sip:600@192.0.2.1>;tag=gone"))) == [481]


def test_options_tell_what_we_can_do() -> None:
    peer = endpoint(user_agent="svar/1")
    told = only(ask(peer, raw("OPTIONS")))
    assert told.status == 200
    assert set(told.allow) >= {"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS"}
    assert told.headers.get("Accept") == "application/sdp"
    assert told.supported == ["100rel", "path", "timer"]
    assert told.headers.get("Server") == "svar/1"
    assert only(ask(peer, raw("OPTIONS"), Address("203.0.113.9", 5060))).headers.get("Server") is None
    assert peer.core.stats["transactions"] == 0


def test_retransmission_of_a_refused_request_gets_the_same_to_tag() -> None:
    peer = endpoint()
    first, again = only(ask(peer, raw("OPTIONS"))), only(ask(peer, raw("OPTIONS")))
    assert first.to.tag == again.to.tag
    assert only(ask(peer, raw("OPTIONS", branch="z9hG4bK2"))).to.tag != first.to.tag


def test_request_for_another_host_is_not_found_or_has_no_hop_left() -> None:
    peer = endpoint(domains=frozenset(("nav.example",)))
    assert statuses(ask(peer, raw("OPTIONS", uri="sip:600@elsewhere.example"))) == [404]
    assert statuses(ask(peer, raw("OPTIONS", "Max-Forwards: 0", uri="sip:600@elsewhere.example"))) == [483]
    for uri in ("sip:600@nav.example", "sip:600@NAV.example", "sip:600@192.0.2.1:5060", "sip:192.0.2.1", "tel:600"):
        assert statuses(ask(peer, raw("OPTIONS", "Max-Forwards: 0", uri=uri))) == [200]
    assert statuses(ask(peer, raw("OPTIONS", uri="sip:600@192.0.2.1:5999"))) == [404]


def test_request_that_forked_and_met_here_again_is_a_loop() -> None:
    peer = endpoint()
    ask(peer, raw("INVITE", CONTACT))
    assert statuses(ask(peer, raw("INVITE", CONTACT, branch="z9hG4bKother"))) == [482]
    assert statuses(ask(peer, raw("INVITE", CONTACT, branch="z9hG4bKother", cseq="2"))) == []


def test_retransmitted_invite_is_one_call() -> None:
    peer = endpoint()
    ask(peer, raw("INVITE", CONTACT))
    event = invited(peer)
    peer.core.ring(event.session, 1000.0)
    answers(peer)
    assert statuses(ask(peer, raw("INVITE", CONTACT))) == [180]
    assert peer.core.events() == []


def test_invite_without_contact_is_a_bad_request() -> None:
    peer = endpoint()
    refused = only(ask(peer, raw("INVITE")))
    assert (refused.status, refused.reason) == (400, "INVITE needs a Contact")


def test_peer_of_rfc_2543_may_call_without_contact_and_without_branch() -> None:
    peer = endpoint()
    via, from_ = "SIP/2.0/UDP 192.0.2.9", "<sip:old@192.0.2.9>"
    assert ask(peer, raw("INVITE", via=via, from_=from_)) == []
    event = invited(peer)
    peer.core.accept(event.session, ANSWER, 1000.0)
    answer = only(answers(peer))
    ask(peer, raw("ACK", via=via, from_=from_, to=str(answer.to)))
    (confirmed,) = peer.core.events()
    assert isinstance(confirmed, Confirmed)
    assert statuses(ask(peer, raw("BYE", via=via, from_=from_, to=str(answer.to), cseq="2"))) == [200]


def test_caller_on_a_trunk_is_known_by_its_name() -> None:
    peer = endpoint()
    ask(peer, raw("INVITE", CONTACT, "Content-Type: application/sdp", body=OFFER))
    event = invited(peer)
    assert (event.origin, event.source, event.sdp) == (Origin("trunk", "near"), PEER, OFFER)


def test_stranger_is_forbidden_where_there_are_no_agents() -> None:
    peer = endpoint()
    assert statuses(ask(peer, raw("INVITE", CONTACT), FAR)) == [403]
    assert peer.core.stats["sessions"] == peer.core.stats["transactions"] == 0


def test_stranger_may_call_where_strangers_may() -> None:
    peer = endpoint(strangers_may_call=True)
    ask(peer, raw("INVITE", CONTACT), FAR)
    assert invited(peer).origin == Origin("stranger")


def test_stranger_who_floods_hears_nothing_and_costs_the_trunk_nothing() -> None:
    peer = endpoint()
    answered = sum(len(ask(peer, raw("INVITE", CONTACT, branch=f"z9hG4bK{n}"), FAR)) for n in range(500))
    assert answered == 20
    assert peer.core.stats["dropped"] == 480
    assert peer.core.stats["sessions"] == peer.core.stats["transactions"] == peer.core.stats["deadlines"] == 0
    assert statuses(ask(peer, raw("OPTIONS"))) == [200]


def authorized(method: str, challenge: Response, *headers: str, password: str = "right", **changed: str) -> bytes:
    given = Challenge.parse(challenge.headers.get_all("WWW-Authenticate")[0])
    answer = authorize(given, username="anna", password=password, method=method, uri="sip:600@192.0.2.1", cnonce="c")
    return raw(method, f"Authorization: {answer}", *headers, **{"cseq": "2", "branch": "z9hG4bK2", **changed})


def test_agent_is_challenged_and_then_known_by_name() -> None:
    peer = endpoint(digest=DIGEST)
    challenge = only(ask(peer, raw("INVITE", CONTACT), FAR))
    assert challenge.status == 401
    assert peer.core.stats["transactions"] == 0
    assert ask(peer, authorized("INVITE", challenge, CONTACT), FAR) == []
    assert invited(peer).origin == Origin("agent", "anna")


def test_wrong_password_is_challenged_again_even_on_a_trunk() -> None:
    peer = endpoint(digest=DIGEST)
    challenge = only(ask(peer, raw("INVITE", CONTACT), FAR))
    for source in (FAR, PEER):
        data = authorized("INVITE", challenge, CONTACT, password="wrong")
        assert statuses(ask(peer, data, source)) == [401]


def test_agent_whose_nonce_is_old_is_told_that_the_password_was_right() -> None:
    peer = endpoint(digest=DIGEST)
    challenge = only(ask(peer, raw("INVITE", CONTACT), FAR))
    again = only(ask(peer, authorized("INVITE", challenge, CONTACT), FAR, now=2000.0))
    assert again.status == 401
    assert Challenge.parse(again.headers.get("WWW-Authenticate") or "").stale


def test_credentials_for_somebody_else_do_not_hinder_a_trunk() -> None:
    peer = endpoint(digest=DIGEST)
    other = authorize(Challenge("other", "n"), username="x", password="y", method="INVITE", uri="sip:x", cnonce="c")
    ask(peer, raw("INVITE", CONTACT, f"Authorization: {other}"))
    assert invited(peer).origin == Origin("trunk", "near")


def test_engine_may_ask_a_caller_on_a_trunk_who_they_are() -> None:
    peer = endpoint(digest=DIGEST)
    ask(peer, raw("INVITE", CONTACT))
    assert peer.core.challenge(invited(peer).session, 1000.0)
    challenge = only(answers(peer))
    assert challenge.status == 401
    peer.core.events()
    ask(peer, raw("ACK", to=str(challenge.to)))
    ask(peer, authorized("INVITE", challenge, CONTACT))
    assert invited(peer).origin == Origin("agent", "anna")


def test_challenge_without_agents_is_a_plain_401() -> None:
    peer = endpoint()
    ask(peer, raw("INVITE", CONTACT))
    peer.core.challenge(invited(peer).session, 1000.0)
    assert only(answers(peer)).headers.get("WWW-Authenticate") is None


def test_register_is_challenged_served_and_answered_again_when_repeated() -> None:
    peer = endpoint(digest=DIGEST)
    to = "<sip:anna@nav.example>"
    challenge = only(ask(peer, raw("REGISTER", CONTACT, to=to), FAR))
    assert challenge.status == 401
    data = authorized("REGISTER", challenge, CONTACT, to=to)
    first, again = only(ask(peer, data, FAR)), only(ask(peer, data, FAR))
    assert bytes(first) == bytes(again)
    assert first.contacts[0].param("expires") == "600"
    (registered,) = peer.core.events()
    assert registered == Registered("sip:anna@nav.example", "sip:peer@192.0.2.9", FAR, 600)
    assert peer.core.locations("sip:anna@nav.example", 1000.0)[0].destination == FAR
    saved = peer.core.registrar.save(1000.0)
    other = endpoint(digest=DIGEST)
    other.core.registrar.restore(saved, 5.0)
    assert other.core.locations("sip:anna@nav.example", 5.0)[0].destination == FAR


def test_agent_registers_no_other_address_than_their_own() -> None:
    peer = endpoint(digest=DIGEST)
    challenge = only(ask(peer, raw("REGISTER", CONTACT)))
    others = authorized("REGISTER", challenge, CONTACT, to="<sip:bo@nav.example>")
    assert statuses(ask(peer, others)) == [403]


@pytest.mark.parametrize(
    ("host", "status"), [("nav.example", 200), ("NAV.example", 200), ("192.0.2.1", 200), ("elsewhere.example", 404)]
)
def test_agent_registers_at_a_host_of_ours(host: str, status: int) -> None:
    """Else one agent could fill the registrar with addresses."""
    peer = endpoint(digest=DIGEST, domains=frozenset(("nav.example",)))
    to = f"<sip:anna@{host}>"
    challenge = only(ask(peer, raw("REGISTER", CONTACT, to=to)))
    assert statuses(ask(peer, authorized("REGISTER", challenge, CONTACT, to=to))) == [status]


def test_replayed_register_is_stale() -> None:
    peer = endpoint(digest=DIGEST)
    to = "<sip:anna@nav.example>"
    challenge = only(ask(peer, raw("REGISTER", CONTACT, to=to)))
    ask(peer, authorized("REGISTER", challenge, CONTACT, to=to))
    replay = only(ask(peer, authorized("REGISTER", challenge, CONTACT, to=to, branch="z9hG4bK3", cseq="3")))
    assert replay.status == 401
    assert Challenge.parse(replay.headers.get("WWW-Authenticate") or "").stale


def test_register_goes_to_the_application_where_the_core_knows_no_agents() -> None:
    peer = endpoint()
    assert ask(peer, raw("REGISTER", CONTACT)) == []
    (event,) = peer.core.events()
    assert isinstance(event, RegisterReceived)
    assert peer.core.respond(event.transaction, 404, 1000.0, [("X-Why", "nobody")])
    answered = only(answers(peer))
    assert (answered.status, answered.headers.get("X-Why")) == (404, "nobody")
    assert not peer.core.respond(event.transaction, 200, 1000.0)


def test_method_left_to_the_application_is_reported_once_and_forgotten() -> None:
    peer = endpoint(methods=frozenset(("MESSAGE",)))
    for _ in range(2):
        assert ask(peer, raw("MESSAGE", body="hello")) == []
    (event,) = peer.core.events()
    assert isinstance(event, RequestReceived)
    peer.core.handle_timeout(1033.0)
    assert event.transaction.state is TERMINATED
    assert peer.core.stats["transactions"] == 0


def test_above_the_rate_new_calls_get_503_without_state() -> None:
    peer = endpoint(limits=Limits(calls_per_s=2.0, retry_after_s=9))
    responses = [ask(peer, raw("INVITE", CONTACT, branch=f"z9hG4bK{n}", call_id=f"c{n}")) for n in range(4)]
    assert [statuses(each) for each in responses] == [[], [], [503], [503]]
    assert responses[2][0].retry_after == 9
    assert peer.core.stats["sessions"] == peer.core.stats["transactions"] == 2
    assert peer.core.stats["refused"] == peer.core.stats["overloaded"] == 2


@pytest.mark.parametrize("limits", [Limits(sessions=1), Limits(transactions=1)])
def test_above_the_number_of_sessions_or_transactions_new_calls_get_503(limits: Limits) -> None:
    peer = endpoint(limits=limits, methods=frozenset(("MESSAGE",)))
    assert ask(peer, raw("INVITE", CONTACT)) == []
    assert statuses(ask(peer, raw("INVITE", CONTACT, branch="z9hG4bK2", call_id="c2"))) == [503]
    unusual = raw("INVITE", CONTACT, "Subject: one\r\n two", branch="z9hG4bK4", call_id="c4")
    assert statuses(ask(peer, unusual)) == [503]
    expected = [503] if limits.transactions == 1 else []
    assert statuses(ask(peer, raw("MESSAGE", branch="z9hG4bK3"))) == expected
    assert peer.core.stats["overloaded"] == 2 + len(expected)


def test_draining_refuses_new_calls_and_says_so_to_options() -> None:
    peer = endpoint()
    ask(peer, raw("INVITE", CONTACT))
    event = invited(peer)
    peer.core.drain(1000.0)
    for method in ("INVITE", "OPTIONS"):
        refused = only(ask(peer, raw(method, CONTACT, branch="z9hG4bK2", call_id="c2")))
        assert (refused.status, refused.retry_after) == (503, 5)
    assert peer.core.accept(event.session, ANSWER, 1000.0)


def test_answer_goes_to_the_source_when_rport_asks_and_to_the_via_port_otherwise() -> None:
    peer = endpoint()
    for via, to in (
        ("SIP/2.0/UDP 10.0.0.5:5066;branch=z9hG4bK1;rport", Address("192.0.2.9", 40000)),
        ("SIP/2.0/UDP 10.0.0.5:5066;branch=z9hG4bK2", Address("192.0.2.9", 5066)),
        ("SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK3", Address("192.0.2.9", 5060)),
        ("SIP/2.0/UDP host.example;branch=z9hG4bK4;maddr=198.51.100.1", Address("192.0.2.9", 5060)),
    ):
        peer.core.receive(raw("OPTIONS", via=via), Address("192.0.2.9", 40000), 1000.0)
        ((data, destination),) = peer.core.datagrams()
        assert destination == to
        noted = request(data.replace(b"SIP/2.0 200 OK", b"OPTIONS sip:x SIP/2.0", 1)).via
        if "rport" in via:
            assert (noted.received, noted.rport) == ("192.0.2.9", 40000)
        elif "192.0.2.9" not in via:
            assert noted.received == "192.0.2.9"
        else:
            assert noted.received is None


def test_ipv6_source_is_answered_and_called_back_there() -> None:
    network = Network()
    here = Address("2001:db8::1", 5060)
    peer = network.join(here, CoreConfig(trunks=(NEAR,)), name="6")
    source = Address("2001:db8::9", 5066)
    data = raw(
        "INVITE",
        "Contact: <sip:peer@[2001:db8::9]:5066>",
        uri="sip:600@[2001:db8::1]",
        via="SIP/2.0/UDP [2001:db8::9]:5066;branch=z9hG4bK1;rport",
    )
    peer.core.receive(data, source, 1000.0)
    event = invited(peer)
    peer.core.accept(event.session, ANSWER, 1000.0)
    ((answer, destination),) = peer.core.datagrams()
    assert destination == source
    assert b"Contact: <sip:600@[2001:db8::1]:5060>" in answer


def test_acknowledgement_of_a_stateless_refusal_is_swallowed() -> None:
    peer = endpoint()
    refused = only(ask(peer, raw("INVITE", CONTACT), FAR))
    assert ask(peer, raw("ACK", to=str(refused.to)), FAR) == []


def test_commands_for_a_session_that_nobody_knows_are_too_late() -> None:
    core = endpoint().core
    gone = SessionId("gone")
    assert not core.ring(gone, 0.0)
    assert not core.accept(gone, ANSWER, 0.0)
    assert not core.challenge(gone, 0.0)
    assert not core.reject(gone, 486, 0.0)
    assert not core.acknowledge(gone, ANSWER, 0.0)
    assert not core.reoffer(gone, OFFER, 0.0)
    assert not core.cancel(gone, 0.0)
    assert not core.bye(gone, 0.0)
    assert not core.hang_up(gone, 0.0)


def test_trunk_with_several_networks() -> None:
    trunk = Trunk("both", NEAR.networks)
    peer = Network().join(BOB, CoreConfig(trunks=(trunk,)))
    ask(peer, raw("INVITE", CONTACT, uri="sip:600@192.0.2.2"))
    assert invited(peer).origin == Origin("trunk", "both")


@pytest.mark.parametrize("data", [raw("BYE", to="<sip:600@192.0.2.1>;tag=gone"), raw("CANCEL")])
def test_stranger_who_floods_with_requests_for_nothing_hears_little(data: bytes) -> None:
    peer = endpoint()
    assert sum(len(ask(peer, data, FAR)) for _ in range(100)) == 20
