"""Why something happened (Reason, RFC 3326) and what exactly was not acceptable (Warning, RFC 3261 §20.43)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sip.message.grammar import TOKEN, WS, find_param, quote, scan_end, scan_params

_PROTOCOL = re.compile(rf"{WS}({TOKEN})")
_CAUSE = re.compile(r"[0-9]{1,3}")
_MOST_READ = 8
_LONGEST_TEXT = 200

COMPLETED_ELSEWHERE = "Call completed elsewhere"
"""The text of a CANCEL to whoever was not the one who answered (RFC 3326 §3.1)."""


@dataclass(frozen=True, slots=True)
class Reason:
    """`protocol` in capitals: "SIP" with a status, or "Q.850" with an ISUP cause. `cause` is 0 where none is given."""

    protocol: str
    cause: int = 0
    text: str = ""

    @property
    def elsewhere(self) -> bool:
        """Somebody else has answered the call."""
        return self.protocol == "SIP" and self.cause == 200

    @property
    def line(self) -> tuple[str, str]:
        """As a header field."""
        text = f";text={quote(self.text)}" if self.text else ""
        return "Reason", f"{self.protocol};cause={self.cause}{text}"


def read_reasons(lines: Iterable[str]) -> tuple[Reason, ...]:
    """Every reason given, at most one a protocol (RFC 3326 §2); from where a line is malformed it is not read on."""
    found: dict[str, Reason] = {}
    for line in lines:
        at = 0
        while 0 <= at < len(line) and len(found) < _MOST_READ and (match := _PROTOCOL.match(line, at)) is not None:
            protocol = match[1].upper()
            params, end = scan_params(line, match.end())
            at = scan_end(line, end)
            if at >= 0:
                cause = _CAUSE.fullmatch(find_param(params, "cause") or "")
                text = (find_param(params, "text") or "")[:_LONGEST_TEXT]
                found.setdefault(protocol, Reason(protocol, int(cause[0]) if cause is not None else 0, text))
    return tuple(found.values())


def reason(cause: int, text: str) -> tuple[tuple[str, str]]:
    """The line of a BYE or CANCEL of ours, as a status of SIP."""
    return (Reason("SIP", cause, text).line,)


def warning(code: int, agent: str, text: str) -> tuple[str, str]:
    """The line of a refusal: a code of RFC 3261 §20.43, who warns (host and port), and words for people."""
    return "Warning", f"{code} {agent} {quote(text)}"
