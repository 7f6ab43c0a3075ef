"""Which SIP names a certificate proves, and which we expect of a peer (RFC 5922 §7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from sip.dialog import is_address
from sip.errors import ParseError
from sip.message.uri import SipUri


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
    if is_address(name):
        try:
            return str(ip_address(name))
        except ValueError:
            return name
    return name


def _domain(uri: str) -> str:
    try:
        parsed = SipUri.parse(uri)
    except ParseError:
        return ""
    return "" if parsed.user or parsed.scheme != "sip" else parsed.host


def _pairs(value: object) -> list[tuple[str, str]]:
    pairs = value if isinstance(value, tuple) else ()
    return [(str(pair[0]), str(pair[1])) for pair in pairs if isinstance(pair, tuple) and len(pair) == 2]
