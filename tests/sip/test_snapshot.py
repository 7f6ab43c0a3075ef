import json
from collections.abc import Callable

import pytest

from sip.config import CoreConfig
from sip.core import UserAgentCore
from sip.events import Confirmed, Ended, InviteReceived, Origin, ReinviteReceived, Reoffered, SessionId, SipEvent
from sip.snapshot import DialogSnapshot
from tests.sip.network import ALICE, ANSWER, BOB, NEAR, OFFER, Network, Peer, call, counted


def established() -> tuple[Network, Peer, Peer, SessionId, SessionId]:
    network = Network()
    alice, bob = network.join(ALICE), network.join(BOB)
    answer_all(bob)
    answer_all(alice)
    ours = call(network, alice, bob)
    network.run(1.0)
    (confirmed,) = bob.of(Confirmed)
    assert isinstance(confirmed, Confirmed)
    return network, alice, bob, ours, confirmed.session


def answer_all(peer: Peer) -> None:
    def react(event: SipEvent, now: float) -> None:
        if isinstance(event, InviteReceived | ReinviteReceived):
            peer.core.accept(event.session, ANSWER, now)

    peer.react = react


def replace_core(peer: Peer, prefix: str) -> UserAgentCore:
    """Another node takes over the address of one that died."""
    dead = peer.core
    peer.core = UserAgentCore(CoreConfig(trunks=(NEAR,)), counted(prefix))
    peer.core.listens(peer.address)
    peer.heard.clear()
    return dead


def taken_over(side: str) -> tuple[Network, Peer, Peer, SessionId]:
    """The call goes on in a new core on `side`; gives who took over, the other side, and the session."""
    network, alice, bob, ours, theirs = established()
    peer, other, session = (alice, bob, ours) if side == "caller" else (bob, alice, theirs)
    snapshot = peer.core.snapshot(session, network.now)
    assert snapshot is not None
    replace_core(peer, "9")
    as_text = json.dumps(snapshot.to_json())
    restored = DialogSnapshot.from_json(json.loads(as_text))
    assert restored == snapshot
    return network, peer, other, peer.core.resume(restored, network.now)


SIDES = pytest.mark.parametrize("side", ["caller", "callee"])


@SIDES
def test_new_core_moves_the_call_and_ends_it(side: str) -> None:
    network, peer, other, session = taken_over(side)
    assert peer.core.reoffer(session, OFFER, network.now)
    network.run(5.0)
    assert len(peer.of(Reoffered)) == 1
    assert peer.core.bye(session, network.now)
    network.run(5.0)
    (ended,) = other.of(Ended)
    assert isinstance(ended, Ended)
    assert ended.cause == "remote"
    assert [type(event) for event in peer.heard] == [Reoffered, Ended]


@SIDES
def test_new_core_takes_what_the_peer_sends(side: str) -> None:
    network, peer, other, session = taken_over(side)
    (theirs,) = other.core._sessions.by_id
    assert other.core.reoffer(theirs, OFFER, network.now)
    network.run(5.0)
    assert other.core.bye(theirs, network.now)
    network.run(5.0)
    assert peer.heard[-1] == Ended(session, "remote", getattr(peer.heard[-1], "request", None))
    assert network.starts(other)[-3:] == ["INVITE", "ACK", "BYE"]


def test_cseq_has_a_gap_for_what_was_sent_after_the_snapshot() -> None:
    network, alice, bob, ours, _ = established()
    snapshot = alice.core.snapshot(ours, network.now)
    assert snapshot is not None
    for _ in range(5):
        alice.core.reoffer(ours, OFFER, network.now)
        network.run(1.0)
    replace_core(alice, "9")
    session = alice.core.resume(snapshot, network.now)
    alice.core.bye(session, network.now)
    network.run(1.0)
    assert [type(event) for event in bob.heard][-1] is Ended
    assert network.starts(bob)[-1] == "200"


def test_who_called_survives() -> None:
    network, _, bob, _, theirs = established()
    snapshot = bob.core.snapshot(theirs, network.now)
    assert snapshot is not None
    assert snapshot.origin == ("trunk", "near")
    replace_core(bob, "9")
    session = bob.core.resume(snapshot, network.now)
    assert bob.core._sessions.by_id[session].origin == Origin("trunk", "near")


@pytest.mark.parametrize("moment", ["before the answer", "before the ACK", "after the BYE", "unknown"])
def test_there_is_no_snapshot_of_a_call_that_is_not_confirmed(moment: str) -> None:
    network = Network()
    alice, bob = network.join(ALICE), network.join(BOB)
    call(network, alice, bob)
    network.run(0.1)
    (invited,) = bob.of(InviteReceived)
    assert isinstance(invited, InviteReceived)
    steps: dict[str, Callable[[], object]] = {
        "before the answer": lambda: None,
        "before the ACK": lambda: bob.core.accept(invited.session, ANSWER, network.now),
        "after the BYE": lambda: bob.core.hang_up(invited.session, network.now),
        "unknown": lambda: None,
    }
    steps[moment]()
    session = SessionId("unknown") if moment == "unknown" else invited.session
    assert bob.core.snapshot(session, network.now) is None


def test_snapshot_with_a_field_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(TypeError):
        DialogSnapshot.from_json({"surprise": 1})


def test_dialog_over_a_connection_goes_on_by_a_new_one() -> None:
    network = Network()
    alice, bob = network.join(ALICE), network.join(BOB)
    answer_all(bob)
    call(network, alice, bob, transport="TCP")
    network.run(1.0)
    (confirmed,) = bob.of(Confirmed)
    assert isinstance(confirmed, Confirmed)
    snapshot = bob.core.snapshot(confirmed.session, network.now)
    assert snapshot is not None
    assert snapshot.destination.port != ALICE.port
    assert snapshot.dialog().destination == ALICE._replace(transport="TCP")
