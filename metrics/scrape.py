"""One scrape: a copy of the figures, and the families that are made of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from metrics.counters import BUCKET_NAMES, Labels
from metrics.exposed import COUNTERS, HISTOGRAMS, SECONDS
from metrics.measures import BY_KEY
from metrics.service_level import SERVICEGRAD, svargrad, svartid_mean_s, svartid_median_s
from metrics.wallboard import Board, QueueRow

TODAY = ("offered", "answered", "lost", "flowed_out", "answered_in_target")


@dataclass(frozen=True, slots=True)
class Figures:
    """One tenant's figures at the moment of a scrape."""

    tenant: str
    now_ms: int
    counts: dict[str, dict[Labels, int]]
    board: Board
    agents: dict[tuple[str, str], int]
    targets_s: dict[str, int] = field(default_factory=dict)
    transfer_answer_rates: dict[str, float] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)
    estimates: tuple[dict[str, float], dict[str, float]] = ({}, {})
    """Coverage and bias of the estimates."""


@dataclass(frozen=True, slots=True, eq=False)
class Scrape(Collector):
    """Everything that one scrape shows."""

    tenants: tuple[Figures, ...]
    health: dict[str, float] = field(default_factory=dict)
    lag_s: float | None = None
    labelled: tuple[Metric, ...] = ()
    meant: Mapping[str, str] = field(default_factory=dict)

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
        yield self._by_queue("rona_ratio", measure_text("rona", "of today"), lambda row, _: row.offers.rona)
        yield self._by_queue(
            "answer_wait_mean_seconds",
            measure_text("svartid_mean", "of today's arrivals"),
            lambda row, _: svartid_mean_s(row.tally),
        )
        yield self._by_queue(
            "answer_wait_median_seconds",
            measure_text("svartid_median", "of today's arrivals"),
            lambda row, _: svartid_median_s(row.tally),
        )
        yield self._targets()
        yield self._today()

    def _today(self) -> Metric:
        """What came of today's arrivals: sums over queues give the measures of a country."""
        family = GaugeMetricFamily(
            "svar_queue_contacts_today",
            "Dagens anrop: O, A, L and F of today's arrivals, and those answered within T (answered_in_target)",
            labels=("tenant", "queue", "became"),
        )
        for figures in self.tenants:
            for row in figures.board.queues:
                for became in TODAY:
                    family.add_metric((figures.tenant, row.queue, became), getattr(row.tally, became))
        return family

    def _targets(self) -> Metric:
        targets = GaugeMetricFamily(
            "svar_queue_target_seconds", "Mål (T): the wait that an answer should keep to", labels=("tenant", "queue")
        )
        for figures in self.tenants:
            for queue, target_s in figures.targets_s.items():
                targets.add_metric((figures.tenant, queue), target_s)
        return targets

    def _measures(self) -> Iterator[Metric]:
        yield self._by_queue(
            "svargrad_ratio", measure_text("svargrad", "of today's arrivals"), lambda row, _: svargrad(row.tally)
        )
        family = GaugeMetricFamily(
            "svar_servicegrad_ratio",
            measure_text("servicegrad_45", "formula servicegrad_45, of today's arrivals; the others are variants"),
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
            measure_text("overforingssvargrad", "by target, since counting began"),
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
            measure_text("ewt_coverage", "since counting began"),
            labels=("tenant", "queue"),
        )
        bias = GaugeMetricFamily(
            "svar_estimate_bias_seconds",
            measure_text("ewt_bias", "since counting began"),
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
            text = self.meant.get(name) or name.replace("_", " ")
            if name.endswith("_total"):
                yield CounterMetricFamily("svar_" + name, text, value=value)
            else:
                yield GaugeMetricFamily("svar_" + name, text, value=value)


def measure_text(key: str, scope: str) -> str:
    """What a measure of the registry is, as a help text."""
    one = BY_KEY[key]
    return f"{one.norwegian}: {one.english.lower()}, {one.formula} (version {one.version}), {scope}"


def _cumulative(buckets: Mapping[Labels, int], queue: str) -> list[tuple[str, float]]:
    total = 0
    upto: list[tuple[str, float]] = []
    for bound in BUCKET_NAMES:
        total += buckets.get((queue, bound), 0)
        upto.append((bound, total))
    return upto
