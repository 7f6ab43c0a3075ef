"""UPDATE that arrives (RFC 3311 §5.2), re-INVITEs beside it, and what is no longer or not yet served in a dialog."""

from collections.abc import Callable

import pytest

from sip.config import CoreConfig, SessionTimers
from sip.events import OfferReceived, SipEvent
from sip.message.message import Response
from tests.sip.network import ANSWER, NEAR, OFFER, Peer
from tests.sip.raw import answers, ask, raw, statuses
from tests.sip.session.test_reinvite import HOLD, Pair, kinds
from tests.sip.session.test_reliable import KNOWS, prack, rings
from tests.sip.session.test_uac import START
from tests.sip.session.test_uas import CONTACT, Desk

SDP = "Content-Type: application/sdp"


class Called(Desk):
    """A call that came, and requests of the caller within it."""

    def confirm(self) -> None:
        self.accept()
        self.ack()
        self.core.events()

    def early(self) -> None:
        """Our answer went out in a reliable provisional, and the PRACK came."""
        response = rings(self, sdp=ANSWER)
        prack(self, response)
        self.core.events()

    def send(self, method: str, *lines: str, cseq: int = 10, body: str = "", branch: str = "") -> list[Response]:
        dialog = self.core._sessions.by_id[self.session].dialog
        assert dialog is not None
        kind = [SDP] if body else []
        data = raw(
            method, *lines, *kind, body=body, to=str(dialog.local), cseq=str(cseq), branch=branch or f"z9hG4bKu{cseq}"
        )
        return ask(self.peer, data)

    def heard(self) -> list[SipEvent]:
        return self.core.events()


def offered(events: list[SipEvent]) -> list[str]:
    return [event.sdp for event in events if isinstance(event, OfferReceived)]


def test_update_is_allowed_and_said_so() -> None:
    desk = Called()
    assert "UPDATE" in desk.accept().allow


def test_update_with_an_offer_is_answered_by_the_application() -> None:
    desk = Called()
    desk.confirm()
    assert desk.send("UPDATE", CONTACT, body=HOLD) == []
    assert offered(desk.heard()) == [HOLD]
    assert desk.core.answer_offer(desk.session, ANSWER, START)
    (answer,) = answers(desk.peer)
    assert (answer.status, answer.body, answer.content_type) == (200, ANSWER.encode(), "application/sdp")
    assert str(answer.contacts[0].uri) == "sip:600@192.0.2.1:5060"
    assert not desk.core.answer_offer(desk.session, ANSWER, START)
    assert not desk.core.refuse_offer(desk.session, 488, START)


def test_update_that_is_refused_changes_nothing() -> None:
    desk = Called()
    desk.confirm()
    desk.send("UPDATE", body=HOLD)
    assert desk.core.refuse_offer(desk.session, 488, START)
    assert statuses(answers(desk.peer)) == [488]
    desk.send("UPDATE", body=HOLD, cseq=11)
    assert offered(desk.heard()) == [HOLD, HOLD]


def test_update_that_the_application_ignores_gets_504_while_the_peer_still_waits() -> None:
    desk = Called()
    desk.confirm()
    desk.send("UPDATE", body=HOLD)
    assert (16.0, "504") in desk.sent(17)


def test_update_without_an_offer_moves_the_target() -> None:
    desk = Called()
    desk.confirm()
    (answer,) = desk.send("UPDATE", "Contact: <sip:peer@192.0.2.77:5080>")
    assert (answer.status, answer.body) == (200, b"")
    assert desk.heard() == []
    desk.core.bye(desk.session, START)
    ((_, destination),) = desk.core.datagrams()
    assert destination[:2] == ("192.0.2.77", 5080)


@pytest.mark.parametrize("second", [HOLD, ""])
def test_update_before_the_last_one_is_answered_gets_500_with_retry_after(second: str) -> None:
    desk = Called()
    desk.confirm()
    desk.send("UPDATE", body=HOLD)
    (refused,) = desk.send("UPDATE", body=second, cseq=11)
    assert (refused.status, refused.retry_after is not None) == (500, True)


