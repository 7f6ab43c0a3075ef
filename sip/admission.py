"""Who may come in, and how fast: trunks by address, strangers by a small allowance each, new calls by a total."""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import ip_address

from sip.config import Limits, Trunk
from sip.overload import Governor

_REMEMBERED_SOURCES = 4096
_SWEEP_EVERY_S = 1.0
_VOUCHED_FACTOR = 20
_BURST_S, _LEAST_BURST = 0.2, 40.0
# All strangers together: each of them costs about 0.1 ms, and a flood may come from ever new addresses.
_STRANGERS_PER_S, _STRANGERS_BURST = 1000.0, 2000.0


class Allowance:
    """A bucket that fills with time."""

    __slots__ = ("_at", "_burst", "_left", "_per_s")

    def __init__(self, per_s: float, burst: float, now: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._left = burst
        self._at = now

    def left(self, now: float) -> bool:
        """Whether `take` would give something."""
        return self._left + (now - self._at) * self._per_s >= 1.0

    def full(self, now: float) -> bool:
        return self._left + (now - self._at) * self._per_s >= self._burst

    def change(self, per_s: float, now: float) -> None:
        """From now on it fills at another rate."""
        self._fill(now)
        self._per_s = per_s
        self._burst = burst(per_s)

    def _fill(self, now: float) -> None:
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now

    def take(self, now: float) -> bool:
        self._fill(now)
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


def burst(calls_per_s: float) -> float:
    """How many calls may come at once: each takes a few ms before its caller hears anything, and they queue up."""
    return max(1.0, min(calls_per_s, _LEAST_BURST), _BURST_S * calls_per_s)


class Allowances:
    """One allowance for each key, in bounded memory: where the table is full, those without a place share one."""

    __slots__ = ("_burst", "_by_key", "_crowd", "_most", "_per_s", "_swept_at")

    def __init__(self, per_s: float, burst: float, most: int) -> None:
        self._per_s = per_s
        self._burst = burst
        self._most = most
        self._by_key: dict[str, Allowance] = {}
        self._crowd: Allowance | None = None
        self._swept_at = float("-inf")

    def of(self, key: str, now: float) -> Allowance:
        """The allowance that `key` may use now."""
        allowance = self._by_key.get(key)
        if allowance is not None:
            return allowance
        if len(self._by_key) >= self._most:
            self._forget_idle(now)
        if len(self._by_key) < self._most:
            allowance = self._by_key[key] = Allowance(self._per_s, self._burst, now)
            return allowance
        if self._crowd is None:
            self._crowd = Allowance(self._per_s, self._burst, now)
        return self._crowd

    def __len__(self) -> int:
        return len(self._by_key)

    def _forget_idle(self, now: float) -> None:
        """Those whose allowance has filled up again need no place."""
        if now - self._swept_at >= _SWEEP_EVERY_S:
            self._swept_at = now
            self._by_key = {key: one for key, one in self._by_key.items() if not one.full(now)}


class Admission:
    """Trunks are known by address. Strangers share a bounded table; who proved a password has a place outside it."""

    def __init__(self, trunks: tuple[Trunk, ...], limits: Limits) -> None:
        self._trunks = trunks
        self._limits = limits
        self._known: dict[str, str | None] = {}
        per_s, burst = limits.stranger_requests_per_s, limits.stranger_burst
        self._strangers = Allowances(per_s, burst, limits.stranger_sources)
        self._vouched: OrderedDict[str, Allowance] = OrderedDict()
        self._everybody: Allowance | None = None
        self._calls: Allowance | None = None
        self._governor = Governor(limits.calls_per_s)
        self._trunk_rates = {trunk.name: trunk.calls_per_s for trunk in trunks if trunk.calls_per_s > 0}
        self._by_trunk: dict[str, Allowance] = {}

    def trunk(self, host: str) -> str | None:
        """The name of the trunk that sends from `host`, if one does."""
        if host not in self._known:
            if len(self._known) >= _REMEMBERED_SOURCES:
                self._known.clear()
            self._known[host] = self._look_up(host)
        return self._known[host]

    def stranger_may(self, host: str, now: float) -> bool:
        """Whether a source that is no trunk may start one more transaction now."""
        return all(allowance.take(now) for allowance in self._allowances(host, now))

    def spent(self, host: str, now: float) -> bool:
        """Whether a source has nothing left to ask for at the moment. A trunk always has."""
        if self.trunk(host) is not None:
            return False
        return not all(allowance.left(now) for allowance in self._allowances(host, now))

    def vouch(self, host: str, now: float) -> None:
        """Somebody there proved who they are: the phones of an office share one address, and get more room.

        Their place outlasts a flood that fills the strangers' table; the one vouched for longest ago makes room.
        """
        key = neighbourhood(host)
        if key in self._vouched:
            self._vouched.move_to_end(key)
            return
        if len(self._vouched) >= self._limits.stranger_sources:
            self._vouched.popitem(last=False)
        per_s, burst = self._limits.stranger_requests_per_s, self._limits.stranger_burst
        self._vouched[key] = Allowance(_VOUCHED_FACTOR * per_s, _VOUCHED_FACTOR * burst, now)

    @property
    def calls_per_s(self) -> float:
        """How many new calls a second are taken at the moment: fewer than configured while the node is late."""
        return self._governor.per_s

    def observe(self, late_s: float, now: float) -> None:
        """The node did something so much later than it should have: fewer calls are taken while it goes on so."""
        if self._governor.observe(late_s, now) and self._calls is not None:
            self._calls.change(self._governor.per_s, now)

    def calls_spent(self, now: float) -> bool:
        """Whether `call_may` would refuse whoever asks."""
        return self._calls is not None and not self._calls.left(now)

    def call_may(self, now: float, trunk: str = "") -> bool:
        """Whether one more new call fits into this second: the total, and the rate of the trunk where it has one."""
        own = self._trunk_calls(trunk, now)
        if own is not None and not own.take(now):
            return False
        if self._calls is None:
            per_s = self._governor.per_s
            self._calls = Allowance(per_s, burst(per_s), now)
        return self._calls.take(now)

    def _trunk_calls(self, trunk: str, now: float) -> Allowance | None:
        per_s = self._trunk_rates.get(trunk)
        if per_s is None:
            return None
        allowance = self._by_trunk.get(trunk)
        if allowance is None:
            allowance = self._by_trunk[trunk] = Allowance(per_s, max(1.0, per_s), now)
        return allowance

    def _allowances(self, host: str, now: float) -> tuple[Allowance, ...]:
        key = neighbourhood(host)
        vouched = self._vouched.get(key)
        if vouched is not None:
            return (vouched,)
        if self._everybody is None:
            self._everybody = Allowance(_STRANGERS_PER_S, _STRANGERS_BURST, now)
        return (self._strangers.of(key, now), self._everybody)

    def _look_up(self, host: str) -> str | None:
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return None
        for trunk in self._trunks:
            if any(address in network for network in trunk.networks):
                return trunk.name
        return None


def neighbourhood(host: str) -> str:
    """One IPv6 customer has a /64 at least, and could otherwise be 2^64 sources."""
    if ":" not in host:
        return host
    try:
        return ip_address(host.partition("%")[0]).exploded[:19]
    except ValueError:
        return host
