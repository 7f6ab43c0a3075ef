"""Session descriptions as values (RFC 8866): `parse` reads one, `str` writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from sdp.errors import SdpError

Lines = tuple[tuple[str, str], ...]

MAX_LINES = 1000
MAX_MEDIA = 32
MAX_FORMATS = 128
_REMEMBERED_LENGTH = 128

_ORIGIN = re.compile(r"([^ ]++) ([0-9]{1,20}) ([0-9]{1,20}) IN IP[46] ([^ ]++)")
_CONNECTION = re.compile(r"IN IP[46] ([^ /]++)(?:/[0-9/]++)?")
_MEDIA = re.compile(r"([^ ]++) ([0-9]{1,5})(?:/([0-9]{1,5}))? ([^ ]++)((?: [^ ]++)*+) *+")
_RTPMAP = re.compile(r"([0-9]{1,3}) ([^ /]++)/([0-9]{1,6})(?:/([0-9]{1,3}))?.*+")

# Lines that are kept as text, in the order of RFC 8866 §5, around those that have a field of their own.
_BEFORE_CONNECTION = "iuep"
_AFTER_CONNECTION = "btrzk"
_OF_MEDIA = "ibk"


@dataclass(frozen=True, slots=True)
class Attribute:
    """An `a=` line; a flag has the value None."""

    name: str
    value: str | None = None

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}:{self.value}"


@dataclass(frozen=True, slots=True)
class Origin:
    """The `o=` line: who made the description, and which version of it (RFC 8866 §5.2)."""

    username: str
    session_id: int
    version: int
    address: str

    def __str__(self) -> str:
        return f"{self.username} {self.session_id} {self.version} {_typed(self.address)}"


@dataclass(frozen=True, slots=True)
class RtpMap:
    """What a payload type means; `name` in upper case, `rate` in Hz."""

    payload_type: int
    name: str
    rate: int
    channels: int = 1


@dataclass(frozen=True, slots=True)
class Media:
    """An m-line and what belongs to it. `connection` is None where the session's holds; port 0 means refused."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    connection: str | None = None
    attributes: tuple[Attribute, ...] = ()
    others: Lines = ()
    port_count: int = 1

    def attribute(self, name: str) -> str | None:
        """The first value of that name, "" for a flag, None if it is absent."""
        return _find(self.attributes, name)

    def rtp_maps(self) -> dict[int, RtpMap]:
        """The `a=rtpmap` lines by payload type; malformed ones are left out, as if they were unknown attributes."""
        maps = {}
        for attribute in self.attributes:
            if attribute.name != "rtpmap" or len(attribute.value or "") > _REMEMBERED_LENGTH:
                continue
            if (found := _parse_rtpmap(attribute.value or "")) is not None:
                maps[found.payload_type] = found
        return maps

    def lines(self) -> list[str]:
        ports = str(self.port) if self.port_count == 1 else f"{self.port}/{self.port_count}"
        lines = [" ".join((f"m={self.kind}", ports, self.protocol, *self.formats))]
        lines += _kept(self.others, "i")
        if self.connection is not None:
            lines.append(f"c={_typed(self.connection)}")
        lines += _kept(self.others, "bk")
        lines += [f"a={attribute}" for attribute in self.attributes]
        return lines


