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
_DESCRIBED = frozenset(("INVITE", "ACK", "OPTIONS", "PRACK", "UPDATE"))
_DESCRIPTION_RANGES = frozenset((SESSION_DESCRIPTION, "application/*", "*/*"))


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    headers: tuple[tuple[str, str], ...] = ()


def refusal(
    request: Request, methods: frozenset[str], extensions: frozenset[str] = frozenset(), *, secure: bool = False
) -> Refusal | None:
    """In the order of §8.2: method, To and Request-URI, extensions, content, answer. None: nothing against it.

    `secure`: it came over TLS, as a sips URI wants it.
    """
    if request.method not in methods:
        return Refusal(405 if request.method in KNOWN else 501, (("Allow", ", ".join(sorted(methods))),))
    if not isinstance(request.uri, SipUri | TelUri) or (
        isinstance(request.uri, SipUri) and request.uri.scheme != "sip" and not secure
    ):
        return Refusal(416)
    if request.method == "REGISTER" and not isinstance(request.to.uri, SipUri):
        return Refusal(400)  # an address of record is a SIP or SIPS URI (§10.3)
    if "Require" in request.headers:
        unsupported = [tag for tag in request.require if tag.lower() not in extensions]
        if unsupported:
            return Refusal(420, (("Unsupported", ", ".join(unsupported)),))
    refused = _content_refusal(request) if request.body and request.method in _DESCRIBED else None
    if refused is None and request.method == "INVITE" and "Accept" in request.headers and not _may_describe(request):
        return Refusal(406)
    return refused


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


def _may_describe(request: Request) -> bool:
    """Whether the answer may be a session description; an empty Accept allows nothing (§20.1)."""
    ranges = (one.partition(";")[0] for line in request.headers.get_all("Accept") for one in line.split(","))
    return not _DESCRIPTION_RANGES.isdisjoint("".join(one.split()).lower() for one in ranges)
