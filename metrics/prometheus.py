"""The folds and the node's own figures as Prometheus text. Names carry the prefix `svar_`.

The figures are copied in the loop, which is quick; the text is made in a thread, which is not.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from metrics.counters import OTHER, Labels
from metrics.pipeline import Folds, day_start_ms
from metrics.scrape import Figures, Scrape
from metrics.wallboard import STATES, Board

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
HealthSource = Callable[[], Mapping[str, float]]
"""Figures of a part of svar by name; a name that ends in `_total` only grows."""

MOST_HEALTH_FIGURES = 100
MOST_LABELLED = 50


class Shown(Protocol):
    """A family beside those of the folds."""

    @property
    def name(self) -> str: ...

    def family(self, tenant: str) -> Metric: ...


@dataclass(frozen=True, slots=True)
class Labelled:
    """Figures of a part of svar by labels, `most` sets of them; a name that ends in `_total` only grows.

    `shared`: they are the same on all nodes of the tenant, and carry its label.
    """

    name: str
    text: str
    labels: tuple[str, ...]
    read: Callable[[], Mapping[Labels, float]]
    most: int = MOST_LABELLED
    shared: bool = False

    def family(self, tenant: str) -> Metric:
        """What a scrape shows of them now."""
        kind = CounterMetricFamily if self.name.endswith("_total") else GaugeMetricFamily
        names, first = (("tenant", *self.labels), (tenant,)) if self.shared else (self.labels, ())
        family = kind("svar_" + self.name, self.text, labels=names)
        for values, value in list(self.read().items())[: self.most]:
            family.add_metric((*first, *values), value)
        return family


@dataclass(frozen=True, slots=True)
class Observed:
    """A classic histogram of a part of svar. `read` gives its buckets, summed up to each bound, and the sum of all."""

    name: str
    text: str
    read: Callable[[], tuple[list[tuple[str, float]], float]]

    def family(self, _tenant: str) -> Metric:
        """What a scrape shows of it now."""
        buckets, total = self.read()
        return HistogramMetricFamily("svar_" + self.name, self.text, buckets=buckets, sum_value=total)


class Exposition:
    """Makes the text of `/metrics`. A scrape within `keep_s` of the last gets the same text."""

    def __init__(
        self,
        tenants: Sequence[Folds],
        *,
        zone: ZoneInfo,
        health: Mapping[str, HealthSource] | None = None,
        lag_s: Callable[[], float] | None = None,
        labelled: Sequence[Shown] = (),
        meant: Mapping[str, str] | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        keep_s: float = 0.5,
    ) -> None:
        """`meant`: what the figures of `health` mean, by name. `labelled` are of the first tenant."""
        self._tenants = tuple(tenants)
        self._zone = zone
        self._health = dict(health or {})
        self._lag_s = lag_s
        self._labelled = tuple(labelled)
        self._meant = dict(meant or {})
        self._now_ms = now_ms
        self._keep_ms = keep_s * 1000
        self._made_ms = -self._keep_ms
        self._text = b""
        self._one_at_a_time = asyncio.Lock()

    async def render(self) -> bytes:
        async with self._one_at_a_time:
            now_ms = self._now_ms()
            if not 0 <= now_ms - self._made_ms < self._keep_ms:
                self._text = await asyncio.to_thread(_text, self.scrape(now_ms))
                self._made_ms = now_ms
            return self._text

    def scrape(self, now_ms: int) -> Scrape:
        """A copy of the figures, which no later event changes."""
        tenants = tuple(self._figures(folds, now_ms) for folds in self._tenants)
        tenant = self._tenants[0].tenant if self._tenants else ""
        labelled = tuple(one.family(tenant) for one in self._labelled)
        lag_s = self._lag_s() if self._lag_s else None
        return Scrape(tenants, self._health_figures(), lag_s, labelled, self._meant)

    def _figures(self, folds: Folds, now_ms: int) -> Figures:
        board = folds.board(day_start_ms(now_ms, self._zone))
        known = folds.counters.queues
        shown = tuple(row for row in board.queues if row.queue in known)
        bounded = Board(shown, board.agents, board.contacts)
        level = folds.service_level
        return Figures(
            folds.tenant,
            now_ms,
            counts=folds.counters.copy() | folds.estimates.copy(),
            board=bounded,
            agents=_bounded(folds.wallboard.by_site()),
            targets_s={row.queue: level.limits(row.queue).target_s for row in shown},
            transfer_answer_rates=folds.counters.transfer_answer_rates(),
            balances={queue: off for queue, off in folds.balances().items() if queue in known},
            estimates=(folds.estimates.coverage(), folds.estimates.bias_s()),
        )

    def _health_figures(self) -> dict[str, float]:
        figures: dict[str, float] = {}
        for source, read in self._health.items():
            for name, value in list(read().items())[:MOST_HEALTH_FIGURES]:
                figures[_metric_name(f"{source}_{name}")] = value
        return figures


def _bounded(agents: Mapping[tuple[str, str], int], most_sites: int = 200) -> dict[tuple[str, str], int]:
    """Agents by site and state; of each site every state is told, so that nobody in it is a nought."""
    shown = set(list(dict.fromkeys(site for site, _ in agents))[:most_sites])
    counts = {(site, state): 0 for site in sorted(shown) for state in STATES}
    for (site, state), count in agents.items():
        key = (site if site in shown else OTHER, state)
        counts[key] = counts.get(key, 0) + count
    return counts


def _metric_name(name: str) -> str:
    """`name` as a metric may be called; endings that mean something else to Prometheus go."""
    return re.sub(r"_(count|sum|bucket|info)$", "", re.sub(r"[^a-z0-9_]+", "_", name.lower()))


def _text(scrape: Scrape) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(scrape)
    ProcessCollector(registry=registry)
    return generate_latest(registry)
