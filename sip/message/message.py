"""Requests and responses (RFC 3261 §7), parsed from one datagram and written to one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sip.errors import ParseError
from sip.message import fields
from sip.message.fields import CSeq, TypedFields
from sip.message.grammar import is_token
from sip.message.headers import Headers, canonical, check_value
from sip.message.status import REASONS
from sip.message.uri import OpaqueUri, Uri, parse_uri
from sip.message.via import Via

__all__ = ["LIMITS", "REASONS", "CSeq", "Limits", "Message", "MessageError", "Request", "Response", "parse", "respond"]

_VERSION = "SIP/2.0"
_ANY_VERSION = re.compile(r"(?i:SIP)/[0-9]++\.[0-9]++")
_FOLD = re.compile(r"\n[ \t]++")
_STATUS_LINE = re.compile(r"(?i:SIP/2\.0) ([1-6][0-9]{2})(?: (.*))?")
_DIALOG_METHODS = frozenset(("INVITE", "SUBSCRIBE", "REFER"))


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one message: bytes of the whole, of its head and of a line; header lines."""

    message: int = 65535
    head: int = 32768
    line: int = 8192
    headers: int = 200


LIMITS = Limits()
_NO_URI = OpaqueUri("invalid", "unread")


@dataclass(slots=True)
class Request(TypedFields):
    method: str
    uri: Uri
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    version: str = _VERSION

    def to_bytes(self) -> bytes:
        """The message with a right Content-Length."""
        return _write(self, f"{self.method} {self.uri} {self.version}")

    def __bytes__(self) -> bytes:
        return self.to_bytes()


@dataclass(slots=True)
class Response(TypedFields):
    status: int
    reason: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    version: str = _VERSION

    def to_bytes(self) -> bytes:
        """The message with a right Content-Length."""
        return _write(self, f"{self.version} {self.status} {self.reason}")

    def __bytes__(self) -> bytes:
        return self.to_bytes()


Message = Request | Response


def _write(message: Message, start: str) -> bytes:
    lines = [start]
    for name, value in message.headers.items():
        if name != "Content-Length":
            lines.append(f"{name}: {value}")
    lines.append(f"Content-Length: {len(message.body)}\r\n\r\n")
    return "\r\n".join(lines).encode() + message.body


class MessageError(ParseError):
    """Bytes that are no message. `partial` is as much of the request as its answer needs.

    None means that it cannot be answered (a response, an ACK, no usable Via) and is dropped. Its Via headers can be
    read and replaced and its `call_id` read ("" if missing); other fields stand as they came, and may raise ParseError.
    """

    def __init__(self, reason: str, *, status: int = 400, partial: Request | None) -> None:
        super().__init__(reason, status=status)
        self.partial = partial


def parse(data: bytes, limits: Limits = LIMITS) -> Message:
    """The message in one datagram; bytes beyond its Content-Length are left out (RFC 3261 §18.3).

    Raises MessageError, and nothing else, for whatever is not a message within the limits.
    """
    lines, body = _split(data, limits)
    try:
        if lines[0][:4].upper() == "SIP/":
            return _parse_response(lines, body, limits)
        if len(data) > limits.message:
            raise ParseError(f"{len(data)} bytes: expected at most {limits.message}", status=513)
        return _parse_request(lines, body, limits)
    except ParseError as error:
        raise MessageError(error.reason, status=error.status, partial=_salvage(lines)) from None


def respond(
    request: Request,
    status: int,
    reason: str | None = None,
    *,
    to_tag: str | None = None,
    headers: tuple[tuple[str, str], ...] | list[tuple[str, str]] = (),
    body: bytes = b"",
    content_type: str = "",
) -> Response:
    """A response with what it takes from its request (RFC 3261 §8.2.6.2, §12.1.1); `to_tag` is for a To without one.

    Raises ValueError for a reason or header with CR, LF or NUL.
    """
    phrase = REASONS.get(status, "Unknown") if reason is None else check_value(reason)
    response = Response(status, phrase, body=body)
    taken = response.headers
    taken.copy_from(request.headers, ("Via", "From", "To", "Call-ID", "CSeq"))
    if status == 100:
        taken.copy_from(request.headers, ("Timestamp",))
    elif status < 300 and request.method in _DIALOG_METHODS:
        taken.copy_from(request.headers, ("Record-Route",))
    if to_tag is not None and status != 100 and _lacks_tag(request):
        taken.append_to("To", f";tag={to_tag}")
    for name, value in headers:
        taken.add(name, value)
    if content_type:
        taken.set("Content-Type", content_type)
    return response


def _lacks_tag(request: Request) -> bool:
    try:
        return request.to.tag is None
    except ParseError:
        return False


def _split(data: bytes, limits: Limits) -> tuple[list[str], bytes]:
    """The lines of the head, unfolded, and what follows it."""
    data = data.lstrip(b"\r\n")
    end, gap = data.find(b"\r\n\r\n", 0, limits.head), 4
    if end < 0:
        end, gap = data.find(b"\n\n", 0, limits.head), 2
    if end < 0 and len(data) <= limits.head and data.endswith(b"\n"):
        # Some senders leave out the empty line when there is no body.
        end = len(data.rstrip(b"\r\n"))
    whole = end >= 0
    lines, alone = _unfold(data[:end] if whole else data[: limits.head])
    if alone:
        raise MessageError("a CR alone in the head", partial=_salvage(lines))
    if not whole:
        status = 400 if len(data) <= limits.head else 513
        raise MessageError(f"no end of the head within {limits.head} bytes", status=status, partial=_salvage(lines))
    return lines, data[end + gap :]


