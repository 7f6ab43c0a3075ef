"""The parsers that read what strangers send, each with what it may raise and with examples of what it takes."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import sdp.description
from rtp import packet, rtcp
from rtp.srtp import SrtpReceiver, SrtpSender
from sdp.crypto import CHANCE_BYTES, Crypto, Security, Srtp, Suite, keys
from sdp.description import SessionDescription
from sdp.errors import SdpError
from sdp.negotiation import Agreed, Capabilities, answer
from sip.errors import ParseError
from sip.message import auth, message
from sip.message.address import NameAddr
from sip.message.fields import TypedFields
from sip.message.framing import Framer
from sip.message.message import Message, MessageError, Request
from sip.message.uri import SipUri, Uri, parse_uri
from sip.message.via import Via
from sip.session.info import read_info
from tests.sip.torture import torture_messages

MOST_BYTES = 65536
MOST_MS = 10.0
"""CPU time for one input of at most MOST_BYTES."""


@dataclass(frozen=True, slots=True)
class Target:
    """`read` is the parser, with what is read of its outcome in any case; `check` holds the outcome to more.

    `tokens`: what to make mutations of.
    """

    name: str
    read: Callable[[bytes], Any]
    check: Callable[[Any, bytes], object]
    declared: tuple[type[Exception], ...]
    examples: tuple[bytes, ...]
    tokens: tuple[bytes, ...]

    def feed(self, data: bytes) -> bool:
        """Whether the parser takes it. Raises what no caller expects."""
        try:
            outcome = self.read(data)
        except self.declared:
            return False
        self.check(outcome, data)
        return True

    def read_ms(self, data: bytes) -> float:
        """CPU time that the parser takes, whatever comes of it."""
        begun_ns = time.thread_time_ns()
        try:
            self.read(data)
        except self.declared:
            pass
        return (time.thread_time_ns() - begun_ns) / 1e6


def _text(data: bytes) -> str:
    """As the message parser decodes heads."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def read_message(data: bytes) -> Message:
    """A malformed one with its answer."""
    try:
        return message.parse(data)
    except MessageError as error:
        if error.partial is not None:
            request = error.partial
            request.replace_via(request.via.with_received("192.0.2.1", 5060))
            bytes(message.respond(request, error.status, to_tag="t"))
        raise


def check_message(read: Message, data: bytes) -> None:
    """No typed field raises, and what is written reads back the same."""
    for name in TYPED:
        getattr(read, name)
    for line in (*read.headers.get_all("Authorization"), *read.headers.get_all("Proxy-Authorization")):
        auth.read_credentials([line])
    if isinstance(read, Request):
        read_info(read)
        bytes(message.respond(read, 200, to_tag="t"))
    again = message.parse(bytes(read), message.Limits(2**20, 2**19, 2**18, 1000))
    for name in ("via", "to", "from_", "cseq", "call_id", "body"):
        assert getattr(again, name) == getattr(read, name)


TYPED = tuple(name for name, kind in vars(TypedFields).items() if isinstance(kind, property))


def check_uri(uri: Uri, data: bytes) -> object:
    assert parse_uri(str(uri)) == uri
    if isinstance(uri, SipUri):
        assert uri.matches(uri)
        return uri.aor, uri.host_port, uri.user_text
    return uri


def check_addresses(addresses: list[NameAddr], data: bytes) -> object:
    assert [NameAddr.parse(str(one)).uri for one in addresses] == [one.uri for one in addresses]
    return [(one.tag, one.with_tag("x")) for one in addresses]


def check_vias(hops: list[Via], data: bytes) -> object:
    assert [Via.parse_list(str(hop)) for hop in hops] == [[hop] for hop in hops]
    return [(hop.branch, hop.received, hop.rport, hop.ttl, hop.maddr, hop.with_received("::1", 1)) for hop in hops]


def read_digest(data: bytes) -> tuple[list[auth.Challenge], list[auth.Credentials]]:
    text = _text(data)
    return auth.read_challenges([text]), auth.read_credentials([text])


