"""What a request is refused for before anybody looks at what it wants (RFC 3261 §8.2)."""

from __future__ import annotations

from dataclasses import dataclass

from sip.message.message import Request
from sip.message.uri import SipUri, TelUri

# The methods of the RFCs: those that we do not serve get 405, any other word 501 (§21.4.6, §21.5.2).
KNOWN = frozenset(
    (
        "INVITE",
        "ACK",
        "BYE",
        "CANCEL",
        "OPTIONS",
        "REGISTER",
        "INFO",
        "PRACK",
        "SUBSCRIBE",
        "NOTIFY",
        "UPDATE",
        "MESSAGE",
        "REFER",
        "PUBLISH",
    )
)
SESSION_DESCRIPTION = "application/sdp"
_DESCRIBED = frozenset(("INVITE", "ACK", "OPTIONS", "UPDATE"))


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    headers: tuple[tuple[str, str], ...] = ()


def refusal(request: Request, methods: frozenset[str]) -> Refusal | None:
    """In the order of §8.2: method, Request-URI, extensions, content. None: nothing against it."""
    if request.method not in methods:
        return Refusal(405 if request.method in KNOWN else 501, (("Allow", ", ".join(sorted(methods))),))
    if not isinstance(request.uri, SipUri | TelUri) or (
        isinstance(request.uri, SipUri) and request.uri.scheme != "sip"
    ):
        return Refusal(416)
    if "Require" in request.headers and request.require:
        return Refusal(420, (("Unsupported", ", ".join(request.require)),))
    if request.body and request.method in _DESCRIBED:
        return _content_refusal(request)
    return None


def _content_refusal(request: Request) -> Refusal | None:
    disposition = request.headers.get("Content-Disposition") or ""
    if "handling=optional" in disposition.replace(" ", "").lower():
        return None
    encoding = request.headers.get("Content-Encoding") or "identity"
    if encoding.strip().lower() != "identity":
        return Refusal(415, (("Accept-Encoding", "identity"),))
    if request.content_type != SESSION_DESCRIPTION:
        return Refusal(415, (("Accept", SESSION_DESCRIPTION),))
    return None
