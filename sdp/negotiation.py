"""Offer and answer (RFC 3264) for one audio stream in G.711, plain or as SRTP, as pure functions."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache

from sdp import crypto
from sdp.crypto import PLAIN, Crypto, Secured, Security, Srtp
from sdp.description import Attribute, Lines, Media, Origin, RtpMap, SessionDescription
from sdp.errors import NoCommonCodec, SdpError, UnusableAddress

DTMF_PAYLOAD_TYPE = 101
"""The number that our offers give to telephone events (RFC 4733)."""

RATE = 8000
_FOREVER: Lines = (("t", "0 0"),)
_STATIC = {"PCMU": 0, "PCMA": 8}
_DTMF = "TELEPHONE-EVENT"
_USERNAME = "svar"

Maps = dict[int, RtpMap]


class Direction(Enum):
    """Whether media flows, seen from the side that says it (RFC 3264 §5.1)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @classmethod
    def of(cls, *, sends: bool, receives: bool) -> Direction:
        if sends:
            return cls.SENDRECV if receives else cls.SENDONLY
        return cls.RECVONLY if receives else cls.INACTIVE


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this side can do. `address` receives the media; the first of `codecs` is the one preferred."""

    address: str
    codecs: tuple[str, ...] = ("PCMA", "PCMU")
    dtmf: bool = True
    ptime_ms: int = 20
    rtcp_mux: bool = False


@dataclass(frozen=True, slots=True)
class Codec:
    """`payload_type` is the number to send with; `rate` in Hz."""

    name: str
    payload_type: int
    rate: int = RATE


@dataclass(frozen=True, slots=True)
class Agreed:
    """What an offer and its answer settled. `address`, `port` and `rtcp_port` are the peer's.

    The `_receive_type` numbers stand in our own description: what the peer marks its packets with. While the peer holds
    the old way, `address` is 0.0.0.0 and `direction` (ours) does not send. `secured` None: plain RTP.
    """

    address: str
    port: int
    codec: Codec
    codec_receive_type: int
    dtmf_payload_type: int | None
    dtmf_receive_type: int | None
    direction: Direction
    ptime_ms: int
    rtcp_mux: bool
    rtcp_port: int
    secured: Secured | None = None


def make_offer(
    capabilities: Capabilities,
    port: int,
    session_id: int,
    version: int,
    direction: Direction = Direction.SENDRECV,
    *,
    last: SessionDescription | None = None,
    security: Security = PLAIN,
) -> SessionDescription:
    """An offer of every codec we have; `port` is ours.

    In a session that stands, `last` is our description in force: its m-lines stay, refused ones too, its payload types
    keep their meaning (RFC 3264 §8, §8.3.2). What protects it stays (`security.kept`).
    """
    lines = list(last.media) if last is not None else []
    index = _audio_index(lines) if lines else 0
    known = {found.name: found for found in _maps(lines[index]).values()} if lines else {}
    maps = [known.get(name) or RtpMap(_STATIC[name], name, RATE) for name in capabilities.codecs]
    dtmf = (known.get(_DTMF) or RtpMap(DTMF_PAYLOAD_TYPE, _DTMF, RATE)) if capabilities.dtmf else None
    protocol = lines[index].protocol if lines else "RTP/SAVP" if security.policy is Srtp.REQUIRED else "RTP/AVP"
    keys = crypto.offered(security, lines[index] if lines else None)
    media = _media(capabilities, port, protocol, maps, dtmf, direction, rtcp_mux=capabilities.rtcp_mux)
    lines[index : index + 1] = [_with_keys(media, keys)]
    return _describe(capabilities, session_id, version, tuple(lines))


def answer(
    offer: SessionDescription,
    capabilities: Capabilities,
    port: int,
    session_id: int,
    version: int,
    direction: Direction = Direction.SENDRECV,
    *,
    security: Security = PLAIN,
) -> tuple[SessionDescription, Agreed]:
    """The answer to `offer`, and what it settles. `direction` is what we want; the answer never exceeds the offer.

    Every m-line is answered: the first usable audio stream with one codec, the others with port 0. The codec is the
    first of *ours* that was offered, so that two bridged legs share it (RFC 3264 §6.1 lets the answerer choose). A
    stream that can be protected goes before one that cannot, unless the policy refuses protection.
    Raises NoCommonCodec or UnusableAddress: answer 488.
    """
    index, codec_map, their_maps, key = _choose(offer, capabilities, security.policy)
    theirs = offer.media[index]
    address = _usable_address(offer, theirs, capabilities.address)
    ours = _answered_direction(_direction(offer, theirs), direction, held=_is_unspecified(address))
    dtmf_map = _named(their_maps, _DTMF) if capabilities.dtmf else None
    mux = capabilities.rtcp_mux and theirs.attribute("rtcp-mux") is not None
    secured = None if key is None else crypto.answered(key, security)
    accepted = _media(capabilities, port, theirs.protocol, [codec_map], dtmf_map, ours, rtcp_mux=mux)
    if secured is not None:
        accepted = _with_keys(accepted, (secured.sent,))
    media = tuple(accepted if at == index else _refuse(line) for at, line in enumerate(offer.media))
    times = tuple([line for line in offer.others if line[0] == "t"])
    description = _describe(capabilities, session_id, version, media, times or _FOREVER)
    # The answer gives the offer's own numbers back (RFC 3264 §6.1).
    numbers = _Numbers(codec_map.payload_type, dtmf_map, dtmf_map)
    return description, _agreed(address, theirs, accepted, codec_map, numbers, ours, secured, mux=mux)


def complete(offer: SessionDescription, answered: SessionDescription, policy: Srtp = Srtp.REFUSED) -> Agreed:
    """What the peer's answer to our offer settles.

    Raises NoCommonCodec, NoCommonProtection, UnusableAddress or SdpError.
    """
    if len(answered.media) != len(offer.media):
        raise SdpError(f"an answer with {len(answered.media)} m= lines to an offer with {len(offer.media)}")
    index = _audio_index(offer.media)
    ours, theirs = offer.media[index], answered.media[index]
    if theirs.kind != ours.kind or theirs.protocol != ours.protocol or theirs.port == 0:
        raise NoCommonCodec(f"the answer refuses our audio: m={theirs.kind} {theirs.port} {theirs.protocol}")
    our_maps, their_maps = _maps(ours), _maps(theirs)
    names = {rtp_map.name for rtp_map in our_maps.values()}
    codec_map = next((found for found in their_maps.values() if found.name in names and found.name in _STATIC), None)
    if codec_map is None:
        raise NoCommonCodec(f"the answer has none of our codecs, but {' '.join(theirs.formats)[:80]!r}")
    secured = crypto.completed(ours, theirs, policy)
    address = _usable_address(answered, theirs, offer.address_of(ours) or "")
    direction = _answered_direction(
        _direction(answered, theirs), _direction(offer, ours), held=_is_unspecified(address)
    )
    mux = ours.attribute("rtcp-mux") is not None and theirs.attribute("rtcp-mux") is not None
    receive_type = next(found.payload_type for found in our_maps.values() if found.name == codec_map.name)
    numbers = _Numbers(receive_type, _named(their_maps, _DTMF), _named(our_maps, _DTMF))
    return _agreed(address, theirs, ours, codec_map, numbers, direction, secured, mux=mux)


def next_version(last: SessionDescription, new: SessionDescription) -> SessionDescription:
    """`new` with the o= line of `last`, its version raised by one if anything else changed (RFC 3264 §8)."""
    same = replace(new, origin=last.origin)
    if same == last:
        return last
    return replace(same, origin=replace(last.origin, version=last.origin.version + 1))


def _audio_index(media: Sequence[Media]) -> int:
    """Where our own description has its audio: all its other lines are refused."""
    return next((at for at, line in enumerate(media) if line.port), 0)


def _choose(
    offer: SessionDescription, capabilities: Capabilities, policy: Srtp
) -> tuple[int, RtpMap, Maps, Crypto | None]:
    """The audio stream that is taken: its codec, what else it offers, and the line that protects it, if any does.

    That is the first that shares a codec with us, but a plain one only where no protected one does.
    """
    plain = None
    for index, media in enumerate(offer.media):
        usable, key = crypto.protection(media, policy)
        if media.kind != "audio" or media.port == 0 or not usable:
            continue
        maps = _maps(media)
        codec_map = next((found for name in capabilities.codecs if (found := _named(maps, name))), None)
        if codec_map is not None and (key is not None or policy is Srtp.REFUSED):
            return index, codec_map, maps, key
        if codec_map is not None and plain is None:
            plain = index, codec_map, maps, None
    if plain is not None:
        return plain
    lines = "; ".join(f"{media.kind} {media.port} {media.protocol} {' '.join(media.formats)}" for media in offer.media)
    wanted = f"{' or '.join(capabilities.codecs)} with SRTP {policy}"
    raise NoCommonCodec(f"expected audio in {wanted}, offered: {lines[:200]!r}")


def _maps(media: Media) -> Maps:
    """What each format means, in the order of the m-line; static numbers need no rtpmap (RFC 3551 §6)."""
    explicit = media.rtp_maps()
    maps = {}
    for text in media.formats:
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else 128
        if number in explicit and number < 128:
            if explicit[number].rate == RATE and explicit[number].channels == 1:
                maps[number] = explicit[number]
        elif number in _STATIC.values():
            maps[number] = RtpMap(number, "PCMU" if number == 0 else "PCMA", RATE)
    return maps


def _named(maps: Maps, name: str) -> RtpMap | None:
    for found in maps.values():
        if found.name == name:
            return found
    return None


def _direction(description: SessionDescription, media: Media) -> Direction:
    for attributes in (media.attributes, description.attributes):
        for attribute in attributes:
            if attribute.name in _DIRECTIONS and attribute.value is None:
                return _DIRECTIONS[attribute.name]
    return Direction.SENDRECV


_DIRECTIONS = {direction.value: direction for direction in Direction}


def _answered_direction(theirs: Direction, wanted: Direction, *, held: bool) -> Direction:
    """Our direction: what we want, as far as theirs allows. 0.0.0.0 takes no media whatever it says (RFC 3264 §8.4)."""
    return Direction.of(sends=wanted.sends and theirs.receives and not held, receives=wanted.receives and theirs.sends)


def _usable_address(description: SessionDescription, media: Media, ours: str) -> str:
    """Where the peer receives. A name would be looked up on the media path, a group would be flooded: both refused."""
    text = description.address_of(media)
    if text is None:
        raise UnusableAddress(f"no c= line for m={media.kind}")
    return _host(text, ours)


@lru_cache(maxsize=1024)
def _host(text: str, ours: str) -> str:
    try:
        address = ipaddress.ip_address(text)
        own = ipaddress.ip_address(ours)
    except ValueError:
        raise UnusableAddress(f"c= {text[:80]!r}: expected an address, not a name") from None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        raise UnusableAddress(f"c= {text[:80]!r}: expected no zone, which means something on its own machine only")
    if address.is_multicast or text == "255.255.255.255":
        raise UnusableAddress(f"c= {text}: expected the address of one host")
    if address.version != own.version and not address.is_unspecified:
        raise UnusableAddress(f"c= {text[:80]}: expected IPv{own.version}, as our own address")
    return str(address)


def _is_unspecified(address: str) -> bool:
    return address in ("0.0.0.0", "::")


def _refuse(media: Media) -> Media:
    return Media(media.kind, 0, media.protocol, media.formats)


def _media(
    capabilities: Capabilities,
    port: int,
    protocol: str,
    maps: list[RtpMap],
    dtmf: RtpMap | None,
    direction: Direction,
    *,
    rtcp_mux: bool,
) -> Media:
    """An audio line of ours."""
    formats, attributes = _own_lines(tuple(maps), dtmf, capabilities.ptime_ms, direction, rtcp_mux)
    return Media("audio", port, protocol, formats, None, attributes)


def _with_keys(media: Media, keys: Iterable[Crypto]) -> Media:
    return replace(media, attributes=media.attributes + tuple([key.attribute for key in keys]))


@lru_cache(maxsize=256)
def _own_lines(
    maps: tuple[RtpMap, ...], dtmf: RtpMap | None, ptime_ms: int, direction: Direction, rtcp_mux: bool
) -> tuple[tuple[str, ...], tuple[Attribute, ...]]:
    """The formats and attributes of an audio line of ours."""
    attributes = [Attribute("rtpmap", f"{found.payload_type} {found.name}/{RATE}") for found in maps]
    formats = [str(found.payload_type) for found in maps]
    if dtmf is not None:
        formats.append(str(dtmf.payload_type))
        attributes.append(Attribute("rtpmap", f"{dtmf.payload_type} telephone-event/{RATE}"))
        attributes.append(Attribute("fmtp", f"{dtmf.payload_type} 0-15"))
    attributes.append(Attribute("ptime", str(ptime_ms)))
    if rtcp_mux:
        attributes.append(Attribute("rtcp-mux"))
    attributes.append(Attribute(direction.value))
    return tuple(formats), tuple(attributes)


def _describe(
    capabilities: Capabilities, session_id: int, version: int, media: tuple[Media, ...], times: Lines = _FOREVER
) -> SessionDescription:
    origin = Origin(_USERNAME, session_id, version, capabilities.address)
    return SessionDescription(origin, connection=capabilities.address, media=media, others=times)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Which payload types will be seen: the codec's in our description, telephone events in theirs and in ours."""

    codec_receive: int
    sent_dtmf: RtpMap | None
    received_dtmf: RtpMap | None


