from collections.abc import Sequence
from ipaddress import ip_network
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sip.config import Account, Address, CoreConfig, Limits, Outwards, Trunk
from sip.events import Accepted, Ended, InviteReceived, Rejected, Resolve, SessionId, SipEvent
from sip.message.address import NameAddr
from sip.message.message import Request, Response, parse
from sip.message.uri import SipUri
from tests.sip.network import ALICE, ANSWER, NEAR, OFFER, Network, Peer, nothing_left
from tests.sip.raw import raw

FIRST, SECOND, THIRD = (Address(f"192.0.2.1{n}", 5060) for n in (1, 2, 3))
ELSEWHERE = Address("198.51.100.66", 5060)
CARRIER = Trunk(
    "carrier",
    (ip_network("192.0.2.16/28"),),
    address=SipUri.parse("sip:carrier.example"),
    outwards=Outwards(redirects=frozenset(("192.0.2.12", "other.example"))),
)
DIALLED = SipUri.parse("sip:+4755553333@carrier.example")


def exchange(network: Network, address: Address, status: int = 200, *headers: tuple[str, str]) -> Peer:
    """A peer that answers every call with that status; 0: it never says a word."""
    peer = network.join(address, CoreConfig(trunks=(Trunk("all", (ip_network("0.0.0.0/0"),)),)))

    def react(event: SipEvent, now: float) -> None:
        if isinstance(event, InviteReceived) and status == 200:
            peer.core.accept(event.session, ANSWER, now)
        elif isinstance(event, InviteReceived) and status:
            peer.core.reject(event.session, status, now, headers=headers)

    peer.react = react
    return peer


def us(network: Network, *targets: Address, trunk: Trunk = CARRIER, limits: Limits | None = None) -> Peer:
    """We, for whom every name leads to `targets`."""
    peer = network.join(ALICE, CoreConfig(trunks=(trunk, NEAR), limits=limits or Limits()))

    def react(event: SipEvent, now: float) -> None:
        if isinstance(event, Resolve):
            peer.core.resolved(event.id, targets, now)

    peer.react = react
    return peer


def ring(
    network: Network, peer: Peer, target: SipUri = DIALLED, trunk: str = "carrier", for_s: float = 100.0
) -> SessionId:
    session = peer.core.invite(
        target,
        local=NameAddr(SipUri("nav", "nav.example")),
        remote=NameAddr(target),
        trunk=trunk,
        sdp=OFFER,
        now=network.now,
    )
    network.run(for_s)
    return session


def invites(peer: Peer) -> list[Request]:
    return [event.request for event in peer.heard if isinstance(event, InviteReceived)]


def outcome(peer: Peer) -> list[int]:
    """What became of the calls: 200 for an answer."""
    return [
        event.status if isinstance(event, Rejected) else 200
        for event in peer.heard
        if isinstance(event, Rejected | Accepted)
    ]


def test_call_goes_where_the_name_leads_and_says_who_we_are_there() -> None:
    network = Network()
    peer, callee = us(network, FIRST, SECOND), exchange(network, FIRST)
    exchange(network, SECOND)
    ring(network, peer)
    (invite,) = invites(callee)
    assert (str(invite.uri), str(invite.contacts[0])) == (str(DIALLED), "<sip:nav@192.0.2.1:5060>")
    assert invite.via.host == "192.0.2.1"
    assert outcome(peer) == [200]
    assert [type(event) for event in peer.heard] == [Resolve, Accepted]


def test_call_without_a_trunk_goes_where_its_own_host_leads() -> None:
    network = Network()
    peer, callee = us(network, FIRST), exchange(network, FIRST)
    ring(network, peer, SipUri.parse("sip:1@partner.example"), trunk="")
    assert [event.uri.host for event in peer.heard if isinstance(event, Resolve)] == ["partner.example"]
    assert len(invites(callee)) == 1


def test_address_needs_nobody_to_resolve_it() -> None:
    network = Network()
    peer, callee = us(network), exchange(network, FIRST)
    ring(network, peer, SipUri.parse("sip:1@192.0.2.11"), trunk="")
    assert outcome(peer) == [200]
    assert len(invites(callee)) == 1


def test_503_sends_the_call_to_the_next_target_by_a_new_branch() -> None:
    network = Network()
    peer, busy, other = us(network, FIRST, SECOND), exchange(network, FIRST, 503), exchange(network, SECOND)
    ring(network, peer)
    first, second = invites(busy)[0], invites(other)[0]
    assert outcome(peer) == [200]
    assert (first.call_id, first.from_.tag, first.cseq) == (second.call_id, second.from_.tag, second.cseq)
    assert first.via.branch != second.via.branch


