"""Nonces that need no memory to be recognised, and a bounded memory against their replay (RFC 7616 §5.4, §5.5)."""

from __future__ import annotations

import hmac
from collections import OrderedDict
from enum import Enum, auto

_REMEMBERED = 8192
_MAC_CHARS = 24
# Nodes agree about the time as far as NTP lets them.
_AHEAD_S = 5.0


class Freshness(Enum):
    GOOD = auto()
    STALE = auto()
    FOREIGN = auto()


class Nonces:
    """A nonce is its time of issue and a MAC by the secret that the nodes share. `now` is on the shared wall clock.

    Per nonce the highest nc seen is kept. What falls out of that memory makes every nonce as old as it stale, so a
    replay never passes because it was forgotten.
    """

    def __init__(self, secret: bytes, life_s: float) -> None:
        self._secret = secret
        self._life_s = life_s
        self._seen: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._forgotten_us = -1
        self._last_us = -1

    def issue(self, now: float) -> str:
        """Never twice the same: the time counts on where two fall into one microsecond."""
        self._last_us = max(int(now * 1e6), self._last_us + 1)
        stamp = f"{self._last_us:x}"
        return f"{stamp}-{self._mac(stamp)}"

    def check(self, nonce: str, count: int, now: float) -> Freshness:
        """Whether this use of a nonce, its `count`th, may be believed. To be asked once the digest was right."""
        stamp, dash, mac = nonce.partition("-")
        if not dash or not hmac.compare_digest(mac.encode(), self._mac(stamp).encode()):
            return Freshness.FOREIGN
        issued_us = int(stamp, 16)
        if issued_us <= self._forgotten_us or not -_AHEAD_S <= now - issued_us / 1e6 <= self._life_s:
            return Freshness.STALE
        if count <= self._seen.get(nonce, (0, 0))[0]:
            return Freshness.STALE
        self._remember(nonce, count, issued_us)
        return Freshness.GOOD

    def _remember(self, nonce: str, count: int, issued_us: int) -> None:
        self._seen[nonce] = (count, issued_us)
        self._seen.move_to_end(nonce)
        if len(self._seen) > _REMEMBERED:
            _, (_, forgotten_us) = self._seen.popitem(last=False)
            self._forgotten_us = max(self._forgotten_us, forgotten_us)

    def _mac(self, stamp: str) -> str:
        return hmac.digest(self._secret, stamp.encode(), "sha256").hex()[:_MAC_CHARS]