@dataclass(frozen=True, slots=True)
class SessionDescription:
    origin: Origin
    name: str = "-"
    connection: str | None = None
    media: tuple[Media, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    others: Lines = (("t", "0 0"),)

    def attribute(self, name: str) -> str | None:
        """The first value of that name at session level, "" for a flag, None if it is absent."""
        return _find(self.attributes, name)

    def address_of(self, media: Media) -> str | None:
        """Where the maker of this description wants `media` to be sent."""
        return media.connection if media.connection is not None else self.connection

    def __str__(self) -> str:
        lines = ["v=0", f"o={self.origin}", f"s={self.name}"]
        lines += _kept(self.others, _BEFORE_CONNECTION)
        if self.connection is not None:
            lines.append(f"c={_typed(self.connection)}")
        lines += _kept(self.others, _AFTER_CONNECTION)
        lines += [f"a={attribute}" for attribute in self.attributes]
        for media in self.media:
            lines += media.lines()
        lines.append("")
        return "\r\n".join(lines)


def parse(text: str | bytes) -> SessionDescription:
    """Raises SdpError, which names the line. A missing s= or t=, bare LF and unknown letters are let pass."""
    blocks = _blocks(text)
    fields = _Fields(blocks[0], _BEFORE_CONNECTION + _AFTER_CONNECTION)
    if not blocks[0] or blocks[0][0] != ("v", "0"):
        raise SdpError("the first line must be v=0")
    return SessionDescription(
        _parse_origin(fields.last.get("o", "")),
        fields.last.get("s", "-"),
        fields.connection,
        tuple([_parse_media(block) for block in blocks[1:]]),
        tuple(fields.attributes),
        tuple(fields.others),
    )


class _Fields:
    """The lines of one block by what they are."""

    __slots__ = ("attributes", "connection", "last", "others")

    def __init__(self, block: list[tuple[str, str]], kept: str) -> None:
        self.attributes: list[Attribute] = []
        self.others: list[tuple[str, str]] = []
        self.connection: str | None = None
        self.last: dict[str, str] = {}
        for letter, value in block:
            if letter == "a":
                # Keys are not kept.
                kept_too = value[:7] != "crypto:" and len(value) <= _REMEMBERED_LENGTH
                parsed = _parse_attribute if kept_too else _parse_attribute.__wrapped__
                self.attributes.append(parsed(value))
            elif letter == "c":
                # Several c= lines are layers of a multicast session: the first is as good as any.
                self.connection = self.connection or _parse_connection(value)
            elif letter in kept:
                self.others.append((letter, value))
            else:
                self.last[letter] = value


def _blocks(text: str | bytes) -> list[list[tuple[str, str]]]:
    """The lines as letter and value: those of the session, then those of each m-line."""
    whole = _decoded(text).replace("\r\n", "\n").rstrip("\n")
    lines = whole.split("\n")
    if len(lines) > MAX_LINES:
        raise SdpError(f"{len(lines)} lines: expected at most {MAX_LINES}")
    clean = "\r" not in whole and "\0" not in whole
    blocks: list[list[tuple[str, str]]] = [[]]
    for number, line in enumerate(lines, 1):
        if line[1:2] != "=" or not "a" <= line[0] <= "z" or not (clean or _is_clean(line)):
            raise SdpError(f"line {number}, {line[:40]!r}: expected a letter, '=' and a value")
        if line[0] == "m":
            blocks.append([])
        blocks[-1].append((line[0], line[2:]))
    if len(blocks) - 1 > MAX_MEDIA:
        raise SdpError(f"{len(blocks) - 1} m= lines: expected at most {MAX_MEDIA}")
    return blocks


def _is_clean(line: str) -> bool:
    return "\r" not in line and "\0" not in line


def _decoded(text: str | bytes) -> str:
    if isinstance(text, str):
        return text
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")


@lru_cache(maxsize=1024)
def _parse_attribute(value: str) -> Attribute:
    """Kept, since every phone of a make sends the same few."""
    name, colon, rest = value.partition(":")
    return Attribute(name, rest if colon else None)


@lru_cache(maxsize=1024)
def _parse_rtpmap(value: str) -> RtpMap | None:
    """Of at most _REMEMBERED_LENGTH characters, since it is kept."""
    match = _RTPMAP.fullmatch(value)
    return None if match is None else RtpMap(int(match[1]), match[2].upper(), int(match[3]), int(match[4] or 1))


def _parse_origin(value: str) -> Origin:
    match = _ORIGIN.fullmatch(value.rstrip(" "))
    if match is None:
        raise SdpError(f"o={value[:80]!r}: expected name, id, version, IN, IP4 or IP6, address")
    return Origin(match[1], int(match[2]), int(match[3]), match[4])


def _parse_connection(value: str) -> str:
    match = _CONNECTION.fullmatch(value.rstrip(" "))
    if match is None:
        raise SdpError(f"c={value[:80]!r}: expected IN, IP4 or IP6, address")
    return match[1]


def _parse_media(block: list[tuple[str, str]]) -> Media:
    value = block[0][1]
    match = _MEDIA.fullmatch(value)
    if match is None or int(match[2]) > 65535:
        raise SdpError(f"m={value[:80]!r}: expected kind, port, protocol and formats")
    formats = match[5].split(" ")[1:]
    if len(formats) > MAX_FORMATS:
        raise SdpError(f"m={match[1][:20]!r}: {len(formats)} formats, expected at most {MAX_FORMATS}")
    fields = _Fields(block[1:], _OF_MEDIA)
    return Media(
        match[1],
        int(match[2]),
        match[4],
        tuple(formats),
        fields.connection,
        tuple(fields.attributes),
        tuple(fields.others),
        int(match[3] or 1),
    )


def _find(attributes: tuple[Attribute, ...], name: str) -> str | None:
    for attribute in attributes:
        if attribute.name == name:
            return attribute.value or ""
    return None


def _typed(address: str) -> str:
    return f"IN IP6 {address}" if ":" in address else f"IN IP4 {address}"


def _kept(lines: Lines, letters: str) -> list[str]:
    """The lines with these letters, in the order of the letters."""
    return [f"{letter}={value}" for wanted in letters for letter, value in lines if letter == wanted]
