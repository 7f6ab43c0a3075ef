"""Provisional responses that arrive: repeated until their PRACK, and acknowledged in order (RFC 3262)."""

import pytest

from sip.config import CoreConfig, SessionTimers
from sip.events import Accepted, Confirmed, Ended, InviteReceived, Provisional, ProvisionalConfirmed, SipEvent
from sip.message.message import Response
from tests.sip.network import ALICE, ANSWER, BOB, OFFER, Network, Peer, call, nothing_left
from tests.sip.raw import answers, ask, raw, statuses
from tests.sip.session.test_uac import START
from tests.sip.session.test_uac import Desk as CallingDesk
from tests.sip.session.test_uas import CONTACT, Desk
from tests.sip.test_proving import ASKED, TRUSTED

KNOWS = "Supported: 100rel"


def rings(desk: Desk, status: int = 183, sdp: str | None = None, *, reliable: bool = True) -> Response:
    assert desk.core.ring(desk.session, START, status=status, sdp=sdp, reliable=reliable)
    (response,) = answers(desk.peer)
    return response


def prack(desk: Desk, response: Response, cseq: int = 2, body: str = "", **changed: str) -> list[Response]:
    rack = changed.get("rack", f"{response.rseq} 1 INVITE")
    kind = ["Content-Type: application/sdp"] if body else []
    data = raw(
        "PRACK", f"RAck: {rack}", *kind, body=body, to=str(response.to), cseq=str(cseq), branch=f"z9hG4bKp{cseq}"
    )
    return ask(desk.peer, data)


def causes(events: list[SipEvent]) -> list[str]:
    return [event.cause for event in events if isinstance(event, Ended)]


@pytest.mark.parametrize(
    ("line", "asked", "reliable"),
    [
        (KNOWS, True, True),
        (KNOWS, False, False),
        ("Require: 100rel", False, True),
        ("Supported: timer", True, False),
    ],
)
def test_provisional_is_reliable_where_the_caller_requires_it_or_both_want_it(
    line: str, asked: bool, reliable: bool
) -> None:
    response = rings(Desk(line), 180, reliable=asked)
    assert (response.require, response.rseq is not None) == (["100rel"] if reliable else [], reliable)


def test_provisional_is_repeated_until_its_prack() -> None:
    desk = Desk(KNOWS)
    response = rings(desk)
    assert desk.sent(16) == [(0.5, "183"), (1.5, "183"), (3.5, "183"), (7.5, "183"), (15.5, "183")]
    assert statuses(prack(desk, response)) == [200]
    (confirmed,) = desk.core.events()
    assert isinstance(confirmed, ProvisionalConfirmed)
    assert confirmed.sdp is None
    assert statuses(prack(desk, response)) == [200]
    assert desk.core.events() == []
    assert desk.sent(59) == []


def test_call_whose_caller_sends_no_prack_is_refused_after_32_s() -> None:
    desk = Desk(KNOWS)
    rings(desk)
    assert (32.0, "504") in desk.sent(33)
    assert causes(desk.core.events()) == ["no_ack"]
    desk.sent(200)
    assert nothing_left(desk.peer)


@pytest.mark.parametrize("rack", ["1 1 INVITE", "{rseq} 2 INVITE", "{rseq} 1 UPDATE", "{rseq}"])
def test_prack_for_something_else_finds_nothing(rack: str) -> None:
    desk = Desk(KNOWS)
    response = rings(desk)
    assert statuses(prack(desk, response, rack=rack.format(rseq=response.rseq))) == [481]
    assert statuses(prack(desk, response, cseq=3)) == [200]
    assert statuses(prack(desk, response, cseq=4)) == [481]


def test_prack_without_anything_to_acknowledge_finds_nothing() -> None:
    desk = Desk()
    assert statuses(prack(desk, rings(desk, reliable=False))) == [481]


def test_next_provisional_waits_for_the_prack_and_counts_on() -> None:
    desk = Desk(KNOWS)
    first = rings(desk)
    assert desk.core.ring(desk.session, START, status=180, reliable=True)
    assert answers(desk.peer) == []
    confirmed, second = prack(desk, first)
    assert (confirmed.status, second.status) == (200, 180)
    assert first.rseq is not None
    assert second.rseq == first.rseq + 1
    assert statuses(prack(desk, second, cseq=3)) == [200]


