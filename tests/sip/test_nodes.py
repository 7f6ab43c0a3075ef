"""Nodes know each other's calls by a proof that nobody else can make, use again, or carry elsewhere."""

import pytest

from sip.message.headers import Headers
from sip.message.message import Request
from sip.message.uri import SipUri, TelUri
from sip.nodes import HEADER, LIFE_S, Nodes

SECRET = b"k" * 32
BODY = b"v=0\r\n"


def node(name: str, secret: bytes = SECRET, offset_s: float = 0.0) -> Nodes:
    made = Nodes(name, secret, offset_s)
    made.others({other: (f"192.0.2.{other[1:]}",) for other in ("n1", "n2", "n3") if other != name})
    return made


def invite(*headers: tuple[str, str], user: str = "anna", call_id: str = "c1", body: bytes = BODY) -> Request:
    return Request("INVITE", SipUri(user, "192.0.2.2"), Headers([("Call-ID", call_id), *headers]), body)


def proof(of: Nodes, to: str = "n2", now: float = 100.0) -> tuple[str, str]:
    return of.prove(to, "anna", "c1", BODY, now)


def test_a_call_of_another_node_is_known_by_its_name() -> None:
    here = node("n2")
    assert here.proven(invite(proof(node("n1"))), "192.0.2.1", 101.0) == "n1"
    assert here.secret == SECRET


def test_a_call_without_a_proof_is_nobodys() -> None:
    assert node("n2").proven(invite(), "192.0.2.1", 100.0) is None


@pytest.mark.parametrize(
    "request_",
    [
        invite(proof(node("n1")), user="bjorn"),
        invite(proof(node("n1")), call_id="c2"),
        invite(proof(node("n1")), body=b"v=0\r\nc=IN IP4 198.51.100.1\r\n"),
        invite(proof(node("n1"), to="n3")),
        invite(proof(node("n1", b"x" * 32))),
        invite(proof(node("n1")), proof(node("n1"))),
        invite((HEADER, "n1")),
        invite((HEADER, "n1;at=x;proof=y")),
        invite((HEADER, "n1;at=²;proof=y")),
        invite((HEADER, "n1;at=100000;proof=æ")),
        Request("INVITE", TelUri("+4755550000"), Headers([("Call-ID", "c1"), proof(node("n1"))]), BODY),
    ],
)
def test_what_was_changed_or_made_by_others_proves_nothing(request_: Request) -> None:
    assert node("n2").proven(request_, "192.0.2.1", 100.0) == ""


def test_a_proof_counts_once() -> None:
    here, call = node("n2"), invite(proof(node("n1")))
    assert here.proven(call, "192.0.2.1", 100.0) == "n1"
    assert here.proven(call, "192.0.2.1", 100.0) == ""


def test_a_proof_counts_from_its_own_node_alone_and_while_that_lives() -> None:
    here, call = node("n2"), invite(proof(node("n1")))
    assert here.proven(call, "192.0.2.3", 100.0) == ""
    here.others({"n3": ("192.0.2.3",)})
    assert here.proven(call, "192.0.2.1", 100.0) == ""
    assert here.knows("192.0.2.3")
    assert not here.knows("192.0.2.1")


def test_a_proof_grows_old_by_the_clock_on_the_wall() -> None:
    call = invite(proof(node("n1", offset_s=5_000.0)))
    assert node("n2").proven(call, "192.0.2.1", 100.0) == ""
    assert node("n2").proven(call, "192.0.2.1", 5_100.0 + LIFE_S + 0.01) == ""
    assert node("n2").proven(call, "192.0.2.1", 5_100.0 + LIFE_S) == "n1"


def test_what_was_forgotten_is_not_believed_again() -> None:
    here, other = node("n2"), node("n1")
    first = invite(other.prove("n2", "anna", "c1", BODY, 100.0))
    assert here.proven(first, "192.0.2.1", 100.0) == "n1"
    for n in range(8192):
        call = invite(other.prove("n2", "anna", f"x{n}", BODY, 100.001), call_id=f"x{n}")
        assert here.proven(call, "192.0.2.1", 100.0) == "n1"
    assert here.proven(first, "192.0.2.1", 100.0) == ""
    old = invite(other.prove("n2", "anna", "c3", BODY, 99.0), call_id="c3")
    assert here.proven(old, "192.0.2.1", 100.0) == ""
