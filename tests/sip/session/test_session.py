"""Ends of calls: BYE from both sides, requests in a call, and what is no longer possible."""

from collections.abc import Sequence

import pytest

from sip.events import Confirmed, Ended, InviteReceived, Rejected
from sip.message.message import Request
from sip.message.reason import Reason
from tests.sip.network import ALICE, ANSWER, BOB, OFFER, nothing_left
from tests.sip.raw import PEER, ask, raw
from tests.sip.session.test_reinvite import HOLD, Pair, kinds
from tests.sip.session.test_uac import START, Desk
from tests.sip.session.test_uas import Desk as CalledDesk


def causes(events: Sequence[object]) -> list[str]:
    return [event.cause for event in events if isinstance(event, Ended)]


def test_byes_that_cross_end_the_call_once_on_each_side() -> None:
    pair = Pair()
    pair.alice.core.bye(pair.ours, pair.now)
    pair.bob.core.bye(pair.theirs, pair.now)
    pair.network.run(100.0)
    assert causes(pair.alice.heard) == causes(pair.bob.heard) == ["local"]
    assert nothing_left(pair.alice)
    assert nothing_left(pair.bob)


def test_bye_that_nobody_answers_ends_the_call_after_32_s() -> None:
    pair = Pair()
    pair.network.fate = lambda data: []
    pair.alice.core.bye(pair.ours, pair.now)
    pair.network.run(31.9)
    assert pair.alice.heard == []
    pair.network.run(0.2)
    assert causes(pair.alice.heard) == ["local"]


def test_call_with_a_peer_that_is_known_to_be_gone_is_over_at_once_and_its_bye_goes_on() -> None:
    pair = Pair()
    sent: list[bytes] = []

    def lose(data: bytes) -> list[float]:
        sent.append(data)
        return []

    pair.network.fate = lose
    assert not pair.alice.core.let_go(pair.ours, pair.now)
    assert pair.alice.core.bye(pair.ours, pair.now)
    assert pair.alice.core.let_go(pair.ours, pair.now)
    assert not pair.alice.core.let_go(pair.ours, pair.now)
    pair.network.run(5.0)
    assert causes(pair.alice.heard) == ["gone"]
    assert not pair.alice.core.alive(pair.ours)
    assert len([data for data in sent if data.startswith(b"BYE")]) > 2
    pair.network.run(60.0)
    assert nothing_left(pair.alice)


def test_bye_in_progress_is_not_the_end() -> None:
    desk = Desk()
    desk.reply(200)
    desk.core.bye(desk.session, START)
    bye = desk.requests()[-1]
    assert desk.reply(100, to=bye) == []
    assert causes(desk.reply(481, to=bye)) == ["local"]


def test_call_that_is_over_takes_no_more_commands() -> None:
    pair = Pair()
    assert pair.alice.core.hang_up(pair.ours, pair.now)
    assert not pair.alice.core.bye(pair.ours, pair.now)
    assert not pair.alice.core.hang_up(pair.ours, pair.now)
    assert not pair.alice.core.reoffer(pair.ours, HOLD, pair.now)
    assert not pair.alice.core.cancel(pair.ours, pair.now)
    assert not pair.alice.core.ring(pair.ours, pair.now)
    assert not pair.alice.core.accept(pair.ours, ANSWER, pair.now)
    assert not pair.alice.core.reject(pair.ours, 486, pair.now)
    assert not pair.bob.core.acknowledge(pair.theirs, ANSWER, pair.now)


def test_bye_is_no_way_to_end_a_call_that_rings() -> None:
    assert not Desk().core.bye(Desk().session, START)
    called = CalledDesk()
    assert not called.core.bye(called.session, START)
    assert not called.core.cancel(called.session, START)
    assert not called.core.reoffer(called.session, OFFER, START)


def test_request_in_a_call_that_is_not_served_is_not_allowed() -> None:
    pair = Pair()
    pair.bob.core.bye(pair.theirs, pair.now)
    (bye,) = [data for data, _ in pair.bob.core.datagrams()]
    register = bye.replace(b"BYE sip", b"REGISTER sip").replace(b" BYE\r\n", b" REGISTER\r\n")
    for method, status in ((b"SUBSCRIBE", b"405"), (b"OPTIONS", b"200"), (b"REGISTER", b"405")):
        data = register.replace(b"REGISTER", method).replace(b"z9hG4bK", b"z9hG4bK" + method)
        pair.alice.core.receive(data, BOB, pair.now)
        ((answer, _),) = pair.alice.core.datagrams()
        assert answer.startswith(b"SIP/2.0 " + status)
    assert pair.alice.core.events() == []


def test_offer_after_our_bye_finds_no_call() -> None:
    pair = Pair()
    pair.alice.core.bye(pair.ours, pair.now)
    pair.alice.core.datagrams()
    pair.bob.core.reoffer(pair.theirs, HOLD, pair.now)
    ((data, _),) = pair.bob.core.datagrams()
    pair.alice.core.receive(data, BOB, pair.now)
    ((answer, _),) = pair.alice.core.datagrams()
    assert answer.startswith(b"SIP/2.0 481")