def test_answer_waits_for_the_prack_of_a_provisional_with_a_description() -> None:
    desk = Desk(KNOWS)
    response = rings(desk, sdp=ANSWER)
    assert desk.core.accept(desk.session, ANSWER, START)
    assert answers(desk.peer) == []
    assert not desk.core.accept(desk.session, ANSWER, START)
    assert not desk.core.reject(desk.session, 486, START)
    confirmed, accepted = prack(desk, response)
    assert (confirmed.cseq.method, accepted.cseq.method, accepted.status) == ("PRACK", "INVITE", 200)
    desk.answer = accepted
    desk.ack()
    assert [type(event) for event in desk.core.events()] == [ProvisionalConfirmed, Confirmed]


def test_answer_overtakes_the_prack_of_a_provisional_without_a_description() -> None:
    desk = Desk(KNOWS)
    response = rings(desk)
    assert desk.accept().status == 200
    assert statuses(prack(desk, response)) == [200]
    desk.ack()
    assert desk.sent(100) == []


def test_answer_that_waits_for_a_prack_in_vain_ends_the_call() -> None:
    desk = Desk(KNOWS)
    rings(desk, sdp=ANSWER)
    desk.core.accept(desk.session, ANSWER, START)
    assert (32.0, "504") in desk.sent(33)
    assert causes(desk.core.events()) == ["no_ack"]


def test_cancel_ends_a_call_whose_answer_waits_for_the_prack() -> None:
    desk = Desk(KNOWS)
    rings(desk, sdp=ANSWER)
    desk.core.accept(desk.session, ANSWER, START)
    assert statuses(ask(desk.peer, raw("CANCEL"))) == [200, 487]
    assert causes(desk.core.events()) == ["cancelled"]


def test_hanging_up_while_the_answer_waits_goes_out_after_the_ack() -> None:
    desk = Desk(KNOWS)
    response = rings(desk, sdp=ANSWER)
    desk.core.accept(desk.session, ANSWER, START)
    assert desk.core.bye(desk.session, START)
    assert answers(desk.peer) == []
    _, desk.answer = prack(desk, response)
    desk.ack()
    assert desk.sent(0.1) == []
    assert desk.core.datagrams()[0][0].startswith(b"BYE")


def test_answer_to_an_offer_of_ours_comes_in_the_prack() -> None:
    desk = Desk(KNOWS)
    bare = raw("INVITE", CONTACT, KNOWS, call_id="c2", branch="z9hG4bKc2")
    assert ask(desk.peer, bare) == []
    (invited,) = desk.core.events()
    assert isinstance(invited, InviteReceived)
    assert desk.core.ring(invited.session, START, sdp=OFFER, status=183, reliable=True)
    (response,) = answers(desk.peer)
    lines = (f"RAck: {response.rseq} 1 INVITE", "Content-Type: application/sdp")
    data = raw("PRACK", *lines, body=ANSWER, to=str(response.to), cseq="2", branch="z9hG4bKp2", call_id="c2")
    assert statuses(ask(desk.peer, data)) == [200]
    (confirmed,) = desk.core.events()
    assert isinstance(confirmed, ProvisionalConfirmed)
    assert confirmed.sdp == ANSWER


# --- our own calls


def reliably(number: int) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("Require", "100rel"), ("RSeq", str(number))


def pracks(desk: CallingDesk) -> list[str]:
    return [request.headers.get("RAck") or request.method for request in desk.requests()]


def test_reliable_provisional_is_acknowledged_once_and_reported_once() -> None:
    desk = CallingDesk()
    assert "100rel" in desk.invite.supported
    (progress,) = desk.reply(183, "b", *reliably(7), body=ANSWER)
    assert isinstance(progress, Provisional)
    (sent,) = desk.requests()
    assert (sent.method, str(sent.cseq), sent.to.tag, sent.rack) == ("PRACK", "2 PRACK", "b", (7, 1, "INVITE"))
    assert desk.reply(183, "b", *reliably(7), body=ANSWER) == []
    assert desk.methods() == []


