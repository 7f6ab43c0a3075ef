"""name-addr and addr-spec, the values of From, To, Contact, Route and Record-Route (RFC 3261 §20.10, §25.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from sip.errors import ParseError
from sip.message.grammar import (
    MOST_VALUES,
    QUOTED,
    WS,
    Params,
    find_param,
    merge_params,
    quote,
    scan_end,
    scan_params,
    unquote,
    write_params,
)
from sip.message.uri import OpaqueUri, SipUri, TelUri, parse_uri

# Unquoted names beyond ASCII break the grammar, and exchanges send them.
_WORD = r"[A-Za-z0-9\-.!%*_+`'~\x80-\U0010ffff]++"
_BRACKETED = re.compile(rf"{WS}(?:({QUOTED}){WS}|((?:{_WORD}{WS})*+))<([^<>\x00-\x20\x7f]*+)>")
# Without brackets a "?" or a "," would be ambiguous, and what follows ";" belongs to the header.
_BARE = re.compile(rf'{WS}([^\x00-\x20\x7f;,?<>"]++)')
_PLAIN_DISPLAY = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]++(?: [A-Za-z0-9\-.!%*_+`'~]++)*+")

_REMEMBERED_LENGTH = 128


@dataclass(frozen=True, slots=True)
class NameAddr:
    """A URI with a display name (unquoted) and header parameters (names in lower case, values as written)."""

    uri: SipUri | TelUri | OpaqueUri
    display: str = ""
    params: Params = ()

    @classmethod
    def parse(cls, text: str) -> NameAddr:
        """Raises ParseError (400) unless `text` is exactly one address."""
        return _remembered(text) if len(text) <= _REMEMBERED_LENGTH else _parse(text)

    @classmethod
    def parse_list(cls, values: Iterable[str] | str) -> list[NameAddr]:
        """The addresses of one header, over all its lines and commas. Raises ParseError (400)."""
        addresses = []
        for text in (values,) if isinstance(values, str) else values:
            at = 0
            while at < len(text) or not text:
                address, at = _scan(text, at)
                addresses.append(address)
                if len(addresses) > MOST_VALUES:
                    raise ParseError(f"more than {MOST_VALUES} addresses in one header")
        return addresses

    @property
    def tag(self) -> str | None:
        return find_param(self.params, "tag")

    def param(self, name: str) -> str | None:
        """The value of a header parameter, "" if it has none, None if it is absent. `name` in lower case."""
        return find_param(self.params, name)

    def with_tag(self, tag: str) -> NameAddr:
        return replace(self, params=merge_params(self.params, {"tag": tag}))

    def with_params(self, params: Params) -> NameAddr:
        """The same address with exactly these header parameters."""
        return replace(self, params=params)

    def __str__(self) -> str:
        if not self.display:
            return f"<{self.uri}>{write_params(self.params)}"
        shown = self.display if _PLAIN_DISPLAY.fullmatch(self.display) else quote(self.display)
        return f"{shown} <{self.uri}>{write_params(self.params)}"


def _parse(text: str) -> NameAddr:
    address, at = _scan(text, 0)
    if at != len(text):
        raise ParseError(f"one address expected: {text[:80]!r}")
    return address


# From and To return in every message of a dialog.
_remembered = lru_cache(maxsize=1024)(_parse)


def _scan(text: str, at: int) -> tuple[NameAddr, int]:
    """One address from `at`, and where the next begins."""
    match = _BRACKETED.match(text, at)
    if match is not None:
        quoted, words, uri = match.groups()
        display = unquote(quoted) if quoted else words.rstrip(" \t") if words else ""
    else:
        match = _BARE.match(text, at)
        if match is None:
            raise ParseError(f"no address at {text[at : at + 80]!r}")
        uri, display = match[1], ""
    params, end = scan_params(text, match.end())
    at = scan_end(text, end)
    if at < 0:
        raise ParseError(f"after an address: {text[end : end + 80]!r}, expected a parameter, a comma or the end")
    return NameAddr(parse_uri(uri), display, params), at
