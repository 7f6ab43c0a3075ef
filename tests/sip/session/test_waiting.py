"""Offers and answers in PRACKs and in provisionals: every order of RFC 3262 §5 and RFC 6337 §2.2."""

import pytest

from sip.events import Accepted, InviteReceived, OfferReceived, Provisional, ProvisionalConfirmed, Rejected, SipEvent
from sip.message.message import Response
from tests.sip.network import ANSWER, OFFER, nothing_left
from tests.sip.raw import PEER, answers, ask, raw, statuses
from tests.sip.session.test_reliable import KNOWS, prack, reliably, rings
from tests.sip.session.test_uac import START
from tests.sip.session.test_uac import Desk as CallingDesk
from tests.sip.session.test_uas import CONTACT, Desk

SECOND = OFFER + "a=sendonly\r\n"


def kinds(events: list[SipEvent]) -> list[str]:
    return [type(event).__name__ for event in events]


def bodies(responses: list[Response]) -> list[tuple[str, int, str]]:
    return [(one.cseq.method, one.status, one.body.decode()) for one in responses]


# --- calls that come


def test_second_offer_in_the_prack_is_answered_in_its_200() -> None:
    desk = Desk(KNOWS)
    response = rings(desk, sdp=ANSWER)
    assert prack(desk, response, body=SECOND) == []
    confirmed, offer = desk.core.events()
    assert isinstance(confirmed, ProvisionalConfirmed)
    assert confirmed.sdp is None
    assert isinstance(offer, OfferReceived)
    assert offer.sdp == SECOND
    assert desk.core.answer_offer(desk.session, ANSWER, START)
    assert bodies(answers(desk.peer)) == [("PRACK", 200, ANSWER)]
    assert desk.sent(20) == []


def test_call_is_answered_after_the_offer_in_the_prack() -> None:
    desk = Desk(KNOWS)
    response = rings(desk, sdp=ANSWER)
    assert desk.core.accept(desk.session, ANSWER, START)
    assert prack(desk, response, body=SECOND) == []
    assert desk.core.refuse_offer(desk.session, 488, START)
    assert bodies(answers(desk.peer)) == [("PRACK", 488, ""), ("INVITE", 200, "")]


def test_offer_in_a_prack_before_the_first_is_answered_gets_500() -> None:
    desk = Desk(KNOWS)
    response = rings(desk)
    assert statuses(prack(desk, response, body=SECOND)) == [500]
    assert kinds(desk.core.events()) == ["ProvisionalConfirmed"]
    assert desk.sent(20) == []


def test_answer_in_a_reliable_provisional_is_not_said_again() -> None:
    desk = Desk(KNOWS)
    prack(desk, rings(desk, sdp=ANSWER))
    desk.core.ring(desk.session, START, status=183, sdp=ANSWER, reliable=True)
    (again,) = answers(desk.peer)
    assert again.body == b""
    prack(desk, again, cseq=3)
    assert desk.accept().body == b""


def test_answer_in_an_unreliable_provisional_is_the_same_in_the_200() -> None:
    desk = Desk()
    assert rings(desk, sdp=ANSWER, reliable=False).body == ANSWER.encode()
    assert desk.accept().body == ANSWER.encode()


class Bare(Desk):
    """A call that came without an offer."""

    def __init__(self, *headers: str) -> None:
        super().__init__()
        self.core.datagrams()
        ask(self.peer, raw("INVITE", CONTACT, *headers, call_id="c2", branch="z9hG4bKc2"))
        (event,) = self.core.events()
        assert isinstance(event, InviteReceived)
        self.session = event.session

    def prack(self, response: Response, body: str = "", cseq: int = 2) -> list[Response]:
        kind = ["Content-Type: application/sdp"] if body else []
        lines = (f"RAck: {response.rseq} 1 INVITE", *kind)
        branch = f"z9hG4bKb{cseq}"
        data = raw("PRACK", *lines, body=body, to=str(response.to), cseq=str(cseq), branch=branch, call_id="c2")
        return ask(self.peer, data)


def test_offer_of_ours_cannot_go_in_an_unreliable_provisional() -> None:
    desk = Bare()
    desk.core.ring(desk.session, START, status=183, sdp=OFFER)
    (response,) = answers(desk.peer)
    assert response.body == b""
    assert desk.core.accept(desk.session, OFFER, START)
    assert bodies(answers(desk.peer)) == [("INVITE", 200, OFFER)]


