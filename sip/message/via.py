"""The Via header (RFC 3261 §20.42, RFC 3581)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sip.errors import ParseError
from sip.message.grammar import (
    HOST,
    MOST_VALUES,
    PORT,
    TOKEN,
    WS,
    Params,
    find_param,
    merge_params,
    scan_end,
    scan_params,
    write_params,
)

_SENT = re.compile(rf"{WS}(?i:SIP){WS}/{WS}[0-9.]++{WS}/{WS}({TOKEN})[ \t]++({HOST})(?:{WS}:{WS}({PORT}))?")
_BRANCH = re.compile(rf";{WS}branch{WS}={WS}({TOKEN})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Via:
    """One hop. `transport` in upper case, `host` without brackets, parameter names in lower case."""

    transport: str
    host: str
    port: int | None = None
    params: Params = ()

    @classmethod
    def parse_list(cls, values: Iterable[str] | str) -> list[Via]:
        """The hops of a message, topmost first, over all lines and commas. Raises ParseError (400)."""
        hops = []
        for text in (values,) if isinstance(values, str) else values:
            at = 0
            while at < len(text) or not text:
                (transport, host, port), end = _scan_sent(text, at)
                params, end = scan_params(text, end)
                at = scan_end(text, end)
                if at < 0:
                    raise ParseError(f"in Via: {text[end : end + 80]!r}, expected a parameter, a comma or the end")
                hops.append(cls(transport, host, port, params))
                if len(hops) > MOST_VALUES:
                    raise ParseError(f"more than {MOST_VALUES} hops in Via")
        return hops

    @classmethod
    def salvage(cls, text: str) -> Via:
        """What a malformed Via still says of the way back: its sender and its branch. Raises ParseError (400)."""
        (transport, host, port), end = _scan_sent(text, 0)
        branch = _BRANCH.search(text, end)
        return cls(transport, host, port, (("branch", branch[1]),) if branch else ())

    @property
    def branch(self) -> str | None:
        return find_param(self.params, "branch")

    @property
    def received(self) -> str | None:
        """The address that the request came from, without brackets."""
        value = find_param(self.params, "received")
        return value.strip("[]") if value else None

    @property
    def rport(self) -> int | None:
        """The port that the request came from (RFC 3581); None while the parameter is missing or still empty."""
        return _number(find_param(self.params, "rport"))

    @property
    def rport_asked(self) -> bool:
        return find_param(self.params, "rport") is not None

    @property
    def ttl(self) -> int | None:
        return _number(find_param(self.params, "ttl"))

    @property
    def maddr(self) -> str | None:
        value = find_param(self.params, "maddr")
        return value.strip("[]") if value else None

    def param(self, name: str) -> str | None:
        """The value of a parameter, "" if it has none, None if it is absent. `name` in lower case."""
        return find_param(self.params, name)

    def with_received(self, address: str, port: int) -> Via:
        """As the server notes where the request came from (RFC 3261 §18.2.1, RFC 3581 §4)."""
        if self.rport_asked:
            return replace(self, params=merge_params(self.params, {"received": address, "rport": str(port)}))
        if address != self.host:
            return replace(self, params=merge_params(self.params, {"received": address}))
        return self

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        sent_by = host if self.port is None else f"{host}:{self.port}"
        return f"SIP/2.0/{self.transport} {sent_by}{write_params(self.params)}"


def _scan_sent(text: str, at: int) -> tuple[tuple[str, str, int | None], int]:
    """Transport, host and port of the Via that begins at `at`, and where its parameters begin."""
    match = _SENT.match(text, at)
    if match is None:
        raise ParseError(f"no Via at {text[at : at + 80]!r}, expected SIP/2.0/transport host")
    transport, host, port = match.groups()
    if port is not None and int(port) > 65535:
        raise ParseError(f"port {port} in Via: expected at most 65535")
    return (transport.upper(), host.strip("[]"), None if port is None else int(port)), match.end()


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 5 else None