@pytest.mark.parametrize("status", [404, 480, 486, 500, 504, 600, 603])
def test_other_answers_are_the_answer(status: int) -> None:
    network = Network()
    peer, other = us(network, FIRST, SECOND), exchange(network, SECOND)
    exchange(network, FIRST, status)
    ring(network, peer)
    assert outcome(peer) == [status]
    assert invites(other) == []


def test_silent_target_costs_four_seconds_and_is_asked_last_from_then_on() -> None:
    network = Network()
    peer, other = us(network, FIRST, SECOND), exchange(network, SECOND)
    ring(network, peer, for_s=3.9)
    assert invites(other) == []
    network.run(1.0)
    assert outcome(peer) == [200]
    before = network.now
    ring(network, peer, for_s=0.5)
    assert len(invites(other)) == 2
    assert network.now == before + 0.5


def test_target_that_wakes_up_late_is_cancelled_or_hung_up() -> None:
    # Its answers take six seconds; they are told by their Contact.
    network = Network(fate=lambda data: [6.0] if data.startswith(b"SIP/2.0") and b"@192.0.2.11" in data else [0.01])
    peer = us(network, FIRST, SECOND)
    late = exchange(network, FIRST)
    other = exchange(network, SECOND)
    ring(network, peer)
    assert outcome(peer) == [200]
    assert [event.cause for event in late.heard if isinstance(event, Ended)] == ["remote"]
    assert not [event for event in other.heard if isinstance(event, Ended)]


def test_late_ringing_is_cancelled() -> None:
    network = Network()
    peer, other = us(network, FIRST, SECOND), exchange(network, SECOND)
    late = exchange(network, FIRST, 0)
    late.react = lambda event, now: None
    network.fate = lambda data: [5.0] if data.startswith(b"INVITE") and network.now < 1003.9 else [0.01]
    ring(network, peer)
    assert outcome(peer) == [200]
    assert [event.cause for event in late.heard if isinstance(event, Ended)] == ["cancelled"]
    assert len(invites(other)) == 1


def test_target_that_speaks_is_not_left() -> None:
    network = Network()
    peer, other = us(network, FIRST, SECOND), exchange(network, SECOND)
    exchange(network, FIRST, 0)
    session = ring(network, peer, for_s=20.0)
    assert invites(other) == []
    assert peer.core.cancel(session, network.now)
    network.run()
    assert outcome(peer) == [487]


def test_lost_connection_sends_the_call_to_the_next_target() -> None:
    network = Network()
    peer, other = us(network, FIRST, SECOND), exchange(network, SECOND)
    ring(network, peer, for_s=0.0)
    peer.core.connection_lost(FIRST, network.now)
    network.run()
    assert outcome(peer) == [200]
    assert len(invites(other)) == 1


def test_when_all_fail_the_last_word_counts() -> None:
    network = Network()
    peer = us(network, FIRST, SECOND)
    exchange(network, FIRST, 503)
    exchange(network, SECOND, 486)
    ring(network, peer)
    assert outcome(peer) == [486]
    assert nothing_left(peer)


def test_when_nobody_speaks_the_call_ends_in_bounded_time() -> None:
    network = Network()
    peer = us(network, FIRST, SECOND, THIRD)
    ring(network, peer, for_s=41.0)
    assert outcome(peer) == [408]
    network.run()
    assert nothing_left(peer)


def test_at_most_eight_targets_are_tried() -> None:
    network = Network()
    addresses = [Address(f"192.0.2.{n}", 5060) for n in range(30, 50)]
    peers = [exchange(network, address, 503) for address in addresses]
    peer = us(network, *addresses)
    ring(network, peer)
    assert sum(len(invites(one)) for one in peers) == 8
    assert outcome(peer) == [503]


def test_name_that_leads_nowhere_fails_the_call() -> None:
    network = Network()
    peer = us(network)
    ring(network, peer)
    assert outcome(peer) == [503]
    assert nothing_left(peer)


def test_resolver_that_never_answers_fails_the_call_after_five_seconds() -> None:
    network = Network()
    peer = us(network)
    peer.react = lambda event, now: None
    ring(network, peer, for_s=4.9)
    assert outcome(peer) == []
    network.run(0.2)
    assert outcome(peer) == [503]


