"""Which connections are let in: trunks' all, strangers' few at a time."""

from __future__ import annotations

from collections.abc import Callable

from sip.admission import Allowance, neighbourhood
from sip.config import Address, StreamLimits


class Door:
    """Counts the connections of those who have proven nothing. `proven` says who has, since they came in."""

    def __init__(self, limits: StreamLimits, proven: Callable[[Address], bool], now: float) -> None:
        self._limits = limits
        self._proven = proven
        self._rate = Allowance(limits.accepts_per_s, 2 * limits.accepts_per_s, now)
        self._inside: dict[str, dict[Address, None]] = {}
        self._count = 0
        self._looked_at = now

    def __len__(self) -> int:
        return self._count

    def admit(self, address: Address, now: float) -> bool:
        """Let a stranger in, if there is room for one more of its host and in all."""
        if not self._rate.take(now):
            return False
        place = neighbourhood(address.host)
        if len(self._inside.get(place, ())) >= self._limits.per_stranger:
            self._forget_proven(place)
            if len(self._inside.get(place, ())) >= self._limits.per_stranger:
                return False
        if self.full(now):
            return False
        self._inside.setdefault(place, {})[address] = None
        self._count += 1
        return True

    def full(self, now: float) -> bool:
        """Whether there is no room for any stranger."""
        if self._count >= self._limits.strangers and now - self._looked_at >= 1.0:
            self._looked_at = now
            for place in tuple(self._inside):
                self._forget_proven(place)
        return self._count >= self._limits.strangers

    def left(self, address: Address) -> None:
        """It is closed, or no stranger's any more."""
        place = neighbourhood(address.host)
        inside = self._inside.get(place)
        if inside is None or address not in inside:
            return
        del inside[address]
        self._count -= 1
        if not inside:
            del self._inside[place]

    def _forget_proven(self, place: str) -> None:
        for address in tuple(self._inside.get(place, ())):
            if self._proven(address):
                self.left(address)
