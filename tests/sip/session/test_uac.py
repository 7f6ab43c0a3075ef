"""Calls that go out: CANCEL and its races, forks, offers in the 2xx, and an ACK for every 2xx."""

import pytest

from sip.config import Address, CoreConfig, Limits
from sip.events import Accepted, Ended, Provisional, Rejected, SessionId, SipEvent
from sip.message.address import NameAddr
from sip.message.message import Request, Response, parse, respond
from sip.message.uri import SipUri
from tests.sip.network import ALICE, ANSWER, NEAR, OFFER, Network, Peer
from tests.sip.raw import PEER

START = 1000.0
CONTACT = ("Contact", "<sip:bob@192.0.2.9:5060>")


class Desk:
    """One core that calls PEER, which the test plays itself."""

    def __init__(self, sdp: str | None = OFFER, limits: Limits | None = None, config: CoreConfig | None = None) -> None:
        default = CoreConfig(trunks=(NEAR,), limits=limits or Limits())
        self.peer: Peer = Network().join(ALICE, config or default)
        self.core = self.peer.core
        target = SipUri("bob", *PEER[:2])
        self.session: SessionId = self.core.invite(
            target,
            local=NameAddr(SipUri("alice", "192.0.2.1"), "Alice"),
            remote=NameAddr(target),
            destination=PEER,
            sdp=sdp,
            headers=[("X-Queue", "main")],
            now=START,
        )
        self.invite = self.requests()[0] if self.core.stats["transactions"] else Request("NONE", target)

    def requests(self) -> list[Request]:
        """What was sent, drained."""
        parsed = [parse(data) for data, _ in self.core.datagrams()]
        return [one for one in parsed if isinstance(one, Request)]

    def methods(self) -> list[str]:
        return [one.method for one in self.requests()]

    def reply(
        self,
        status: int,
        tag: str = "b",
        *headers: tuple[str, str],
        to: Request | None = None,
        body: str = "",
        now: float = START,
    ) -> list[SipEvent]:
        kind = "application/sdp" if body else ""
        response = respond(
            to or self.invite, status, to_tag=tag, headers=[CONTACT, *headers], body=body.encode(), content_type=kind
        )
        self.core.receive(bytes(response), PEER, now)
        return self.core.events()

    def wait(self, seconds: float) -> list[SipEvent]:
        while (at := self.core.deadline) is not None and at <= START + seconds:
            self.core.handle_timeout(at)
        return self.core.events()


def rejected(events: list[SipEvent]) -> tuple[int, str]:
    (event,) = events
    assert isinstance(event, Rejected)
    return event.status, event.reason


def test_invite_says_who_calls_and_where_to_answer() -> None:
    invite = Desk().invite
    assert str(invite.uri) == "sip:bob@192.0.2.9:5060"
    assert (invite.from_.display, invite.to.tag, invite.max_forwards) == ("Alice", None, 70)
    assert str(invite.contacts[0].uri) == "sip:alice@192.0.2.1:5060"
    assert invite.headers.get("X-Queue") == "main"
    assert (invite.body, invite.content_type) == (OFFER.encode(), "application/sdp")


def test_ringing_is_reported_and_trying_is_not() -> None:
    desk = Desk()
    assert desk.reply(100) == []
    (ringing,) = desk.reply(180)
    assert isinstance(ringing, Provisional)
    assert ringing.response.status == 180


def test_answer_is_acknowledged_and_so_is_every_repeat_of_it() -> None:
    desk = Desk()
    (accepted,) = desk.reply(200, body=ANSWER)
    assert isinstance(accepted, Accepted)
    assert accepted.sdp == ANSWER
    (ack,) = desk.requests()
    assert (ack.method, str(ack.cseq), ack.to.tag, ack.body) == ("ACK", "1 ACK", "b", b"")
    assert ack.via.branch != desk.invite.via.branch
    for _ in range(3):
        assert desk.reply(200, body=ANSWER) == []
        assert [bytes(one) for one in desk.requests()] == [bytes(ack)]


def test_repeated_answer_is_acknowledged_after_the_call_has_ended() -> None:
    desk = Desk()
    desk.reply(200)
    desk.core.bye(desk.session, START)
    bye = desk.requests()[-1]
    desk.reply(200, to=bye)
    assert desk.core.stats["sessions"] == 0
    desk.reply(200)
    assert desk.methods() == ["ACK"]
    desk.wait(40)
    assert desk.core.stats["transactions"] == desk.core.stats["deadlines"] == 0


@pytest.mark.parametrize("status", [302, 404, 486, 503, 603])
def test_refusal_is_acknowledged_and_reported(status: int) -> None:
    desk = Desk()
    (event,) = desk.reply(status)
    assert isinstance(event, Rejected)
    assert (event.status, event.response is not None) == (status, True)
    (ack,) = desk.requests()
    assert (ack.method, ack.via.branch) == ("ACK", desk.invite.via.branch)
    assert desk.core.stats["sessions"] == 0


def test_silence_is_408_after_32_s() -> None:
    desk = Desk()
    assert desk.wait(31.9) == []
    assert rejected(desk.wait(32)) == (408, "Request Timeout")
    assert len(desk.requests()) == 6


def test_transport_that_is_gone_is_503() -> None:
    desk = Desk()
    desk.core.connection_lost(Address("192.0.2.8", 5060), START)
    assert desk.core.events() == []
    desk.core.connection_lost(PEER, START)
    assert rejected(desk.core.events())[0] == 503


