"""Callers and agents as random traffic, and how good the estimates are that the callers would have been told."""

import heapq
import math
import random
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field

from acd.estimates import Estimate, Habits, Pace, Trust, check, expect, take, talk_over, tell, wait_over


@dataclass(frozen=True, slots=True)
class Traffic:
    """Callers a second and agents at work by the second of the day; talk lognormal, patience exponential (0: endless).

    `urgent` is the share of callers who have a head start of five minutes.
    """

    rate: Callable[[float], float]
    agents: Callable[[float], int]
    hours: float = 6.0
    talk_s: float = 398.0
    cv: float = 0.9
    wrap_up_s: float = 60.0
    patience_s: float = 720.0
    urgent: float = 0.0


@dataclass(slots=True)
class Quality:
    """Of the estimates of those who had to wait.

    `told`: heard an interval and were answered, `hits` of them within it; `short`: gave up when it was over.
    """

    waited: int = 0
    unknown: int = 0
    told: int = 0
    hits: int = 0
    short: int = 0
    silent: int = 0
    errors_ms: list[int] = field(default_factory=list)
    expected_ms: list[int] = field(default_factory=list)

    @property
    def coverage(self) -> float:
        return self.hits / max(self.told + self.short, 1)

    @property
    def bias_s(self) -> float:
        return sum(self.errors_ms) / max(len(self.errors_ms), 1) / 1000


@dataclass(slots=True)
class _Caller:
    arrived: int
    gives_up: int
    estimate: Estimate | None = None
    silent: bool = False
    over: bool = False


class Line:
    """One queue and its agents, the first to come served first, less the head start; times in milliseconds.

    `wrong` thousandths of every estimate are told, as by a method that does not fit.
    """

    def __init__(self, traffic: Traffic, seed: int, *, wrong: int = 1000) -> None:
        self.pace, self.habits, self.trust, self.quality = Pace(), Habits(), Trust(), Quality()
        self._traffic, self._random, self._wrong = traffic, random.Random(seed), wrong
        self._waiting: list[tuple[int, int, _Caller]] = []
        self._ahead: list[tuple[int, int, Callable[[int], None]]] = []
        self._busy = self._count = 0

    def run(self) -> Quality:
        """The whole day, and until the last caller is served."""
        until = int(self._traffic.hours * 3_600_000)
        for at in range(1_000, until, 60_000):
            self._at(at, self._match)
        now = 1_000.0
        peak = max(self._traffic.rate(at * 60.0) for at in range(int(self._traffic.hours * 60)))
        while now < until:
            now += self._random.expovariate(peak) * 1000
            if self._random.random() * peak <= self._traffic.rate(now / 1000):
                self._at(int(now), self._arrives)
        while self._ahead:
            at, _, act = heapq.heappop(self._ahead)
            act(at)
        return self.quality

    def _at(self, at: int, act: Callable[[int], None]) -> None:
        self._count += 1
        heapq.heappush(self._ahead, (at, self._count, act))

    def _agents(self, now: int) -> int:
        return self._traffic.agents(now / 1000)

    def _arrives(self, now: int) -> None:
        chance, traffic = self._random, self._traffic
        patience = int(chance.expovariate(1 / traffic.patience_s) * 1000) if traffic.patience_s else 10**12
        caller = _Caller(now, now + patience)
        self._count += 1
        entry = (now - 300_000 * (chance.random() < traffic.urgent), self._count, caller)
        insort(self._waiting, entry)
        if self._busy >= self._agents(now):
            self._estimate(caller, now, 1 + self._waiting.index(entry))
            if traffic.patience_s:
                self._at(caller.gives_up, lambda at: self._gives_up(at, entry))
        self._match(now)

    def _estimate(self, caller: _Caller, now: int, position: int) -> None:
        self.quality.waited += 1
        found = expect(self.pace, self.habits, now, position, self._agents(now))
        if found is None:
            self.quality.unknown += 1
            return
        caller.estimate = Estimate(*(each * self._wrong // 1000 for each in (found.expected, found.low, found.high)))
        caller.silent = bool(self.trust.silent)
        self.quality.silent += caller.silent

    def _match(self, now: int) -> None:
        agents = self._agents(now)
        while self._waiting and self._busy < agents:
            caller = self._waiting.pop(0)[2]
            take(self.pace, now, caller.arrived, agents)
            self._over(caller, now, answered=True)
            self._busy += 1
            lasts = self._handling()
            self._at(now + lasts, lambda at, lasts=lasts: self._freed(at, lasts))  # type: ignore[misc]

    def _freed(self, now: int, lasted: int) -> None:
        self._busy -= 1
        talk_over(self.habits, lasted)
        self._match(now)

    def _gives_up(self, now: int, entry: tuple[int, int, _Caller]) -> None:
        if not entry[2].over:
            self._waiting.remove(entry)
            self._over(entry[2], now, answered=False)

    def _handling(self) -> int:
        traffic = self._traffic
        sigma = math.sqrt(math.log(1 + traffic.cv**2))
        talk_s = self._random.lognormvariate(math.log(traffic.talk_s) - sigma**2 / 2, sigma)
        return int((talk_s + traffic.wrap_up_s) * 1000)

    def _over(self, caller: _Caller, now: int, *, answered: bool) -> None:
        caller.over = True
        waited, quality = now - caller.arrived, self.quality
        wait_over(self.habits, waited, gave_up=not answered)
        if caller.estimate is None:
            return
        check(self.trust, caller.estimate, waited, answered=answered)
        told = tell(caller.estimate)
        if told is None or caller.silent:
            return
        if answered:
            quality.told += 1
            quality.hits += told.low <= waited and (told.high is None or waited <= told.high)
            quality.errors_ms.append(waited - caller.estimate.expected)
            quality.expected_ms.append(caller.estimate.expected)
        elif told.high is not None and waited > told.high:
            quality.short += 1
