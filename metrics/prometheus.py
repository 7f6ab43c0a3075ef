"""The folds as Prometheus text. Names carry the prefix `svar_`, help texts the measure's Norwegian name.

The figures are copied in the loop, which is quick; the text is made in a thread, which is not.
"""

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from metrics.counters import BUCKET_NAMES, OTHER, Labels
from metrics.pipeline import Folds, day_start_ms
from metrics.service_level import SERVICEGRAD, svargrad, svartid_mean_s, svartid_median_s
from metrics.wallboard import Board, QueueRow

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
HealthSource = Callable[[], Mapping[str, int]]
"""Figures of a part of svar by name; a name that ends in `_total` only grows."""

MOST_HEALTH_FIGURES = 100
MOST_LABELLED = 50


@dataclass(frozen=True, slots=True)
class Labelled:
    """Figures of a part of svar by labels, 50 sets of them at most; a name that ends in `_total` only grows."""

    name: str
    text: str
    labels: tuple[str, ...]
    read: Callable[[], Mapping[Labels, int]]

    def family(self) -> Metric:
        """What a scrape shows of them now."""
        kind = CounterMetricFamily if self.name.endswith("_total") else GaugeMetricFamily
        family = kind("svar_" + self.name, self.text, labels=self.labels)
        for values, value in list(self.read().items())[:MOST_LABELLED]:
            family.add_metric(values, value)
        return family


