"""Calls that come in: ringing, answering, CANCEL, and the 2xx that is repeated until its ACK."""

import pytest

from sip.config import Address, CoreConfig, Limits
from sip.events import Confirmed, Ended, InviteReceived, SessionId
from sip.message.message import Request, Response, parse
from tests.sip.network import ALICE, ANSWER, NEAR, OFFER, Network, Peer
from tests.sip.raw import PEER, answers, ask, raw, statuses

CONTACT = "Contact: <sip:peer@192.0.2.9>"
START = 1000.0


class Desk:
    """One core with a call from PEER that waits, and a clock."""

    def __init__(self, *headers: str, limits: Limits | None = None, config: CoreConfig | None = None) -> None:
        default = CoreConfig(trunks=(NEAR,), limits=limits or Limits())
        self.peer: Peer = Network().join(ALICE, config or default)
        self.core = self.peer.core
        ask(self.peer, raw("INVITE", CONTACT, *headers, "Content-Type: application/sdp", body=OFFER))
        (event,) = self.core.events()
        assert isinstance(event, InviteReceived)
        self.session: SessionId = event.session
        self.answer: Response | None = None

    def accept(self) -> Response:
        assert self.core.accept(self.session, ANSWER, START)
        (response,) = answers(self.peer)
        self.answer = response
        return response

    def ack(self, **changed: str) -> None:
        assert self.answer is not None
        self.peer.core.receive(raw("ACK", to=str(self.answer.to), branch="z9hG4bK9", **changed), PEER, START)

    def sent(self, until_s: float) -> list[tuple[float, str]]:
        """When what was sent, letting time pass."""
        seen = []
        while (at := self.core.deadline) is not None and at <= START + until_s:
            self.core.handle_timeout(at)
            for data, destination in self.core.datagrams():
                assert destination == PEER
                message = parse(data)
                shown = message.method if isinstance(message, Request) else str(message.status)
                seen.append((round(at - START, 3), shown))
        return seen

    def causes(self) -> list[str]:
        return [event.cause for event in self.core.events() if isinstance(event, Ended)]


def test_silent_application_makes_100_after_200_ms_and_480_in_the_end() -> None:
    desk = Desk(limits=Limits(unanswered_s=30.0))
    assert desk.sent(31)[:2] == [(0.2, "100"), (30.0, "480")]
    assert desk.causes() == ["unanswered"]


@pytest.mark.parametrize(("expires", "ends_at"), [("3", 3.0), ("9999", 30.0)])
def test_call_rings_no_longer_than_the_caller_wants(expires: str, ends_at: float) -> None:
    desk = Desk(f"Expires: {expires}", limits=Limits(unanswered_s=30.0))
    assert (ends_at, "480") in desk.sent(31)


def test_ringing_is_repeated_every_minute() -> None:
    desk = Desk()
    assert desk.core.ring(desk.session, START)
    assert statuses(answers(desk.peer)) == [180]
    assert desk.sent(200) == [(60.0, "180"), (120.0, "180"), (180.0, "180")]


def test_session_progress_may_carry_a_description() -> None:
    desk = Desk()
    desk.core.ring(desk.session, START, sdp=ANSWER, status=183)
    desk.core.ring(desk.session, START)
    progress, ringing = answers(desk.peer)
    assert (progress.status, progress.body, progress.content_type) == (183, ANSWER.encode(), "application/sdp")
    assert (ringing.status, ringing.body, ringing.content_type) == (180, b"", "")
    assert progress.to.tag == ringing.to.tag


def test_success_is_repeated_until_the_ack() -> None:
    desk = Desk()
    desk.accept()
    assert desk.sent(8) == [(0.5, "200"), (1.5, "200"), (3.5, "200"), (7.5, "200")]
    desk.ack()
    (confirmed,) = desk.core.events()
    assert isinstance(confirmed, Confirmed)
    desk.ack()
    assert desk.core.events() == []
    assert desk.sent(100) == []


def test_without_an_ack_the_call_is_hung_up_after_32_s() -> None:
    desk = Desk()
    desk.accept()
    sent = desk.sent(100)
    assert [at for at, what in sent if what == "200"] == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert next(at for at, what in sent if what == "BYE") == 32.0
    assert desk.causes() == ["no_ack"]
    assert desk.core.stats["sessions"] == desk.core.stats["deadlines"] == 0


def test_hanging_up_before_the_ack_waits_for_it() -> None:
    desk = Desk()
    desk.accept()
    assert desk.core.bye(desk.session, START, [("Reason", "Q.850;cause=16")])
    assert desk.core.datagrams() == []
    desk.ack()
    ((data, _),) = desk.core.datagrams()
    bye = parse(data)
    assert isinstance(bye, Request)
    assert (bye.method, bye.headers.get("Reason")) == ("BYE", "Q.850;cause=16")
    assert desk.core.events() == []


