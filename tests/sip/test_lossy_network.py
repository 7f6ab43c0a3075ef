"""Two cores over a network that loses, repeats and reorders: every call ends, and nothing is left behind."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from sip.events import (
    Accepted,
    Confirmed,
    Ended,
    InviteReceived,
    ReinviteReceived,
    Rejected,
    Reoffered,
    ReofferFailed,
    SipEvent,
)
from tests.sip.network import ALICE, ANSWER, BOB, OFFER, Network, Peer, call, nothing_left


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


MOMENTS = st.sampled_from((0.0, 0.005, 0.01, 0.02, 0.5, 1.0, 3.0, 31.0, 33.0))
PLANS = st.builds(
    Plan,
    answer=st.sampled_from(("accept", "ring, accept", "busy", "silence")),
    answer_after_s=MOMENTS,
    with_offer=st.booleans(),
    cancel_after_s=st.none() | MOMENTS,
    caller_reoffers=st.booleans(),
    callee_reoffers=st.booleans(),
    hangs_up=st.sampled_from(("caller", "callee", "both")),
    talk_s=MOMENTS,
)
# One entry a datagram, round and round: the delays of the copies that arrive.
FATES = st.lists(
    st.sampled_from(([0.01], [0.01], [0.01], [0.02], [0.3], [1.2], [], [], [0.01, 0.01], [0.01, 0.7])),
    min_size=1,
    max_size=24,
)


class Diary:
    """Things to do at their time, on the network's clock."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.entries: list[tuple[float, int, str, str]] = []

    def note(self, at: float, who: str, what: str) -> None:
        self.entries.append((at, len(self.entries), who, what))
        self.entries.sort()


def final(peer: Peer) -> list[SipEvent]:
    return [event for event in peer.heard if isinstance(event, Ended | Rejected)]


def play(network: Network, plan: Plan) -> tuple[Peer, Peer]:
    alice, bob = network.join(ALICE), network.join(BOB)
    start = network.now
    diary: list[tuple[float, str]] = []

    def caller_reacts(event: SipEvent, now: float) -> None:
        match event:
            case Accepted():
                if not plan.with_offer:
                    alice.core.acknowledge(event.session, ANSWER, now)
                if plan.caller_reoffers:
                    alice.core.reoffer(event.session, OFFER, now)
                diary.append((now + plan.talk_s, "caller hangs up"))
            case ReinviteReceived():
                alice.core.accept(event.session, ANSWER, now)
            case _:
                pass

    def callee_reacts(event: SipEvent, now: float) -> None:
        match event:
            case InviteReceived():
                diary.append((now + plan.answer_after_s, "answer"))
            case Confirmed():
                if plan.callee_reoffers and not bob.of(ReinviteReceived):
                    bob.core.reoffer(event.session, OFFER, now)
                diary.append((now + plan.talk_s, "callee hangs up"))
            case ReinviteReceived():
                bob.core.accept(event.session, ANSWER, now)
            case _:
                pass

    alice.react, bob.react = caller_reacts, callee_reacts
    session = call(network, alice, bob, OFFER if plan.with_offer else None)
    if plan.cancel_after_s is not None:
        diary.append((start + plan.cancel_after_s, "cancel"))
    while network.now < start + 600:
        network.settle(alice)
        network.settle(bob)
        upcoming = min(diary, default=(start + 600, ""))
        network.run(max(0.0, min(upcoming[0], network.now + 50) - network.now))
        for entry in [one for one in diary if one[0] <= network.now]:
            diary.remove(entry)
            act(network, alice, bob, plan, entry[1])
    del session
    return alice, bob


def act(network: Network, alice: Peer, bob: Peer, plan: Plan, what: str) -> None:
    now = network.now
    ours = [event.session for event in bob.heard if isinstance(event, InviteReceived)]
    calls = list(alice.core._sessions.by_id)
    if what == "answer":
        if plan.answer.startswith("ring"):
            bob.core.ring(ours[0], now)
        if plan.answer.endswith("accept"):
            bob.core.accept(ours[0], ANSWER if plan.with_offer else OFFER, now)
        elif plan.answer == "busy":
            bob.core.reject(ours[0], 486, now)
    elif what == "cancel":
        for one in calls:
            alice.core.cancel(one, now)
    elif what == "caller hangs up" and plan.hangs_up in ("caller", "both"):
        for one in calls:
            alice.core.hang_up(one, now)
    elif what == "callee hangs up" and plan.hangs_up in ("callee", "both"):
        bob.core.hang_up(ours[0], now)


@settings(max_examples=250, deadline=None)
@given(plan=PLANS, fates=FATES)
def test_every_call_ends_once_on_both_sides_and_leaves_nothing(plan: Plan, fates: list[list[float]]) -> None:
    turn = iter(range(10**9))
    network = Network(fate=lambda data: fates[next(turn) % len(fates)])
    alice, bob = play(network, plan)
    for peer in (alice, bob):
        # A call that one side never learned to be over (every BYE was lost) is hung up by its application.
        for session in list(peer.core._sessions.by_id):
            peer.core.hang_up(session, network.now)
    network.run(200.0)
    assert nothing_left(alice), (plan, alice.core.stats, alice.heard)
    assert nothing_left(bob), (plan, bob.core.stats, bob.heard)
    assert len(final(alice)) == 1
    assert len(final(bob)) == len(bob.of(InviteReceived)) <= 1
    assert len(alice.of(Reoffered)) + len(alice.of(ReofferFailed)) <= 1


@settings(max_examples=60, deadline=None)
@given(fates=st.lists(st.sampled_from(([0.01], [0.01], [])), min_size=7, max_size=24))
def test_call_is_answered_unless_one_message_is_lost_seven_times(fates: list[list[float]]) -> None:
    """The repeats of RFC 3261 carry a call over a network that loses a third of everything."""
    if not any(fates):
        return
    turn = iter(range(10**9))
    losses = {"run": 0}

    def fate(data: bytes) -> list[float]:
        drawn = fates[next(turn) % len(fates)]
        losses["run"] = 0 if drawn else losses["run"] + 1
        return drawn if losses["run"] < 3 else [0.01]

    network = Network(fate=fate)
    plan = Plan("accept", 0.0, True, None, False, False, "caller", 3.0)  # noqa: FBT003 - named in Plan
    alice, bob = play(network, plan)
    assert alice.of(Accepted)
    assert bob.of(Confirmed)
    assert nothing_left(alice)
    assert nothing_left(bob)