COUNTERS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "contacts_started": ("contacts_started", "Henvendelser: contacts that a flow took", ("flow",)),
    "contacts_ended": ("contacts_ended", "Avsluttede henvendelser: contacts that ended, by outcome", ("outcome",)),
    "offered": ("queue_offered", "Tilbudte anrop (O): contacts that entered a queue", ("queue",)),
    "answered": ("queue_answered", "Besvarte anrop (A): contacts that an agent answered", ("queue",)),
    "lost": ("queue_lost", "Tapte anrop (L): contacts left unanswered, by cause", ("queue", "cause")),
    "flowed_out": ("queue_flowed_out", "Videresendte anrop (F): contacts that flowed out", ("queue", "cause")),
    "offers": ("offers", "Tilbud til veileder: offers made to agents", ("queue",)),
    "offers_failed": (
        "offers_failed",
        "Ubesvarte tilbud: offers that no agent took (RONA), by cause",
        ("queue", "cause"),
    ),
    "lookups": ("lookups", "Oppslag: look-ups of flows, by service and outcome", ("service", "outcome")),
    "deflections": ("deflections", "Avledede henvendelser: callers told of another way", ("to", "outcome")),
    "voicemails": ("voicemails", "Talebeskjeder: messages that callers left, by mailbox", ("mailbox",)),
    "survey_answers": (
        "survey_answers",
        "Svar på spørreundersøkelser: answers of callers after a talk",
        ("survey", "question", "answer"),
    ),
    "media_sent": ("media_packets_sent", "Mediepakker sendt: RTP packets sent on closed legs", ()),
    "media_received": ("media_packets_received", "Mediepakker mottatt: RTP packets received on closed legs", ()),
    "media_lost": ("media_packets_lost", "Mediepakker tapt: RTP packets that never came on closed legs", ()),
    "media_peer_lost": (
        "media_packets_lost_by_phones",
        "Mediepakker tapt hos motparten: RTP packets that phones reported as lost on closed legs",
        (),
    ),
    "media_jitter_legs": ("media_jitter_legs", "Målte samtaleben: closed legs whose jitter was measured", ("side",)),
    "media_round_trip_legs": (
        "media_round_trip_legs",
        "Målte samtaleben: closed legs whose round trip was measured",
        (),
    ),
    "media_timeouts": ("media_timeouts", "Tause samtaler: legs that sent nothing for too long", ()),
    "events_lost": ("events_lost", "Tapte hendelser: events that a full spool could not keep", ()),
    "transfers": (
        "transfers",
        "Overføringer: transfers within talks, by target and outcome",
        ("how", "target", "outcome"),
    ),
    "partner_offers": ("partner_offers", "Tilbud til partnere: contacts that a partner was rung for", ("partner",)),
    "partner_answered": ("partner_answered", "Besvart av partner: contacts that a partner took", ("partner",)),
    "partner_failed": (
        "partner_failed",
        "Ikke besvart av partner: contacts that a partner was rung for and did not take; they kept their place",
        ("partner", "cause"),
    ),
    "estimates": (
        "estimates",
        "Anslått ventetid: estimates at the entry by what came of them (silent: not told; left: nothing is known)",
        ("queue", "outcome"),
    ),
    "callbacks_promised": ("callbacks_promised", "Lovede tilbakeringinger: callers promised to be rung", ("queue",)),
    "callbacks_tried": (
        "callbacks_tried",
        "Forsøk uten svar: tries that put no agent and caller together, by cause",
        ("queue", "cause"),
    ),
    "callbacks_ended": (
        "callbacks_ended",
        "Tilbakeringinger: promises that are over, by outcome; they are F of the queue, and counted by themselves",
        ("queue", "outcome"),
    ),
    "units_met": (
        "contacts_by_units",
        "Kasteball: contacts by how many units (queues, partners, destinations) had them one after the other",
        ("units",),
    ),
}
SECONDS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "estimate_short_ms": ("estimates_short_seconds", "Anslag for kort: waits beyond the estimate", ("queue",)),
    "estimate_long_ms": ("estimates_long_seconds", "Anslag for langt: waits below the estimate", ("queue",)),
    "partner_talk_ms": ("partner_talk_seconds", "Samtaletid hos partnere: talks at partners", ("partner",)),
    "talk_ms": ("talk_seconds", "Samtaletid: time that agents talked with callers", ("queue",)),
    "lookup_ms": ("lookup_seconds", "Oppslagstid: time that look-ups took", ("service",)),
    "wrap_up_ms": ("wrap_up_seconds", "Etterarbeid: time that agents worked on after a call", ("queue",)),
    "media_jitter_ms": (
        "media_jitter_seconds",
        "Jitter: of closed legs in all, as heard here and as phones reported; by svar_media_jitter_legs its mean",
        ("side",),
    ),
    "media_round_trip_ms": (
        "media_round_trip_seconds",
        "Rundtid: to phones and back, of closed legs in all; by svar_media_round_trip_legs its mean",
        (),
    ),
}
HISTOGRAMS: dict[str, tuple[str, str]] = {
    "answer_wait": ("answer_wait_seconds", "Svartid: wait of the answered, from entering the queue"),
    "total_wait": (
        "answer_wait_from_first_ring_seconds",
        "Svartid total: the same from the first ring, menus included",
    ),
    "lost_wait": ("lost_wait_seconds", "Ventetid for tapte anrop: wait of those left unanswered"),
    "journey_wait": (
        "journey_wait_seconds",
        "Samlet ventetid: wait in all queues and with partners of one contact, by its last queue",
    ),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """One tenant's figures at the moment of a scrape."""

    tenant: str
    now_ms: int
    counts: dict[str, dict[Labels, int]]
    board: Board
    agents: dict[tuple[str, str], int]
    transfer_answer_rates: dict[str, float] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)
    estimates: tuple[dict[str, float], dict[str, float]] = ({}, {})
    """Coverage and bias of the estimates."""


