"""How many text messages may go: to one number or for one caller in an hour, and in all in a minute."""

from collections import deque

_HOUR_S = 3600.0
_MINUTE_S = 60.0


class Caps:
    """Counts in this process' memory. `now` is the loop's clock, in seconds.

    The cap of a minute bounds what is remembered: no more names than messages in an hour.
    """

    __slots__ = ("_all", "_by_name", "_per_minute", "_per_name")

    def __init__(self, per_name_an_hour: int, per_minute: int) -> None:
        self._per_name = per_name_an_hour
        self._per_minute = per_minute
        self._all: deque[float] = deque()
        self._by_name: dict[str, deque[float]] = {}

    def take(self, pii_names: frozenset[str], now: float) -> bool:
        """Count one message against every name and the whole, if none is used up; else nothing is counted."""
        self._forget(now)
        of_names = [self._by_name.get(name) for name in pii_names]
        if len(self._all) >= self._per_minute or any(sent and len(sent) >= self._per_name for sent in of_names):
            return False
        self._all.append(now)
        for name in pii_names:
            self._by_name.setdefault(name, deque()).append(now)
        return True

    def _forget(self, now: float) -> None:
        while self._all and self._all[0] <= now - _MINUTE_S:
            self._all.popleft()
        for name in [name for name, sent in self._by_name.items() if sent[-1] <= now - _HOUR_S]:
            del self._by_name[name]
        for sent in self._by_name.values():
            while sent[0] <= now - _HOUR_S:
                sent.popleft()
