"""Typed values of the header fields that the machines read: one reader a header."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sip.errors import ParseError
from sip.message.address import NameAddr
from sip.message.grammar import TOKEN, find_param, is_token, scan_params
from sip.message.headers import Headers
from sip.message.via import Via

Reader = Callable[[list[str]], object]

_CSEQ = re.compile(rf"([0-9]{{1,10}}+)[ \t]++({TOKEN})")
_NUMBER = re.compile(r"[0-9]++")
_LEADING_NUMBER = re.compile(r"([0-9]{1,10})[ \t]*+(?=[;(]|\Z)")
_CALL_ID = re.compile(r"[^\x00-\x20\x7f]++")
_RACK = re.compile(rf"([0-9]{{1,10}}+)[ \t]++([0-9]{{1,10}}+)[ \t]++({TOKEN})")
_MAX_CSEQ = 2**31
_MAX_SECONDS = 2**32 - 1


@dataclass(frozen=True, slots=True)
class SessionInterval:
    """Session-Expires (RFC 4028 §4). `refresher` is "uac", "uas", or "" where the other side may choose."""

    seconds: int
    refresher: str = ""

    def __str__(self) -> str:
        return f"{self.seconds};refresher={self.refresher}" if self.refresher else str(self.seconds)


@dataclass(frozen=True, slots=True)
class CSeq:
    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


def read_one(name: str, lines: list[str]) -> str:
    """The only line of a header that may not repeat. Raises ParseError (400)."""
    if len(lines) != 1:
        raise ParseError(f"{name}: {'missing' if not lines else 'given more than once'}")
    return lines[0]


def read_vias(lines: list[str]) -> list[Via]:
    if not lines:
        raise ParseError("Via: missing")
    return Via.parse_list(lines)


def read_from(lines: list[str]) -> NameAddr:
    return NameAddr.parse(read_one("From", lines))


def read_to(lines: list[str]) -> NameAddr:
    return NameAddr.parse(read_one("To", lines))


def read_call_id(lines: list[str]) -> str:
    text = read_one("Call-ID", lines)
    if not _CALL_ID.fullmatch(text):
        raise ParseError(f"Call-ID {text[:80]!r}: expected one word")
    return text


def read_cseq(lines: list[str]) -> CSeq:
    match = _CSEQ.fullmatch(read_one("CSeq", lines))
    if match is None or int(match[1]) >= _MAX_CSEQ:
        raise ParseError(f"CSeq {lines[0][:80]!r}: expected a number below 2^31 and a method")
    return CSeq(int(match[1]), match[2])


def read_max_forwards(lines: list[str]) -> int | None:
    if not lines:
        return None
    text = read_one("Max-Forwards", lines)
    if not _NUMBER.fullmatch(text) or len(text) > 10 or int(text) > 255:
        raise ParseError(f"Max-Forwards {text[:80]!r}: expected 0 to 255")
    return int(text)


def read_contacts(lines: list[str]) -> list[NameAddr]:
    """Empty for `Contact: *`: ask `Message.contact_is_star`."""
    if lines == ["*"]:
        return []
    if len(lines) == 1 and "," not in lines[0]:
        return [NameAddr.parse(lines[0])]  # remembered: a phone gives the same one all day
    return NameAddr.parse_list(lines)


def read_identities(lines: list[str]) -> list[NameAddr]:
    """Empty where malformed: an identity that can't be read is none (RFC 3325 §9.1)."""
    try:
        return NameAddr.parse_list(lines)
    except ParseError:
        return []


def read_seconds(lines: list[str]) -> int | None:
    """A number of seconds, cut at 2^32 - 1; None if malformed, which means as if it was not there (RFC 3261 §20.19)."""
    if not lines:
        return None
    if _NUMBER.fullmatch(lines[0]) and len(lines[0]) > 10:
        return _MAX_SECONDS
    match = _LEADING_NUMBER.match(lines[0])
    return min(int(match[1]), _MAX_SECONDS) if match else None


def read_session_interval(lines: list[str]) -> SessionInterval | None:
    """None if malformed, as if it was not there."""
    seconds = read_seconds(lines)
    if seconds is None:
        return None
    refresher = find_param(scan_params(lines[0], lines[0].find(";"))[0], "refresher") if ";" in lines[0] else None
    return SessionInterval(seconds, refresher.lower() if refresher in ("uac", "uas", "UAC", "UAS") else "")


def read_number(lines: list[str]) -> int | None:
    """None if missing or malformed."""
    return int(lines[0]) if lines and len(lines[0]) <= 10 and _NUMBER.fullmatch(lines[0]) else None


def read_rack(lines: list[str]) -> tuple[int, int, str] | None:
    """None if missing or malformed."""
    match = _RACK.fullmatch(lines[0]) if lines else None
    return (int(match[1]), int(match[2]), match[3]) if match is not None else None


