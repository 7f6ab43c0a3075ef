"""The torture messages of RFC 4475 and RFC 5118 over a stream: the same answers, where a stream can have them."""

import pytest

from sip.message.framing import Framer
from tests.sip.network import Peer
from tests.sip.test_torture_core import MESSAGES, endpoint, is_asked_for, source, status
from tests.sip.torture import TortureMessage

# name: answers, reason. Over UDP the datagram tells where the message ends.
OVER_A_STREAM = {
    "baddn": ([], "the empty line after its head is missing: the connection waits, and is closed as slow"),
    "clerr": ([], "its Content-Length counts bytes that never come: the connection waits, and is closed as slow"),
    "dblreq": (["401", "400"], "what follows the REGISTER is a message of its own, without a Content-Length"),
    "inv2543": (["400"], "without a Content-Length the end of a message cannot be told (RFC 3261 §20.14)"),
}


def answers(message: TortureMessage, peer: Peer, size: int) -> list[str]:
    """In the order of the messages that are cut out of the stream; after a fault of the framing comes nothing more."""
    address, framer = source(message)._replace(transport="TCP"), Framer()
    for at in range(0, len(message.data), size):
        for cut in framer.feed(message.data[at : at + size]):
            peer.core.receive(cut, address, 1000.0)
    if framer.fault is not None and framer.fault.head:
        peer.core.receive_broken(framer.fault.head, address, 1000.0)
    for event in peer.core.events():
        peer.react(event, 1000.0)
    sent = peer.core.datagrams()
    assert {destination for _, destination in sent} <= {address}
    return [status([data]) for data, _ in sent]


@pytest.mark.parametrize("size", [1, 7, 65536])
@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
def test_endpoint_answers_over_a_stream_what_the_rfc_wants(message: TortureMessage, size: int) -> None:
    got = answers(message, endpoint(), size)
    if message.name in OVER_A_STREAM:
        assert got == OVER_A_STREAM[message.name][0]
    else:
        assert len(got) <= 1
        assert is_asked_for((got or ["none"])[0], message.answers), f"{got}: {message.reference}"
