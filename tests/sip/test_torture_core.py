"""What the whole endpoint answers to the torture messages of RFC 4475 and RFC 5118, and what they leave behind."""

import re

import pytest

from sip.config import Address, CoreConfig, Digest
from sip.events import InviteReceived, Registered, SipEvent
from sip.message.auth import Challenge, authorize
from sip.message.message import Response, parse
from sip.message.uri import SipUri
from tests.sip.network import ALICE, ANSWER, NEAR, Network, Peer, nothing_left
from tests.sip.torture import TortureMessage, torture_messages

MESSAGES = torture_messages()
BY_NAME = {message.name: message for message in MESSAGES}
PEER: Address = Address("192.0.2.9", 5070)
PEER6: Address = Address("2001:db8::9:1", 5070)
SECRET = "torture"

# name: reason of a known deviation, which then must fail
DEVIATIONS: dict[str, str] = {}


def source(message: TortureMessage) -> Address:
    return PEER6 if message.reference.startswith("RFC 5118") else PEER


def endpoint() -> Peer:
    """It is everybody's registrar and takes every call that the core lets through."""
    digest = Digest("example.com", lambda user: SECRET, b"nonces")
    network = Network()
    peer = network.join(ALICE, CoreConfig(trunks=(NEAR,), digest=digest))
    peer.core.listens(Address("2001:db8::10", 5060))

    def take(event: SipEvent, now: float) -> None:
        if isinstance(event, InviteReceived):
            assert peer.core.accept(event.session, ANSWER, now)

    peer.react = take
    return peer


def put(message: TortureMessage, peer: Peer, data: bytes | None = None) -> list[bytes]:
    """What goes out at once for this message: to the host that sent it, whatever its Via says."""
    peer.core.receive(message.data if data is None else data, source(message), 1000.0)
    for event in peer.core.events():
        peer.heard.append(event)
        peer.react(event, 1000.0)
    sent = peer.core.datagrams()
    assert {to.host for _, to in sent} <= {source(message)[0]}
    return [datagram for datagram, _ in sent]


def status(datagrams: list[bytes]) -> str:
    """The one answer's; `none` where the message was dropped. A bad To comes back as it was, so nothing is parsed."""
    assert len(datagrams) <= 1
    if not datagrams:
        return "none"
    match = re.match(rb"SIP/2\.0 (\d{3}) ", datagrams[0])
    assert match is not None
    return match[1].decode()


def is_asked_for(answer: str, wanted: tuple[str, ...]) -> bool:
    """`ok` is any response that neither calls the request bad nor fails."""
    sound = answer != "400" and answer[0] in "1234"
    return "any" in wanted or answer in wanted or ("ok" in wanted and sound)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(
            message,
            id=message.name,
            marks=[pytest.mark.xfail(strict=True, reason=DEVIATIONS[message.name])]
            if message.name in DEVIATIONS
            else [],
        )
        for message in MESSAGES
    ],
)
def test_endpoint_answers_what_the_rfc_wants(message: TortureMessage) -> None:
    answer = status(put(message, endpoint()))
    assert is_asked_for(answer, message.answers), f"{answer}, expected {message.answers}: {message.reference}"


@pytest.mark.parametrize(
    "name", ["baddate", "esc01", "inv2543", "ipv4-mapped-ipv6", "ipv6-in-sdp", "longreq", "mult-ip-in-sdp"]
)
def test_sound_invite_reaches_the_application_and_is_answered(name: str) -> None:
    peer = endpoint()
    assert status(put(BY_NAME[name], peer)) == "200"
    assert len(peer.of(InviteReceived)) == 1


@pytest.mark.parametrize("name", ["badbranch", "lwsdisp", "semiuri", "transports", "zeromf"])
def test_sound_options_are_answered_with_what_we_can_do(name: str) -> None:
    # RFC 3261 §11.2 lets the addressee answer with no hops left; 483 is for who would have to forward.
    (answer,) = put(BY_NAME[name], endpoint())
    read = parse(answer)
    assert isinstance(read, Response)
    assert (read.status, read.headers.get("Accept")) == (200, "application/sdp")


@pytest.mark.parametrize("name", ["wsinv", "mult-ip-in-header", "via-received-param-with-delim"])
def test_request_of_a_dialog_that_nobody_has_gets_481(name: str) -> None:
    assert status(put(BY_NAME[name], endpoint())) == "481"


@pytest.mark.parametrize("name", ["noreason", "unreason", "bcast"])
def test_response_that_belongs_to_nothing_is_counted_and_dropped(name: str) -> None:
    peer = endpoint()
    assert put(BY_NAME[name], peer) == []
    assert peer.core.stats["dropped"] == 1


def test_required_extensions_are_named_in_the_refusal() -> None:
    (answer,) = put(BY_NAME["bext01"], endpoint())
    unsupported = parse(answer).headers.get("Unsupported") or ""
    assert {name.strip() for name in unsupported.split(",")} == {
        "nothingSupportsThis",
        "nothingSupportsThisEither",
    }


@pytest.mark.parametrize(
    ("name", "contacts"),
    [
        ("cparam01", ["sip:+19725552222@gw1.example.net"]),
        ("cparam02", ["sip:+19725552222@gw1.example.net;unknownparam"]),
        ("regescrt", ["sip:user@example.com?Route=%3Csip:sip.example.com%3E"]),
        ("dblreq", ["sip:j.user@host.example.com"]),
    ],
)
def test_sound_register_with_credentials_binds_what_its_contacts_say(name: str, contacts: list[str]) -> None:
    message, peer = BY_NAME[name], endpoint()
    signed = with_credentials(message, put(message, peer))
    assert status(put(message, peer, signed)) == "200"
    assert [event.contact for event in peer.heard if isinstance(event, Registered)] == contacts
    assert peer.of(InviteReceived) == []


def with_credentials(message: TortureMessage, challenged: list[bytes]) -> bytes:
    """The same request once more, as a phone repeats it after the 401."""
    asked, challenge = parse(message.data), parse(challenged[0])
    assert isinstance(asked.to.uri, SipUri)
    credentials = authorize(
        Challenge.parse(challenge.headers.get("WWW-Authenticate") or ""),
        username=asked.to.uri.user_text,
        password=SECRET,
        method="REGISTER",
        uri="sip:example.com",
        cnonce="c",
    )
    return message.data.replace(b"\r\n", f"\r\nAuthorization: {credentials}\r\n".encode(), 1)


def test_nothing_is_left_of_any_torture_message_in_the_end() -> None:
    peer = endpoint()
    for message in MESSAGES:
        put(message, peer)
    assert peer.core.stats["sessions"] > 0
    while (deadline := peer.core.deadline) is not None:
        peer.core.handle_timeout(deadline)
        peer.core.events()
        peer.core.datagrams()
    assert nothing_left(peer)