def test_update_while_our_own_offer_is_open_gets_491() -> None:
    desk = Called()
    desk.confirm()
    desk.core.reoffer(desk.session, HOLD, START)
    desk.core.datagrams()
    assert statuses(desk.send("UPDATE", body=HOLD)) == [491]
    assert statuses(desk.send("UPDATE", cseq=11)) == [200]


def test_update_while_the_offer_of_a_reinvite_is_unanswered_gets_500() -> None:
    desk = Called()
    desk.confirm()
    desk.send("INVITE", CONTACT, body=HOLD, cseq=10)
    assert statuses(desk.send("UPDATE", body=HOLD, cseq=11)) == [500]


def test_reinvite_while_the_offer_of_an_update_is_unanswered_gets_500() -> None:
    desk = Called()
    desk.confirm()
    desk.send("UPDATE", body=HOLD)
    assert statuses(desk.send("INVITE", CONTACT, body=HOLD, cseq=11)) == [500]


def test_update_with_an_offer_before_the_invites_own_is_answered_gets_500() -> None:
    desk = Called(KNOWS)
    rings(desk)
    assert statuses(desk.send("UPDATE", body=HOLD)) == [500]


def test_update_with_an_offer_where_the_first_is_ours_to_make_gets_491() -> None:
    desk = Called()
    ask(desk.peer, raw("INVITE", CONTACT, KNOWS, call_id="c2", branch="z9hG4bKc2"))
    desk.session = next(event.session for event in desk.heard() if hasattr(event, "session"))
    dialog = desk.core._sessions.by_id[desk.session].dialog
    assert dialog is not None
    data = raw("UPDATE", SDP, body=HOLD, to=str(dialog.local), cseq="2", call_id="c2", branch="z9hG4bKu")
    assert statuses(ask(desk.peer, data)) == [491]


def test_update_in_an_early_dialog_is_taken_once_the_answer_is_acknowledged() -> None:
    desk = Called(KNOWS)
    desk.early()
    desk.send("UPDATE", CONTACT, body=HOLD)
    assert offered(desk.heard()) == [HOLD]
    assert desk.core.accept(desk.session, ANSWER, START)
    assert answers(desk.peer) == []  # the answer to the call waits for that to the offer
    assert desk.core.answer_offer(desk.session, ANSWER, START)
    updated, accepted = answers(desk.peer)
    assert (updated.cseq.method, updated.status) == ("UPDATE", 200)
    assert (accepted.cseq.method, accepted.status, accepted.body) == ("INVITE", 200, b"")


def test_update_after_our_bye_finds_no_call() -> None:
    desk = Called()
    desk.confirm()
    desk.core.bye(desk.session, START)
    desk.core.datagrams()
    assert statuses(desk.send("UPDATE", body=HOLD)) == [481]


def test_update_that_waits_gets_487_when_the_call_ends() -> None:
    desk = Called()
    desk.confirm()
    desk.send("UPDATE", body=HOLD)
    assert statuses(desk.send("BYE", cseq=11)) == [200, 487]
    desk.sent(100)
    assert desk.core.stats["deadlines"] == desk.core.stats["transactions"] == 0


def test_update_refreshes_the_session_timer() -> None:
    timed = CoreConfig(trunks=(NEAR,), session_timers=SessionTimers("accept", 600, 120))
    desk = Called("Supported: timer", "Session-Expires: 600;refresher=uac", config=timed)
    desk.confirm()
    (answer,) = desk.send("UPDATE", "Supported: timer", "Session-Expires: 300;refresher=uac")
    assert str(answer.session_expires) == "300;refresher=uac"
    (refused,) = desk.send("UPDATE", "Supported: timer", "Session-Expires: 90", cseq=11)
    assert (refused.status, refused.min_se) == (422, 120)


def test_update_before_the_answer_says_nothing_of_timers() -> None:
    desk = Called("Supported: timer, 100rel", "Session-Expires: 600")
    desk.early()
    (answer,) = desk.send("UPDATE", "Supported: timer", "Session-Expires: 300")
    assert (answer.status, answer.session_expires) == (200, None)