def test_repeated_bye_gets_its_answer_again_and_a_new_one_finds_no_call() -> None:
    pair = Pair()
    pair.alice.core.bye(pair.ours, pair.now)
    ((bye, _),) = pair.alice.core.datagrams()
    for data, status in ((bye, b"200"), (bye, b"200"), (bye.replace(b"z9hG4bK", b"z9hG4bKx"), b"481")):
        pair.bob.core.receive(data, ALICE, pair.now)
        ((answer, _),) = pair.bob.core.datagrams()
        assert answer.startswith(b"SIP/2.0 " + status)


def test_ack_that_comes_after_our_bye_changes_nothing() -> None:
    desk = CalledDesk()
    answer = desk.accept()
    desk.ack()
    desk.core.bye(desk.session, START)
    desk.core.events()
    desk.ack()
    assert desk.core.events() == []
    assert answer.status == 200


def test_ack_of_an_offer_that_comes_after_our_bye_is_not_reported() -> None:
    pair = Pair()
    pair.network.fate = lambda data: [0.5] if data.startswith(b"ACK") else [0.01]
    pair.alice.core.reoffer(pair.ours, HOLD, pair.now)
    pair.network.run(0.1)
    pair.bob.core.bye(pair.theirs, pair.now)
    pair.network.fate = lambda data: []
    pair.network.run(2.0)
    assert kinds(pair.bob) == ["ReinviteReceived"]


@pytest.mark.parametrize("offerless", [True, False])
def test_answer_in_the_ack_reaches_the_application(offerless: bool) -> None:
    desk = CalledDesk()
    answer = desk.accept()
    body = ANSWER if offerless else ""
    kind = ["Content-Type: application/sdp"] if offerless else []
    data = raw("ACK", *kind, to=str(answer.to), branch="z9hG4bK9", body=body)
    desk.core.receive(data, PEER, START)
    (confirmed,) = desk.core.events()
    assert isinstance(confirmed, Confirmed)
    assert confirmed.sdp == (ANSWER if offerless else None)


def test_transport_that_is_gone_ends_a_call_whose_offer_is_open() -> None:
    pair = Pair()
    pair.bob.react = lambda event, now: None
    pair.alice.core.reoffer(pair.ours, HOLD, pair.now)
    pair.network.run(0.05)
    pair.bob.core.connection_lost(ALICE, pair.now)
    pair.network.run(100.0)
    assert causes(pair.bob.heard) == ["transport"]
    assert nothing_left(pair.bob)


def test_what_the_callee_hears_of_a_whole_call() -> None:
    pair = Pair()
    pair.alice.core.hang_up(pair.ours, pair.now)
    pair.network.run(100.0)
    assert causes(pair.alice.heard) == ["local"]
    (ended,) = pair.bob.heard
    assert isinstance(ended, Ended)
    assert (ended.cause, isinstance(ended.request, Request)) == ("remote", True)
    assert not pair.bob.of(InviteReceived)


def test_reasons_of_the_peer_come_with_the_end() -> None:
    desk = CalledDesk()
    ask(desk.peer, raw("CANCEL", 'Reason: SIP;cause=200;text="Call completed elsewhere"'))
    (ended,) = desk.core.events()
    assert isinstance(ended, Ended)
    assert (ended.cause, [one.elsewhere for one in ended.reasons]) == ("cancelled", [True])
    assert Ended(ended.session, "local").reasons == ()


def test_reasons_of_the_peer_come_with_its_refusal() -> None:
    desk = Desk()
    (refused,) = desk.reply(480, "b", ("Reason", "Q.850;cause=19"))
    assert isinstance(refused, Rejected)
    assert refused.reasons == (Reason("Q.850", 19),)
    assert Rejected(refused.session, 503, "").reasons == ()


def test_our_cancel_and_our_bye_say_why() -> None:
    desk = Desk()
    desk.reply(180)
    desk.requests()
    desk.core.hang_up(desk.session, START, headers=[("Reason", "SIP;cause=200")])
    (cancel,) = desk.requests()
    assert (cancel.method, cancel.headers.get("Reason")) == ("CANCEL", "SIP;cause=200")
    pair = Pair()
    pair.alice.core.hang_up(pair.ours, pair.now, headers=[("Reason", "Q.850;cause=16")])
    pair.network.run(1.0)
    (ended,) = pair.bob.of(Ended)
    assert isinstance(ended, Ended)
    assert ended.reasons == (Reason("Q.850", 16),)


def test_bye_for_want_of_an_ack_says_so() -> None:
    desk = CalledDesk()
    desk.accept()
    while (at := desk.core.deadline) is not None and at <= START + 32:
        desk.core.handle_timeout(at)
    bye = next(data for data, _ in desk.core.datagrams() if data.startswith(b"BYE"))
    assert b'Reason: SIP;cause=408;text="No ACK"' in bye
