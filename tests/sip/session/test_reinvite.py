"""Offers within a call: hold and resume, glare, and what happens when the other side has forgotten (RFC 3261 §14)."""

from collections.abc import Callable

import pytest

from sip.config import Address, CoreConfig, Limits
from sip.events import Accepted, Confirmed, Ended, InviteReceived, ReinviteReceived, Reoffered, ReofferFailed, SipEvent
from sip.message.message import Request, parse, respond
from tests.sip.network import ALICE, ANSWER, BOB, NEAR, OFFER, Network, Peer, call
from tests.sip.raw import statuses
from tests.sip.session.test_uac import CONTACT, START, Desk

HOLD = OFFER + "a=sendonly\r\n"


class Pair:
    """Two cores in a call; both take every offer unless a test says otherwise."""

    def __init__(
        self, limits: Limits | None = None, *, alice: CoreConfig | None = None, bob: CoreConfig | None = None
    ) -> None:
        self.network = Network()
        config = CoreConfig(trunks=(NEAR,), limits=limits or Limits())
        self.alice, self.bob = self.network.join(ALICE, alice or config), self.network.join(BOB, bob or config)
        self.alice.react = self.takes(self.alice)
        self.bob.react = self.takes(self.bob)
        self.ours = call(self.network, self.alice, self.bob)
        self.network.run(1.0)
        (invited,) = self.bob.of(InviteReceived)
        assert isinstance(invited, InviteReceived)
        self.theirs = invited.session
        for peer in (self.alice, self.bob):
            peer.heard.clear()
        self.network.sent.clear()

    def takes(self, peer: Peer) -> Callable[[SipEvent, float], None]:
        def react(event: SipEvent, now: float) -> None:
            if isinstance(event, InviteReceived | ReinviteReceived):
                peer.core.accept(event.session, ANSWER, now)

        return react

    @property
    def now(self) -> float:
        return self.network.now


def kinds(peer: Peer) -> list[str]:
    return [type(event).__name__ for event in peer.heard]


def test_hold_and_resume_from_either_side() -> None:
    pair = Pair()
    for sdp in (HOLD, OFFER):
        for peer, session in ((pair.alice, pair.ours), (pair.bob, pair.theirs)):
            assert peer.core.reoffer(session, sdp, pair.now)
            pair.network.run(1.0)
    assert kinds(pair.alice) == kinds(pair.bob)[2:] + kinds(pair.bob)[:2]
    (first, _) = pair.bob.of(ReinviteReceived)
    assert isinstance(first, ReinviteReceived)
    assert first.sdp == HOLD
    (answered, _) = pair.alice.of(Reoffered)
    assert isinstance(answered, Reoffered)
    assert answered.sdp == ANSWER
    assert pair.network.starts() == ["INVITE", "200", "ACK"] * 4


def test_one_offer_at_a_time() -> None:
    pair = Pair()
    assert pair.alice.core.reoffer(pair.ours, HOLD, pair.now)
    assert not pair.alice.core.reoffer(pair.ours, OFFER, pair.now)
    pair.network.run(1.0)
    assert pair.alice.core.reoffer(pair.ours, OFFER, pair.now)


def test_offers_that_cross_are_both_made_after_backing_off() -> None:
    pair = Pair()
    began = pair.now
    pair.alice.core.reoffer(pair.ours, HOLD, pair.now)
    pair.bob.core.reoffer(pair.theirs, HOLD, pair.now)
    pair.network.run(0.1)
    assert pair.network.starts().count("491") == 2
    assert kinds(pair.alice) == kinds(pair.bob) == []
    pair.network.run(10.0)
    assert len(pair.alice.of(Reoffered)) == len(pair.bob.of(Reoffered)) == 1
    assert pair.now - began < 11


def test_who_chose_the_call_id_backs_off_longer() -> None:
    pair = Pair()
    pair.alice.core.reoffer(pair.ours, HOLD, pair.now)
    pair.bob.core.reoffer(pair.theirs, HOLD, pair.now)
    pair.network.run(0.1)
    (ours,) = [deadline for _, _, deadline in pair.alice.core._station.deadlines._heap if deadline.name == "glare"]
    (theirs,) = [deadline for _, _, deadline in pair.bob.core._station.deadlines._heap if deadline.name == "glare"]
    assert 2.1 <= ours.at - (pair.now - 0.08) <= 4.0
    assert 0.0 <= theirs.at - (pair.now - 0.08) <= 2.0


