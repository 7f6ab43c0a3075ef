"""Which SIP names a certificate proves, which we expect of a peer (RFC 5922 §7), and for how long it counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sip.errors import ParseError
from sip.message.uri import SipUri
from sip.resolution import address_of

_TIMES = {0x17: "%y%m%d%H%M%S%z", 0x18: "%Y%m%d%H%M%S%z"}
"""UTCTime and GeneralizedTime as RFC 5280 §4.1.2.5 has them."""
_VERSION = 0xA0


@dataclass(frozen=True, slots=True)
class Expected:
    """What the certificate of a peer that we connect to has to say. `ca`: file of whom to believe; empty: the usual.

    `verify` false believes anybody, which has to be asked for.
    """

    name: str
    ca: str = ""
    verify: bool = True

    def met(self, identities: Iterable[str]) -> bool:
        return not self.verify or canonical(self.name) in identities


def identities(certificate: Mapping[str, object]) -> tuple[str, ...]:
    """The names of a certificate that was verified, in lower case; `certificate` as `ssl` writes it.

    SIP URIs without a user come first, DNS names count where there are none, and the common name where there is no
    subjectAltName at all (§7.1). Wildcards prove nothing (§7.2). IP addresses are taken for peers that are named so.
    """
    alternatives = _pairs(certificate.get("subjectAltName"))
    uris = [domain for kind, value in alternatives if kind == "URI" and (domain := _domain(value))]
    names = uris or [value for kind, value in alternatives if kind == "DNS"]
    names += [value for kind, value in alternatives if kind == "IP Address"]
    if not alternatives:
        subject = certificate.get("subject")
        parts = subject if isinstance(subject, tuple) else ()
        names = [value for part in parts for kind, value in _pairs(part) if kind == "commonName"]
    return tuple(canonical(name) for name in names if "*" not in name)


def canonical(name: str) -> str:
    """As names are compared: lower case, no dot at the end, addresses in one spelling."""
    name = name.strip().rstrip(".").lower()
    address = address_of(name)
    return name if address is None else str(address)


def validity(certificate: bytes) -> tuple[datetime, datetime]:
    """From when until when a certificate in DER counts (RFC 5280 §4.1). Raises ValueError where it is none."""
    try:
        signed = _values(_values(_values(certificate)[0][1])[0][1])
        serial = int(signed[0][0] == _VERSION)
        begins, ends = (_moment(*time) for time in _values(signed[serial + 3][1]))
    except (IndexError, KeyError, ValueError):
        raise ValueError("not a certificate in DER") from None
    return begins, ends


def _values(der: bytes) -> list[tuple[int, bytes]]:
    """Tags and contents of what stands one after the other; tags and lengths are as short as in certificates."""
    values = []
    while der:
        start, length = 2, der[1]
        if length > 0x7F:
            start += length - 0x80
            length = int.from_bytes(der[2:start], "big")
        values.append((der[0], der[start : start + length]))
        der = der[start + length :]
    return values


def _moment(tag: int, text: bytes) -> datetime:
    return datetime.strptime(text.decode("ascii"), _TIMES[tag]).astimezone(UTC)


def _domain(uri: str) -> str:
    try:
        parsed = SipUri.parse(uri)
    except ParseError:
        return ""
    return "" if parsed.user or parsed.scheme != "sip" else parsed.host


def _pairs(value: object) -> list[tuple[str, str]]:
    pairs = value if isinstance(value, tuple) else ()
    return [(str(pair[0]), str(pair[1])) for pair in pairs if isinstance(pair, tuple) and len(pair) == 2]