@dataclass(frozen=True, slots=True, eq=False)
class Scrape(Collector):
    """Everything that one scrape shows."""

    tenants: tuple[Figures, ...]
    health: dict[str, int] = field(default_factory=dict)
    lag_s: float | None = None
    labelled: tuple[Metric, ...] = ()

    def collect(self) -> Iterator[Metric]:
        yield from self._counters()
        yield from self._histograms()
        yield from self._queues()
        yield from self._measures()
        yield from self._proofs()
        yield from self._state()
        yield from self._health()
        yield from self.labelled

    def _counters(self) -> Iterator[Metric]:
        for name, (metric, text, labels) in COUNTERS.items():
            family = CounterMetricFamily("svar_" + metric, text, labels=("tenant", *labels))
            for figures in self.tenants:
                for values, count in figures.counts[name].items():
                    family.add_metric((figures.tenant, *values), count)
            yield family
        for name, (metric, text, labels) in SECONDS.items():
            family = CounterMetricFamily("svar_" + metric, text, labels=("tenant", *labels))
            for figures in self.tenants:
                for values, total_ms in figures.counts[name].items():
                    family.add_metric((figures.tenant, *values), total_ms / 1000)
            yield family

    def _histograms(self) -> Iterator[Metric]:
        for name, (metric, text) in HISTOGRAMS.items():
            family = HistogramMetricFamily("svar_" + metric, text, labels=("tenant", "queue"))
            for figures in self.tenants:
                buckets, sums = figures.counts[name + "_bucket"], figures.counts[name + "_sum"]
                for (queue,), sum_ms in sums.items():
                    family.add_metric((figures.tenant, queue), _cumulative(buckets, queue), sum_ms / 1000)
            yield family

    def _queues(self) -> Iterator[Metric]:
        yield self._by_queue("queue_waiting", "Ventende (W): contacts that wait", lambda row, _: row.waiting)
        yield self._by_queue(
            "queue_longest_wait_seconds",
            "Lengste ventetid: how long the longest waiting has waited",
            lambda row, now_ms: row.longest_wait_s(now_ms),
        )
        yield self._by_queue("rona_ratio", "RONA: missed offers / offers, of today", lambda row, _: row.offers.rona)
        yield self._by_queue(
            "answer_wait_mean_seconds", "Svartid, snitt: of today's answered", lambda r, _: svartid_mean_s(r.tally)
        )
        yield self._by_queue(
            "answer_wait_median_seconds", "Svartid, median: of today's answered", lambda r, _: svartid_median_s(r.tally)
        )

    def _measures(self) -> Iterator[Metric]:
        yield self._by_queue(
            "svargrad_ratio", "Svargrad: A / (A + L), of today's arrivals", lambda r, _: svargrad(r.tally)
        )
        family = GaugeMetricFamily(
            "svar_servicegrad_ratio",
            "Servicegrad 70/45: servicegrad_45 is A within T / (A + L), of today's arrivals; the others its variants",
            labels=("tenant", "queue", "formula"),
        )
        for figures in self.tenants:
            for row in figures.board.queues:
                for formula, measure in SERVICEGRAD.items():
                    value = measure(row.tally)
                    if value is not None:
                        family.add_metric((figures.tenant, row.queue, formula), value)
        yield family

    def _proofs(self) -> Iterator[Metric]:
        rates = GaugeMetricFamily(
            "svar_transfer_answer_ratio",
            "Overføringssvargrad: transfers that were answered / transfers, by target, since counting began",
            labels=("tenant", "target"),
        )
        balances = GaugeMetricFamily(
            "svar_cohort_balance",
            "Balanse: O - A - L - F - W of all cohorts; anything but 0 means that these figures are wrong",
            labels=("tenant", "queue"),
        )
        for figures in self.tenants:
            for target, rate in figures.transfer_answer_rates.items():
                rates.add_metric((figures.tenant, target), rate)
            for queue, balance in figures.balances.items():
                balances.add_metric((figures.tenant, queue), balance)
        yield from (rates, balances)
        yield from self._estimates()

    def _estimates(self) -> Iterator[Metric]:
        coverage = GaugeMetricFamily(
            "svar_estimate_coverage_ratio",
            "Treffsikkerhet: answered within what they were told / told, by queue, since counting began",
            labels=("tenant", "queue"),
        )
        bias = GaugeMetricFamily(
            "svar_estimate_bias_seconds",
            "Skjevhet: by how much the answered waited longer than estimated, on average, since counting began",
            labels=("tenant", "queue"),
        )
        for figures in self.tenants:
            for family, values in zip((coverage, bias), figures.estimates, strict=True):
                for queue, value in values.items():
                    family.add_metric((figures.tenant, queue), value)
        yield from (coverage, bias)

    def _by_queue(self, name: str, text: str, read: Callable[[QueueRow, int], float | None]) -> Metric:
        """A gauge by queue; a queue of which there is nothing to say is left out."""
        family = GaugeMetricFamily("svar_" + name, text, labels=("tenant", "queue"))
        for figures in self.tenants:
            for row in figures.board.queues:
                value = read(row, figures.now_ms)
                if value is not None:
                    family.add_metric((figures.tenant, row.queue), value)
        return family

    def _state(self) -> Iterator[Metric]:
        agents = GaugeMetricFamily("svar_agents", "Veiledere: agents by state", labels=("tenant", "site", "state"))
        contacts = GaugeMetricFamily(
            "svar_contacts_in_progress", "Pågående henvendelser: calls in progress", labels=("tenant",)
        )
        for figures in self.tenants:
            contacts.add_metric((figures.tenant,), figures.board.contacts)
            for (site, state), count in figures.agents.items():
                agents.add_metric((figures.tenant, site, state), count)
        yield from (agents, contacts)

    def _health(self) -> Iterator[Metric]:
        if self.lag_s is not None:
            text = "Forsinkelse i hendelsesløkken: how late the event loop was, at worst of late"
            yield GaugeMetricFamily("svar_event_loop_lag_seconds", text, value=self.lag_s)
        for name, value in self.health.items():
            text = f"Helse: {name.replace('_', ' ')}"
            if name.endswith("_total"):
                yield CounterMetricFamily("svar_" + name, text, value=value)
            else:
                yield GaugeMetricFamily("svar_" + name, text, value=value)


