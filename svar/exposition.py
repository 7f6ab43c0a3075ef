"""What a node shows Prometheus: the folds, the figures of its parts, and what it stands on."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from platform import python_version
from typing import Protocol
from zoneinfo import ZoneInfo

from ivr.over_sip.telephony import Identity
from metrics.counters import Labels
from metrics.health import Health, StreamLag
from metrics.measured import Measured
from metrics.pipeline import day_start_ms
from metrics.prometheus import HealthSource, Labelled, Observed, Shown
from metrics.steps import MOST_STEPS
from sip.aio.tls import Tls
from sip.aio.user_agent import UserAgent
from svar import __version__, certificates, media
from svar.config import Config
from svar.flows_in_service import FlowsInService
from svar.nodes_in_service import NodesInService
from svar.parts import Parts
from svar.storage import Storage
from svar.store_watch import StoreWatch

LEVELS = ("sessions", "dialogs", "transactions", "deadlines", "connections")
MOST_SITES = 200


class Serving(Protocol):
    """Who knows the nodes (`NodesInService`)."""

    def serving(self) -> dict[str, int]: ...


class SitesSeen:
    """Which sites have a node that serves. A site that was seen once is told of until the node stops: with 0 when it
    is lost."""

    def __init__(self, nodes: Serving) -> None:
        self._nodes = nodes
        self._seen: dict[str, None] = {}

    def read(self) -> dict[Labels, float]:
        """How many nodes serve, by site."""
        now = self._nodes.serving()
        for site in now:
            if len(self._seen) < MOST_SITES:
                self._seen[site] = None
        return {(site,): now.get(site, 0) for site in self._seen}


def who(identity: Identity, site: str) -> list[Labelled]:
    """The release, and the node's name and place, as labels of a 1."""
    return [
        Labelled(
            "build_info",
            "Utgave: 1, by release of svar and version of Python",
            ("version", "python"),
            lambda: {(__version__, python_version()): 1},
        ),
        Labelled(
            "node_info",
            "Node: 1, by the names of the node and its site",
            ("node", "site"),
            lambda: {(identity.node, site): 1},
        ),
    ]


def parts(
    user_agent: UserAgent, engine: media.Engine, nodes: NodesInService, tls: Tls, flows: FlowsInService
) -> dict[str, HealthSource]:
    """Figures of the node's parts, by part."""
    return {
        "sip": lambda: sip_figures(user_agent),
        "rtp": lambda: media.figures(engine),
        "nodes": nodes.figures,
        "tls": lambda: certificates.figures(tls),
        "flows": flows.figures,
    }


def looking(
    config: Config, storage: Storage, health: Health, now_ms: Callable[[], int], parts: Parts, stack: AsyncExitStack
) -> tuple[StoreWatch, Measured]:
    """What looks beside the scrapes at what takes longer than they may, from now on."""
    zone, folder = ZoneInfo(config.node.zone), Path(config.node.state)
    watch = StoreWatch(storage.beneath.replication, folder, health.report, needed=config.redis.wait_replicas)
    measured = Measured(lambda: storage.folds.half_hours.rows, lambda: day_start_ms(now_ms(), zone))
    parts.run(stack, "store watch", watch.run())
    parts.run(stack, "measures", measured.run())
    return watch, measured


def beneath(storage: Storage, watch: StoreWatch, lag: StreamLag) -> dict[str, HealthSource]:
    """Figures of what the node stands on, by part."""
    spool = storage.beneath.spool
    return {
        "redis": lambda: watch.redis,
        "disk": lambda: watch.disk,
        "events": lambda: {"behind_seconds": lag.behind_s},
        "records": storage.beneath.records.figures,
        "spool": lambda: {"events": spool.waiting, "bytes": spool.bytes_on_disk, "limit_bytes": spool.most_bytes},
    }


def shown(storage: Storage, nodes: NodesInService, watch: StoreWatch, measured: Measured) -> Sequence[Shown]:
    """The families of storage, of the registry's measures, and of the node's place among others."""
    latency, totals, sites = storage.distributor.latency, storage.beneath.steps.totals, SitesSeen(nodes)
    told = {
        "flow_steps_total": ("entered", "Steg: contacts that came to a step of a flow"),
        "flow_left_total": ("left", "La på i steget: contacts that hung up at a step and had reached nobody"),
        "flow_ended_total": ("ended", "Ferdig i steget: contacts whose call was over in order at a step"),
    }
    steps = [
        Labelled(name, text, ("flow", "step"), partial(getattr, totals[series], "counts"), MOST_STEPS + 1, shared=True)
        for name, (series, text) in told.items()
    ]
    return [
        *steps,
        Labelled("site_nodes", "Noder på stedet: nodes that serve callers, by site", ("site",), sites.read, MOST_SITES),
        Observed(
            "redis_command_seconds",
            "Svartid i Redis: time that commands to the distributor took",
            lambda: (latency.cumulative(), latency.total_s),
        ),
        *watch.labelled(),
        *measured.labelled(),
    ]


def sip_figures(user_agent: UserAgent) -> Mapping[str, float]:
    """The user agent's counts under Prometheus' names: what only grows ends in `_total`."""
    found = dict(user_agent.stats)
    limit = found.pop("calls_per_s_now")
    named = {name if name in LEVELS else f"{name}_total": count for name, count in found.items()}
    return named | {"calls_limit_per_second": limit}
