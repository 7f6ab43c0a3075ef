"""What differs where a request came over a connection, or through a trunk's proxy."""

import pytest

from sip.config import CoreConfig, Digest
from sip.message.address import NameAddr
from sip.message.auth import authorize, choose, read_challenges
from sip.message.message import Request, Response, parse
from tests.sip.network import ALICE, NEAR, Network, Peer
from tests.sip.raw import PEER, ask, raw, statuses

DIGEST = Digest("nav.example", {"anna": "right"}.get, b"secret")
BY_STREAM = PEER._replace(port=40000, transport="TLS")


def endpoint(*, trusting: bool = True) -> Peer:
    return Network().join(ALICE, CoreConfig(trunks=(NEAR,) if trusting else (), digest=DIGEST))


def registered(peer: Peer, *headers: str) -> Response:
    """The answer to a REGISTER of Anna's that proves her password."""
    lines = ("Contact: <sip:anna@10.0.0.1>", *headers)
    there = {"uri": "sip:192.0.2.1", "to": "<sip:anna@192.0.2.1>"}
    (challenged,) = ask(peer, raw("REGISTER", *lines, **there))
    challenge = choose(read_challenges(challenged.headers.get_all("WWW-Authenticate")))
    assert challenge is not None
    proof = authorize(challenge, username="anna", password="right", method="REGISTER", uri=there["uri"], cnonce="c")
    (answer,) = ask(peer, raw("REGISTER", *lines, f"Authorization: {proof}", cseq="2", branch="z9hG4bK2", **there))
    return answer


@pytest.mark.parametrize("trusting", [True, False])
def test_path_counts_from_a_trunks_proxy_alone(trusting: bool) -> None:
    peer = endpoint(trusting=trusting)
    answer = registered(peer, "Path: <sip:192.0.2.9;lr>", "Require: path")
    assert answer.status == 200
    assert answer.headers.get_all("Path") == (["<sip:192.0.2.9;lr>"] if trusting else [])
    (binding,) = peer.core.locations("sip:anna@192.0.2.1", 1000.0)
    anna = NameAddr(binding.contact)
    peer.core.invite(binding.contact, local=anna, remote=anna, destination=binding.destination, sdp=None, now=1000.0)
    invite = parse(peer.core.datagrams()[-1][0])
    assert isinstance(invite, Request)
    assert [str(hop.uri) for hop in invite.route] == (["sip:192.0.2.9;lr"] if trusting else [])


def test_path_that_is_none_is_refused() -> None:
    assert registered(endpoint(), "Path: <<").status == 400


@pytest.mark.parametrize(
    ("head", "heard"),
    [
        (raw("OPTIONS"), [400]),
        (raw("OPTIONS").replace(b"CSeq: 1", b"CSeq: x"), [400]),
        (raw("ACK"), []),
        (b"SIP/2.0 200 OK\r\n" + raw("BYE").partition(b"\r\n")[2], []),
        (b"nonsense\r\n\r\n", []),
    ],
)
def test_stream_that_cannot_be_followed_is_told_where_possible(head: bytes, heard: list[int]) -> None:
    peer = endpoint()
    peer.core.receive_broken(head, BY_STREAM, 1000.0)
    drained = peer.core.datagrams()
    assert [(int(data[8:11]), destination) for data, destination in drained] == [(one, BY_STREAM) for one in heard]
    assert peer.core.stats["parse_errors"] == 1


def test_sips_is_taken_over_tls_alone() -> None:
    peer = endpoint()
    data = raw("OPTIONS", uri="sips:600@192.0.2.1")
    assert statuses(ask(peer, data)) == [416]
    assert statuses(ask(peer, data, BY_STREAM)) == [200]


@pytest.mark.parametrize(("host", "status"), [("192.0.2.9", 200), ("192.0.2.10", 200), ("203.0.113.7", 481)])
def test_call_is_cancelled_by_its_host_or_its_trunk_alone(host: str, status: int) -> None:
    peer = endpoint()
    peer.core.receive(raw("INVITE", "Contact: <sip:peer@192.0.2.9>"), PEER, 1000.0)
    answered = statuses(ask(peer, raw("CANCEL"), BY_STREAM._replace(host=host)))
    assert answered[0] == status