def test_retry_after_glare_waits_for_the_peers_offer_to_be_answered() -> None:
    pair = Pair()
    pair.bob.react = lambda event, now: None
    pair.alice.core.reoffer(pair.ours, HOLD, pair.now)
    pair.bob.core.reoffer(pair.theirs, HOLD, pair.now)
    pair.alice.react = lambda event, now: None
    pair.network.run(20.0)
    (waiting,) = pair.alice.of(ReinviteReceived)
    assert isinstance(waiting, ReinviteReceived)
    assert pair.alice.of(Reoffered) == []
    pair.bob.react = pair.takes(pair.bob)
    pair.alice.core.accept(waiting.session, ANSWER, pair.now)
    pair.network.run(20.0)
    assert len(pair.alice.of(Reoffered)) == len(pair.bob.of(Reoffered)) == 1


def test_second_offer_before_the_first_is_answered_gets_500_with_retry_after() -> None:
    pair = Pair()
    pair.bob.react = lambda event, now: None
    pair.alice.core.reoffer(pair.ours, HOLD, pair.now)
    pair.network.run(0.1)
    (first,) = [one for one in pair.network.messages(pair.alice) if isinstance(one, Request)]
    second = bytes(first).replace(b"CSeq: 2 ", b"CSeq: 3 ").replace(b"z9hG4bK", b"z9hG4bKx")
    pair.bob.core.receive(second, ALICE, pair.now)
    ((data, _),) = pair.bob.core.datagrams()
    refused = parse(data)
    assert not isinstance(refused, Request)
    assert refused.status == 500
    assert refused.retry_after is not None
    assert refused.retry_after < 10


def test_offer_with_an_old_cseq_gets_500() -> None:
    pair = Pair()
    pair.alice.core.reoffer(pair.ours, HOLD, pair.now)
    pair.network.run(1.0)
    (first,) = [one for one in pair.network.messages(pair.alice) if isinstance(one, Request) and one.method == "INVITE"]
    old = bytes(first).replace(b"CSeq: 2 ", b"CSeq: 1 ").replace(b"z9hG4bK", b"z9hG4bKx")
    pair.bob.core.receive(old, ALICE, pair.now)
    ((data, _),) = pair.bob.core.datagrams()
    assert data.startswith(b"SIP/2.0 500")


def test_refused_offer_leaves_the_call_as_it_was() -> None:
    pair = Pair()

    def refuse(event: SipEvent, now: float) -> None:
        if isinstance(event, ReinviteReceived):
            assert pair.bob.core.reject(event.session, 488, now)

    pair.bob.react = refuse
    pair.alice.core.reoffer(pair.ours, HOLD, pair.now)
    pair.network.run(1.0)
    assert pair.alice.heard == [ReofferFailed(pair.ours, 488)]
    assert pair.alice.core.bye(pair.ours, pair.now)
    pair.network.run(1.0)
    assert kinds(pair.bob) == ["ReinviteReceived", "Ended"]


def test_offer_that_the_application_ignores_is_refused_in_the_end() -> None:
    pair = Pair(limits=Limits(unanswered_s=10.0))
    pair.bob.react = lambda event, now: None
    pair.alice.core.reoffer(pair.ours, HOLD, pair.now)
    pair.network.run(11.0)
    assert pair.alice.heard == [ReofferFailed(pair.ours, 488)]
    assert kinds(pair.bob) == ["ReinviteReceived"]


def test_offer_that_is_cancelled_is_terminated_and_the_call_goes_on() -> None:
    pair = Pair()
    pair.bob.react = lambda event, now: None
    pair.alice.core.reoffer(pair.ours, HOLD, pair.now)
    pair.network.run(0.05)
    (invite,) = [one for one in pair.network.messages(pair.alice) if isinstance(one, Request)]
    cancel = bytes(invite).replace(b"INVITE sip", b"CANCEL sip").replace(b" INVITE\r\n", b" CANCEL\r\n")
    pair.bob.core.receive(cancel, ALICE, pair.now)
    pair.network.run(1.0)
    assert pair.alice.heard == [ReofferFailed(pair.ours, 487)]
    assert not pair.bob.core.accept(pair.theirs, ANSWER, pair.now)
    assert pair.bob.core.stats["sessions"] == 1


