"""Keys of SRTP in a session description: `a=crypto` (RFC 4568, suites also of RFC 6188 and RFC 7714)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from enum import StrEnum

from sdp.description import Attribute, Media
from sdp.errors import NoCommonProtection

_PLAIN_PROFILES = ("RTP/AVP", "RTP/AVPF")
_SECURE_PROFILES = ("RTP/SAVP", "RTP/SAVPF")

MOST_LIFETIME = 2**48
"""Packets under one master key (RFC 3711 §9.2)."""

_LINE = re.compile(r"([0-9]{1,9})[ \t]++([^ \t]++)[ \t]++([^ \t]++)((?:[ \t]++[^ \t]++)*+)[ \t]*+")
_KEY = re.compile(r"inline:([A-Za-z0-9+/]++={0,2})(?:\|(2\^)?([0-9]{1,15}))?(?:\|([0-9]{1,40}):([0-9]{1,3}))?", re.I)
_HARMLESS = re.compile(r"KDR=0|WSH=[0-9]{1,5}|-.*+", re.I)
"""Session parameters that leave everything as it is: no derivation anew, a hint, and what may be passed over (§6.3)."""


class Srtp(StrEnum):
    """Whether a stream may, or must, be protected. Where it may, an offer of ours is best effort: RTP/AVP with keys."""

    REFUSED = "refused"
    PREFERRED = "preferred"
    REQUIRED = "required"


class Suite(StrEnum):
    """A crypto suite by its registered name."""

    AES_128_SHA1_80 = "AES_CM_128_HMAC_SHA1_80"
    AES_128_SHA1_32 = "AES_CM_128_HMAC_SHA1_32"
    AES_256_SHA1_80 = "AES_256_CM_HMAC_SHA1_80"
    AES_256_SHA1_32 = "AES_256_CM_HMAC_SHA1_32"
    AES_128_GCM = "AEAD_AES_128_GCM"
    AES_256_GCM = "AEAD_AES_256_GCM"

    @property
    def cipher_bytes(self) -> int:
        """The length of the cipher's key."""
        return 32 if "256" in self else 16

    @property
    def salt_bytes(self) -> int:
        return 12 if self.endswith("GCM") else 14

    @property
    def key_bytes(self) -> int:
        """The length of master key and master salt together."""
        return self.cipher_bytes + self.salt_bytes


OFFERED = (Suite.AES_128_GCM, Suite.AES_128_SHA1_80, Suite.AES_256_GCM, Suite.AES_128_SHA1_32)
"""What our offers have; the first costs a quarter of the second. Of a peer's offer every suite is taken."""
CHANCE_BYTES = sum(suite.key_bytes for suite in OFFERED)
"""How much chance the keys of one offer, or of one answer, need."""

_SUITES: dict[str, Suite] = {suite.value: suite for suite in Suite}


@dataclass(frozen=True, slots=True)
class Crypto:
    """One `a=crypto` line: how its maker protects what it sends.

    `key` is master key and salt. `mki` stands in every packet under the key, or is empty; a peer's is honoured, ours
    have none. `lifetime` in packets, None where the line names none; it is the maker's to keep, and not watched here.
    """

    tag: int
    suite: Suite
    key: bytes = field(repr=False)
    lifetime: int | None = None
    mki: bytes = b""

    def __str__(self) -> str:
        key = "inline:" + base64.b64encode(self.key).decode()
        if self.lifetime is not None:
            key += f"|{self.lifetime}"
        if self.mki:
            key += f"|{int.from_bytes(self.mki, 'big')}:{len(self.mki)}"
        return f"{self.tag} {self.suite} {key}"

    @property
    def attribute(self) -> Attribute:
        return Attribute("crypto", str(self))

    def protects_as(self, other: Crypto) -> bool:
        """Whether packets are the same under both lines, whatever their tags."""
        return (self.suite, self.key, self.mki) == (other.suite, other.key, other.mki)


@dataclass(frozen=True, slots=True)
class Secured:
    """What protects a stream: our line for what we send, the peer's for what we receive."""

    sent: Crypto
    received: Crypto


@dataclass(frozen=True, slots=True)
class Security:
    """How much protection is wanted of an offer or answer, and the `chance` that new keys are made of.

    `kept` is what protects the session so far: while the peer keeps its key, we keep ours.
    """

    policy: Srtp = Srtp.REFUSED
    chance: bytes = field(default=b"", repr=False)
    kept: Secured | None = None


