"""Who gets the canary, and the rule by which it is taken back: pure functions, explained in docs/publishing.md.

Three measures of the canary's contacts are held against the others' since it began: lost in the menu, failed, and the
time to a queue or the end. Looks come at fixed numbers of the canary's contacts, each with its part of the error that
is allowed over all of them, so that looking often does not find what is not there.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass

FIRST_LOOK = 20
GROWTH = 1.5
LOOKS = tuple(math.ceil(FIRST_LOOK * GROWTH**n) for n in range(30))
"""At how many contacts of the canary it is looked at: 20, 30, 45, ... 2.6 million."""
LEAST_CONTACTS = 20
"""In the other arm; before there are so many, nothing is said."""
LEAST_TIMED = 100
"""In each arm, before times are compared: the test on means wants so many."""
FALSE_ALARMS = 0.05
"""The most that a canary which is no worse is taken back, over all looks and measures together."""
MEASURES = 3
LEAST_MENU_DIFFERENCE, LEAST_FAILED_DIFFERENCE, LEAST_TIME_RATIO = 0.02, 0.005, 1.15
"""Less than this is not worth taking a version back, however sure it is: shares of contacts, and a ratio of times."""


@dataclass(slots=True)
class Tally:
    """What one arm's contacts did. A contact counts once it is in a queue or over; times are ln(1 + seconds)."""

    contacts: int = 0
    menu_ended: int = 0
    failed: int = 0
    log_sum: float = 0.0
    log_squares: float = 0.0

    def add(self, took_s: float, *, menu_ended: bool = False) -> None:
        value = math.log1p(max(took_s, 0.0))
        self.contacts += 1
        self.menu_ended += menu_ended
        self.log_sum += value
        self.log_squares += value * value

    @property
    def typical_s(self) -> float:
        """The geometric mean of the times."""
        return math.expm1(self.log_sum / self.contacts) if self.contacts else 0.0


@dataclass(frozen=True, slots=True)
class Worse:
    """In which measure the canary is worse, and the words that tell it. `chance`: that it shows by chance alone."""

    measure: str
    chance: float
    told: str


def in_canary(who: str, salt: str, share: float) -> bool:
    """Whether `who` is among the share: the same on every node, and for the same caller while the salt stays."""
    drawn = hashlib.blake2b(who.encode(), key=salt.encode()[:64], digest_size=8).digest()
    return int.from_bytes(drawn) < share * 2**64


def judge(look: int, active: Tally, canary: Tally) -> Worse | None:
    """What is worse about the canary at look number `look` (from 0); None: nothing that can be told from chance."""
    if active.contacts < LEAST_CONTACTS or canary.contacts < FIRST_LOOK:
        return None
    allowed = level(look)
    checks: tuple[Callable[[Tally, Tally], Worse | None], ...] = (_failed, _lost_in_menu, _slower)
    return next((worse for check in checks if (worse := check(active, canary)) and worse.chance < allowed), None)


def level(look: int) -> float:
    """The error that one measure may make at one look; over all looks and measures their sum is FALSE_ALARMS."""
    return FALSE_ALARMS / MEASURES / ((look + 1) * (look + 2))


def _failed(active: Tally, canary: Tally) -> Worse | None:
    return _share("failed", "failed", active.failed, active, canary.failed, canary, LEAST_FAILED_DIFFERENCE)


def _lost_in_menu(active: Tally, canary: Tally) -> Worse | None:
    lost = (active.menu_ended, active, canary.menu_ended, canary)
    return _share("menu_ended", "hung up in the menu", *lost, LEAST_MENU_DIFFERENCE)


def _share(
    measure: str, words: str, of_active: int, active: Tally, of_canary: int, canary: Tally, least: float
) -> Worse | None:
    before, now = of_active / active.contacts, of_canary / canary.contacts
    if now - before < least:
        return None
    chance = fisher(of_canary, canary.contacts, of_active, active.contacts)
    told = f"{now:.1%} of {canary.contacts} contacts {words}, {before:.1%} of {active.contacts} with the other version"
    return Worse(measure, chance, told)


def _slower(active: Tally, canary: Tally) -> Worse | None:
    if min(active.contacts, canary.contacts) < LEAST_TIMED:
        return None
    difference = canary.log_sum / canary.contacts - active.log_sum / active.contacts
    if canary.typical_s < active.typical_s * LEAST_TIME_RATIO:
        return None
    error = math.sqrt(_variance(canary) / canary.contacts + _variance(active) / active.contacts)
    chance = 0.5 * math.erfc(difference / error / math.sqrt(2)) if error else 0.0
    told = f"{canary.typical_s:.0f} s to a queue or the end, {active.typical_s:.0f} s with the other version"
    return Worse("time", chance, told)


def _variance(tally: Tally) -> float:
    mean = tally.log_sum / tally.contacts
    return max(0.0, tally.log_squares - tally.contacts * mean * mean) / (tally.contacts - 1)


def fisher(hits: int, of: int, other_hits: int, other_of: int) -> float:
    """The chance of `hits` or more in `of`, were both arms alike (Fisher's exact test, one-sided).

    Exact for rare events too, where a z-test takes one failure among few contacts for proof.
    """
    total, all_hits = of + other_of, hits + other_hits
    most = min(of, all_hits)
    log_all = _log_choose(total, of)
    chance = 0.0
    for n in range(hits, most + 1):
        term = math.exp(_log_choose(all_hits, n) + _log_choose(total - all_hits, of - n) - log_all)
        chance += term
        if term < 1e-12 * chance:
            break
    return min(1.0, chance)


def _log_choose(n: int, k: int) -> float:
    if k > n:
        return -math.inf
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
