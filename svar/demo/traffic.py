"""The day of traffic of `docs/glossary.md`: who rings when, and what each does. Pure: all chance comes in.

Seconds are simulated ones unless the name says `real`.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

QUARTER_S = 900
OPENS_S = 9 * 3600
QUARTERS = (
    557, 649, 711, 742, 773, 773, 742, 711, 711, 680, 649, 619,
    526, 526, 588, 619, 649, 649, 619, 588, 557, 526, 464, 371,
)  # fmt: skip
"""Calls in each quarter of an hour from 09:00, in a day of 15,000."""
DAY_S = QUARTER_S * len(QUARTERS)
TALK_MEAN_S, TALK_CV = 398.0, 0.9
WRAP_UP_S = (30.0, 90.0)
PATIENCE_MEAN_S, PATIENCE_SHAPE = 720.0, 0.9
LEAVES_AT_ONCE, LEAVES_SOON = 0.03, 0.05
ENGLISH = 0.05
HANGS_UP_IN_MENU = 0.03
AGENT_HANGS_UP = 0.6


@dataclass(frozen=True, slots=True)
class Way:
    """A number and the keys that lead to `queue`; `weight` is its part of the traffic (assumed)."""

    queue: str
    number: str
    keys: str
    weight: float


WAYS = (
    Way("social", "5000", "1", 8),
    Way("work_health", "5000", "2", 32),
    Way("family", "5000", "3", 14),
    Way("disability", "5000", "4", 12),
    Way("other", "5000", "5", 9),
    Way("pension", "5001", "", 13),
    Way("international", "5002", "", 4),
    Way("appeals", "5003", "", 2),
    Way("debt", "5004", "", 1.5),
    Way("eures", "5005", "", 0.5),
    Way("partners", "5006", "", 3),
    Way("support", "5007", "", 1),
)
"""The services of `deploy/example.toml`."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One caller, all drawn beforehand: the run depends on nothing else. `at_s` counts from the opening."""

    at_s: float
    caller: str
    way: Way
    keys: str
    listens_real_s: float
    hangs_up_in_menu: bool
    patience_s: float
    answer_s: float
    talk_s: float
    agent_hangs_up: bool
    wrap_up_s: float


def arrivals(chance: Random, share: float) -> Iterator[float]:
    """Seconds after the opening at which a call arrives: a Poisson stream whose rate changes each quarter.

    `share` is the part of the day's 15,000 calls that is wanted.
    """
    for quarter, calls in enumerate(QUARTERS):
        at_s, ends_s = float(quarter * QUARTER_S), (quarter + 1) * QUARTER_S
        per_s = calls * share / QUARTER_S
        while per_s > 0 and (at_s := at_s + chance.expovariate(per_s)) < ends_s:
            yield at_s


def patience_s(chance: Random) -> float:
    """How long a caller waits in a queue: few leave at once, some after about a minute, the rest by Weibull."""
    drawn = chance.random()
    if drawn < LEAVES_AT_ONCE:
        return chance.uniform(1, 10)
    if drawn < LEAVES_AT_ONCE + LEAVES_SOON:
        return chance.uniform(55, 75)
    return chance.weibullvariate(PATIENCE_MEAN_S / math.gamma(1 + 1 / PATIENCE_SHAPE), PATIENCE_SHAPE)


def talk_s(chance: Random) -> float:
    """Lognormal with the mean and the coefficient of variation of the definitions."""
    variance = math.log(1 + TALK_CV**2)
    return chance.lognormvariate(math.log(TALK_MEAN_S) - variance / 2, math.sqrt(variance))


def visits(chance: Random, share: float, ways: Sequence[Way]) -> Iterator[Visit]:
    """The callers of a day in the order of their arrival. Raises ValueError when `ways` is empty."""
    if not ways:
        raise ValueError("there is no way to a queue")
    weights = [way.weight for way in ways]
    for number, at_s in zip(count(40_000_000), arrivals(chance, share), strict=False):
        way = chance.choices(ways, weights)[0]
        yield Visit(
            at_s=at_s,
            caller=str(number),
            way=way,
            keys=("9" if chance.random() < ENGLISH else "") + way.keys,
            listens_real_s=chance.uniform(0.8, 2.5),
            hangs_up_in_menu=chance.random() < HANGS_UP_IN_MENU,
            patience_s=patience_s(chance),
            answer_s=chance.uniform(2, 6),
            talk_s=talk_s(chance),
            agent_hangs_up=chance.random() < AGENT_HANGS_UP,
            wrap_up_s=chance.uniform(*WRAP_UP_S),
        )
