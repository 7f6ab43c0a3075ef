"""Which numbers svar may ring of its own accord, and how often: an allow-list of prefixes with costs, and caps."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from acd.outbound_caps import Cap
from ivr.language.problems import did_you_mean
from ivr.web.gateway import international, is_region
from ivr.web.numbers import is_ordinary
from sip.message.uri import SipUri, escape_user
from svar.config import Config, Outbound

HOUR_S, DAY_S = 3_600, 86_400
_PREFIX = re.compile(r"\+[1-9][0-9]{0,9}")
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Allowed:
    """A number that may be rung, in its international form, and the prefix that allows it; `cost` in units."""

    pii_number: str
    prefix: str
    cost: int


class AllowList:
    """The numbers that may be rung. Of the prefixes that a number begins with the longest counts.

    `own`: the numbers by which we are rung ourselves, which would answer each other for ever.
    """

    def __init__(self, outbound: Outbound, own: Callable[[], Collection[str]] = tuple) -> None:
        self._outbound = outbound
        self._own = own
        self._prefixes = sorted(outbound.costs, key=len, reverse=True)

    def allowed(self, pii_number: str) -> Allowed | None:
        """None for what is no number, has no prefix of the list, is ours, or costs extra and is not named for that."""
        outbound = self._outbound
        number = international(pii_number, outbound.region)
        prefix = next((prefix for prefix in self._prefixes if number.startswith(prefix)), "") if number else ""
        if not prefix or not (is_ordinary(number) or number.startswith(tuple(outbound.premium))):
            return None
        if any(international(one, outbound.region) == number for one in self._own()):
            return None
        return Allowed(number, prefix, outbound.costs[prefix])

    def number(self, pii_number: str) -> str:
        """A number in its international form, whether or not it may be rung; empty for what is none."""
        return international(pii_number, self._outbound.region)

    def caps(self, allowed: Allowed, identity: str) -> tuple[Cap, ...]:
        """What one more call to it counts against. `identity` stands for the number, which is in no key."""
        outbound, caps = self._outbound, self._outbound.caps
        budget = outbound.budgets.get(allowed.prefix, outbound.budget)
        return (
            Cap("number", caps.per_number_per_day, DAY_S, identity),
            Cap("hour", caps.per_hour, HOUR_S),
            Cap("day", caps.per_day, DAY_S),
            Cap("budget", budget, DAY_S, allowed.prefix, allowed.cost),
        )


def uri_of(config: Config, allowed: Allowed) -> SipUri:
    """The number at the trunk by which calls go out."""
    trunk = next(trunk for trunk in config.trunk if trunk.name == config.outbound.trunk)
    address = SipUri.parse(trunk.address)
    return SipUri(escape_user(allowed.pii_number), address.host, address.port, params=address.params)


def mistakes(config: Config) -> Iterator[str]:
    """What `[outbound]` cannot mean."""
    outbound = config.outbound
    if not outbound.trunk:
        return
    known = {trunk.name: trunk for trunk in config.trunk}
    if outbound.trunk not in known:
        yield f"[outbound] trunk = {outbound.trunk!r}: there is no such [[trunk]]{did_you_mean(outbound.trunk, known)}"
    elif not known[outbound.trunk].address:
        yield f"[outbound] trunk {outbound.trunk!r} has no address, so no calls go out by it"
    elif not (known[outbound.trunk].account.number or known[outbound.trunk].account.user):
        yield f"[outbound] trunk {outbound.trunk!r}: account.number: expected the number that callers see"
    if not is_region(outbound.region):
        yield f"[outbound] region = {outbound.region!r}: expected a country's two letters, such as NO"
    yield from _prefixes(outbound)
    caps = outbound.caps
    numbers = {
        "budget": outbound.budget,
        "caps.per_number_per_day": caps.per_number_per_day,
        "caps.per_hour": caps.per_hour,
        "caps.per_day": caps.per_day,
    }
    for name, value in numbers.items():
        if not 1 <= value <= _MOST:
            yield f"[outbound] {name} = {value}: expected 1 to {_MOST}"
    kept = config.callbacks
    bounds = {"tries": 20, "again_min": 1440, "ring_s": 120, "expires_h": 168, "most": 100_000}
    for name, most in bounds.items():
        if not 1 <= getattr(kept, name) <= most:
            yield f"[callbacks] {name} = {getattr(kept, name)}: expected 1 to {most}"
    for name, texts in (("says", kept.says), ("tells", kept.tells)):
        if not texts:
            yield f"[callbacks] {name}: expected a text in one language at least"


def _prefixes(outbound: Outbound) -> Iterator[str]:
    if not outbound.costs:
        yield '[outbound] costs: expected how numbers that may be rung begin, with what a call costs, such as "+47" = 1'
    for what, prefixes in (("costs", outbound.costs), ("budgets", outbound.budgets), ("premium", outbound.premium)):
        for prefix in prefixes:
            if not _PREFIX.fullmatch(prefix):
                yield f"[outbound] {what}: {prefix!r}: expected the beginning of an international number, such as +47"
    for prefix in outbound.budgets:
        if prefix not in outbound.costs:
            yield f"[outbound] budgets: {prefix!r}: expected a prefix that stands in costs{_near(prefix, outbound)}"
    for prefix, cost in outbound.costs.items():
        if not 1 <= cost <= _MOST:
            yield f"[outbound] costs: {prefix!r} = {cost}: expected 1 to {_MOST}"


def _near(prefix: str, outbound: Outbound) -> str:
    return did_you_mean(prefix, outbound.costs)
