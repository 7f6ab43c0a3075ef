"""Who may move calls by REFER and by Replaces, and which call is meant: nobody, unless everything says yes."""

from ipaddress import ip_network

import pytest

from sip.config import Address, CoreConfig, Digest, Trunk
from sip.events import Accepted, Ended, InviteReceived, ReferReceived, Rejected, SessionId
from sip.message.address import NameAddr
from sip.message.auth import Challenge, authorize
from sip.message.message import Request, Response, parse, respond
from sip.message.transfer import Replaces
from sip.message.uri import SipUri
from tests.security.strangers import MANY, PASSWORDS
from tests.sip.network import ANSWER, NEAR, OFFER, Network, Peer, call
from tests.sip.raw import ask, raw, statuses
from tests.sip.session.test_reinvite import Pair
from tests.sip.session.test_uac import Desk as CallingDesk

SERVER = Address("192.0.2.1", 5060)
CARRIER, OTHER, STRANGER = Address("198.51.100.1", 5060), Address("198.51.100.17", 5060), Address("203.0.113.9", 5060)
START = 1000.0


def config(*, moves: bool = True, strangers: bool = True, agents: bool = True) -> CoreConfig:
    return CoreConfig(
        domains=frozenset({"nav.example", "192.0.2.1"}),
        trunks=(
            Trunk("carrier", (ip_network("198.51.100.0/28"),)),
            Trunk("other", (ip_network("198.51.100.16/28"),)),
        ),
        digest=Digest("nav.example", PASSWORDS.get, b"secret") if agents else None,
        strangers_may_call=strangers,
        methods=frozenset({"REFER"} if moves else ()),
        limits=MANY,
    )


class Exchange:
    """A core that many ring, and requests from anywhere."""

    def __init__(self, settings: CoreConfig | None = None) -> None:
        self.peer: Peer = Network().join(SERVER, settings or config())
        self.core = self.peer.core
        self.count = 0

    def ask(
        self, method: str, source: Address, *lines: str, call_id: str = "c", to: str = "", body: str = ""
    ) -> list[Response]:
        self.count += 1
        kind = ["Content-Type: application/sdp"] if body else []
        data = raw(
            method, f"Contact: <sip:x@{source.host}>", *kind, *lines, body=body, call_id=call_id, cseq=str(self.count),
            to=to or "<sip:600@192.0.2.1>", branch=f"z9hG4bK{self.count}",
            via=f"SIP/2.0/UDP {source.host}:5060;branch=z9hG4bK{self.count};rport",
        )  # fmt: skip
        return ask(self.peer, data, source)

    def proven(
        self, method: str, source: Address, user: str, *lines: str, call_id: str = "c", to: str = "", body: str = ""
    ) -> list[Response]:
        """The same with a proof, after the challenge."""
        (asked,) = self.ask(method, source, *lines, call_id=call_id, to=to, body=body)
        assert asked.status == 401
        challenge = Challenge.parse(asked.headers.get_all("WWW-Authenticate")[0])
        proof = authorize(
            challenge, username=user, password=PASSWORDS[user], method=method, uri="sip:600@192.0.2.1", cnonce="c"
        )
        return self.ask(method, source, f"Authorization: {proof}", *lines, call_id=call_id, to=to, body=body)

    def answered(self, source: Address, user: str = "", call_id: str = "c") -> str:
        """A call from there that stands; gives our To with its tag."""
        if user:
            self.proven("INVITE", source, user, call_id=call_id, body=OFFER)
        else:
            self.ask("INVITE", source, call_id=call_id, body=OFFER)
        cseq = self.count
        (event,) = self.core.events()
        assert isinstance(event, InviteReceived)
        assert self.core.accept(event.session, ANSWER, START)
        dialog = self.core._sessions.by_id[event.session].dialog
        assert dialog is not None
        self.core.datagrams()
        ack = raw("ACK", call_id=call_id, cseq=str(cseq), to=str(dialog.local), branch=f"z9hG4bKa{cseq}")
        self.core.receive(ack, source, START)
        self.core.events()
        return str(dialog.local)

    def referred(self) -> list[tuple[str, str]]:
        return [(one.origin.kind, one.origin.name) for one in self.core.events() if isinstance(one, ReferReceived)]


