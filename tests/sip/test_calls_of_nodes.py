"""Calls between nodes: known by their proof, before any trunk, and never taken for a stranger's."""

from sip.config import Address, CoreConfig, Digest, Limits
from sip.events import InviteReceived, Origin
from sip.message.message import Request, parse
from sip.nodes import Nodes
from tests.sip.network import ALICE, NEAR, OFFER, Network, Peer
from tests.sip.raw import ask, raw, statuses

SECRET = b"k" * 32
FAR = Address("203.0.113.7", 5060)
NOW = 0.0


def endpoint(hosts: tuple[str, ...] = (FAR.host,), **config: object) -> Peer:
    nodes = Nodes("here", SECRET)
    nodes.others({"there": hosts})
    return Network().join(ALICE, CoreConfig(trunks=(NEAR,), digest=Digest("svar", {}.get, b"s", nodes=nodes), **config))  # type: ignore[arg-type]


def invite(branch: str = "z9hG4bK1", secret: bytes = SECRET, call_id: str = "c1", at: float = NOW) -> bytes:
    def written(*headers: str) -> bytes:
        contact = ("Contact: <sip:peer@192.0.2.9>", "Content-Type: application/sdp")
        return raw("INVITE", *contact, *headers, body=OFFER, branch=branch, call_id=call_id)

    bare = parse(written())
    assert isinstance(bare, Request)
    user = getattr(bare.uri, "user", "")
    name, value = Nodes("there", secret).prove("here", user, bare.call_id, bare.body, at)
    return written(f"{name}: {value}")


def origins(peer: Peer) -> list[Origin]:
    return [event.origin for event in peer.core.events() if isinstance(event, InviteReceived)]


def test_a_call_with_a_proof_is_that_nodes_whatever_trunk_sends_from_there() -> None:
    peer = endpoint((ALICE.host, "192.0.2.9"))
    assert ask(peer, invite(), Address("192.0.2.9", 5060), NOW) == []
    assert origins(peer) == [Origin("node", "there")]


def test_a_call_with_a_worthless_proof_is_refused_even_from_a_trunk() -> None:
    peer = endpoint(("192.0.2.9",))
    assert statuses(ask(peer, invite(secret=b"x" * 32), Address("192.0.2.9", 5060), NOW)) == [403]
    assert statuses(ask(endpoint(()), invite(), FAR, NOW)) == [403]
    assert origins(peer) == []


def test_a_call_without_a_proof_from_where_a_node_sends_is_a_strangers() -> None:
    peer = endpoint()
    assert statuses(ask(peer, raw("INVITE", "Contact: <sip:peer@192.0.2.9>"), FAR, NOW)) == [401]


def test_nodes_have_neither_the_allowance_of_strangers_nor_the_rate_of_callers() -> None:
    peer = endpoint(limits=Limits(calls_per_s=1.0))
    for n in range(100):
        ask(peer, invite(f"z9hG4bK{n}", call_id=f"c{n}"), FAR, NOW)
    assert origins(peer) == [Origin("node", "there")] * 100
    assert peer.core.stats["dropped"] == 0