def check_digest(read: tuple[list[auth.Challenge], list[auth.Credentials]], data: bytes) -> object:
    for one in read[1]:
        auth.is_right(one, "REGISTER", "a1")
    return [str(one) for part in read for one in part]


def read_stream(data: bytes) -> tuple[list[bytes], str]:
    framer = Framer()
    return framer.feed(data), str(framer.fault)


def check_stream(read: tuple[list[bytes], str], data: bytes) -> None:
    """Pieces of a size that the data gives make no difference."""
    framer = Framer()
    size = 1 + 16 * (data[0] if data else 0)
    cut = [one for at in range(0, len(data), size) for one in framer.feed(data[at : at + size])]
    assert (cut, str(framer.fault)) == read


def check_description(description: SessionDescription, data: bytes) -> None:
    for media in description.media:
        media.rtp_maps()
        description.address_of(media)
        for key in keys(media):
            assert keys(replace(media, attributes=(key.attribute,))) == [key]
    assert sdp.description.parse(str(description)).media == description.media


def read_offer(data: bytes) -> tuple[SessionDescription, Agreed]:
    security = Security(Srtp.PREFERRED, bytes(CHANCE_BYTES))
    return answer(sdp.description.parse(data), Capabilities("192.0.2.2"), 4000, 1, 1, security=security)


def check_answer(answered: tuple[SessionDescription, Agreed], data: bytes) -> None:
    """The peer could read the answer, and agrees to what we agreed to."""
    description, agreed = answered
    assert sdp.description.parse(str(description)).media == description.media
    assert 0 < agreed.port < 65536
    assert "%" not in agreed.address


def check_rtp(found: packet.RtpPacket, data: bytes) -> None:
    start, end = packet.payload_bounds(data)
    assert found.payload == data[start:end]


def check_rtcp(found: tuple[rtcp.RtcpPacket, ...], data: bytes) -> None:
    assert 4 * len(found) <= len(data)


_KEYS = [
    Crypto(1, Suite.AES_128_SHA1_80, bytes(30), None, b"\1"),
    Crypto(1, Suite.AES_256_SHA1_32, bytes(46)),
    Crypto(1, Suite.AES_128_GCM, bytes(28)),
]
_RECEIVERS = [SrtpReceiver(key) for key in _KEYS]


def read_srtp(data: bytes) -> list[int]:
    """As SRTP and as SRTCP, under a key of each kind; the lengths of what was opened."""
    opened = []
    for receiver in _RECEIVERS:
        opened.append(receiver.unprotect(bytearray(data), len(data)))
        opened.append(len(receiver.unprotect_rtcp(data) or b""))
    return opened


def check_srtp(opened: list[int], data: bytes) -> None:
    """What was opened is shorter than it was, and is opened only once."""
    assert all(length < len(data) for length in opened if length)
    assert not any(read_srtp(data))