def test_offer_of_ours_in_a_provisional_is_answered_in_the_prack_and_not_made_again() -> None:
    desk = Bare(KNOWS)
    response = rings(desk, sdp=OFFER)
    assert desk.core.accept(desk.session, OFFER, START)
    assert bodies(desk.prack(response, ANSWER)) == [("PRACK", 200, ""), ("INVITE", 200, "")]
    (confirmed,) = desk.core.events()
    assert isinstance(confirmed, ProvisionalConfirmed)
    assert confirmed.sdp == ANSWER


def test_prack_that_does_not_answer_our_offer_is_refused_and_may_come_again() -> None:
    desk = Bare(KNOWS)
    response = rings(desk, sdp=OFFER)
    (refused,) = desk.prack(response)
    assert (refused.status, "Warning" in refused.headers) == (400, True)
    assert desk.core.events() == []
    assert statuses(desk.prack(response, ANSWER, cseq=3)) == [200]


# --- calls of ours


def offers(events: list[SipEvent]) -> list[str]:
    return [event.sdp for event in events if isinstance(event, OfferReceived)]


def pracked(desk: CallingDesk) -> list[tuple[str | None, str]]:
    return [(one.headers.get("RAck"), one.body.decode()) for one in desk.requests() if one.method == "PRACK"]


def accepted(events: list[SipEvent]) -> str | None:
    (event,) = events
    assert isinstance(event, Accepted)
    return event.sdp


def test_offer_in_a_provisional_is_answered_in_our_prack() -> None:
    desk = CallingDesk(sdp=None)
    assert "100rel" in desk.invite.supported
    assert kinds(desk.reply(183, "b", *reliably(7), body=OFFER)) == ["OfferReceived", "Provisional"]
    assert desk.requests() == []
    assert desk.reply(183, "b", *reliably(7), body=OFFER) == []
    assert desk.core.answer_offer(desk.session, ANSWER, START)
    assert pracked(desk) == [("7 1 INVITE", ANSWER)]
    assert accepted(desk.reply(200)) is None
    assert desk.methods() == ["ACK"]
    assert desk.core.snapshot(desk.session, START) is not None


def test_offer_in_a_provisional_that_we_refuse_ends_the_call() -> None:
    desk = CallingDesk(sdp=None)
    desk.reply(183, "b", *reliably(7), body=OFFER)
    assert desk.core.refuse_offer(desk.session, 488, START)
    assert desk.methods() == ["CANCEL"]
    (event,) = desk.reply(487)
    assert isinstance(event, Rejected)


def test_offers_of_two_forks_are_taken_one_after_the_other() -> None:
    desk = CallingDesk(sdp=None)
    assert offers(desk.reply(183, "b", *reliably(7), body=OFFER)) == [OFFER]
    assert desk.reply(183, "c", *reliably(9), body=SECOND) == []
    desk.core.answer_offer(desk.session, ANSWER, START)
    assert offers(desk.reply(183, "c", *reliably(9), body=SECOND)) == [SECOND]
    desk.core.answer_offer(desk.session, ANSWER, START)
    assert pracked(desk) == [("7 1 INVITE", ANSWER), ("9 1 INVITE", ANSWER)]


def test_offer_in_a_provisional_that_the_200_overtakes_is_answered_in_the_ack() -> None:
    desk = CallingDesk(sdp=None)
    desk.reply(183, "b", *reliably(7), body=OFFER)
    assert accepted(desk.reply(200)) == OFFER
    assert desk.methods() == []
    assert desk.core.acknowledge(desk.session, ANSWER, START)
    (ack,) = desk.requests()
    assert (ack.method, ack.body) == ("ACK", ANSWER.encode())


def test_offer_in_an_unreliable_provisional_is_none() -> None:
    desk = CallingDesk(sdp=None)
    assert kinds(desk.reply(183, "b", body=OFFER)) == ["Provisional"]
    assert accepted(desk.reply(200, body=SECOND)) == SECOND


def test_provisional_without_an_offer_is_acknowledged_at_once() -> None:
    desk = CallingDesk(sdp=None)
    assert kinds(desk.reply(180, "b", *reliably(7))) == ["Provisional"]
    assert pracked(desk) == [("7 1 INVITE", "")]


def test_call_that_ends_while_an_offer_waits_leaves_nothing() -> None:
    desk = CallingDesk(sdp=None)
    desk.reply(183, "b", *reliably(7), body=OFFER)
    assert kinds(desk.reply(486)) == ["Rejected"]
    assert not desk.core.answer_offer(desk.session, ANSWER, START)
    desk.wait(100)
    assert nothing_left(desk.peer)


