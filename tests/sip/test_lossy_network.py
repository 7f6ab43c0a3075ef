"""Two cores over a network that loses, repeats and reorders: every call ends, and nothing is left behind."""

from dataclasses import dataclass
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from sip.config import CoreConfig, SessionTimers
from sip.events import (
    Accepted,
    Confirmed,
    Ended,
    InviteReceived,
    OfferReceived,
    Provisional,
    ProvisionalConfirmed,
    ReferProgress,
    ReferReceived,
    ReinviteReceived,
    Rejected,
    Reoffered,
    ReofferFailed,
    SessionId,
    SipEvent,
)
from sip.message.transfer import ReferTo
from sip.message.uri import SipUri
from tests.sip.network import ALICE, ANSWER, BOB, NEAR, OFFER, Network, Peer, call, nothing_left

CAROL = ReferTo(SipUri("carol", "192.0.2.3"))


@dataclass(frozen=True)
class Plan:
    """What both sides do, and when (seconds after the INVITE)."""

    answer: str
    answer_after_s: float
    with_offer: bool
    cancel_after_s: float | None
    caller_reoffers: bool
    callee_reoffers: bool
    hangs_up: str
    talk_s: float
    by_update: bool = False
    early_update: bool = False
    refers: bool = False


Mode = Literal["off", "accept", "require"]
MODES: st.SearchStrategy[Mode] = st.sampled_from(("off", "accept", "require"))
MOMENTS = st.sampled_from((0.0, 0.005, 0.01, 0.02, 0.5, 1.0, 3.0, 31.0, 33.0))
PLANS = st.builds(
    Plan,
    answer=st.sampled_from(("accept", "ring, accept", "ring reliably, accept", "busy", "silence")),
    answer_after_s=MOMENTS,
    with_offer=st.booleans(),
    cancel_after_s=st.none() | MOMENTS,
    caller_reoffers=st.booleans(),
    callee_reoffers=st.booleans(),
    hangs_up=st.sampled_from(("caller", "callee", "both")),
    talk_s=MOMENTS | st.just(300.0),
    by_update=st.booleans(),
    early_update=st.booleans(),
    refers=st.booleans(),
)
# One entry a datagram, round and round: the delays of the copies that arrive.
FATES = st.lists(
    st.sampled_from(([0.01], [0.01], [0.01], [0.02], [0.3], [1.2], [], [], [0.01, 0.01], [0.01, 0.7])),
    min_size=1,
    max_size=24,
)


def final(peer: Peer) -> list[SipEvent]:
    return [event for event in peer.heard if isinstance(event, Ended | Rejected)]


def play(network: Network, plan: Plan, timers: tuple[Mode, Mode] = ("accept", "accept")) -> tuple[Peer, Peer]:
    moves = frozenset({"REFER"})
    configs = [
        CoreConfig(trunks=(NEAR,), session_timers=SessionTimers(mode, expires_s=90), methods=moves) for mode in timers
    ]
    alice, bob = network.join(ALICE, configs[0]), network.join(BOB, configs[1])

    def caller_reacts(event: SipEvent, now: float) -> None:
        match event:
            case Accepted():
                if not plan.with_offer:
                    alice.core.acknowledge(event.session, ANSWER, now)
                if plan.caller_reoffers:
                    reoffers(alice, event.session, now)
                if plan.refers:
                    alice.core.refer(event.session, CAROL, now)
                if plan.hangs_up != "callee":
                    network.later(plan.talk_s, lambda: alice.core.hang_up(event.session, network.now))
            case Provisional() if plan.early_update:
                alice.core.update(event.session, OFFER, now)
            case ReinviteReceived():
                alice.core.accept(event.session, ANSWER, now)
            case OfferReceived():
                alice.core.answer_offer(event.session, ANSWER, now)

    def reoffers(peer: Peer, session: SessionId, now: float) -> None:
        if plan.by_update:
            peer.core.update(session, OFFER, now)
        else:
            peer.core.reoffer(session, OFFER, now)

    def callee_reacts(event: SipEvent, now: float) -> None:
        match event:
            case InviteReceived():
                network.later(plan.answer_after_s, lambda: answer(network, bob, plan, event))
            case Confirmed():
                if plan.callee_reoffers and not bob.of(ReinviteReceived):
                    reoffers(bob, event.session, now)
                if plan.hangs_up != "caller":
                    network.later(plan.talk_s, lambda: bob.core.hang_up(event.session, network.now))
            case ProvisionalConfirmed() if plan.early_update:
                bob.core.update(event.session, OFFER, now)
            case ReinviteReceived():
                bob.core.accept(event.session, ANSWER, now)
            case OfferReceived():
                bob.core.answer_offer(event.session, ANSWER, now)
            case ReferReceived():
                bob.core.answer_refer(event.referral, 202, now)
                network.later(3.0, lambda: bob.core.notify_refer(event.referral, 200, network.now))

    alice.react, bob.react = caller_reacts, callee_reacts
    session = call(network, alice, bob, OFFER if plan.with_offer else None)
    if plan.cancel_after_s is not None:
        network.later(plan.cancel_after_s, lambda: alice.core.cancel(session, network.now))
    network.run(600.0)
    return alice, bob


