"""Keys that come in the signalling, by INFO (RFC 6086 §9: its use before info packages, as phones have it)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sip.message.message import Request

RELAY = "application/dtmf-relay"
PLAIN = "application/dtmf"
KEY_TYPES = f"{RELAY}, {PLAIN}"

_SIGNAL = re.compile(rb"(?im)^[ \t]*+signal[ \t]*+=[ \t]*+([0-9A-D*#]{1,2})[ \t]*+\r?$")
_DURATION = re.compile(rb"(?im)^[ \t]*+duration[ \t]*+=[ \t]*+([0-9]{1,5})[ \t]*+\r?$")
# Some phones write the event numbers of RFC 4733.
_NUMBERED = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}
_MOST_BYTES = 256


@dataclass(frozen=True, slots=True)
class Key:
    """`duration_ms` is 0 where the phone does not say."""

    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class InfoAnswer:
    """What an INFO is answered, and the key that it brought."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    key: Key | None = None


def read_info(request: Request) -> InfoAnswer:
    """469 for every info package (none is ours), 415 for other contents; without any content it is just answered."""
    if "Info-Package" in request.headers:
        return InfoAnswer(469, (("Recv-Info", ""),))
    if not request.body:
        return InfoAnswer(200)
    if request.content_type not in (RELAY, PLAIN):
        return InfoAnswer(415, (("Accept", KEY_TYPES),))
    key = _read_key(request.body[:_MOST_BYTES], relay=request.content_type == RELAY)
    return InfoAnswer(400) if key is None else InfoAnswer(200, key=key)


def _read_key(body: bytes, *, relay: bool) -> Key | None:
    duration = None
    if relay:
        signal, duration = _SIGNAL.search(body), _DURATION.search(body)
        text = signal[1].decode() if signal is not None else ""
    else:
        text = body.strip().decode("ascii", "replace")
    digit = _NUMBERED.get(text, text.upper())
    if len(digit) != 1 or digit not in "0123456789*#ABCD":
        return None
    return Key(digit, int(duration[1]) if duration is not None else 0)