TO = "Refer-To: <sip:00882123@evil.example>"


def test_nobody_moves_anything_unless_the_application_has_a_policy() -> None:
    desk = Exchange(config(moves=False))
    to = desk.answered(CARRIER)
    assert statuses(desk.ask("REFER", CARRIER, TO, to=to)) == [403]
    assert statuses(desk.ask("INVITE", CARRIER, "Replaces: c;to-tag=1;from-tag=2", call_id="d")) == [403]
    assert desk.core.events() == []


@pytest.mark.parametrize("source", [CARRIER, STRANGER])
@pytest.mark.parametrize("moves", [True, False])
def test_refer_out_of_a_call_is_refused(source: Address, moves: bool) -> None:
    desk = Exchange(config(moves=moves))
    assert statuses(desk.ask("REFER", source, TO, call_id="new")) == [403]


def test_stranger_in_a_call_refers_nobody() -> None:
    desk = Exchange()
    to = desk.answered(STRANGER)
    assert statuses(desk.ask("REFER", STRANGER, TO, to=to)) == [403]
    assert desk.referred() == []


def test_trunk_refers_in_its_own_calls_from_its_own_addresses() -> None:
    desk = Exchange()
    to = desk.answered(CARRIER)
    for source in (OTHER, STRANGER):
        assert statuses(desk.ask("REFER", source, TO, to=to)) == [403]
    assert desk.ask("REFER", CARRIER, TO, to=to) == []
    assert desk.referred() == [("trunk", "carrier")]


def test_agent_refers_with_a_proof_of_its_own() -> None:
    desk = Exchange(config(strangers=False))
    to = desk.answered(STRANGER, "anna")
    assert statuses(desk.ask("REFER", STRANGER, TO, "Authorization: Digest nonsense", to=to)) == [401]
    assert statuses(desk.proven("REFER", STRANGER, "bjorn", TO, to=to)) == [403]
    assert desk.referred() == []
    assert desk.proven("REFER", STRANGER, "anna", TO, to=to) == []
    assert desk.referred() == [("agent", "anna")]


NAMED = [
    TO, "Refer-To: <sip:600@192.0.2.1>", "Refer-To: <tel:+88213>", "Refer-To: <sip:x@evil.example;method=BYE>",
    "Refer-To: <sip:600@192.0.2.1?Replaces=c%3Bto-tag%3D1%3Bfrom-tag%3D2>", "Refer-To: <sips:x@evil.example>",
    "Refer-To: <sip:x@evil.example?Route=%3Csip%3Aevil%3E>", "Refer-To: nonsense",
    "Referred-By: <sip:anna@nav.example>",
]  # fmt: skip


@pytest.mark.parametrize("line", NAMED)
def test_whatever_a_refer_names_the_core_calls_nobody(line: str) -> None:
    desk = Exchange()
    to = desk.answered(CARRIER)
    desk.ask("REFER", CARRIER, line, to=to)
    for event in desk.core.events():
        assert isinstance(event, ReferReceived)
        desk.core.answer_refer(event.referral, 202, START)
        desk.core.notify_refer(event.referral, 200, START)
    while (at := desk.core.deadline) is not None and at < START + 300:
        desk.core.handle_timeout(at)
    sent = {data.split(b" ")[0] for data, _ in desk.core.datagrams()}
    assert sent <= {b"SIP/2.0", b"NOTIFY"}


@pytest.mark.parametrize("agents", [True, False])
def test_whom_we_called_refers_as_an_agent_or_as_the_trunk(agents: bool) -> None:
    desk = Exchange(config(agents=agents))
    session = outgoing(desk, CARRIER)
    dialog = desk.core._sessions.by_id[session].dialog
    assert dialog is not None

    def refer(source: Address) -> list[Response]:
        desk.count += 1
        data = raw(
            "REFER", TO, call_id=dialog.call_id, from_=str(dialog.remote), to=str(dialog.local), cseq=str(desk.count),
            branch=f"z9hG4bKr{desk.count}",
        )  # fmt: skip
        return ask(desk.peer, data, source)

    assert statuses(refer(STRANGER)) == [401 if agents else 403]
    assert refer(CARRIER) == []
    assert desk.referred() == [("trunk", "carrier")]


