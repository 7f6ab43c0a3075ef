"""Keys by INFO: what phones write, and what other INFO is answered (RFC 6086)."""

import pytest

from sip.events import DigitReceived, Ended
from sip.session.info import InfoAnswer, Key, read_info
from tests.sip.network import BOB, Network
from tests.sip.raw import PEER, ask, raw, request
from tests.sip.session.test_reinvite import Pair
from tests.sip.session.test_uas import START, Desk

RELAY = "Content-Type: application/dtmf-relay"
PLAIN = "Content-Type: application/dtmf"


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        (RELAY, "Signal=5\r\nDuration=160\r\n", Key("5", 160)),
        (RELAY, "Signal= *\r\nDuration= 250", Key("*", 250)),
        (RELAY, "duration=80\nsignal=#\n", Key("#", 80)),
        (RELAY, "Signal=d", Key("D", 0)),
        (RELAY, "Signal=11\r\n", Key("#", 0)),
        (PLAIN, "7", Key("7", 0)),
        (PLAIN, " a\r\n", Key("A", 0)),
        (PLAIN, "10", Key("*", 0)),
        (f"{PLAIN};charset=utf-8", "0", Key("0", 0)),
    ],
)
def test_key_reads_as_phones_write_it(kind: str, body: str, key: Key) -> None:
    assert read_info(request(raw("INFO", kind, body=body))) == InfoAnswer(200, key=key)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (RELAY, "Signal=16"),
        (RELAY, "Signal=55"),
        (RELAY, "5"),
        (PLAIN, "12345"),
        (PLAIN, "ø"),
        (PLAIN, "!"),
        (PLAIN, " "),
    ],
)
def test_what_is_no_key_is_a_bad_request(kind: str, body: str) -> None:
    assert read_info(request(raw("INFO", kind, body=body))) == InfoAnswer(400)


def test_other_contents_and_packages_are_refused_with_what_is_taken() -> None:
    other = request(raw("INFO", "Content-Type: application/media_control+xml", body="<x/>"))
    assert read_info(other) == InfoAnswer(415, (("Accept", "application/dtmf-relay, application/dtmf"),))
    package = request(raw("INFO", "Info-Package: infoDtmf", RELAY, body="Signal=5"))
    assert read_info(package) == InfoAnswer(469, (("Recv-Info", ""),))


def test_info_without_contents_is_just_answered() -> None:
    assert read_info(request(raw("INFO"))) == InfoAnswer(200)


def test_key_is_reported_once_however_often_it_is_sent() -> None:
    desk = Desk()
    answer = desk.accept()
    desk.ack()
    desk.core.events()
    info = raw("INFO", RELAY, body="Signal=2\r\nDuration=100", to=str(answer.to), cseq="2", branch="z9hG4bK2")
    assert [ask(desk.peer, info)[0].status for _ in range(3)] == [200, 200, 200]
    assert desk.core.events() == [DigitReceived(desk.session, "2", 100)]


def test_info_that_brings_no_key_is_answered_and_not_reported() -> None:
    desk = Desk()
    answer = desk.accept()
    desk.ack()
    desk.core.events()
    info = raw("INFO", "Content-Type: text/plain", body="x", to=str(answer.to), cseq="2", branch="z9hG4bK2")
    (refused,) = ask(desk.peer, info)
    assert (refused.status, refused.headers.get("Accept")) == (415, "application/dtmf-relay, application/dtmf")
    assert desk.core.events() == []


def test_key_of_a_caller_who_hears_early_media_is_reported() -> None:
    desk = Desk()
    desk.core.ring(desk.session, START, status=183)
    (progress,) = ask(desk.peer, b"\r\n")
    info = raw("INFO", PLAIN, body="1", to=str(progress.to), cseq="2", branch="z9hG4bK2")
    assert ask(desk.peer, info)[0].status == 200
    assert desk.core.events() == [DigitReceived(desk.session, "1", 0)]


def test_key_after_our_bye_finds_no_call() -> None:
    pair = Pair()
    pair.alice.core.bye(pair.ours, pair.now)
    pair.alice.core.datagrams()
    pair.bob.core.bye(pair.theirs, pair.now)
    (bye,) = [data for data, _ in pair.bob.core.datagrams()]
    pair.alice.core.receive(bye.replace(b"BYE sip", b"INFO sip").replace(b" BYE\r\n", b" INFO\r\n"), BOB, pair.now)
    ((answer, _),) = pair.alice.core.datagrams()
    assert answer.startswith(b"SIP/2.0 481")
    assert not pair.alice.of(Ended)


def test_key_of_a_call_that_nobody_knows_gets_481() -> None:
    peer = Network().join(BOB)
    assert [one.status for one in ask(peer, raw("INFO", PLAIN, body="1"), PEER)] == [481]