def _cumulative(buckets: Mapping[Labels, int], queue: str) -> list[tuple[str, float]]:
    total = 0
    upto: list[tuple[str, float]] = []
    for bound in BUCKET_NAMES:
        total += buckets.get((queue, bound), 0)
        upto.append((bound, total))
    return upto


class Exposition:
    """Makes the text of `/metrics`. A scrape within `keep_s` of the last gets the same text."""

    def __init__(
        self,
        tenants: Sequence[Folds],
        *,
        zone: ZoneInfo,
        health: Mapping[str, HealthSource] | None = None,
        lag_s: Callable[[], float] | None = None,
        labelled: Sequence[Labelled] = (),
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        keep_s: float = 0.5,
    ) -> None:
        self._tenants = tuple(tenants)
        self._zone = zone
        self._health = dict(health or {})
        self._lag_s = lag_s
        self._labelled = tuple(labelled)
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
        labelled = tuple(one.family() for one in self._labelled)
        return Scrape(tenants, self._health_figures(), self._lag_s() if self._lag_s else None, labelled)

    def _figures(self, folds: Folds, now_ms: int) -> Figures:
        board = folds.board(day_start_ms(now_ms, self._zone))
        known = folds.counters.queues
        shown = tuple(row for row in board.queues if row.queue in known)
        bounded = Board(shown, board.agents, board.contacts)
        balances = {queue: off for queue, off in folds.service_level.balances().items() if queue in known}
        rates = folds.counters.transfer_answer_rates()
        agents = _bounded(folds.wallboard.by_site())
        counts = folds.counters.copy() | folds.estimates.copy()
        return Figures(folds.tenant, now_ms, counts, bounded, agents, rates, balances, _of_estimates(folds))

    def _health_figures(self) -> dict[str, int]:
        figures: dict[str, int] = {}
        for source, read in self._health.items():
            for name, value in list(read().items())[:MOST_HEALTH_FIGURES]:
                figures[_metric_name(f"{source}_{name}")] = value
        return figures


def _of_estimates(folds: Folds) -> tuple[dict[str, float], dict[str, float]]:
    return folds.estimates.coverage(), folds.estimates.bias_s()


def _bounded(agents: Mapping[tuple[str, str], int], most_sites: int = 200) -> dict[tuple[str, str], int]:
    shown = set(list(dict.fromkeys(site for site, _ in agents))[:most_sites])
    counts: dict[tuple[str, str], int] = {}
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
