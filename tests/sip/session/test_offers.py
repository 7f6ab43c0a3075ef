"""One offer at a time: what may be offered in each state, and what an offer of the peer is refused with."""

from dataclasses import dataclass

import pytest

from sip.message.message import Request
from sip.requests import HeaderLines
from sip.session.offers import FIRST, NONE, OURS, THEIRS, Offers, Side, State, retry_after
from tests.sip.network import ANSWER, OFFER
from tests.sip.raw import raw, request
from tests.sip.test_dialog import called

HOLD = OFFER + "a=sendonly\r\n"


@dataclass
class Open:
    """Stands for an offer under way of either side."""

    done: bool = False
    stopped: int = 0

    def answer(self, sdp: str, now: float) -> None: ...

    def refuse(self, status: int, headers: HeaderLines, now: float) -> None: ...

    def stop(self, now: float) -> None:
        self.stopped += 1


# RFC 3261 §14.2, RFC 3311 §5.2: an offer of ours is open, or may come by the INVITE's own responses alone: 491; theirs
# is unanswered: 500 with Retry-After.
REFUSALS = [(NONE, None, False), (OURS, 491, False), (FIRST, 491, False), (THEIRS, 500, True)]


@pytest.mark.parametrize(("state", "status", "later"), REFUSALS)
def test_offer_of_the_peer_by_state(state: State, status: int | None, later: bool) -> None:
    refused = Offers(state).refusal(0.999)
    assert (refused[0] if refused else None) == status
    assert bool(refused and refused[1]) == later


@pytest.mark.parametrize("state", [FIRST, OURS, THEIRS])
def test_nothing_can_be_offered_while_anything_is_open(state: State) -> None:
    assert Offers(state).busy


def test_offer_that_backs_off_and_one_that_waits_leave_no_room_for_another() -> None:
    offers = Offers()
    assert not offers.busy
    sending = Open()
    offers.sending = sending
    busy = [offers.busy]
    sending.done = True
    busy.append(offers.busy)
    offers.waiting = Open()
    assert [*busy, offers.busy] == [True, False, True]


@pytest.mark.parametrize(("sdp", "state"), [(OFFER, OURS), (None, FIRST)])
def test_invite_of_ours_offers_or_waits_for_the_offer(sdp: str | None, state: State) -> None:
    offers = Offers.of_invite(sdp)
    assert (offers.state, offers.described) == (state, sdp)


def test_offer_of_the_peer_is_answered() -> None:
    offers = Offers()
    offers.invited(OFFER)
    assert (offers.state, offers.heard) == (THEIRS, OFFER)
    offers.answered(ANSWER)
    assert (offers.state, offers.described) == (NONE, ANSWER)


def test_offer_of_ours_is_settled_and_tells_whether_the_peer_has_moved() -> None:
    offers = Offers()
    offers.invited(None)
    assert offers.state is FIRST
    offers.made()
    assert offers.state is OURS
    assert offers.settled(ANSWER)
    assert not offers.settled(ANSWER)
    assert not offers.settled(None)
    assert offers.settled(HOLD)
    assert (offers.state, offers.heard) == (NONE, HOLD)


def test_offer_that_is_refused_leaves_what_was_agreed() -> None:
    offers = Offers(NONE, ANSWER)
    offers.made()
    offers.withdrawn()
    assert (offers.state, offers.described) == (NONE, ANSWER)


def test_end_of_the_session_stops_what_is_open() -> None:
    offers = Offers()
    offers.stop(0.0)
    sending, waiting = Open(), Open()
    offers.sending, offers.waiting = sending, waiting
    offers.stop(0.0)
    offers.stop(0.0)
    assert (sending.stopped, waiting.stopped) == (1, 1)


@pytest.mark.parametrize(
    ("lines", "updates"),
    [(["Allow: INVITE, ACK, UPDATE"], True), (["Allow: INVITE", "Allow: UPDATE"], True), (["Allow: INVITE"], False)],
)
def test_peer_says_whether_it_takes_update(lines: list[str], updates: bool) -> None:
    side = Side(called(), Offers())
    side.updates = not updates
    side.hears(bare())
    assert side.updates is not updates
    side.hears(bare(*lines))
    assert side.updates is updates


def bare(*lines: str) -> Request:
    return request(raw("INVITE", *lines))


def test_retry_after_is_below_ten_seconds() -> None:
    assert [retry_after(chance) for chance in (0.0, 0.5, 0.999)] == [[("Retry-After", str(s))] for s in (0, 5, 9)]
