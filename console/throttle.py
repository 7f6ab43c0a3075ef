"""Who tried too often is not looked at for a while: by address and by account, within bounded memory."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable

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

    def wait_s(self, account: str, address: str) -> float:
        """For how long nobody is looked at; 0 when this one is."""
        network, name = _keys(account, address)
        bounds = [(network, MOST_BY_ADDRESS)]
        if network + name not in self._known:
            bounds.append((name, MOST_BY_ACCOUNT))
        return max(self._left_s(key, most) for key, most in bounds)

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

    def _left_s(self, key: str, most: int) -> float:
        count, since_s = self._wrong.get(key, (0, 0.0))
        return max(since_s + WITHIN_S - self._now_s(), 0.0) if count >= most else 0.0


def _keys(account: str, address: str) -> tuple[str, str]:
    """Of one length whatever is typed."""
    name = hashlib.sha256(account.encode("utf-8", "replace")).hexdigest()
    return f"from {network_of(address)}", f"to {name}"