@pytest.mark.parametrize("by", ["cancel", "hang_up"])
def test_caller_may_give_up_while_the_name_is_resolved(by: str) -> None:
    network = Network()
    peer, callee = us(network), exchange(network, FIRST)
    peer.react = lambda event, now: None
    session = ring(network, peer, for_s=0.1)
    assert getattr(peer.core, by)(session, network.now)
    network.run(0.1)
    (asked,) = peer.of(Resolve)
    assert isinstance(asked, Resolve)
    peer.core.resolved(asked.id, (FIRST,), network.now)
    network.run()
    assert outcome(peer) == [487]
    assert invites(callee) == []


def test_nothing_more_is_tried_once_the_call_was_given_up() -> None:
    network = Network()
    peer, other = us(network, FIRST, SECOND), exchange(network, SECOND)
    exchange(network, FIRST, 0)
    session = ring(network, peer, for_s=1.0)
    peer.core.cancel(session, network.now)
    network.run()
    assert outcome(peer) == [487]
    assert invites(other) == []


def test_busy_target_rests_for_as_long_as_it_asked_and_a_minute_at_most() -> None:
    network = Network()
    peer, busy = us(network, FIRST), exchange(network, FIRST, 503, ("Retry-After", "7200"))
    ring(network, peer, for_s=1.0)
    ring(network, peer, for_s=57.0)
    assert len(invites(busy)) == 1
    network.run(5.0)
    ring(network, peer)
    assert len(invites(busy)) == 2
    assert outcome(peer) == [503, 503, 503]


def test_proof_for_the_trunk_goes_where_its_name_led() -> None:
    network = Network()
    trunk = Trunk("carrier", (), address=CARRIER.address, account=Account("carrier.example", "nav", "secret"))
    peer = us(network, FIRST, trunk=trunk)
    exchange(network, FIRST, 401, ("WWW-Authenticate", 'Digest realm="carrier.example", nonce="n", algorithm=MD5'))
    ring(network, peer)
    proofs = [
        message.headers.get("Authorization")
        for message in network.messages(peer)
        if isinstance(message, Request) and message.method == "INVITE"
    ]
    assert proofs[0] is None
    assert 'username="nav"' in (proofs[1] or "")
    assert outcome(peer) == [401]


# --- redirects


def test_named_trunk_may_send_the_call_to_where_its_configuration_says() -> None:
    network = Network()
    peer, target = us(network, FIRST), exchange(network, SECOND)
    exchange(network, FIRST, 302, ("Contact", "<sip:+4755553333@192.0.2.12>"))
    ring(network, peer)
    (invite,) = invites(target)
    assert str(invite.uri) == "sip:+4755553333@192.0.2.12"
    assert invite.cseq.number == 2
    assert outcome(peer) == [200]


def test_contacts_are_tried_by_their_q_until_one_takes_the_call() -> None:
    network = Network()
    peer = us(network, FIRST)
    low, high = exchange(network, SECOND), exchange(network, Address("192.0.2.20", 5060), 486)
    contacts = "<sip:+4755553333@192.0.2.12>;q=0.1, <sip:+4755553333@192.0.2.20>;q=0.9"
    exchange(network, FIRST, 300, ("Contact", contacts))
    ring(network, peer)
    assert (len(invites(high)), len(invites(low))) == (1, 1)
    assert outcome(peer) == [200]


def test_busy_everywhere_ends_the_redirects() -> None:
    network = Network()
    peer, low = us(network, FIRST), exchange(network, SECOND)
    exchange(network, Address("192.0.2.20", 5060), 603)
    contacts = "<sip:+4755553333@192.0.2.12>;q=0.1, <sip:+4755553333@192.0.2.20>;q=0.9"
    exchange(network, FIRST, 300, ("Contact", contacts))
    ring(network, peer)
    assert invites(low) == []
    assert outcome(peer) == [603]


def test_proxy_named_by_305_gets_the_same_request() -> None:
    network = Network()
    peer, proxy = us(network, FIRST), exchange(network, SECOND)
    exchange(network, FIRST, 305, ("Contact", "<sip:192.0.2.12>"))
    ring(network, peer)
    assert str(invites(proxy)[0].uri) == str(DIALLED)


def test_redirects_that_go_round_end() -> None:
    network = Network()
    peer = us(network, FIRST)
    one = exchange(network, SECOND, 302, ("Contact", "<sip:+4755553333@192.0.2.20>"))
    other = exchange(network, Address("192.0.2.20", 5060), 302, ("Contact", "<sip:+4755553333@192.0.2.12>"))
    exchange(network, FIRST, 302, ("Contact", "<sip:+4755553333@192.0.2.12>"))
    ring(network, peer)
    assert (len(invites(one)), len(invites(other))) == (1, 1)
    assert outcome(peer) == [302]
    assert nothing_left(peer)