def read_tokens(lines: list[str]) -> list[str]:
    """What is no token is left out."""
    return [token for line in lines for part in line.split(",") if is_token(token := part.strip(" \t"))]


def read_required(lines: list[str]) -> list[str]:
    """Raises ParseError for what is no token, which can be neither granted nor named in a refusal."""
    tags = [tag for line in lines for part in line.split(",") if (tag := part.strip(" \t"))]
    for tag in tags:
        if not is_token(tag):
            raise ParseError(f"Require: {tag[:40]!r} is no option tag")
    return tags


def read_media_type(lines: list[str]) -> str:
    """Type and subtype in lower case, without parameters; empty if there is none."""
    return lines[0].partition(";")[0].strip(" \t").lower() if lines else ""


# Read while a message is parsed, so that no later reading of a property can fail.
READERS: dict[str, Reader] = {
    "Via": read_vias,
    "From": read_from,
    "To": read_to,
    "Call-ID": read_call_id,
    "CSeq": read_cseq,
    "Max-Forwards": read_max_forwards,
    "Contact": read_contacts,
    "Route": NameAddr.parse_list,
    "Record-Route": NameAddr.parse_list,
    "Require": read_required,
}
MANDATORY = frozenset(("Via", "From", "To", "Call-ID", "CSeq"))


class TypedFields:
    """The typed header fields of both kinds of message.

    On a parsed message no property raises. On one that was put together, a missing or malformed header of RFC 3261
    §8.1.1 raises ParseError. The lists are kept: take them as read-only, and change headers through `headers`.
    """

    __slots__ = ()
    headers: Headers
    body: bytes

    @property
    def via(self) -> Via:
        """The topmost Via."""
        return self.vias[0]

    @property
    def vias(self) -> list[Via]:
        return self.headers.typed("Via", read_vias)

    @property
    def from_(self) -> NameAddr:
        return self.headers.typed("From", read_from)

    @property
    def to(self) -> NameAddr:
        return self.headers.typed("To", read_to)

    @property
    def call_id(self) -> str:
        return self.headers.typed("Call-ID", read_call_id)

    @property
    def cseq(self) -> CSeq:
        return self.headers.typed("CSeq", read_cseq)

    @property
    def max_forwards(self) -> int | None:
        return self.headers.typed("Max-Forwards", read_max_forwards)

    @property
    def contacts(self) -> list[NameAddr]:
        """Empty too for `Contact: *`."""
        return self.headers.typed("Contact", read_contacts)

    @property
    def contact_is_star(self) -> bool:
        """Whether a REGISTER asks to remove every binding (RFC 3261 §10.2.2)."""
        return self.headers.get_all("Contact") == ["*"]

    @property
    def route(self) -> list[NameAddr]:
        return self.headers.typed("Route", NameAddr.parse_list)

    @property
    def record_route(self) -> list[NameAddr]:
        return self.headers.typed("Record-Route", NameAddr.parse_list)

    @property
    def asserted_identities(self) -> list[NameAddr]:
        """P-Asserted-Identity, as it came: it counts only from a trunk that is trusted (RFC 3325)."""
        return self.headers.typed("P-Asserted-Identity", read_identities)

    @property
    def expires(self) -> int | None:
        """Seconds; None if missing or malformed."""
        return self.headers.typed("Expires", read_seconds)

    @property
    def retry_after(self) -> int | None:
        """Seconds; None if missing or malformed."""
        return self.headers.typed("Retry-After", read_seconds)

    @property
    def session_expires(self) -> SessionInterval | None:
        return self.headers.typed("Session-Expires", read_session_interval)

    @property
    def min_se(self) -> int | None:
        """The shortest session interval that the sender takes, in seconds; None if missing or malformed."""
        return self.headers.typed("Min-SE", read_seconds)

    @property
    def rseq(self) -> int | None:
        """The number of a reliable provisional response (RFC 3262 §7.1)."""
        return self.headers.typed("RSeq", read_number)

    @property
    def rack(self) -> tuple[int, int, str] | None:
        """What a PRACK acknowledges: RSeq, and number and method of CSeq (RFC 3262 §7.2)."""
        return self.headers.typed("RAck", read_rack)

    @property
    def require(self) -> list[str]:
        return self.headers.typed("Require", read_required)

    @property
    def supported(self) -> list[str]:
        return self.headers.typed("Supported", read_tokens)

    @property
    def allow(self) -> list[str]:
        return self.headers.typed("Allow", read_tokens)

    @property
    def content_type(self) -> str:
        """Type and subtype in lower case, without parameters; "" if there is none."""
        return self.headers.typed("Content-Type", read_media_type)

    def replace_via(self, via: Via) -> None:
        """Put `via` in the place of the topmost one, however the lines are split."""
        self.headers.set_all("Via", [str(via), *map(str, self.vias[1:])])
