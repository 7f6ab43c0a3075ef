"""The wallboard as one flat state: names of figures and what they are now, in no language."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from console.alarms import Alarm
from metrics.lately import Minute
from metrics.service_level import INTERVAL_MS, ServiceLevel, Tally, ratio, servicegrad_45, svargrad
from metrics.wallboard import STATES

State = dict[str, int | float | str | None]
"""`q|QUEUE|...`, `s|SITE|...`, `a|STATE`, `t|...` of all. Ratios are rounded, times are since the epoch (ms)."""

AT_WORK = ("ready", "offered", "talking", "wrap_up")
GOAL_PERCENT = 70
MOST_QUEUES, MOST_SITES = 200, 100


@dataclass(frozen=True, slots=True)
class QueueSeen:
    """What is known of a queue beside its figures: its name for people, T, and how many per cent should make it."""

    title: str
    target_s: int = 45
    percent: int = GOAL_PERCENT


@dataclass(frozen=True, slots=True)
class Country:
    """Where the figures come from. `served` gives agents by (queue, state), `sites` agents by (site, state), `nodes`
    how many nodes serve at each site.
    """

    level: ServiceLevel
    lately: Callable[[int], Mapping[str, Minute]]
    queues: Callable[[], Mapping[str, QueueSeen]]
    agents: Callable[[], Mapping[str, int]]
    sites: Callable[[], Mapping[tuple[str, str], int]]
    site_titles: Callable[[], Mapping[str, str]]
    served: Callable[[], Mapping[tuple[str, ...], float]]
    nodes: Callable[[], Mapping[str, int]]
    contacts: Callable[[], int]
    day_start_ms: Callable[[], int]
    now_ms: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Seen:
    """The board at one moment. `queues` and `sites` are what it has rows for, in order, with their titles."""

    state: State
    queues: tuple[tuple[str, str], ...]
    sites: tuple[tuple[str, str], ...]
    alarms: Sequence[Alarm] = ()
    shape: str = field(default="")


def seen(country: Country, alarms: Callable[[State], Sequence[Alarm]]) -> Seen:
    """All of it, now."""
    now_ms = country.now_ms()
    known = country.queues()
    names = list(known)[:MOST_QUEUES]
    lately, served = country.lately(now_ms), country.served()
    state: State = {}
    today, recent = Tally(), Minute()
    oldest: list[int] = []
    for name in names:
        waiting = country.level.waiting(name)
        tally = _today(country.level, name, country.day_start_ms(), now_ms)
        now = lately.get(name, Minute())
        state |= _queue(name, known[name], tally, now)
        oldest_ms = min(waiting.values(), default=0)
        state[f"q|{name}|waiting"], state[f"q|{name}|oldest"] = len(waiting), oldest_ms
        state[f"q|{name}|ready"] = int(served.get((name, "ready"), 0))
        state[f"q|{name}|at_work"] = int(sum(served.get((name, one), 0) for one in AT_WORK))
        today.add(tally)
        recent.add(now)
        oldest += [oldest_ms] if oldest_ms else []
    state |= _totals(today, recent)
    state["t|waiting"] = sum(int(state[f"q|{name}|waiting"] or 0) for name in names)
    state["t|oldest"] = min(oldest, default=0)
    state["t|contacts"] = country.contacts()
    state |= {f"a|{one}": count for one, count in country.agents().items() if one in STATES}
    state["t|at_work"] = sum(int(state.get(f"a|{one}") or 0) for one in AT_WORK)
    sites = _sites(country, state)
    queues = tuple((name, known[name].title) for name in names)
    shape = hashlib.sha256(repr((queues, sites)).encode()).hexdigest()[:16]
    return Seen(state, queues, sites, tuple(alarms(state)), shape)


def _today(level: ServiceLevel, queue: str, day_ms: int, now_ms: int) -> Tally:
    """Without the waits, which cost more than all else."""
    total = Tally()
    for start_ms in range(day_ms - day_ms % INTERVAL_MS, now_ms + 1, INTERVAL_MS):
        cohort = level.cohorts.get((queue, start_ms))
        if cohort is not None:
            total.offered += cohort.offered
            total.answered += cohort.answered
            total.lost += cohort.lost
            total.flowed_out += cohort.flowed_out
            total.answered_in_target += cohort.answered_in_target
    return total


def _queue(name: str, known: QueueSeen, tally: Tally, now: Minute) -> State:
    state: State = {
        f"q|{name}|target": known.target_s,
        f"q|{name}|goal": known.percent / 100,
        f"q|{name}|offered": tally.offered,
        f"q|{name}|answered": tally.answered,
        f"q|{name}|lost": tally.lost,
    }
    return state | {f"q|{name}|{key}": value for key, value in _measures(tally, now).items()}


def _totals(tally: Tally, now: Minute) -> State:
    counts: State = {"t|offered": tally.offered, "t|answered": tally.answered, "t|lost": tally.lost}
    measures: State = {f"t|{key}": value for key, value in _measures(tally, now).items()}
    return counts | measures


def _measures(tally: Tally, now: Minute) -> dict[str, float | None]:
    ended = now.answered + now.lost
    return {
        "svargrad_now": _rounded(ratio(now.answered, ended)),
        "svargrad_today": _rounded(svargrad(tally)),
        "servicegrad_now": _rounded(ratio(now.in_target, ended)),
        "servicegrad_today": _rounded(servicegrad_45(tally)),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _sites(country: Country, state: State) -> tuple[tuple[str, str], ...]:
    counts, nodes, titles = country.sites(), country.nodes(), country.site_titles()
    names = sorted({site for site, _ in counts} | nodes.keys() | titles.keys())[:MOST_SITES]
    for name in names:
        for one in ("ready", "talking"):
            state[f"s|{name}|{one}"] = counts.get((name, one), 0)
        state[f"s|{name}|at_work"] = sum(counts.get((name, one), 0) for one in AT_WORK)
        state[f"s|{name}|nodes"] = nodes.get(name)
    return tuple((name, titles.get(name) or name) for name in names)
