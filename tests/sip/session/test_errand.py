"""Requests of ours within a dialog that a peer asks credentials for: PRACK and BYE, once for each kind of proof."""

import pytest

from sip.events import Ended
from sip.message.message import Request
from tests.sip.network import ANSWER
from tests.sip.session.test_reliable import reliably
from tests.sip.session.test_uac import START, Desk
from tests.sip.test_proving import ASKED, TRUSTED


def sent(desk: Desk, method: str) -> list[Request]:
    return [one for one in desk.requests() if one.method == method]


def test_prack_that_is_challenged_is_repeated_with_a_proof() -> None:
    desk = Desk(config=TRUSTED)
    desk.reply(183, "b", *reliably(7), body=ANSWER)
    (first,) = sent(desk, "PRACK")
    assert desk.reply(401, "b", ASKED, to=first) == []
    (second,) = sent(desk, "PRACK")
    assert ("Authorization" in second.headers, str(second.cseq), second.rack) == (True, "3 PRACK", (7, 1, "INVITE"))
    desk.reply(401, "b", ASKED, to=second)
    assert desk.requests() == []
    assert len(desk.reply(200, body=ANSWER)) == 1


@pytest.mark.parametrize("status", [401, 407])
def test_challenge_of_a_realm_that_is_not_ours_is_not_answered(status: int) -> None:
    desk = Desk()
    desk.reply(183, "b", *reliably(7), body=ANSWER)
    (prack,) = sent(desk, "PRACK")
    desk.reply(status, "b", ASKED, to=prack)
    assert desk.requests() == []


def test_bye_that_is_challenged_is_repeated_and_then_the_call_is_over() -> None:
    desk = Desk(config=TRUSTED)
    desk.reply(200)
    desk.requests()
    desk.core.bye(desk.session, START)
    (bye,) = desk.requests()
    assert desk.reply(100, to=bye) == desk.reply(401, "b", ASKED, to=bye) == []
    (again,) = desk.requests()
    (ended,) = desk.reply(200, to=again)
    assert isinstance(ended, Ended)


def test_prack_that_nobody_answers_changes_nothing() -> None:
    desk = Desk()
    desk.reply(183, "b", *reliably(7), body=ANSWER)
    desk.core.events()
    assert desk.wait(40) == []
    assert len(desk.reply(200)) == 1