def test_hanging_up_before_an_ack_that_never_comes_ends_after_32_s() -> None:
    desk = Desk()
    desk.accept()
    desk.core.bye(desk.session, START)
    sent = desk.sent(100)
    assert next(at for at, what in sent if what == "BYE") == 32.0
    assert desk.causes() == ["local"]


def test_bye_that_overtakes_the_ack_ends_the_call() -> None:
    desk = Desk()
    answer = desk.accept()
    assert statuses(ask(desk.peer, raw("BYE", to=str(answer.to), cseq="2", branch="z9hG4bK2"))) == [200]
    assert desk.causes() == ["remote"]
    desk.ack()
    assert desk.sent(100) == []


def test_cancel_ends_a_ringing_call() -> None:
    desk = Desk()
    desk.core.ring(desk.session, START)
    (ringing,) = answers(desk.peer)
    ok, terminated = ask(desk.peer, raw("CANCEL"))
    assert (ok.status, ok.cseq.method, terminated.status, terminated.cseq.method) == (200, "CANCEL", 487, "INVITE")
    assert ok.to.tag == terminated.to.tag == ringing.to.tag
    assert desk.causes() == ["cancelled"]
    assert not desk.core.accept(desk.session, ANSWER, START)


def test_cancel_after_the_answer_changes_nothing() -> None:
    desk = Desk()
    desk.accept()
    assert statuses(ask(desk.peer, raw("CANCEL"))) == [200]
    assert desk.causes() == []
    desk.ack()
    assert desk.core.snapshot(desk.session, START) is not None


def test_caller_may_end_a_ringing_call_by_bye() -> None:
    desk = Desk()
    desk.core.ring(desk.session, START)
    (ringing,) = answers(desk.peer)
    responses = ask(desk.peer, raw("BYE", to=str(ringing.to), cseq="2", branch="z9hG4bK2"))
    assert [(one.status, one.cseq.method) for one in responses] == [(200, "BYE"), (487, "INVITE")]
    assert desk.causes() == ["remote"]


def test_rejection_is_repeated_until_its_ack_and_ends_the_session_at_once() -> None:
    desk = Desk()
    assert desk.core.reject(desk.session, 486, START, reason="Opptatt", headers=[("Retry-After", "5")])
    (refused,) = answers(desk.peer)
    assert (refused.status, refused.reason, refused.retry_after) == (486, "Opptatt", 5)
    assert desk.causes() == ["local"]
    assert desk.sent(1.6) == [(0.5, "486"), (1.5, "486")]
    desk.peer.core.receive(raw("ACK", to=str(refused.to)), PEER, START)
    assert desk.sent(100) == []
    assert desk.core.stats["transactions"] == 0


def test_rejection_that_is_never_acknowledged_is_forgotten() -> None:
    desk = Desk()
    desk.core.hang_up(desk.session, START, 603)
    assert statuses(answers(desk.peer)) == [603]
    desk.sent(100)
    assert desk.core.stats["transactions"] == desk.core.stats["deadlines"] == 0


def test_answer_cannot_be_given_twice() -> None:
    desk = Desk()
    desk.accept()
    assert not desk.core.accept(desk.session, ANSWER, START)
    assert not desk.core.reject(desk.session, 486, START)
    assert not desk.core.ring(desk.session, START)


def test_transport_that_is_gone_ends_the_call_that_rings() -> None:
    desk = Desk()
    desk.core.connection_lost(PEER, START)
    assert desk.causes() == ["transport"]
    assert desk.core.stats["deadlines"] == 0


def test_ack_with_another_cseq_is_not_the_one() -> None:
    desk = Desk()
    desk.accept()
    desk.ack(cseq="7")
    assert desk.core.events() == []


def test_ack_before_the_answer_is_nothing() -> None:
    desk = Desk()
    desk.core.ring(desk.session, START)
    (ringing,) = answers(desk.peer)
    desk.peer.core.receive(raw("ACK", to=str(ringing.to), branch="z9hG4bK9"), PEER, START)
    assert desk.core.events() == []
    assert desk.accept().status == 200


def test_record_route_of_the_invite_comes_back_and_is_used() -> None:
    desk = Desk("Record-Route: <sip:192.0.2.8:5070;lr>", "Record-Route: <sip:192.0.2.7;lr>")
    answer = desk.accept()
    assert [str(one.uri) for one in answer.record_route] == ["sip:192.0.2.8:5070;lr", "sip:192.0.2.7;lr"]
    desk.ack()
    desk.core.bye(desk.session, START)
    ((data, destination),) = desk.core.datagrams()
    bye = parse(data)
    assert isinstance(bye, Request)
    assert destination == Address("192.0.2.8", 5070)
    assert str(bye.uri) == "sip:peer@192.0.2.9"
    assert [str(one.uri) for one in bye.route] == ["sip:192.0.2.8:5070;lr", "sip:192.0.2.7;lr"]
