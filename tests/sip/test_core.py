"""The contract of a protocol machine: what comes in, what is due, what goes out."""

from sip.config import CoreConfig
from sip.core import UserAgentCore
from sip.events import Ended, InviteReceived, Rejected
from sip.message.address import NameAddr
from sip.message.uri import SipUri
from tests.sip.network import ALICE, ANSWER, BOB, NEAR, OFFER, counted
from tests.sip.raw import PEER, raw

CONTACT = "Contact: <sip:peer@192.0.2.9>"


def core() -> UserAgentCore:
    made = UserAgentCore(CoreConfig(trunks=(NEAR,)), counted("t"))
    made.listens(ALICE)
    return made


def invite(one: UserAgentCore, now: float = 0.0) -> bytes:
    target = SipUri("bob", *BOB[:2])
    local = NameAddr(SipUri("alice", ALICE[0]))
    one.invite(target, local=local, remote=NameAddr(target), destination=BOB, sdp=OFFER, now=now)
    ((data, destination),) = one.datagrams()
    assert destination == BOB
    return data


def test_what_was_drained_is_gone() -> None:
    one = core()
    one.receive(raw("INVITE", CONTACT), PEER, 0.0)
    assert len(one.events()) == 1
    assert one.events() == []
    one.receive(raw("OPTIONS", branch="z9hG4bK2"), PEER, 0.0)
    assert len(one.datagrams()) == 1
    assert one.datagrams() == []


def test_deadline_is_when_something_is_to_be_done_next() -> None:
    assert core().deadline is None
    one = core()
    invite(one, now=10.0)
    assert one.deadline == 10.5
    one.handle_timeout(10.4)
    assert one.datagrams() == []
    one.handle_timeout(10.5)
    assert len(one.datagrams()) == 1
    assert one.deadline == 11.5


def test_run_with_the_same_tokens_repeats_exactly() -> None:
    assert invite(core()) == invite(core())


def test_stats_count_what_is_held_and_what_passed() -> None:
    one = core()
    one.receive(raw("INVITE", CONTACT), PEER, 0.0)
    (event,) = one.events()
    assert isinstance(event, InviteReceived)
    one.accept(event.session, ANSWER, 0.0)
    one.handle_timeout(0.5)
    stats = one.stats
    assert (stats["sessions"], stats["dialogs"], stats["transactions"]) == (1, 1, 1)
    assert (stats["messages_in"], stats["messages_out"], stats["retransmissions"]) == (1, 2, 1)


def test_stats_show_how_many_calls_a_second_are_taken_now() -> None:
    one = core()
    usual = one.stats["calls_per_s_now"]
    for step in range(20):
        one.late(0.06, step / 5)
    assert 0 < one.stats["calls_per_s_now"] < usual


def test_lost_connection_fails_what_waits_for_it() -> None:
    one = core()
    invite(one)
    one.connection_lost(BOB, 1.0)
    (event,) = one.events()
    assert isinstance(event, Rejected)
    assert event.status == 503
    assert one.deadline is None


def test_hanging_up_does_what_fits_the_moment() -> None:
    one = core()
    one.receive(raw("INVITE", CONTACT), PEER, 0.0)
    (event,) = one.events()
    assert isinstance(event, InviteReceived)
    assert one.alive(event.session)
    assert one.hang_up(event.session, 0.0, 486)
    assert not one.alive(event.session)
    ((data, _),) = one.datagrams()
    assert data.startswith(b"SIP/2.0 486")
    (ended,) = one.events()
    assert isinstance(ended, Ended)
    assert not one.hang_up(event.session, 0.0)


def test_ways_are_those_that_we_listen_by() -> None:
    one = core()
    one.listens(ALICE._replace(transport="TCP"))
    assert set(one.ways.transports) == {"UDP", "TCP"}