def test_offer_during_which_the_peer_hangs_up_gets_487() -> None:
    pair = Pair()
    pair.bob.react = lambda event, now: None
    pair.alice.core.reoffer(pair.ours, HOLD, pair.now)
    pair.network.run(0.05)
    pair.bob.core.bye(pair.theirs, pair.now)
    pair.network.run(40.0)
    assert pair.network.starts(pair.bob)[:2] == ["BYE", "487"]
    assert kinds(pair.alice) == ["Ended"]


def test_offer_without_ack_ends_the_call() -> None:
    pair = Pair()
    pair.network.fate = lambda data: [] if data.startswith(b"ACK") else [0.01]
    pair.alice.core.reoffer(pair.ours, HOLD, pair.now)
    pair.network.run(60.0)
    (ended,) = pair.bob.of(Ended)
    assert isinstance(ended, Ended)
    assert ended.cause == "no_ack"
    assert kinds(pair.alice) == ["Reoffered", "Ended"]


def test_peer_that_moves_is_followed() -> None:
    pair = Pair()
    moved = Address("192.0.2.77", 5070)
    pair.network.peers[moved] = pair.network.peers.pop(ALICE)
    pair.alice.address = moved
    pair.alice.core.listens(moved)
    pair.alice.core.reoffer(pair.ours, HOLD, pair.now)
    pair.network.run(1.0)
    pair.bob.core.bye(pair.theirs, pair.now)
    pair.network.run(1.0)
    assert kinds(pair.alice) == ["Reoffered", "Ended"]


def established(limits: Limits | None = None) -> tuple[Desk, Request]:
    """A call that the test's own peer has taken, and our re-INVITE in it."""
    desk = Desk(limits=limits)
    (accepted,) = desk.reply(200)
    assert isinstance(accepted, Accepted)
    desk.requests()
    assert desk.core.reoffer(desk.session, HOLD, START)
    (reinvite,) = desk.requests()
    assert (reinvite.method, str(reinvite.cseq), reinvite.to.tag) == ("INVITE", "2 INVITE", "b")
    return desk, reinvite


def test_every_repeat_of_the_answer_to_our_offer_is_acknowledged() -> None:
    desk, reinvite = established()
    assert desk.reply(100, to=reinvite) == []
    assert [type(event) for event in desk.reply(200, to=reinvite)] == [Reoffered]
    (ack,) = desk.requests()
    assert str(ack.cseq) == "2 ACK"
    assert desk.reply(200, to=reinvite) == []
    assert [bytes(one) for one in desk.requests()] == [bytes(ack)]


@pytest.mark.parametrize(("status", "cause"), [(481, "gone"), (408, "timeout")])
def test_peer_that_has_forgotten_the_call_ends_it(status: int, cause: str) -> None:
    desk, reinvite = established()
    (ended,) = desk.reply(status, to=reinvite)
    assert isinstance(ended, Ended)
    assert ended.cause == cause
    assert desk.methods() == ["ACK", "BYE"]


def test_offer_that_nobody_answers_ends_the_call() -> None:
    desk, _ = established()
    (ended,) = desk.wait(40)
    assert isinstance(ended, Ended)
    assert ended.cause == "timeout"


def test_offer_that_is_in_progress_for_ever_ends_the_call() -> None:
    desk, reinvite = established()
    desk.reply(100, to=reinvite)
    assert desk.wait(60) == []
    (ended,) = desk.wait(65)
    assert isinstance(ended, Ended)
    assert ended.cause == "timeout"


def test_transport_that_is_gone_fails_the_offer_alone() -> None:
    desk, _ = established()
    desk.core._station.transactions.connection_lost(Address("192.0.2.9", 5060), START)
    assert ReofferFailed(desk.session, 503) in desk.core.events()


def test_glare_that_does_not_end_is_given_up() -> None:
    desk, reinvite = established()
    now, tries = START, 1
    while not desk.reply(491, to=reinvite, now=now):
        sent: list[Request] = []
        while not sent:
            assert desk.core.deadline is not None
            now = desk.core.deadline
            desk.core.handle_timeout(now)
            sent = [one for one in desk.requests() if one.method == "INVITE"]
        reinvite, tries = sent[-1], tries + 1
    assert tries == 6
    assert desk.core.stats["sessions"] == 1


def test_answer_to_an_offer_after_we_hung_up_is_acknowledged_all_the_same() -> None:
    desk, reinvite = established()
    desk.reply(100, to=reinvite)
    desk.core.bye(desk.session, START)
    (bye,) = desk.requests()
    assert desk.reply(200, to=reinvite) == []
    assert desk.methods() == ["ACK"]
    assert [type(event) for event in desk.reply(200, to=bye)] == [Ended]
    desk.wait(100)
    assert desk.core.stats["deadlines"] == desk.core.stats["transactions"] == 0


