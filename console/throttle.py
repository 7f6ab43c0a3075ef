"""Who tried too often is not looked at for a while: by address and by account, within bounded memory."""

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from console.api.door import network_of

WITHIN_S = 300.0
MOST_BY_ADDRESS = 10
MOST_BY_ACCOUNT = 20
MOST_KEPT = 10_000


class Throttle:
    """Wrong tries in windows of WITHIN_S. An address from which an account came in before is not kept out of it by the
    tries of others. Accounts that there are not count alike, so that nobody learns which there are.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._under_way: Counter[str] = Counter()
        self._told: OrderedDict[str, float] = OrderedDict()

    def wait_s(self, account: str, address: str) -> float:
        """For how long nobody is looked at; 0 when this one is."""
        return max(self._left_s(key, most) for key, most in self._bounds(account, address))

    @contextmanager
    def looking(self, account: str, address: str) -> Iterator[bool]:
        """While a password is looked at; False where as many are as may be wrong: those count at their end only."""
        bounds = self._bounds(account, address)
        room = all(self._under_way[key] + self._count(key) < most for key, most in bounds)
        keys = _keys(account, address) if room else ()
        self._under_way.update(keys)
        try:
            yield room
        finally:
            self._under_way.subtract(keys)
            self._under_way = +self._under_way

    def is_news(self, address: str) -> bool:
        """Whether it has to be told that this one is not looked at: once in WITHIN_S."""
        network, now_s = _keys("", address)[0], self._now_s()
        if now_s - self._told.get(network, -WITHIN_S) < WITHIN_S:
            return False
        self._told.pop(network, None)
        self._told[network] = now_s
        if len(self._told) > MOST_KEPT:
            self._told.popitem(last=False)
        return True

    def wrong(self, account: str, address: str) -> None:
        for key in _keys(account, address):
            count, since_s = self._wrong.pop(key, (0, self._now_s()))
            if self._now_s() - since_s >= WITHIN_S:
                count, since_s = 0, self._now_s()
            self._wrong[key] = (count + 1, since_s)
            if len(self._wrong) > MOST_KEPT:
                self._wrong.popitem(last=False)

    def right(self, account: str, address: str) -> None:
        network, name = _keys(account, address)
        self._known.pop(network + name, None)
        self._known[network + name] = None
        if len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)

    def _bounds(self, account: str, address: str) -> list[tuple[str, int]]:
        network, name = _keys(account, address)
        by_address = [(network, MOST_BY_ADDRESS)]
        return by_address if network + name in self._known else [*by_address, (name, MOST_BY_ACCOUNT)]

    def _count(self, key: str) -> int:
        count, since_s = self._wrong.get(key, (0, 0.0))
        return count if self._now_s() - since_s < WITHIN_S else 0

    def _left_s(self, key: str, most: int) -> float:
        return self._wrong[key][1] + WITHIN_S - self._now_s() if self._count(key) >= most else 0.0


def _keys(account: str, address: str) -> tuple[str, str]:
    """Of one length whatever is typed."""
    name = hashlib.sha256(account.encode("utf-8", "replace")).hexdigest()
    return f"from {network_of(address)}", f"to {name}"