def test_redirects_are_followed_five_times_at_most() -> None:
    network = Network()
    peer = us(network, FIRST)
    contacts = ", ".join(f"<sip:+4755553333@192.0.2.{n}>" for n in range(16, 31))
    exchange(network, FIRST, 300, ("Contact", contacts))
    peers = [exchange(network, Address(f"192.0.2.{n}", 5060), 404) for n in range(16, 31)]
    ring(network, peer)
    assert sum(len(invites(one)) for one in peers) == 5
    assert outcome(peer) == [404]


def test_call_ends_though_the_last_try_of_a_redirect_is_silent() -> None:
    network = Network()
    peer = us(network)
    exchange(network, FIRST, 302, ("Contact", "<sip:+4755553333@other.example>"))
    silent = tuple(Address(f"192.0.2.{n}", 5060) for n in range(30, 38))
    answers = iter([(FIRST,), silent])

    def react(event: SipEvent, now: float) -> None:
        if isinstance(event, Resolve):
            peer.core.resolved(event.id, next(answers), now)

    peer.react = react
    ring(network, peer)
    assert outcome(peer) == [408]
    network.run()
    assert nothing_left(peer)


def test_target_that_asked_who_we_are_is_not_left_four_seconds_later() -> None:
    network = Network()
    trunk = Trunk("carrier", (), address=CARRIER.address, account=Account("carrier.example", "nav", "secret"))
    peer, other = us(network, FIRST, SECOND, trunk=trunk), exchange(network, SECOND)
    asked = exchange(network, FIRST, 0)
    challenge = ("WWW-Authenticate", 'Digest realm="carrier.example", nonce="n", algorithm=MD5')

    def react(event: SipEvent, now: float) -> None:
        if isinstance(event, InviteReceived) and "Authorization" not in event.request.headers:
            network.later(3.9, lambda: asked.core.reject(event.session, 401, network.now, headers=[challenge]))
        elif isinstance(event, InviteReceived):
            network.later(0.5, lambda: asked.core.accept(event.session, ANSWER, network.now))

    asked.react = react
    ring(network, peer)
    assert invites(other) == []
    assert outcome(peer) == [200]


TOLL_FRAUD: Sequence[tuple[str, str]] = (
    ("elsewhere", "<sip:+4755553333@198.51.100.66>"),
    ("elsewhere by a name", "<sip:+4755553333@evil.example>"),
    ("elsewhere by maddr", "<sip:+4755553333@carrier.example;maddr=198.51.100.66>"),
    ("to a number that costs", "<sip:+88213555@carrier.example>"),
    ("to a number that costs, escaped", "<sip:%2B88213555@carrier.example>"),
    ("to a telephone number", "<tel:+88213555>"),
    ("to ourselves with headers", "<sip:+4755553333@evil.example?Route=%3Csip:198.51.100.66%3E>"),
    ("to nobody", "*"),
)


@pytest.mark.parametrize("status", [300, 301, 302, 305, 380])
@pytest.mark.parametrize(("how", "contact"), TOLL_FRAUD)
def test_redirect_to_elsewhere_makes_no_call_leave(how: str, contact: str, status: int) -> None:
    if status == 305:
        contact = contact.replace("@carrier.example", "@evil.example")  # its own proxy it may name
    network = Network()
    peer, victim = us(network, FIRST), exchange(network, ELSEWHERE)
    exchange(network, FIRST, status, ("Contact", contact))
    ring(network, peer)
    assert invites(victim) == []
    assert outcome(peer) == [status]
    assert network.starts(peer).count("INVITE") == 1


def test_whoever_is_no_trunk_redirects_nothing() -> None:
    network = Network()
    peer, target = us(network, FIRST), exchange(network, SECOND)
    exchange(network, FIRST, 302, ("Contact", "<sip:1@192.0.2.12>"))
    ring(network, peer, SipUri.parse("sip:1@partner.example"), trunk="")
    assert invites(target) == []
    assert outcome(peer) == [302]


def test_proof_for_one_target_is_not_shown_to_the_next() -> None:
    network = Network()
    trunk = Trunk(
        "carrier",
        (),
        address=CARRIER.address,
        account=Account("carrier.example", "nav", "secret"),
        outwards=CARRIER.outwards,
    )
    peer, target = us(network, FIRST, trunk=trunk), exchange(network, SECOND)
    asked = exchange(network, FIRST, 401)
    answers = iter(
        [
            (401, ("WWW-Authenticate", 'Digest realm="carrier.example", nonce="n", algorithm=MD5')),
            (302, ("Contact", "<sip:+4755553333@192.0.2.12>")),
        ]
    )

    def react(event: SipEvent, now: float) -> None:
        if isinstance(event, InviteReceived):
            status, header = next(answers)
            asked.core.reject(event.session, status, now, headers=[header])

    asked.react = react
    ring(network, peer)
    assert invites(asked)[1].headers.get("Authorization")
    assert invites(target)[0].headers.get("Authorization") is None