def test_provisionals_are_taken_in_order_and_each_fork_counts_for_itself() -> None:
    desk = CallingDesk()
    assert len(desk.reply(183, "b", *reliably(7))) == 1
    assert desk.reply(180, "b", *reliably(9)) == []
    assert len(desk.reply(180, "c", *reliably(100))) == 1
    assert len(desk.reply(180, "b", *reliably(8))) == 1
    assert len(desk.reply(180, "b", *reliably(9))) == 1
    assert pracks(desk) == ["7 1 INVITE", "100 1 INVITE", "8 1 INVITE", "9 1 INVITE"]


def test_requests_after_the_answer_count_on_from_the_pracks() -> None:
    desk = CallingDesk()
    desk.reply(183, "b", *reliably(7))
    (accepted,) = desk.reply(200)
    assert isinstance(accepted, Accepted)
    desk.core.bye(desk.session, START)
    assert [str(request.cseq) for request in desk.requests()] == ["2 PRACK", "1 ACK", "3 BYE"]


def test_forks_that_want_a_prack_are_bounded() -> None:
    desk = CallingDesk()
    for number in range(30):
        desk.reply(183, f"t{number}", *reliably(1))
    assert desk.methods() == ["PRACK"] * 10


@pytest.mark.parametrize("lines", [[("RSeq", "1")], [("Require", "100rel")], [("Require", "100rel"), ("RSeq", "x")]])
def test_provisional_that_is_not_quite_reliable_is_an_ordinary_one(lines: list[tuple[str, str]]) -> None:
    desk = CallingDesk()
    assert len(desk.reply(180, "b", *lines)) == len(desk.reply(180, "b", *lines)) == 1
    assert desk.methods() == []


def test_cancelled_call_acknowledges_what_rings_all_the_same() -> None:
    desk = CallingDesk()
    desk.core.cancel(desk.session, START)
    assert desk.reply(180, "b", *reliably(1)) == []
    assert desk.methods() == ["PRACK", "CANCEL"]


def test_call_that_is_made_again_counts_anew() -> None:
    desk = CallingDesk(config=TRUSTED)
    desk.reply(183, "b", *reliably(7))
    desk.reply(401, "b", ASKED)
    again = desk.requests()[-1]
    assert "100rel" in again.supported
    desk.reply(183, "b", *reliably(3), to=again)
    assert pracks(desk) == ["3 2 INVITE"]


def test_422_keeps_what_we_support() -> None:
    desk = CallingDesk(config=CoreConfig(trunks=TRUSTED.trunks, session_timers=SessionTimers("require")))
    desk.reply(422, "b", ("Min-SE", "900"))
    assert set(desk.requests()[-1].supported) == {"100rel", "199", "timer"}


# --- both sides of ours


@pytest.mark.parametrize("lost", [0, 1, 3])
def test_ringing_arrives_in_spite_of_loss(lost: int) -> None:
    left = {b"SIP/2.0 183": lost, b"SIP/2.0 180": lost, b"PRACK": lost}

    def fate(data: bytes) -> list[float]:
        for start, count in left.items():
            if data.startswith(start) and count:
                left[start] -= 1
                return []
        return [0.01]

    network = Network(fate=fate)
    alice, bob = network.join(ALICE), network.join(BOB)
    bob.react = lambda event, now: takes(bob, event, now)
    ours = call(network, alice, bob)
    network.run(30.0)
    told = [event.response.status for event in alice.heard if isinstance(event, Provisional)]
    assert told == [183, 180]
    assert len(bob.of(ProvisionalConfirmed)) == 2
    assert len(alice.of(Accepted)) == len(bob.of(Confirmed)) == 1
    alice.core.bye(ours, network.now)
    network.run(100.0)
    assert nothing_left(alice)
    assert nothing_left(bob)


def takes(bob: Peer, event: SipEvent, now: float) -> None:
    if isinstance(event, InviteReceived):
        bob.core.ring(event.session, now, status=183, sdp=ANSWER, reliable=True)
        bob.core.ring(event.session, now, status=180, reliable=True)
    elif isinstance(event, ProvisionalConfirmed) and len(bob.of(ProvisionalConfirmed)) == 2:
        bob.core.accept(event.session, ANSWER, now)