def outgoing(desk: Exchange, destination: Address) -> SessionId:
    """A call of ours that stands."""
    target = SipUri("bob", destination.host, destination.port)
    local = NameAddr(SipUri("alice", "192.0.2.1"))
    session = desk.core.invite(
        target, local=local, remote=NameAddr(target), destination=destination, sdp=OFFER, now=START
    )
    invite = parse(desk.core.datagrams()[0][0])
    assert isinstance(invite, Request)
    answer = respond(invite, 200, to_tag="b", headers=[("Contact", f"<{target}>")], body=ANSWER.encode())
    desk.core.receive(bytes(answer), destination, START)
    (event,) = desk.core.events()
    assert isinstance(event, Accepted)
    desk.core.datagrams()
    return session


# --- Replaces


def named(to: str, call_id: str = "c", *, early: bool = False) -> str:
    return f"Replaces: {Replaces(call_id, to.rpartition('tag=')[2], 'p', early)}"


def test_stranger_replaces_nothing_and_learns_nothing() -> None:
    desk = Exchange()
    to = desk.answered(CARRIER)
    for line in (named(to), named("tag=wrong"), "Replaces: nonsense"):
        assert statuses(desk.ask("INVITE", STRANGER, line, call_id="d")) == [401]
    assert desk.core.events() == []
    for settings in (config(agents=False), config(moves=False)):
        assert statuses(Exchange(settings).ask("INVITE", STRANGER, named("tag=wrong"), call_id="d")) == [403]


def test_agent_who_replaces_a_call_is_asked_for_a_proof() -> None:
    desk = Exchange()
    to = desk.answered(CARRIER)
    assert desk.proven("INVITE", STRANGER, "anna", named(to), call_id="d", body=OFFER) == []
    (event,) = desk.core.events()
    assert isinstance(event, InviteReceived)
    assert (event.origin.name, event.replaces is not None) == ("anna", True)


def test_invite_that_replaces_a_call_takes_its_place_when_it_is_accepted() -> None:
    desk = Exchange()
    to = desk.answered(CARRIER)
    assert desk.ask("INVITE", OTHER, named(to), "Require: replaces", call_id="d", body=OFFER) == []
    (event,) = desk.core.events()
    assert isinstance(event, InviteReceived)
    assert event.replaces is not None
    assert desk.core.alive(event.replaces)
    assert desk.core.accept(event.session, ANSWER, START)
    accepted, bye = desk.core.datagrams()
    assert accepted[0].startswith(b"SIP/2.0 200")
    assert bye[0].startswith(b"BYE")


def test_replaced_call_that_ended_meanwhile_is_no_matter() -> None:
    desk = Exchange()
    to = desk.answered(CARRIER)
    desk.ask("INVITE", OTHER, named(to), call_id="d", body=OFFER)
    (event,) = desk.core.events()
    assert isinstance(event, InviteReceived)
    assert statuses(desk.ask("BYE", CARRIER, to=to)) == [200]
    assert desk.core.accept(event.session, ANSWER, START)
    assert len(desk.core.datagrams()) == 1


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("Replaces: c;to-tag=unknown;from-tag=p", 481),
        ("Replaces: nonsense", 400),
        ("Replaces: c;to-tag=1;from-tag=2\r\nReplaces: c;to-tag=1;from-tag=2", 400),
        ("Replaces: c;to-tag=1;from-tag=2\r\nJoin: c;to-tag=1;from-tag=2", 400),
    ],
)
def test_invite_that_replaces_nothing_known_is_refused(line: str, status: int) -> None:
    desk = Exchange()
    desk.answered(CARRIER)
    assert statuses(desk.ask("INVITE", OTHER, line, call_id="d")) == [status]
    assert desk.core.events() == []


