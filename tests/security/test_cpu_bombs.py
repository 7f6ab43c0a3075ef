"""Messages built to be slow cost about ten times what an ordinary message of their size costs, at most."""

import time
from collections.abc import Callable

import pytest

from sdp.description import parse as parse_sdp
from sdp.errors import SdpError
from sip.events import InviteReceived
from tests.security.strangers import TRUNK, server

SIZE = 16_000
MOST = 12.0
LEAST_S = 0.001
"""What is quicker than this is no bomb, whatever the ordinary one takes."""
HEAD = (
    "INVITE sip:5000@nav.example SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK{n};rport\r\n"
    "From: <sip:4799999999@198.51.100.1>;tag=1\r\nTo: <sip:5000@nav.example>\r\nCall-ID: {n}\r\nCSeq: 1 INVITE\r\n"
    "Contact: <sip:x@198.51.100.1>\r\nMax-Forwards: 70\r\n"
)
ORDINARY = "X-Carrier-Info: id=4711;zone=oslo-7;class=business;route=primary;charge=none\r\n"


def times(piece: str, size: int) -> str:
    return piece * (size // len(piece))


def lines(header: str, piece: str, joined: str = "") -> str:
    """Header lines of 4,000 characters and less, full of `piece`."""
    value = joined.join([piece] * (4000 // len(piece + joined)))
    return times(f"{header}: {value}\r\n", SIZE)


BOMBS: dict[str, str] = {
    "ordinary": times(ORDINARY, SIZE),
    "headers without number": times("X:\r\n", 190 * 4),
    "longest headers": times(f"X-{'a' * 76}: b\r\n", SIZE),
    "same header": times("Subject: a\r\n", 190 * 12),
    "vias": times("v: SIP/2.0/UDP a;branch=z9hG4bK1\r\n", 120 * 35),
    "vias in one": "Via: " + ", ".join(["SIP/2.0/UDP a;branch=z9hG4bK1;rport"] * 120) + "\r\n",
    "spaced vias": lines("Via", "SIP / 2.0 / UDP  a ; b = c", ","),
    "contacts": lines("Contact", '"a" <sip:a@a;b=c>;q=0.5;expires=1', ", "),
    "routes": lines("Record-Route", "<sip:a.example;lr>", ","),
    "parameters": lines("Contact", ";a=b").replace(": ;", ": <sip:a@a>;"),
    "uri parameters": lines("Route", ";a=b").replace(": ;", ": <sip:a@a;").replace("b\r\n", "b>\r\n"),
    "uri headers": lines("Route", "&a=b").replace(": &", ": <sip:a@a?").replace("b\r\n", "b>\r\n"),
    "escapes": lines("Route", "%41").replace(": %", ": <sip:%").replace("1\r\n", "1@a>\r\n"),
    "quotes": lines("Contact", '\\"').replace(": ", ': "').replace('"\r\n', '" <sip:a@a>\r\n'),
    "deep quotes": lines("Contact", '"\\\\"').replace("\r\n", " <sip:a@a>\r\n"),
    "nested comments": lines("User-Agent", "("),
    "folds": times("Subject:" + "\r\n a" * 900 + "\r\n", SIZE),
    "tabs and folds": times("Contact:" + "\r\n\t " * 900 + "<sip:a@a>\r\n", SIZE),
    "huge numbers": lines("Expires", "9"),
    "huge numbers in many": times("Session-Expires: " + "9" * 300 + "\r\nMin-SE: " + "0" * 300 + "\r\n", SIZE),
    "extensions": lines("Supported", "a", ","),
    "required": lines("Require", "abc", ", "),
    "asserted": lines("P-Asserted-Identity", "<tel:+47>", ","),
    "history": lines("History-Info", "<sip:a@a?Privacy=b>;index=1.1.1.1.1.1.1", ","),
    "diversions": lines("Diversion", '"a" <sip:a@a>;reason=unknown;privacy=off', ", "),
    "privacy": lines("Privacy", "id;"),
    "digests": lines("Authorization", 'a="b"', ", ").replace(": ", ": Digest "),
    "reasons": lines("Reason", 'SIP;cause=200;text="a"', ","),
    "dates and times": lines("Timestamp", "1."),
    "accepts": lines("Accept", "application/sdp;q=0.1", ","),
}
SDP_HEAD = "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
SDP_BOMBS = {
    "ordinary": times("a=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=sendrecv\r\n", SIZE),
    "media": times("m=audio 4000 RTP/AVP 8\r\n", SIZE),
    "formats": "m=audio 4000 RTP/AVP" + times(" 8", 4000) + "\r\n",
    "maps": times("a=rtpmap:101 telephone-event/8000/1\r\n", SIZE),
    "events": times("a=fmtp:101 " + ",".join(["0-15"] * 100) + "\r\n", SIZE),
    "keys": times("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40 + "|2^20|1:4\r\n", SIZE),
    "one long attribute": "a=" + times("a;", SIZE) + "\r\n",
    "connections": times("c=IN IP4 224.2.1.1/127/3\r\n", SIZE),
    "bandwidths": times("b=AS:" + "9" * 100 + "\r\n", SIZE),
    "candidates": times("a=candidate:1 1 UDP 2130706431 10.0.1.1 8998 typ host\r\n", SIZE),
    "short lines": times("a=\r\n", SIZE),
}


def best_s(work: Callable[[], object]) -> float:
    """CPU time of the quickest of five."""
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def received(text: str, body: str = "") -> float:
    """By the byte: an INVITE of a trunk's up to the application's refusal, so that everything is read."""
    peer, number = server(), 0

    def work() -> None:
        nonlocal number
        number += 1
        kind = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n" if body else ""
        peer.core.receive(f"{HEAD.format(n=number)}{kind}{text}\r\n{body}".encode(), TRUNK, 1000.0 + number)
        for event in peer.core.events():
            if isinstance(event, InviteReceived):
                peer.core.reject(event.session, 404, 1000.0 + number)
        peer.core.datagrams()

    return best_s(work) / (len(HEAD) + len(text) + len(body))


def dear(found: float, usual: float, size: int) -> bool:
    return found > MOST * usual and found * size > LEAST_S


@pytest.mark.parametrize("bomb", [name for name in BOMBS if name != "ordinary"])
def test_no_message_costs_ten_times_an_ordinary_one_of_its_size(bomb: str) -> None:
    text = BOMBS[bomb]
    for _ in range(3):
        usual, found = received(times(ORDINARY, len(text))), received(text)
        if not dear(found, usual, len(text)):
            return
    pytest.fail(f"{bomb}: {len(text)} bytes cost {found / usual:.1f} times the usual, {found * len(text) * 1e3:.2f} ms")


@pytest.mark.parametrize("bomb", [name for name in SDP_BOMBS if name != "ordinary"])
def test_no_description_costs_ten_times_an_ordinary_one_of_its_size(bomb: str) -> None:
    def read(body: str) -> float:
        def work() -> None:
            try:
                parse_sdp(SDP_HEAD + body)
            except SdpError:
                pass

        return best_s(work) / len(body)

    for _ in range(3):
        usual, found = read(SDP_BOMBS["ordinary"]), read(SDP_BOMBS[bomb])
        whole = received("", SDP_HEAD + SDP_BOMBS[bomb]) / received("", SDP_HEAD + SDP_BOMBS["ordinary"])
        if not dear(found, usual, SIZE) and whole < MOST:
            return
    pytest.fail(
        f"{bomb}: {found / usual:.1f} times the usual, {found * SIZE * 1e3:.2f} ms, {whole:.1f} with its message"
    )