def _agreed(
    address: str,
    theirs: Media,
    ours: Media,
    codec_map: RtpMap,
    numbers: _Numbers,
    direction: Direction,
    secured: Secured | None,
    *,
    mux: bool,
) -> Agreed:
    sent, received = numbers.sent_dtmf, numbers.received_dtmf
    both = sent is not None and received is not None
    return Agreed(
        address,
        theirs.port,
        Codec(codec_map.name, codec_map.payload_type),
        numbers.codec_receive,
        sent.payload_type if both and sent else None,
        received.payload_type if both and received else None,
        direction,
        _ptime_ms(theirs, ours),
        mux,
        theirs.port if mux else _number(theirs.attribute("rtcp"), 1, 65535, min(theirs.port + 1, 65535)),
        secured,
    )


def _ptime_ms(theirs: Media, ours: Media) -> int:
    """How long the peer wants packets to last: its ptime, else ours; never more than its maxptime (RFC 8866 §6.4)."""
    wanted = _number(theirs.attribute("ptime"), 1, 200, _number(ours.attribute("ptime"), 1, 200, 20))
    return min(wanted, _number(theirs.attribute("maxptime"), 1, 200, wanted))


def _number(text: str | None, low: int, high: int, default: int) -> int:
    """The number that `text` begins with, or `default` where there is none between the bounds."""
    first = (text or "").split(" ")[0]
    value = int(first) if first.isascii() and first.isdigit() and len(first) <= 5 else -1
    return value if low <= value <= high else default