@pytest.mark.parametrize("status", [None, 487])
def test_offer_that_stays_open_after_we_hung_up_is_forgotten(status: int | None) -> None:
    desk, reinvite = established()
    desk.reply(100, to=reinvite)
    desk.core.bye(desk.session, START)
    (bye,) = desk.requests()
    desk.reply(200, to=bye)
    if status is not None:
        assert desk.reply(status, to=reinvite) == []
    assert desk.wait(200) == []
    assert desk.core.stats["deadlines"] == desk.core.stats["transactions"] == 0


def test_silence_to_an_offer_after_we_hung_up_is_nothing_new() -> None:
    desk, _ = established()
    desk.core.bye(desk.session, START)
    bye = desk.requests()[-1]
    desk.reply(200, to=bye)
    assert desk.wait(200) == []


def test_peers_contact_in_its_answer_moves_the_target() -> None:
    desk, reinvite = established()
    answer = respond(reinvite, 200, headers=[("Contact", "<sip:bob@192.0.2.50:5080>")])
    desk.core.receive(bytes(answer), Address("192.0.2.9", 5060), START)
    ((_, destination),) = desk.core.datagrams()
    assert destination == Address("192.0.2.50", 5080)
    assert statuses([answer]) == [200]
    assert CONTACT[0] == "Contact"
    assert [type(event) for event in desk.core.events()] == [Reoffered]


def test_confirmed_is_reported_for_an_offer_of_the_peer() -> None:
    pair = Pair()
    pair.alice.core.reoffer(pair.ours, HOLD, pair.now)
    pair.network.run(1.0)
    assert kinds(pair.bob) == ["ReinviteReceived", "Confirmed"]
    assert isinstance(pair.bob.heard[-1], Confirmed)


def test_offer_that_the_peer_asks_to_repeat_later_is_made_again_then() -> None:
    desk, reinvite = established()
    assert desk.reply(500, "b", ("Retry-After", "3"), to=reinvite) == []
    desk.requests()
    assert desk.wait(2.9) == []
    assert desk.methods() == []
    desk.wait(3.0)
    (again,) = desk.requests()
    assert (again.method, again.body) == ("INVITE", HOLD.encode())
    assert [type(event) for event in desk.reply(200, to=again)] == [Reoffered]


@pytest.mark.parametrize("lines", [[], [("Retry-After", "11")]])
def test_offer_that_fails_for_long_is_given_up(lines: list[tuple[str, str]]) -> None:
    desk, reinvite = established()
    assert desk.reply(500, "b", *lines, to=reinvite) == [ReofferFailed(desk.session, 500)]


@pytest.mark.parametrize("status", [405, 501])
def test_peer_that_refuses_update_is_sent_none_any_more(status: int) -> None:
    desk = Desk()
    desk.reply(200, "b", ("Allow", "INVITE, UPDATE"))
    desk.requests()
    assert desk.core.update(desk.session, HOLD, START)
    (update,) = desk.requests()
    assert desk.reply(status, to=update) == [ReofferFailed(desk.session, status)]
    assert not desk.core.update(desk.session, HOLD, START)
    assert desk.core.reoffer(desk.session, HOLD, START)


def test_update_without_an_offer_shows_where_we_are() -> None:
    desk = Desk()
    desk.reply(200, "b", ("Allow", "INVITE, UPDATE"))
    desk.requests()
    assert desk.core.update(desk.session, None, START)
    (update,) = desk.requests()
    assert (update.method, update.body, update.content_type, len(update.contacts)) == ("UPDATE", b"", "", 1)
    assert [type(event) for event in desk.reply(200, to=update)] == [Reoffered]


def test_update_under_way_when_we_hang_up_is_forgotten() -> None:
    desk = Desk()
    desk.reply(200, "b", ("Allow", "INVITE, UPDATE"))
    desk.core.update(desk.session, HOLD, START)
    desk.core.bye(desk.session, START)
    _, update, bye = desk.requests()
    assert desk.reply(200, to=update) == []
    assert desk.methods() == []
    desk.reply(200, to=bye)
    desk.wait(100)
    assert desk.core.stats["deadlines"] == desk.core.stats["transactions"] == 0