OFFER = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 8 0 101\r\n"
    b"a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:32\r\n"
)
_REPORT = rtcp.build_report(
    rtcp.Report(7, (rtcp.ReportBlock(8, 1, -1, 2, 3, 4, 5),) * 2, rtcp.ntp_time(1e9), 1, 2, 3), "svar"
)
_SIP_TOKENS = (
    *(b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0", b'"', b'\\"', b"<", b">", b";", b",", b":", b"@", b"[", b"]", b"="),
    *(b" ", b"\t", b"\r\n ", b"%00", b"%", b"\xff\xfe", b"\xc3\x28", b"\xc3\xb8", b"-1", b"0", b"4294967296", b"*"),
    *(b"A" * 64, b"A" * 8192, b"SIP/2.0", b"sip:", b"sips:", b"tel:", b"z9hG4bK", b";lr", b";rport", b";tag=", b"::1"),
    *(b"Content-Length: ", b"Via: ", b"Route: <sip:x;lr>\r\n", b"Require: x\r\n", b"Max-Forwards: ", b"l: 0\r\n"),
)
_SDP_TOKENS = (
    *(b"\r\n", b"\n", b"\r", b"\0", b" ", b"/", b":", b"=", b"a=rtpmap:", b"m=audio ", b"c=IN IP6 ::1\r\n", b"v=0\r\n"),
    *(b"o=- 1 1 IN IP4 a\r\n", b"a=crypto:", b"inline:", b"|2^", b"99999999999999999999", b"\xff", b"A" * 4096),
)
_BINARY = (b"\0", b"\xff", b"\x80", b"\xff\xff\xff\xff", b"\0\0", b"\x81\xcb", b"\xbf", b"\x90", b"\xa0", b"A" * 1500)
_MESSAGES = tuple(one.data for one in torture_messages())
_VOICE = packet.RtpPacket(8, 1, 160, 7, bytes(160)).to_bytes()
_PROTECTED = tuple(
    found
    for key in _KEYS
    for found in (SrtpSender(key).protect(_VOICE), SrtpSender(key).protect_rtcp(_REPORT))
    if found is not None
)
_DIGEST = (
    b'Digest username="bob", realm="a.example", nonce="n\\"1", uri="sip:a.example", qop=auth, nc=00000001, '
    b'cnonce="c", response="6629fae49393a05397450978507c4ef1", opaque="5ccc", algorithm=SHA-256'
)

TARGETS = (
    Target("message", read_message, check_message, (MessageError,), _MESSAGES, _SIP_TOKENS),
    Target(
        "uri",
        lambda data: parse_uri(_text(data)),
        check_uri,
        (ParseError,),
        (
            b"sip:%61lice;day=tue:p%20w@[2001:db8::1]:5060;transport=tls;lr;a=%41?subject=x&to=sip:a%40b",
            b"sips:+4721070000@example.com;user=phone",
            b"tel:+47-21-07.00(00);phone-context=example.com;ext=1",
            b"urn:service:sos",
        ),
        _SIP_TOKENS,
    ),
    Target(
        "addresses",
        lambda data: NameAddr.parse_list(_text(data)),
        check_addresses,
        (ParseError,),
        (b'"A \\"B\\" C" <sip:a@b;lr?x=y>;tag=1;q=0.5, Bob B <tel:+47>;x="y;z",sip:c@d;tag=2', b"<sips:a@[::1]>"),
        _SIP_TOKENS,
    ),
    Target(
        "vias",
        lambda data: Via.parse_list(_text(data)),
        check_vias,
        (ParseError,),
        (b"SIP / 2.0 / UDP a.example : 5060;branch=z9hG4bK1;received=::1;rport=5,SIP/2.0/TLS [::1];ttl=1;maddr=[::2]",),
        _SIP_TOKENS,
    ),
    Target(
        "digest",
        read_digest,
        check_digest,
        (),
        (_DIGEST, b'Digest realm="a", nonce="b", qop="auth,auth-int"'),
        _SIP_TOKENS,
    ),
    Target("stream", read_stream, check_stream, (), (*_MESSAGES, b"\r\n\r\n".join(_MESSAGES[:3])), _SIP_TOKENS),
    Target(
        "description",
        sdp.description.parse,
        check_description,
        (SdpError,),
        (OFFER, OFFER + OFFER[OFFER.index(b"m=") :]),
        _SDP_TOKENS,
    ),
    Target("offer", read_offer, check_answer, (SdpError,), (OFFER, OFFER.replace(b"SAVP", b"AVP")), _SDP_TOKENS),
    Target("srtp", read_srtp, check_srtp, (), _PROTECTED, _BINARY),
    Target(
        "rtp",
        packet.parse,
        check_rtp,
        (packet.PacketError,),
        (
            packet.RtpPacket(8, 1, 160, 7, bytes(160)).to_bytes(),
            b"\xb2" + packet.RtpPacket(8, 1, 160, 7, bytes(8) + b"\0\0\0\1" + bytes(19) + b"\5").to_bytes()[1:],
        ),
        _BINARY,
    ),
    Target(
        "rtcp", rtcp.parse_compound, check_rtcp, (packet.PacketError,), (_REPORT, rtcp.build_bye(7, "svar")), _BINARY
    ),
)
BY_NAME = {target.name: target for target in TARGETS}