def test_cancel_waits_for_the_first_word_of_the_peer() -> None:
    desk = Desk()
    assert desk.core.cancel(desk.session, START)
    assert desk.core.hang_up(desk.session, START)
    assert desk.methods() == []
    assert desk.reply(180) == []
    (cancel,) = desk.requests()
    assert (cancel.method, str(cancel.cseq), cancel.via.branch) == ("CANCEL", "1 CANCEL", desk.invite.via.branch)
    assert desk.reply(183) == []
    desk.reply(200, to=cancel)
    assert rejected(desk.reply(487)) == (487, "Request Terminated")


def test_cancel_before_any_word_of_a_peer_that_stays_silent_ends_as_cancelled() -> None:
    desk = Desk()
    desk.core.cancel(desk.session, START)
    assert rejected(desk.wait(40))[0] == 487


def test_cancel_that_nobody_answers_gives_up_after_32_s() -> None:
    desk = Desk()
    desk.reply(180)
    desk.core.cancel(desk.session, START)
    assert rejected(desk.wait(40))[0] == 487
    assert desk.core.stats["transactions"] == desk.core.stats["deadlines"] == 0


def test_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up() -> None:
    desk = Desk()
    desk.reply(180)
    desk.core.events()
    desk.core.cancel(desk.session, START)
    desk.requests()
    assert rejected(desk.reply(200))[0] == 487
    assert desk.methods() == ["ACK", "BYE"]
    desk.reply(200)
    assert desk.methods() == ["ACK"]


def test_refusal_that_crosses_the_cancel_is_what_is_reported() -> None:
    desk = Desk()
    desk.reply(180)
    desk.core.cancel(desk.session, START)
    assert rejected(desk.reply(486))[0] == 486


def test_cancel_after_the_answer_is_too_late() -> None:
    desk = Desk()
    desk.reply(200)
    assert not desk.core.cancel(desk.session, START)


def test_second_branch_that_answers_is_acknowledged_and_hung_up() -> None:
    desk = Desk()
    desk.reply(180, "b")
    desk.reply(180, "c")
    assert len(desk.reply(200, "b")) == 1
    desk.requests()
    assert desk.reply(200, "c") == []
    ack, bye = desk.requests()
    assert (ack.method, ack.to.tag, bye.method, bye.to.tag) == ("ACK", "c", "BYE", "c")
    assert desk.core.stats["sessions"] == 1
    desk.reply(200, "c")
    assert desk.methods() == ["ACK"]


def test_forks_are_bounded() -> None:
    desk = Desk(limits=Limits(forks=3))
    for number in range(10):
        desk.reply(200, f"t{number}")
    assert desk.methods() == ["ACK", "ACK", "BYE", "ACK", "BYE"]


def test_phone_that_rings_too_long_is_cancelled() -> None:
    desk = Desk(limits=Limits(unanswered_s=20.0))
    desk.reply(180)
    desk.core.events()
    assert desk.wait(20.1) == []
    assert "CANCEL" in desk.methods()
    assert rejected(desk.reply(487))[0] == 487


def test_offer_of_the_peer_is_answered_in_the_ack() -> None:
    desk = Desk(sdp=None)
    assert (desk.invite.body, desk.invite.content_type) == (b"", "")
    (accepted,) = desk.reply(200, body=OFFER)
    assert isinstance(accepted, Accepted)
    assert desk.methods() == []
    desk.reply(200, body=OFFER)
    assert desk.methods() == []
    assert desk.core.snapshot(desk.session, START) is None
    assert not desk.core.reoffer(desk.session, OFFER, START)
    assert desk.core.acknowledge(desk.session, ANSWER, START)
    (ack,) = desk.requests()
    assert (ack.method, ack.body, ack.content_type) == ("ACK", ANSWER.encode(), "application/sdp")
    assert not desk.core.acknowledge(desk.session, ANSWER, START)
    desk.reply(200, body=OFFER)
    assert desk.methods() == ["ACK"]
    assert desk.core.snapshot(desk.session, START) is not None


def test_offer_of_the_peer_that_nobody_answers_ends_the_call() -> None:
    desk = Desk(sdp=None)
    assert not desk.core.acknowledge(desk.session, ANSWER, START)
    desk.reply(200, body=OFFER)
    desk.wait(32.1)
    assert desk.methods()[:2] == ["ACK", "BYE"]
    (ended,) = desk.wait(100)
    assert isinstance(ended, Ended)
    assert desk.core.stats["deadlines"] == 0


def test_hanging_up_before_the_offer_was_answered_acknowledges_first() -> None:
    desk = Desk(sdp=None)
    desk.reply(200, body=OFFER)
    assert desk.core.hang_up(desk.session, START)
    assert desk.methods() == ["ACK", "BYE"]


def test_answer_without_tag_is_taken_from_an_old_phone() -> None:
    desk = Desk()
    response = respond(desk.invite, 200, headers=[CONTACT])
    desk.core.receive(bytes(response), PEER, START)
    assert len(desk.core.events()) == 1
    assert desk.methods() == ["ACK"]


@pytest.mark.parametrize("limits", [Limits(sessions=0), Limits(transactions=0)])
def test_call_beyond_the_limits_is_refused_by_ourselves(limits: Limits) -> None:
    desk = Desk(limits=limits)
    assert rejected(desk.core.events()) == (503, "Service Unavailable")
    assert desk.core.datagrams() == []
    assert desk.core.stats["sessions"] == 0


def test_response_with_the_reason_of_the_peer() -> None:
    desk = Desk()
    response = respond(desk.invite, 480, "Gone fishing", to_tag="b")
    assert isinstance(response, Response)
    desk.core.receive(bytes(response), PEER, START)
    assert rejected(desk.core.events()) == (480, "Gone fishing")


def test_transport_that_is_gone_after_the_refusal_changes_nothing() -> None:
    desk = Desk()
    desk.reply(486)
    desk.core.connection_lost(PEER, START)
    assert desk.core.events() == []
    assert desk.core.stats["transactions"] == desk.core.stats["deadlines"] == 0
