"""Retry-After of those we called: not tried again before, for a bounded time, and given where we refuse."""

import pytest

from sip.events import Rejected
from sip.message.address import NameAddr
from sip.message.message import Response
from sip.message.uri import SipUri
from sip.respite import Respites
from tests.sip.network import OFFER
from tests.sip.raw import PEER, answers
from tests.sip.session.test_uac import START, Desk
from tests.sip.session.test_uas import Desk as CalledDesk

BOB = "sip:bob@192.0.2.9"


def refused(status: int, *lines: tuple[str, str]) -> Response:
    response = Response(status, "Later")
    for name, value in lines:
        response.headers.add(name, value)
    return response


@pytest.mark.parametrize("status", [404, 413, 480, 486, 500, 503, 600, 603])
@pytest.mark.parametrize(("said", "rests_s"), [("5", 5), ("3600", 60), ("10 (at lunch)", 10)])
def test_who_says_when_is_not_tried_before(status: int, said: str, rests_s: int) -> None:
    respites = Respites()
    respites.refused(BOB, refused(status, ("Retry-After", said)), 100.0)
    asked = respites.of(BOB, 100.0 + rests_s - 0.1)
    assert asked is not None
    assert (asked.status, asked.reason) == (status, "Later")
    assert respites.of("sip:anna@192.0.2.9", 100.0) is None
    assert respites.of(BOB, 100.0 + rests_s) is None
    assert len(respites) == 0


@pytest.mark.parametrize(("status", "lines"), [(486, []), (486, [("Retry-After", "0")]), (403, [("Retry-After", "9")])])
def test_who_does_not_say_may_be_tried_at_once(status: int, lines: list[tuple[str, str]]) -> None:
    respites = Respites()
    respites.refused(BOB, refused(status, *lines), 100.0)
    assert respites.of(BOB, 100.0) is None


def test_memory_is_bounded_and_forgets_the_oldest() -> None:
    respites = Respites()
    for number in range(1100):
        respites.refused(f"sip:{number}@192.0.2.9", refused(486, ("Retry-After", "60")), 100.0)
    assert len(respites) == 1024
    assert respites.of("sip:0@192.0.2.9", 100.0) is None
    assert respites.of("sip:1099@192.0.2.9", 100.0) is not None


def again(desk: Desk, now: float) -> list[object]:
    target = SipUri("bob", *PEER[:2])
    local = NameAddr(SipUri("alice", "192.0.2.1"))
    desk.core.invite(target, local=local, remote=NameAddr(target), destination=PEER, sdp=OFFER, now=now)
    return list(desk.core.events())


def test_call_to_who_asked_for_rest_is_refused_here_as_it_was_there() -> None:
    desk = Desk()
    desk.reply(486, "b", ("Retry-After", "20"))
    desk.requests()
    (event,) = again(desk, START + 19)
    assert isinstance(event, Rejected)
    assert (event.status, event.response) == (486, None)
    assert desk.requests() == []
    assert again(desk, START + 20) == []
    assert desk.methods() == ["INVITE"]


@pytest.mark.parametrize(("status", "later"), [(503, "5"), (500, None), (486, None), (480, None)])
def test_refusal_for_want_of_room_says_when_to_try_again(status: int, later: str | None) -> None:
    desk = CalledDesk()
    assert desk.core.hang_up(desk.session, START, status)
    (refusal,) = answers(desk.peer)
    assert (refusal.status, refusal.headers.get("Retry-After")) == (status, later)


def test_application_says_itself_when_to_try_again() -> None:
    desk = CalledDesk()
    desk.core.reject(desk.session, 503, START, headers=[("Retry-After", "77")])
    (refusal,) = answers(desk.peer)
    assert refusal.headers.get_all("Retry-After") == ["77"]
