"""The arguments of scripts: what they are given is what the model keeps, as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from acd.model import AgentSpec, Enqueue, PartnerSpec, QueueSpec, SiteSpec
from acd.policy import SLICE
from acd.pools import profile_of, queue_of, site_of, slots_of
from acd.records import Profile


def written(value: Any) -> str:
    """As JSON."""
    return orjson.dumps(value).decode()


def profile_text(profile: Profile) -> str:
    return written(asdict(profile))


def enqueueing(entry: Enqueue) -> tuple[str | int, ...]:
    """Those of `enqueue.lua`."""
    return (
        entry.contact,
        entry.queue,
        entry.node,
        entry.priority_s,
        entry.arrived_ms,
        entry.since_ms,
        entry.site,
        entry.prefer,
        entry.prefer_s,
        entry.closes_ms,
        entry.colleague_of,
    )


def configuration(
    queues: Sequence[QueueSpec],
    agents: Sequence[AgentSpec],
    sites: Sequence[SiteSpec] = (),
    partners: Sequence[PartnerSpec] = (),
) -> list[tuple[str, ...]]:
    """The commands of one configuration, in order, each with its arguments but for the run; `sweeps` come after."""
    named = [(spec.agent, asdict(profile_of(spec))) for spec in agents]
    slots = {name: asdict(slot) for partner in partners for name, slot in slots_of(partner).items()}
    sites_kept = [asdict(site_of(spec)) for spec in sites]
    return [
        ("configure", written([asdict(queue_of(spec)) for spec in queues]), written(sites_kept)),
        *(("configure_agents", written(dict(named[at : at + SLICE])), "{}") for at in range(0, len(named), SLICE)),
        ("configure_agents", "{}", written(slots)),
    ]


def sweeps(gone: Iterable[str]) -> list[tuple[str, ...]]:
    """The commands that end a configuration: `gone` are those whom it does not have. The last one says so."""
    names = sorted(gone)
    parts = [names[at : at + SLICE] for at in range(0, len(names) + 1, SLICE)]
    return [("sweep", written(part), "last" if part is parts[-1] else "") for part in parts]
