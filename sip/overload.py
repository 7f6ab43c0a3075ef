"""Too many calls at once: how many may come, and refusals before the parser (RFC 3261 §21.5.4, RFC 6357)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

_VIA = re.compile(
    rb"SIP/2\.0/(?:UDP|TCP|TLS) ([A-Za-z0-9.-]++)(?::([0-9]{1,5}))?((?:;[A-Za-z-]++(?:=[^;,\"\s]*+)?+)*+)[ \t]*+",
    re.IGNORECASE,
)
_CONTROL = re.compile(rb"[\0-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BRANCH = re.compile(rb";branch=(z9hG4bK[^;]+)")
_RPORT = re.compile(rb";rport(?=;|$)", re.IGNORECASE)
_FILLED = re.compile(rb";rport=", re.IGNORECASE)
_TAG = re.compile(rb";[ \t]*tag[ \t]*=", re.IGNORECASE)
_NAMES = {
    **dict.fromkeys((b"v", b"V", b"via", b"Via", b"VIA"), b"via"),
    **dict.fromkeys((b"f", b"F", b"from", b"From", b"FROM"), b"from"),
    **dict.fromkeys((b"t", b"T", b"to", b"To", b"TO"), b"to"),
    **dict.fromkeys((b"i", b"I", b"call-id", b"Call-ID", b"Call-Id", b"CALL-ID"), b"call-id"),
    **dict.fromkeys((b"cseq", b"CSeq", b"Cseq", b"CSEQ"), b"cseq"),
}
"""As phones write them; another spelling is left to the parser."""

_ONCE = (b"from", b"to", b"call-id", b"cseq")

_MOST_PORT = 65535

_STEP_S = 0.1
_LATE_S = 0.012
"""What is played is due every 20 ms."""
_WEIGHT = 0.04
_FEW_LATE, _MANY_LATE, _MOST_LATE = 0.05, 0.1, 0.3
"""Shares of what was observed that was late."""
_DOWN, _FAR_DOWN, _UP = 0.95, 0.85, 0.02
_LEAST_PER_S = 100.0
"""What any machine can take: below it lateness is not of our making, and refusing callers would not help."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What the bytes of a new INVITE say without being parsed. `key`: that of its server transaction (§17.2.3)."""

    key: tuple[str, str, str, str]
    via_port: int | None
    rport_asked: bool
    via: bytes
    further_vias: tuple[bytes, ...]
    from_: bytes
    to: bytes
    call_id: bytes
    cseq: bytes


def glimpse(data: bytes) -> Glimpse | None:
    """None for whatever is not a plain INVITE out of a dialog: that is left to the parser."""
    end = data.find(b"\r\n\r\n")
    if end < 0 or not data.startswith(b"INVITE "):
        return None
    head = data[:end]
    if _CONTROL.search(head) or b"\r\n " in head or b"\r\n\t" in head or head.count(b"\n") != head.count(b"\r\n"):
        return None
    vias: list[bytes] = []
    found: dict[bytes, bytes] = {}
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        known = _NAMES.get(name)
        if known == b"via":
            vias.append(value.strip())
        elif known is not None:
            if known in found:
                return None
            found[known] = value.strip()
    return _glimpse(vias, found) if vias and len(found) == len(_ONCE) else None


def _glimpse(vias: list[bytes], found: dict[bytes, bytes]) -> Glimpse | None:
    top = _VIA.fullmatch(vias[0]) if vias[0].isascii() else None
    branch = _BRANCH.search(top[3]) if top else None
    if top is None or branch is None or _FILLED.search(top[3]) or _TAG.search(found[b"to"]):
        return None
    host, port = top[1].decode(), int(top[2]) if top[2] else None
    if port is not None and port > _MOST_PORT:
        return None
    return Glimpse(
        (branch[1].decode(), host, str(port), "INVITE"),
        port,
        _RPORT.search(top[3]) is not None,
        vias[0],
        tuple(vias[1:]),
        found[b"from"],
        found[b"to"],
        found[b"call-id"],
        found[b"cseq"],
    )


def unavailable(seen: Glimpse, host: str, port: int, tag: str, retry_after_s: int) -> bytes:
    """The 503 to an INVITE that came from `host` and `port` (§8.2.7, §18.2.1, RFC 3581 §4)."""
    via = seen.via
    if seen.rport_asked:
        via = _RPORT.sub(b";rport=%d;received=%s" % (port, host.encode()), via, count=1)
    elif seen.key[1] != host:
        via = b"%s;received=%s" % (via, host.encode())
    lines = [
        b"SIP/2.0 503 Service Unavailable",
        *(b"Via: " + one for one in (via, *seen.further_vias)),
        b"From: " + seen.from_,
        b"To: %s;tag=%s" % (seen.to, tag.encode()),
        b"Call-ID: " + seen.call_id,
        b"CSeq: " + seen.cseq,
        b"Retry-After: %d" % retry_after_s,
        b"Content-Length: 0\r\n\r\n",
    ]
    return b"\r\n".join(lines)


def stateless_tag(mark: str, call_id: str, branch: str) -> str:
    """The To tag of what is refused without a transaction: the same for each repeat, without remembering any.

    `mark` is the node's own, by which it knows the ACKs to such refusals before it parses them.
    """
    return mark + blake2b(f"{call_id} {branch}".encode(), digest_size=8).hexdigest()


class Governor:
    """How many new calls a second are taken: at most `limit_per_s`, fewer while the loop is late too often.

    A little up while there is time to spare and a twentieth or more down where there is none keeps an overloaded node
    at the rate that it can serve, whatever the machine. It is how often the loop is late that counts and not how late:
    a single long pause hardly shows, and live calls hear the worst tenth and not the mean.
    """

    __slots__ = ("_late", "_limit_per_s", "_next_at", "per_s")

    def __init__(self, limit_per_s: float) -> None:
        self._limit_per_s = limit_per_s
        self._late = 0.0
        self._next_at = float("-inf")
        self.per_s = limit_per_s

    def observe(self, late_s: float, now: float) -> bool:
        """The loop did something `late_s` later than it should have, fifty times a second. Whether the rate changed."""
        self._late += _WEIGHT * ((late_s > _LATE_S) - self._late)
        if now < self._next_at:
            return False
        self._next_at = now + _STEP_S
        before = self.per_s
        if self._late > _MANY_LATE:
            factor = _DOWN if self._late < _MOST_LATE else _FAR_DOWN
            self.per_s = max(min(_LEAST_PER_S, self._limit_per_s), factor * before)
        elif self._late < _FEW_LATE:
            self.per_s = min(self._limit_per_s, (1 + _UP) * before)
        return self.per_s != before