def test_confirmed_call_is_busy_for_who_wants_an_early_one() -> None:
    desk = Exchange()
    to = desk.answered(CARRIER)
    assert statuses(desk.ask("INVITE", OTHER, named(to, early=True), call_id="d")) == [486]


def test_call_that_has_ended_is_declined() -> None:
    desk = Exchange()
    to = desk.answered(CARRIER)
    desk.ask("BYE", CARRIER, to=to)
    desk.core.events()
    assert statuses(desk.ask("INVITE", OTHER, named(to), call_id="d")) == [603]


def test_call_that_is_ending_is_declined() -> None:
    desk = Exchange()
    to = desk.answered(CARRIER)
    (session,) = desk.core._sessions.by_id
    desk.core.bye(session, START)
    desk.core.datagrams()
    assert statuses(desk.ask("INVITE", OTHER, named(to), call_id="d")) == [603]


def test_call_that_rings_here_is_not_replaced() -> None:
    desk = Exchange()
    desk.ask("INVITE", CARRIER, body=OFFER)
    (event,) = desk.core.events()
    assert isinstance(event, InviteReceived)
    desk.core.ring(event.session, START)
    dialog = desk.core._sessions.by_id[event.session].dialog
    assert dialog is not None
    assert statuses(desk.ask("INVITE", OTHER, named(str(dialog.local)), call_id="d"))[-1:] == [481]


def test_call_that_rings_there_is_cancelled_for_who_takes_its_place() -> None:
    desk = CallingDesk(config=CoreConfig(trunks=(NEAR,), methods=frozenset({"REFER"})))
    desk.reply(180, "b")
    line = f"Replaces: {Replaces(desk.invite.call_id, desk.invite.from_.tag or '', 'b', early_only=True)}"
    lines = ("Contact: <sip:x@192.0.2.9>", "Content-Type: application/sdp", line)
    assert ask(desk.peer, raw("INVITE", *lines, body=OFFER)) == []
    (event,) = desk.core.events()
    assert isinstance(event, InviteReceived)
    assert event.replaces == desk.session
    desk.core.accept(event.session, ANSWER, START)
    assert desk.methods() == ["CANCEL"]


def test_invite_of_ours_takes_the_place_of_a_call_of_a_peer() -> None:
    """Carol hands her call with Bob to Alice: what she names it by leads to Bob's session."""
    pair = Pair(bob=CoreConfig(trunks=(NEAR,), methods=frozenset({"REFER"})))
    replaces = pair.alice.core.named_to_others(pair.ours)
    assert replaces is not None
    target = SipUri("bob", "192.0.2.2")
    pair.alice.core.invite(
        target, local=NameAddr(SipUri("carol", "192.0.2.1")), remote=NameAddr(target), destination=pair.bob.address,
        sdp=OFFER, headers=replaces.lines, now=pair.now,
    )  # fmt: skip
    pair.network.run(1.0)
    (invited,) = pair.bob.of(InviteReceived)
    assert isinstance(invited, InviteReceived)
    assert invited.replaces == pair.theirs
    assert len(pair.alice.of(Accepted)) == len(pair.alice.of(Ended)) == 1


def test_peer_that_cannot_replace_refuses() -> None:
    pair = Pair()
    replaces = pair.alice.core.named_to_others(pair.ours)
    assert replaces is not None
    target = SipUri("bob", "192.0.2.2")
    pair.alice.core.invite(
        target, local=NameAddr(SipUri("carol", "192.0.2.1")), remote=NameAddr(target), destination=pair.bob.address,
        sdp=OFFER, headers=replaces.lines, now=pair.now,
    )  # fmt: skip
    pair.network.run(1.0)
    (refused,) = pair.alice.of(Rejected)
    assert isinstance(refused, Rejected)
    assert refused.status == 420


def test_named_to_others_is_for_calls_that_stand() -> None:
    network = Network()
    alice, bob = network.join(Address("192.0.2.1", 5060)), network.join(Address("192.0.2.2", 5060))
    session = call(network, alice, bob)
    assert alice.core.named_to_others(session) is None
    assert alice.core.named_to_others(SessionId("none")) is None