def test_reinvite_before_the_call_is_answered_waits() -> None:
    desk = Called()
    (refused,) = desk.send("INVITE", CONTACT, body=HOLD)
    assert (refused.status, refused.retry_after is not None) == (500, True)


def test_bye_of_the_caller_ends_a_call_that_rings() -> None:
    desk = Called()
    desk.core.ring(desk.session, START)
    answers(desk.peer)
    assert statuses(desk.send("BYE")) == [200, 487]
    assert desk.causes() == ["remote"]


def test_key_after_our_bye_finds_no_call() -> None:
    desk = Called()
    desk.confirm()
    desk.core.bye(desk.session, START)
    desk.core.datagrams()
    assert statuses(desk.send("INFO")) == [481]


def test_method_that_no_dialog_serves_is_told_what_does() -> None:
    desk = Called()
    desk.confirm()
    (refused,) = desk.send("REGISTER")
    assert (refused.status, "UPDATE" in refused.allow) == (405, True)


# --- between two cores


def takes_updates(pair: Pair) -> None:
    """Both answer offers in UPDATEs too."""

    def takes(peer: Peer) -> Callable[[SipEvent, float], None]:
        otherwise = pair.takes(peer)

        def react(event: SipEvent, now: float) -> None:
            if isinstance(event, OfferReceived):
                assert peer.core.answer_offer(event.session, ANSWER, now)
            otherwise(event, now)

        return react

    pair.alice.react, pair.bob.react = takes(pair.alice), takes(pair.bob)


def test_hold_by_update_from_either_side() -> None:
    pair = Pair()
    takes_updates(pair)
    for peer, session in ((pair.alice, pair.ours), (pair.bob, pair.theirs)):
        assert peer.core.update(session, HOLD, pair.now)
        assert not peer.core.update(session, OFFER, pair.now)
        pair.network.run(1.0)
    assert kinds(pair.alice) == ["Reoffered", "OfferReceived"]
    assert kinds(pair.bob) == ["OfferReceived", "Reoffered"]
    assert pair.network.starts() == ["UPDATE", "200"] * 2


def test_updates_that_cross_are_both_made_after_backing_off() -> None:
    pair = Pair()
    takes_updates(pair)
    pair.alice.core.update(pair.ours, HOLD, pair.now)
    pair.bob.core.update(pair.theirs, HOLD, pair.now)
    pair.network.run(0.1)
    assert pair.network.starts().count("491") == 2
    pair.network.run(10.0)
    assert sorted(kinds(pair.alice)) == sorted(kinds(pair.bob)) == ["OfferReceived", "Reoffered"]


def test_update_and_reinvite_that_cross_are_both_made() -> None:
    pair = Pair()
    takes_updates(pair)
    pair.alice.core.update(pair.ours, HOLD, pair.now)
    pair.bob.core.reoffer(pair.theirs, HOLD, pair.now)
    pair.network.run(20.0)
    assert "Reoffered" in kinds(pair.alice)
    assert "Reoffered" in kinds(pair.bob)


def test_update_is_not_sent_to_a_peer_that_does_not_allow_it() -> None:
    desk = Called("Allow: INVITE, ACK, BYE")
    desk.confirm()
    assert not desk.core.update(desk.session, HOLD, START)


@pytest.mark.parametrize("acknowledged", [True, False])
def test_update_of_the_callee_waits_for_the_prack_of_its_answer(acknowledged: bool) -> None:
    desk = Called(KNOWS, "Allow: UPDATE, PRACK")
    response = rings(desk, sdp=ANSWER)
    if acknowledged:
        prack(desk, response)
    assert desk.core.update(desk.session, HOLD, START) is acknowledged


def test_update_of_the_callee_is_not_made_before_it_has_answered() -> None:
    desk = Called(KNOWS, "Allow: UPDATE, PRACK")
    prack(desk, rings(desk))
    assert not desk.core.update(desk.session, HOLD, START)