PLAIN = Security()


def parse(value: str) -> Crypto | None:
    """The value of an `a=crypto` line, None where it is malformed or asks for something that is not done here.

    Refused are unknown suites, several keys in one line, keys of another length, no encryption or no authentication,
    derivation at a rate, FEC, and unknown session parameters (§6.3.7, §7.1.2).
    """
    line = _LINE.fullmatch(value)
    if line is None:
        return None
    suite, key = _SUITES.get(line[2].upper()), _KEY.fullmatch(line[3])
    if suite is None or key is None or not all(map(_HARMLESS.fullmatch, line[4].split())):
        return None
    secret, mki = _secret(key[1]), _mki(key[4], key[5])
    lifetime = _lifetime(key[2], key[3])
    if len(secret) != suite.key_bytes or mki is None or lifetime == 0:
        return None
    return Crypto(int(line[1]), suite, secret, lifetime, mki)


def _secret(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return b""


def _lifetime(power: str | None, digits: str | None) -> int | None:
    """None where there is none; 0 for one that cannot be."""
    if digits is None:
        return None
    number = int(digits)
    value = number if power is None else 2 ** min(number, 64)
    return value if value <= MOST_LIFETIME else 0


def _mki(digits: str | None, size: str | None) -> bytes | None:
    """Empty where there is none; None for one that cannot be (§6.1: 1 to 128 bytes)."""
    if digits is None or size is None:
        return b""
    number, length = int(digits), int(size)
    if not 1 <= length <= 128 or number.bit_length() > 8 * length:
        return None
    return number.to_bytes(length, "big")


def keys(media: Media) -> list[Crypto]:
    """The acceptable `a=crypto` lines of a stream, in their order."""
    values = [attribute.value or "" for attribute in media.attributes if attribute.name == "crypto"]
    return [crypto for crypto in map(parse, values) if crypto is not None]


def offered(security: Security, last: Media | None = None) -> tuple[Crypto, ...]:
    """Our lines of an offer, each with a key of its own; none where the policy refuses protection.

    `last` is our stream as described last: what protects it stays; a plain one stays so. Keys that were offered and
    not agreed on are not offered again.
    """
    if security.kept is not None:
        return (security.kept.sent,)
    if security.policy is Srtp.REFUSED or (last is not None and last.attribute("crypto") is None):
        return ()
    made, at = [], 0
    for tag, suite in enumerate(OFFERED, 1):
        made.append(Crypto(tag, suite, security.chance[at : at + suite.key_bytes]))
        at += suite.key_bytes
    return tuple(made)


def answered(theirs: Crypto, security: Security) -> Secured:
    """What protects a stream whose offer has the line `theirs`: our line has its tag and suite (§5.1.2)."""
    kept = security.kept
    keeps = kept is not None and kept.received.protects_as(theirs) and kept.sent.suite is theirs.suite
    key = kept.sent.key if keeps and kept is not None else security.chance[: theirs.suite.key_bytes]
    return Secured(Crypto(theirs.tag, theirs.suite, key), theirs)


def protection(media: Media, policy: Srtp) -> tuple[bool, Crypto | None]:
    """Whether the policy lets an offered stream be taken, and by which of its lines it would be protected."""
    secure = media.protocol in _SECURE_PROFILES
    if not secure and media.protocol not in _PLAIN_PROFILES:
        return False, None
    key = None if policy is Srtp.REFUSED else next(iter(keys(media)), None)
    return key is not None or not (secure or policy is Srtp.REQUIRED), key


def completed(ours: Media, theirs: Media, policy: Srtp) -> Secured | None:
    """What protects a stream by the answer to our offer (§5.1.3).

    None where the offer was best effort and the answer has no keys. Raises NoCommonProtection.
    """
    sent_by_tag = {(sent.tag, sent.suite): sent for sent in keys(ours)}
    for received in keys(theirs):
        sent = sent_by_tag.get((received.tag, received.suite))
        if sent is not None and sent.key != received.key:
            return Secured(sent, received)
    needed = policy is Srtp.REQUIRED or ours.protocol in _SECURE_PROFILES
    if needed or (sent_by_tag and theirs.attribute("crypto") is not None):
        raise NoCommonProtection("the answer has no a=crypto line with a tag and suite of ours and a key of its own")
    return None
