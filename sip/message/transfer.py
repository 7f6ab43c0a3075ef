"""What a transfer says: Refer-To (RFC 3515), Replaces (RFC 3891), and the status line in a NOTIFY (RFC 3420)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from sip.errors import ParseError
from sip.message.address import NameAddr
from sip.message.grammar import find_param, is_token, scan_end, scan_params
from sip.message.headers import Headers
from sip.message.uri import SipUri

SIPFRAG = "message/sipfrag"

_STATUS_LINE = re.compile(rb"SIP/2\.0 ([1-6][0-9]{2}) ?([^\r\n]{0,200})")
_CALL_ID = re.compile(r"[ \t]*+([^\x00-\x20\x7f;,]++)")


@dataclass(frozen=True, slots=True)
class Replaces:
    """The dialog that a new INVITE takes the place of; `to_tag` is the tag of the side that gets the INVITE."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool = False

    @classmethod
    def parse(cls, text: str) -> Replaces:
        """Raises ParseError (400)."""
        match = _CALL_ID.match(text)
        if match is None:
            raise ParseError(f"Replaces {text[:80]!r}: expected a Call-ID")
        params, end = scan_params(text, match.end())
        to_tag, from_tag = find_param(params, "to-tag") or "", find_param(params, "from-tag") or ""
        if scan_end(text, end) != len(text) or not is_token(to_tag) or not is_token(from_tag):
            raise ParseError(f"Replaces {text[:80]!r}: expected a to-tag and a from-tag")
        return cls(match[1], to_tag, from_tag, find_param(params, "early-only") is not None)

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """What an INVITE says to take that place, and to fail where the peer does not understand it."""
        return ("Replaces", str(self)), ("Require", "replaces")

    def seen_there(self) -> Replaces:
        """The same dialog as its other end knows it: the tags are the other way about."""
        return Replaces(self.call_id, self.from_tag, self.to_tag)

    def __str__(self) -> str:
        early = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{early}"


@dataclass(frozen=True, slots=True)
class ReferTo:
    """Whom to call, in the place of which dialog if any. `target` has neither method nor headers."""

    target: SipUri
    replaces: Replaces | None = None

    def __str__(self) -> str:
        if self.replaces is None:
            return f"<{self.target}>"
        return f"<{replace(self.target, headers=(('Replaces', quote(str(self.replaces), safe='-_.!~*()')),))}>"


def read_replaces(headers: Headers) -> Replaces:
    """Raises ParseError (400) unless there is exactly one, and beside Join (RFC 3891 §3)."""
    lines = headers.get_all("Replaces")
    if len(lines) != 1 or "Join" in headers:
        raise ParseError("Replaces: expected one, and not beside Join")
    return Replaces.parse(lines[0])


def read_refer_to(headers: Headers) -> ReferTo:
    """Raises ParseError: 400 unless there is exactly one, 416 where it is no SIP URI, 403 for another method than
    INVITE and for headers other than Replaces, which would be ours to vouch for.
    """
    lines = headers.get_all("Refer-To")
    if len(lines) != 1:
        raise ParseError(f"Refer-To: {'missing' if not lines else 'given more than once'}")
    uri = NameAddr.parse(lines[0]).uri
    if not isinstance(uri, SipUri):
        raise ParseError("Refer-To: expected a SIP URI", status=416)
    if (uri.param("method") or "INVITE").upper() != "INVITE" or any(
        name.lower() != "replaces" for name, _ in uri.headers
    ):
        raise ParseError("Refer-To: nothing but a call is made for others", status=403)
    if len(uri.headers) > 1:
        raise ParseError("Refer-To: more than one Replaces")
    params = tuple(param for param in uri.params if param[0].lower() != "method")
    target = replace(uri, params=params, headers=())
    return ReferTo(target, Replaces.parse(unquote(uri.headers[0][1])) if uri.headers else None)


def sipfrag(status: int, reason: str) -> bytes:
    """How far a call has come."""
    return f"SIP/2.0 {status} {reason}\r\n".encode()


def read_sipfrag(body: bytes) -> int | None:
    """The status; None where it is no status line."""
    match = _STATUS_LINE.match(body)
    return int(match[1]) if match is not None else None