def test_dialog_goes_on_where_its_named_proxies_are() -> None:
    network = Network()
    peer = us(network, SECOND)
    exchange(network, SECOND)
    callee = network.join(FIRST)
    session = peer.core.invite(
        SipUri("1", "192.0.2.11"),
        local=NameAddr(SipUri("nav", "nav.example")),
        remote=NameAddr(SipUri("1", "192.0.2.11")),
        destination=FIRST,
        trunk="carrier",
        sdp=OFFER,
        now=network.now,
    )
    network.settle(peer)
    network.run(0.1)
    (asked,) = invites(callee)
    ok = [
        "SIP/2.0 200 OK",
        *(f"Via: {via}" for via in asked.headers.get_all("Via")),
        f"From: {asked.from_}",
        f"To: {asked.to};tag=x",
        f"Call-ID: {asked.call_id}",
        f"CSeq: {asked.cseq}",
        "Contact: <sip:1@192.0.2.11>",
        "Record-Route: <sip:proxy.example;lr>",
        "Content-Type: application/sdp",
        f"Content-Length: {len(ANSWER)}",
        "",
        ANSWER,
    ]
    assert isinstance(parse("\r\n".join(ok).encode()), Response)
    peer.core.receive("\r\n".join(ok).encode(), FIRST, network.now)
    network.run(0.1)
    peer.core.bye(session, network.now)
    ((data, destination),) = [one for one in peer.core.datagrams() if one[0].startswith(b"BYE")]
    assert destination == SECOND
    assert b"Route: <sip:proxy.example;lr>" in data


def asked_for(config: CoreConfig, *vias: str) -> list[str]:
    """The names that are looked up when that INVITE comes and is answered."""
    network = Network()
    peer = network.join(ALICE, config)
    via = "SIP/2.0/UDP via.example;branch=z9hG4bK1"
    headers = ("Contact: <sip:1@contact.example>", "Record-Route: <sip:proxy.example;lr>", *vias)
    peer.core.receive(raw("INVITE", *headers, via=via), Address("192.0.2.9", 5060), network.now)
    network.settle(peer)
    (event,) = peer.of(InviteReceived)
    assert isinstance(event, InviteReceived)
    peer.core.accept(event.session, ANSWER, network.now)
    network.settle(peer)
    return [one.uri.host for one in peer.heard if isinstance(one, Resolve)]


def test_names_in_requests_are_asked_for_only_where_a_trunk_has_them_in_its_route() -> None:
    behind = "Via: SIP/2.0/UDP first.example;branch=z9hG4bK0"
    strangers = CoreConfig(strangers_may_call=True)
    assert asked_for(strangers) == asked_for(strangers, behind) == []
    assert asked_for(CoreConfig(trunks=(NEAR,))) == []
    assert asked_for(CoreConfig(trunks=(NEAR,)), behind) == ["proxy.example"]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from([0, 200, 486, 503, "silent", "slow"]), min_size=1, max_size=4),
    st.lists(st.floats(0.0, 9.0), min_size=1, max_size=30),
    st.floats(0.0, 0.4),
)
def test_whatever_targets_do_the_call_has_one_end_and_leaves_no_other_behind(
    targets: list[int | str], delays: list[float], loss: float
) -> None:
    network, addresses = Network(), [Address(f"192.0.2.{n}", 5060) for n in range(17, 17 + len(targets))]
    peer = us(network, *addresses)
    turns = count()
    lazy = [address for address, kind in zip(addresses, targets, strict=True) if kind == "slow"]

    def fate(data: bytes) -> list[float]:
        turn = next(turns)
        slow = any(f"@{address.host}".encode() in data for address in lazy)
        lost = (turn * 0.618034) % 1.0 < loss
        return [] if lost else [delays[turn % len(delays)] if slow else 0.01]

    network.fate = fate
    callees = [
        exchange(network, address, 200 if kind == "slow" else int(kind))
        for address, kind in zip(addresses, targets, strict=True)
        if kind != "silent"
    ]
    session = ring(network, peer, for_s=0.0)
    network.run(130.0)
    peer.core.hang_up(session, network.now)
    network.run(400.0)
    assert len(outcome(peer)) == 1
    assert nothing_left(peer)
    assert [callee.core.stats["sessions"] for callee in callees] == [0] * len(callees)