def _unfold(raw: bytes) -> tuple[list[str], bool]:
    """The lines of `raw`, and whether one has a CR inside."""
    try:
        head = raw.decode()
    except UnicodeDecodeError:
        # Old exchanges write names in Latin-1, which UTF-8 then rejects; the RFC's grammar only ever needs ASCII.
        head = raw.decode("latin-1")
    head = head.replace("\r\n", "\n")
    if "\n " in head or "\n\t" in head:
        head = _FOLD.sub(" ", head)
    return head.split("\n"), "\r" in head


def _parse_request(lines: list[str], body: bytes, limits: Limits) -> Request:
    start = lines[0]
    if len(start) > limits.line:
        raise ParseError(f"request line of {len(start)} characters: expected at most {limits.line}", status=414)
    parts = start.split(" ")
    if len(parts) != 3 or not is_token(parts[0]):
        raise ParseError(f"request line {start[:80]!r}: expected method, URI and version with one space between")
    method, uri, version = parts
    if version != _VERSION and version.upper() != _VERSION:
        if _ANY_VERSION.fullmatch(version):
            raise ParseError(f"version {version[:20]!r}: expected {_VERSION}", status=505)
        raise ParseError(f"version {version[:20]!r}: expected {_VERSION}")
    target = parse_uri(uri)
    if getattr(target, "headers", ()):
        raise ParseError("the Request-URI has headers (RFC 3261 §19.1.1)")
    headers = _parse_headers(lines, limits)
    request = Request(method, target, headers, _cut(headers, body))
    if request.cseq.method != method:
        raise ParseError(f"CSeq names {request.cseq.method[:40]}, the request is {method[:40]}")
    return request


def _parse_response(lines: list[str], body: bytes, limits: Limits) -> Response:
    match = _STATUS_LINE.fullmatch(lines[0])
    if match is None:
        raise ParseError(f"status line {lines[0][:80]!r}: expected {_VERSION}, a status from 100 to 699 and a reason")
    headers = _parse_headers(lines, limits)
    return Response(int(match[1]), match[2] or "", headers, _cut(headers, body))


def _parse_headers(lines: list[str], limits: Limits) -> Headers:
    """Every line, with the fields of READERS checked and kept."""
    if len(lines) > limits.headers + 1:
        raise ParseError(f"{len(lines) - 1} header lines: expected at most {limits.headers}")
    if max(map(len, lines)) > limits.line:
        raise ParseError(f"a header line of more than {limits.line} characters")
    found: dict[str, list[str]] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        try:
            name = canonical(name)
        except ValueError as error:
            raise ParseError(str(error)) from None
        if not colon:
            raise ParseError(f"header line {line[:40]!r}: expected a name, a colon and a value")
        if name in found:
            found[name].append(value.strip(" \t"))
        else:
            found[name] = [value.strip(" \t")]
    typed = {}
    for name, read in fields.READERS.items():
        if name in found:
            typed[name] = read(found[name])
        elif name in fields.MANDATORY:
            raise ParseError(f"{name}: missing")
    return Headers(lines=found, typed=typed)


def _cut(headers: Headers, body: bytes) -> bytes:
    """The body by Content-Length, or all that is left when there is none."""
    lines = headers.get_all("Content-Length")
    if not lines:
        return body
    text = fields.read_one("Content-Length", lines)
    length = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else -1
    if not 0 <= length <= len(body):
        raise ParseError(f"Content-Length {text[:20]!r}: the datagram holds {len(body)} bytes of body")
    return body if length == len(body) else body[:length]


def _salvage(lines: list[str]) -> Request | None:
    """What of a malformed request its answer needs, as RFC 4475 §3.1.2 expects; None if it can't be answered."""
    method = lines[0].split(" ")[0]
    if not is_token(method) or method == "ACK":
        return None
    found: dict[str, list[str]] = {}
    for line in lines[1 : LIMITS.headers]:
        name, _, value = line.partition(":")
        try:
            name = canonical(name)
        except ValueError:
            continue
        if name == "Via" or (name in fields.MANDATORY and name not in found):
            found.setdefault(name, []).append(value.strip(" \t").replace("\r", " "))
    vias = [mended for line in found.get("Via", ()) if (mended := _mend_via(line))]
    try:
        typed: dict[str, object] = {"Via": fields.read_vias(vias), "Call-ID": found.get("Call-ID", [""])[0]}
    except ParseError:
        return None  # none at all, or too many of them
    found["Via"] = vias
    return Request(method, _NO_URI, Headers(lines=found, typed=typed))


def _mend_via(line: str) -> str:
    """The line, or what of it shows the way back; empty if that is nothing."""
    try:
        Via.parse_list([line])
    except ParseError:
        try:
            return str(Via.salvage(line))
        except ParseError:
            return ""
    return line