# The answer comes in what is reliable; the 200's own counts only where nothing reliable came before (RFC 3261 §13.2.1).
ANSWERS = [
    ((), (), ANSWER, ANSWER),
    (reliably(1), ANSWER, "", ANSWER),
    (reliably(1), ANSWER, SECOND, ANSWER),
    ((), ANSWER, "", ANSWER),
    ((), ANSWER, SECOND, SECOND),
    ((), (), "", None),
]


@pytest.mark.parametrize(("lines", "early", "late", "expected"), ANSWERS)
def test_where_the_answer_to_our_offer_comes_from(
    lines: tuple[tuple[str, str], ...], early: str, late: str, expected: str | None
) -> None:
    desk = CallingDesk()
    if early:
        (progress,) = desk.reply(183, "b", *lines, body=early)
        assert isinstance(progress, Provisional)
        assert progress.sdp == early
    assert accepted(desk.reply(200, "b", body=late)) == expected


def test_caller_may_change_its_offer_before_the_call_is_answered() -> None:
    desk = CallingDesk()
    allows = ("Allow", "INVITE, PRACK, UPDATE")
    assert not desk.core.update(desk.session, SECOND, START)
    desk.reply(183, "b", *reliably(1), allows, body=ANSWER)
    desk.requests()
    assert desk.core.update(desk.session, SECOND, START)
    (update,) = desk.requests()
    assert (update.method, str(update.cseq), update.body) == ("UPDATE", "3 UPDATE", SECOND.encode())
    assert kinds(desk.reply(200, to=update, body=ANSWER)) == ["Reoffered"]
    desk.reply(180, "c", allows)
    assert not desk.core.update(desk.session, SECOND, START)


@pytest.mark.parametrize("status", [408, 481, 488])
def test_update_that_fails_before_the_call_is_answered_fails_alone(status: int) -> None:
    desk = CallingDesk()
    desk.reply(183, "b", *reliably(1), ("Allow", "UPDATE"), body=ANSWER)
    desk.requests()
    desk.core.update(desk.session, SECOND, START)
    (update,) = desk.requests()
    assert kinds(desk.reply(status, to=update)) == ["ReofferFailed"]
    assert kinds(desk.reply(200)) == ["Accepted"]


def from_callee(desk: CallingDesk, method: str, tag: str = "b", body: str = "", cseq: int = 1) -> list[Response]:
    """What the callee sends within its early dialog."""
    lines = ["Content-Type: application/sdp"] if body else []
    data = raw(
        method, *lines, body=body, uri="sip:alice@192.0.2.1", from_=f"<sip:bob@192.0.2.9:5060>;tag={tag}",
        to=str(desk.invite.from_), call_id=desk.invite.call_id, cseq=str(cseq), branch=f"z9hG4bKx{tag}{cseq}",
    )  # fmt: skip
    desk.core.receive(data, PEER, START)
    return answers(desk.peer)


def test_callee_may_change_what_it_answered_before_it_takes_the_call() -> None:
    desk = CallingDesk()
    desk.reply(183, "b", *reliably(1), body=ANSWER)
    desk.requests()
    assert from_callee(desk, "UPDATE", body=SECOND) == []
    assert offers(desk.core.events()) == [SECOND]
    assert desk.core.answer_offer(desk.session, OFFER, START)
    assert bodies(answers(desk.peer)) == [("UPDATE", 200, OFFER)]
    assert accepted(desk.reply(200)) == SECOND


def test_callee_may_not_offer_before_it_has_answered() -> None:
    desk = CallingDesk()
    desk.reply(183, "b", body=ANSWER)
    assert statuses(from_callee(desk, "UPDATE", body=SECOND)) == [491]
    assert statuses(from_callee(desk, "UPDATE", cseq=2)) == [200]
    assert statuses(from_callee(desk, "INVITE", body=SECOND, cseq=3)) == [491]


@pytest.mark.parametrize(("method", "status"), [("PRACK", 481), ("INFO", 200), ("MESSAGE", 405)])
def test_what_else_a_callee_may_send_before_it_answers(method: str, status: int) -> None:
    desk = CallingDesk()
    desk.reply(180, "b")
    assert statuses(from_callee(desk, method)) == [status]
    assert statuses(from_callee(desk, method, tag="unknown")) == [481]


def test_bye_of_a_callee_that_rings_ends_its_fork_alone() -> None:
    desk = CallingDesk()
    desk.reply(180, "b")
    assert statuses(from_callee(desk, "BYE")) == [200]
    assert statuses(from_callee(desk, "INFO", cseq=2)) == [481]
    assert kinds(desk.reply(200, "c")) == ["Accepted"]
