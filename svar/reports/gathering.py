"""From half-hours to what a report shows: sums by queue, site, time of day and day."""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial

from metrics.half_hour_rows import Key
from metrics.service_level import DEFAULT_LIMITS, Limits
from metrics.sums import Sums
from svar.reports.period import Kind, Period

Labels = tuple[str, ...]
LAST, BEHIND = 1_000_000, "\U0010ffff"


class By(StrEnum):
    """What a report is broken down by."""

    QUEUE = "queue"
    SITE = "site"
    HALF_HOUR = "half-hour"
    DAY = "day"


OF_TIME = frozenset({(By.DAY,), (By.HALF_HOUR,)})
"""Tables that are sums of half-hours, as the whole is: they are made of these at the end."""


@dataclass(frozen=True, slots=True)
class Names:
    """What people call queues and sites, and the queues' targets."""

    queues: Mapping[str, str] = field(default_factory=dict)
    sites: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Limits] = field(default_factory=dict)

    def limits_of(self, queue: str) -> Limits:
        return self.limits.get(queue, DEFAULT_LIMITS)


@dataclass(frozen=True, slots=True)
class Report:
    """`tables` are in the order in which they are shown; a table's rows in the order of its labels' own.

    `rebuilt` says that the figures were made again from the kept events.
    """

    period: Period
    names: Names
    made: datetime
    total: Sums
    tables: Mapping[tuple[By, ...], Mapping[Labels, Sums]]
    rebuilt: bool = False

    @property
    def over(self) -> bool:
        """Whether the period is; what is told late may still correct it for some hours."""
        return round(self.made.timestamp() * 1000) >= self.period.until_ms


class Gathering:
    """Takes half-hours one at a time, so that a month needs no more memory than its tables."""

    def __init__(self, period: Period, tables: Iterable[tuple[By, ...]]) -> None:
        self._period = period
        self._tables: dict[tuple[By, ...], dict[Labels, Sums]] = {by: {} for by in tables}
        self._at: dict[int, Sums] = {}
        self._times: dict[int, Mapping[By, str]] = {}
        self._ranks: dict[str, int] = {}

    def add(self, key: Key, row: Sums) -> None:
        queue, site, start_ms = key
        times = self._times.get(start_ms)
        if times is None:
            times = self._times[start_ms] = self._of_time(start_ms)
            self._at[start_ms] = Sums()
        self._at[start_ms].add(row)
        labels = {By.QUEUE: queue, By.SITE: site, **times}
        for by, groups in self._tables.items():
            if by not in OF_TIME and (queue or By.QUEUE not in by):
                _add(groups, tuple(labels[one] for one in by), row)

    def _of_time(self, start_ms: int) -> Mapping[By, str]:
        local, slot = self._period.local(start_ms), self._period.slot(start_ms)
        self._ranks.setdefault(slot, start_ms if self._period.kind is Kind.DAY else local.hour * 60 + local.minute)
        return {By.HALF_HOUR: slot, By.DAY: local.date().isoformat()}

    def report(self, names: Names, made: datetime, *, rebuilt: bool = False) -> Report:
        """Once, at the end. Times as they come, though one may come twice; queues and sites in the order of `names`."""
        ranks: dict[By, Mapping[str, int]] = {
            By.QUEUE: {name: number for number, name in enumerate(names.queues)},
            By.SITE: {name: number for number, name in enumerate(names.sites)},
            By.HALF_HOUR: self._ranks,
            By.DAY: {},
        }

        def order(by: tuple[By, ...], labels: Labels) -> list[tuple[int, str]]:
            return [(ranks[one].get(label, LAST), label or BEHIND) for one, label in zip(by, labels, strict=True)]

        total = Sums()
        for start_ms, row in self._at.items():
            total.add(row)
            for by in OF_TIME & self._tables.keys():
                _add(self._tables[by], (self._times[start_ms][by[0]],), row)
        self._at = {}
        tables = {
            by: {labels: groups[labels] for labels in sorted(groups, key=partial(order, by))}
            for by, groups in self._tables.items()
        }
        return Report(self._period, names, made, total, tables, rebuilt)


def _add(groups: dict[Labels, Sums], group: Labels, row: Sums) -> None:
    sums = groups.get(group)
    if sums is None:
        sums = groups[group] = Sums()
    sums.add(row)


async def gathered(
    period: Period, rows: AsyncIterator[tuple[Key, Sums]], tables: Iterable[tuple[By, ...]]
) -> Gathering:
    """All of `rows`, which are those of the period."""
    gathering = Gathering(period, tables)
    async for key, row in rows:
        gathering.add(key, row)
    return gathering
