"""What is over is freed at once: a cycle would wait for the collector, which looks seldom while calls are under way."""

import gc
from collections.abc import Callable, Iterator

import pytest

from sip.deadlines import Deadline
from sip.dialog import Dialog
from sip.events import Accepted, Confirmed, InviteReceived, Provisional, ReinviteReceived, Reoffered, SipEvent
from sip.message.message import Request
from sip.session.session import Session
from sip.session.uac import OutgoingInvite
from sip.session.uas import IncomingInvite
from sip.transaction import Transaction
from tests.sip.network import ALICE, ANSWER, BOB, OFFER, Fate, Network, Peer, call, nothing_left, smooth

KINDS = (Deadline, Dialog, IncomingInvite, OutgoingInvite, Request, Session, Transaction)
Story = Callable[[Peer, Peer, SipEvent, float], None]


@pytest.fixture
def collector_stands_still() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def living() -> int:
    return sum(isinstance(thing, KINDS) for thing in gc.get_objects())


def one_way(data: bytes) -> list[float]:
    """The caller hears no answer, and the callee no ACK."""
    return [] if data.startswith((b"SIP/2.0", b"ACK")) else smooth(data)


def refused(caller: Peer, callee: Peer, event: SipEvent, now: float) -> None:
    if isinstance(event, InviteReceived):
        callee.core.reject(event.session, 486, now)


def given_up(caller: Peer, callee: Peer, event: SipEvent, now: float) -> None:
    if isinstance(event, InviteReceived):
        callee.core.ring(event.session, now)
    elif isinstance(event, Provisional):
        caller.core.cancel(event.session, now)


def held_and_ended(caller: Peer, callee: Peer, event: SipEvent, now: float) -> None:
    if isinstance(event, InviteReceived | ReinviteReceived):
        callee.core.accept(event.session, ANSWER, now)
    elif isinstance(event, Accepted):
        caller.core.reoffer(event.session, OFFER, now)
    elif isinstance(event, Reoffered):
        caller.core.bye(event.session, now)


def ended_by_the_callee(caller: Peer, callee: Peer, event: SipEvent, now: float) -> None:
    """With the ACK, or for lack of it."""
    if isinstance(event, InviteReceived):
        callee.core.accept(event.session, ANSWER, now)
    elif isinstance(event, Confirmed):
        callee.core.bye(event.session, now)


@pytest.mark.usefixtures("collector_stands_still")
@pytest.mark.parametrize("story", [refused, given_up, held_and_ended, ended_by_the_callee])
@pytest.mark.parametrize("fate", [smooth, one_way])
def test_call_that_is_over_leaves_nothing_to_the_collector(story: Story, fate: Fate) -> None:
    before = living()
    network = Network(fate)
    caller, callee = network.join(ALICE), network.join(BOB)
    for peer in (caller, callee):
        peer.react = lambda event, now: story(caller, callee, event, now)
    call(network, caller, callee)
    network.run(for_s=400.0)
    assert nothing_left(caller)
    assert nothing_left(callee)
    caller.heard.clear()
    callee.heard.clear()
    assert living() == before
