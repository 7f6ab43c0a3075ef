"""How nodes of one installation know each other's calls: by a MAC over what matters of the INVITE, and by address."""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Collection, Mapping

from sip.message.message import Request
from sip.message.uri import SipUri

HEADER = "X-Svar-Node"
LIFE_S = 30.0
"""How old a proof may be, and how far the clocks of two nodes may differ."""
_REMEMBERED = 8192
_LONGEST = 512


class Nodes:
    """`name` is ours; `secret` is what all nodes of the tenant share. `wall_offset_s`: the wall clock minus that of
    `now`. `others` says who lives: without it nobody is believed.

    A proof counts once, from an address of a living node. What falls out of the memory of proofs makes those as old
    as it worthless, so that no replay passes because it was forgotten.
    """

    __slots__ = ("_forgotten_ms", "_hosts", "_name", "_others", "_secret", "_seen", "_wall_offset_s")

    def __init__(self, name: str, secret: bytes, wall_offset_s: float = 0.0) -> None:
        self._name = name
        self._secret = secret
        self._wall_offset_s = wall_offset_s
        self._others: Mapping[str, Collection[str]] = {}
        self._hosts: frozenset[str] = frozenset()
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._forgotten_ms = -1

    @property
    def secret(self) -> bytes:
        return self._secret

    def others(self, hosts: Mapping[str, Collection[str]]) -> None:
        """The other nodes that live, with the addresses that each sends from."""
        self._others = hosts
        self._hosts = frozenset(host for places in hosts.values() for host in places)

    def knows(self, host: str) -> bool:
        """Whether a living node sends from there."""
        return host in self._hosts

    def prove(self, to: str, user: str, call_id: str, body: bytes, now: float) -> tuple[str, str]:
        """The header that goes into an INVITE for `user` at the node `to`."""
        at_ms = self._wall_ms(now)
        mac = self._mac(self._name, to, user, call_id, at_ms, body)
        return HEADER, f"{self._name};at={at_ms};proof={mac}"

    def proven(self, request: Request, host: str, now: float) -> str | None:
        """The node that sent this INVITE, "" where the proof is worthless, None where none was given."""
        lines = request.headers.get_all(HEADER)
        if not lines:
            return None
        name, at_ms, mac = _read(lines)
        uri = request.uri
        if host not in self._others.get(name, ()) or not isinstance(uri, SipUri):
            return ""
        expected = self._mac(name, self._name, uri.user, request.call_id, at_ms, request.body)
        if not hmac.compare_digest(mac.encode(), expected.encode()):
            return ""
        return name if self._first(mac, at_ms, self._wall_ms(now)) else ""

    def _first(self, mac: str, at_ms: int, wall_ms: int) -> bool:
        if abs(wall_ms - at_ms) > LIFE_S * 1000 or at_ms <= self._forgotten_ms or mac in self._seen:
            return False
        self._seen[mac] = at_ms
        if len(self._seen) > _REMEMBERED:
            _, forgotten_ms = self._seen.popitem(last=False)
            self._forgotten_ms = max(self._forgotten_ms, forgotten_ms)
        return True

    def _wall_ms(self, now: float) -> int:
        return round((now + self._wall_offset_s) * 1000)

    def _mac(self, name: str, to: str, user: str, call_id: str, at_ms: int, body: bytes) -> str:
        said = "\n".join(("INVITE", name, to, user, call_id, str(at_ms), hashlib.sha256(body).hexdigest()))
        return hmac.digest(self._secret, said.encode(), "sha256").hex()


def _read(lines: list[str]) -> tuple[str, int, str]:
    """The node, the time and the MAC; an empty name for what is no proof."""
    parts = lines[0][:_LONGEST].split(";")
    if len(lines) != 1 or len(parts) != 3:
        return "", 0, ""
    at, proof = parts[1].removeprefix("at="), parts[2].removeprefix("proof=")
    if not (at.isascii() and at.isdecimal()):
        return "", 0, ""
    return parts[0], int(at), proof
