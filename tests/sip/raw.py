"""Messages as a peer writes them."""

from sip.config import Address
from sip.message.message import Request, Response, parse
from tests.sip.network import Peer

PEER: Address = Address("192.0.2.9", 5060)


def raw(method: str, *headers: str, body: str = "", **changed: str) -> bytes:
    """A request from PEER. `changed`: uri, via, from_, to, call_id, cseq (number), branch; `headers`: further lines."""
    branch = changed.get("branch", "z9hG4bK1")
    lines = [
        f"{method} {changed.get('uri', 'sip:600@192.0.2.1')} SIP/2.0",
        f"Via: {changed.get('via', f'SIP/2.0/UDP 192.0.2.9:5060;branch={branch};rport')}",
        f"From: {changed.get('from_', '<sip:peer@192.0.2.9>;tag=p')}",
        f"To: {changed.get('to', '<sip:600@192.0.2.1>')}",
        f"Call-ID: {changed.get('call_id', 'c1')}",
        f"CSeq: {changed.get('cseq', '1')} {method}",
        *headers,
        f"Content-Length: {len(body.encode())}",
        "",
        body,
    ]
    return "\r\n".join(lines).encode()


def request(data: bytes) -> Request:
    message = parse(data)
    assert isinstance(message, Request)
    return message


def answers(peer: Peer) -> list[Response]:
    """The responses that a core wants to send, drained."""
    parsed = [parse(data) for data, _ in peer.core.datagrams()]
    return [message for message in parsed if isinstance(message, Response)]


def ask(peer: Peer, data: bytes, source: Address = PEER, now: float = 1000.0) -> list[Response]:
    """What a core answers at once."""
    peer.core.receive(data, source, now)
    return answers(peer)


def statuses(responses: list[Response]) -> list[int]:
    return [response.status for response in responses]
