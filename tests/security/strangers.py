"""A core with one trunk and one agent, and what strangers send to it."""

from ipaddress import ip_network

from sip.config import Address, CoreConfig, Digest, Limits, Trunk
from sip.message.auth import Challenge, authorize
from sip.message.message import Response
from tests.sip.network import Network, Peer
from tests.sip.raw import ask, raw

SERVER: Address = Address("192.0.2.1", 5060)
STRANGER: Address = Address("203.0.113.9", 5060)
TRUNK: Address = Address("198.51.100.1", 5060)
PASSWORDS = {"anna": "right", "bjorn": "also right"}
MANY = Limits(stranger_requests_per_s=1e6, stranger_burst=1e6)
"""For tests of something else than the strangers' limits."""


def server(limits: Limits = MANY) -> Peer:
    config = CoreConfig(
        domains=frozenset({"nav.example"}),
        trunks=(Trunk("operator", (ip_network("198.51.100.0/28"),)),),
        digest=Digest("nav.example", PASSWORDS.get, b"secret"),
        limits=limits,
    )
    return Network().join(SERVER, config)


def register(number: int, user: str, authorization: str = "") -> bytes:
    lines = (f"Contact: <sip:{user}@203.0.113.9>", *([f"Authorization: {authorization}"] if authorization else []))
    aor = f"<sip:{user}@nav.example>"
    return raw(
        "REGISTER", *lines, uri="sip:nav.example", to=aor, from_=f"{aor};tag=t{number}", call_id=f"c{number}",
        branch=f"z9hG4bK{number}", via=f"SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bK{number};rport",
    )  # fmt: skip


def challenge(response: Response, algorithm: str = "SHA-256") -> Challenge:
    every = [Challenge.parse(line) for line in response.headers.get_all("WWW-Authenticate")]
    return next(one for one in every if one.algorithm == algorithm)


def guess(peer: Peer, number: int, user: str, password: str, source: Address = STRANGER, now: float = 1000.0) -> bytes:
    """The answer to a digest that was made for a fresh challenge, as it goes out."""
    (asked,) = ask(peer, register(2 * number, user), source, now)
    answer = authorize(
        challenge(asked), username=user, password=password, method="REGISTER", uri="sip:nav.example", cnonce="c"
    )
    peer.core.receive(register(2 * number + 1, user, str(answer)), source, now)
    ((data, _),) = peer.core.datagrams()
    return data
