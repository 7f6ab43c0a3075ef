"""Forks of a call of ours: an early dialog each, one that wins, and what comes late (RFC 3261 §13.2.2.4, RFC 6228)."""

import pytest

from sip.config import CoreConfig, Limits, SessionTimers
from sip.events import Accepted, Provisional
from sip.message.message import respond
from tests.sip.network import ANSWER, NEAR, OFFER, nothing_left
from tests.sip.raw import PEER, statuses
from tests.sip.session.test_reliable import reliably
from tests.sip.session.test_uac import CONTACT, START, Desk
from tests.sip.session.test_waiting import from_callee, kinds

OTHER = ANSWER.replace("4000", "5000")


def dialogs(desk: Desk) -> int:
    return desk.core.stats["dialogs"]


def test_each_fork_has_an_early_dialog_and_the_winner_alone_stays() -> None:
    desk = Desk()
    for tag in "bcd":
        desk.reply(180, tag)
    assert dialogs(desk) == 3
    assert kinds(desk.reply(200, "c", body=ANSWER)) == ["Accepted"]
    assert dialogs(desk) == 1
    assert statuses(from_callee(desk, "INFO", tag="b")) == [481]
    assert statuses(from_callee(desk, "INFO", tag="c", cseq=2)) == [200]


@pytest.mark.parametrize(("winner", "expected"), [("b", ANSWER), ("c", OTHER)])
def test_forks_answer_each_for_itself(winner: str, expected: str) -> None:
    desk = Desk()
    for tag, sdp in (("b", ANSWER), ("c", OTHER)):
        (progress,) = desk.reply(183, tag, *reliably(1), body=sdp)
        assert isinstance(progress, Provisional)
        assert (progress.response.to.tag, progress.sdp) == (tag, sdp)
    (taken,) = desk.reply(200, winner)
    assert isinstance(taken, Accepted)
    assert taken.sdp == expected


def test_early_dialogs_are_bounded() -> None:
    desk = Desk(limits=Limits(forks=3))
    heard = [desk.reply(180, f"t{number}") for number in range(9)]
    assert dialogs(desk) == 3
    assert [len(events) for events in heard] == [1] * 9


def test_provisional_without_a_tag_makes_no_dialog() -> None:
    desk = Desk()
    desk.core.receive(bytes(respond(desk.invite, 183, headers=[CONTACT, *reliably(1)])), PEER, START)
    assert kinds(desk.core.events()) == ["Provisional"]
    assert (dialogs(desk), desk.methods()) == (0, [])


@pytest.mark.parametrize("end", ["refused", "cancelled", "asked again"])
def test_end_of_the_call_ends_every_early_dialog(end: str) -> None:
    desk = Desk(config=CoreConfig(trunks=(NEAR,), session_timers=SessionTimers("require")))
    desk.reply(180, "b")
    desk.reply(180, "c")
    if end == "cancelled":
        desk.core.cancel(desk.session, START)
    if end == "asked again":
        desk.reply(422, "d", ("Min-SE", "3000"))
        assert (dialogs(desk), desk.core.stats["sessions"]) == (0, 1)
        return
    desk.reply(486 if end == "refused" else 487)
    assert dialogs(desk) == 0
    desk.wait(100)
    assert nothing_left(desk.peer)


def test_fork_that_has_ended_says_so_and_is_let_go() -> None:
    desk = Desk()
    assert "199" in desk.invite.supported
    desk.reply(180, "b")
    desk.reply(180, "c")
    (told,) = desk.reply(199, "b")
    assert isinstance(told, Provisional)
    assert told.response.status == 199
    assert dialogs(desk) == 1
    assert statuses(from_callee(desk, "INFO", tag="b")) == [481]


