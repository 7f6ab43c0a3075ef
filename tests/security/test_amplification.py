"""What one datagram with a forged sender draws towards the one whose address it bears."""

import pytest

from sip.config import Address, Limits
from tests.security.strangers import STRANGER, server
from tests.sip.raw import raw

LEAST = (
    "{method} sip:a@nav.example SIP/2.0\r\nv:SIP/2.0/UDP a;branch=z9hG4bK1;rport\r\nf:<sip:a@a>;tag=1\r\n"
    "t:<sip:a@a>\r\ni:1\r\nCSeq:1 {method}\r\n\r\n"
)
METHODS = ("INVITE", "REGISTER", "OPTIONS", "BYE", "CANCEL", "ACK", "MESSAGE", "SUBSCRIBE", "REFER", "NOSUCH")
LARGEST_ANSWER = 700
"""Bytes: about what a 401 with two challenges is."""


def drawn(data: bytes, seconds: int = 60) -> list[tuple[bytes, Address]]:
    """Everything that a datagram draws, what is repeated later included."""
    peer = server(Limits())
    peer.core.receive(data, STRANGER, 1000.0)
    out = list(peer.core.datagrams())
    for step in range(10 * seconds):
        peer.core.handle_timeout(1000.0 + step / 10)
        out += peer.core.datagrams()
    return out


@pytest.mark.parametrize("method", METHODS)
def test_the_smallest_request_draws_one_small_answer_or_none(method: str) -> None:
    data = LEAST.format(method=method).encode()
    out = drawn(data)
    assert len(out) <= 1
    assert all(destination == STRANGER for _, destination in out)
    assert sum(len(answer) for answer, _ in out) <= min(LARGEST_ANSWER, 4.5 * len(data))


@pytest.mark.parametrize(
    "via", ["SIP/2.0/UDP 192.0.2.77:7;branch=z9hG4bK1", "SIP/2.0/UDP v.example;maddr=192.0.2.77;rport"]
)
def test_a_via_cannot_aim_an_answer_at_somebody_else(via: str) -> None:
    for method in METHODS:
        for _, destination in drawn(raw(method, "Contact: <sip:x@192.0.2.77>", uri="sip:a@nav.example", via=via)):
            assert destination[0] == STRANGER[0]


@pytest.mark.parametrize(
    "data",
    [
        b"OPTIONS sip:a SIP/2.0\r\n" + b"v:SIP/2.0/UDP a;branch=z9hG4bK1\r\n" * 150 + b"\r\n",
        b"INVITE " + b"sip:" + b"a" * 60_000 + b" SIP/2.0\r\nv:SIP/2.0/UDP a;branch=z9hG4bK1\r\n\r\n",
        b"INVITE sip:a@nav.example SIP/2.0\r\n" + b"X:" + b"y" * 65_000,
        b"INVITE sip:a@nav.example SIP/2.0\r\nv:SIP/2.0/UDP a;branch=z9hG4bK1\r\nRequire:" + b"a," * 4000 + b"\r\n\r\n",
    ],
    ids=["vias", "uri", "no end", "require"],
)
# Longer than what came only by the full names of headers that came in short.
def test_an_oversized_datagram_draws_hardly_more_than_itself(data: bytes) -> None:
    assert sum(len(answer) for answer, _ in drawn(data)) <= 1.2 * len(data) + 300


def test_a_flood_in_one_victims_name_draws_twenty_answers_and_five_a_second() -> None:
    peer = server(Limits())
    out = 0
    for number in range(10_000):
        data = LEAST.format(method="INVITE").replace("z9hG4bK1", f"z9hG4bK{number}").encode()
        peer.core.receive(data, STRANGER, 1000.0 + number / 1000)
        out += sum(len(answer) for answer, _ in peer.core.datagrams())
    assert out <= (20 + 5 * 10 + 1) * LARGEST_ANSWER