def answer(network: Network, bob: Peer, plan: Plan, event: InviteReceived) -> None:
    if plan.answer.startswith("ring"):
        reliably = plan.answer.startswith("ring reliably")
        bob.core.ring(event.session, network.now, sdp=ANSWER if reliably else None, reliable=reliably)
    if plan.answer.endswith("accept"):
        bob.core.accept(event.session, ANSWER if plan.with_offer else OFFER, network.now)
    elif plan.answer == "busy":
        bob.core.reject(event.session, 486, network.now)


@settings(max_examples=250, deadline=None)
@given(plan=PLANS, fates=FATES, timers=st.tuples(MODES, MODES))
def test_every_call_ends_once_on_both_sides_and_leaves_nothing(
    plan: Plan, fates: list[list[float]], timers: tuple[Mode, Mode]
) -> None:
    turn = iter(range(10**9))
    network = Network(fate=lambda data: fates[next(turn) % len(fates)])
    alice, bob = play(network, plan, timers)
    for peer in (alice, bob):
        # A call that one side never learned to be over (every BYE was lost) is hung up by its application.
        for session in list(peer.core._sessions.by_id):
            peer.core.hang_up(session, network.now)
    network.run(200.0)
    assert nothing_left(alice), (plan, alice.core.stats, alice.heard)
    assert nothing_left(bob), (plan, bob.core.stats, bob.heard)
    assert len(final(alice)) == 1
    assert len(final(bob)) == len(bob.of(InviteReceived)) <= 1
    assert len(alice.of(Reoffered)) + len(alice.of(ReofferFailed)) <= 1 + plan.early_update
    assert sum(event.over for event in alice.heard if isinstance(event, ReferProgress)) <= 1


@settings(max_examples=60, deadline=None)
@given(losses=st.lists(st.booleans(), min_size=1, max_size=24))
def test_call_is_answered_while_no_message_is_lost_three_times_running(losses: list[bool]) -> None:
    """The repeats of RFC 3261 carry it: the ninth of eleven 2xx brings the ACK at the latest."""
    turn = iter(range(10**9))
    running: dict[bytes, int] = {}

    def fate(data: bytes) -> list[float]:
        kind = data.split(b"\r\n")[0]
        lost = losses[next(turn) % len(losses)] and running.get(kind, 0) < 2
        running[kind] = running.get(kind, 0) + 1 if lost else 0
        return [] if lost else [0.01]

    network = Network(fate=fate)
    plan = Plan("accept", 0.0, True, None, False, False, "caller", 31.0)  # noqa: FBT003 - named in Plan
    alice, bob = play(network, plan)
    assert alice.of(Accepted)
    assert bob.of(Confirmed)
    assert [type(event) for event in (*final(alice), *final(bob))] == [Ended, Ended]
    assert nothing_left(alice)
    assert nothing_left(bob)