def test_fork_that_said_it_had_ended_may_win_all_the_same_and_counts_on() -> None:
    desk = Desk()
    desk.reply(183, "b", *reliably(1), body=ANSWER)
    desk.reply(199, "b", *reliably(2))
    (taken,) = desk.reply(200, "b")
    assert isinstance(taken, Accepted)
    assert taken.sdp == ANSWER
    desk.core.bye(desk.session, START)
    assert [str(one.cseq) for one in desk.requests()] == ["2 PRACK", "3 PRACK", "1 ACK", "4 BYE"]


def test_route_of_the_answer_counts_not_that_of_the_ringing() -> None:
    desk = Desk()
    desk.reply(180, "b", ("Record-Route", "<sip:192.0.2.40;lr>"))
    desk.reply(200, "b", ("Record-Route", "<sip:192.0.2.41;lr>"))
    (ack,) = desk.requests()
    assert [str(hop.uri) for hop in ack.route] == ["sip:192.0.2.41;lr"]


def test_answers_of_three_forks_leave_one_call_and_two_byes() -> None:
    desk = Desk()
    for tag in "bcd":
        desk.reply(200, tag, body=ANSWER)
    sent = [(one.method, one.to.tag) for one in desk.requests()]
    assert sent == [("ACK", "b"), ("ACK", "c"), ("BYE", "c"), ("ACK", "d"), ("BYE", "d")]
    assert desk.core.stats["sessions"] == 1


def test_answer_to_a_call_that_was_cancelled_is_hung_up_for_each_fork() -> None:
    desk = Desk()
    desk.reply(180, "b")
    desk.core.cancel(desk.session, START)
    desk.requests()
    assert kinds(desk.reply(200, "b"))[-1:] == ["Rejected"]
    desk.reply(200, "c")
    assert [(one.method, one.to.tag) for one in desk.requests()] == [
        ("ACK", "b"),
        ("BYE", "b"),
        ("ACK", "c"),
        ("BYE", "c"),
    ]


def test_fork_that_answers_later_than_64_t1_is_a_stray() -> None:
    desk = Desk()
    desk.reply(180, "b")
    desk.reply(200, "b", body=ANSWER)
    desk.requests()
    desk.wait(32.1)
    assert desk.reply(200, "c", body=ANSWER, now=START + 33) == []
    assert desk.methods() == []


def test_late_provisional_of_a_loser_is_nothing() -> None:
    desk = Desk()
    desk.reply(200, "b", body=ANSWER)
    desk.requests()
    assert desk.reply(183, "c", *reliably(1), body=OFFER) == []


@pytest.mark.parametrize(("end", "left"), [(486, []), (200, ["ACK", "BYE"])])
def test_update_of_ours_that_is_under_way_when_the_call_ends_is_forgotten(end: int, left: list[str]) -> None:
    desk = Desk(config=CoreConfig(trunks=(NEAR,), session_timers=SessionTimers("require")))
    desk.reply(183, "b", *reliably(1), ("Allow", "UPDATE"), body=ANSWER)
    desk.core.update(desk.session, OFFER, START)
    desk.core.cancel(desk.session, START)
    (update,) = [one for one in desk.requests() if one.method == "UPDATE"]
    assert kinds(desk.reply(end, "b"))[-1:] == ["Rejected"]
    assert [one for one in desk.methods() if one != "ACK" or left] == left
    assert desk.reply(200, to=update) == desk.reply(481, to=update) == []
    desk.wait(200)
    assert nothing_left(desk.peer)


def test_update_of_ours_goes_on_in_the_dialog_of_the_answer() -> None:
    desk = Desk()
    desk.reply(183, "b", *reliably(1), ("Allow", "UPDATE"), body=ANSWER)
    desk.core.update(desk.session, OFFER, START)
    (_, update) = desk.requests()
    desk.reply(200, "b", ("Allow", "UPDATE"))
    assert kinds(desk.reply(491, to=update)) == []
    desk.wait(10)
    assert "4 UPDATE" in [str(one.cseq) for one in desk.requests()]
