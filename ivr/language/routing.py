"""Who serves whom, as the files of a folder say it: the distributor's own values, with what people call them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from acd.model import AgentSpec, PartnerSpec, QueueSpec, SiteSpec, Tier


@dataclass(frozen=True, slots=True)
class RoutedQueue:
    """A queue: `percent` of its callers are to be answered within its `target_s`; 0 where no goal is set."""

    spec: QueueSpec
    title: str = ""
    percent: int = 0


@dataclass(frozen=True, slots=True)
class RoutedSite:
    """A contact centre."""

    spec: SiteSpec
    title: str = ""


@dataclass(frozen=True, slots=True)
class RoutedAgent:
    """An agent, alone or one of a range."""

    spec: AgentSpec
    title: str = ""


@dataclass(frozen=True, slots=True)
class RoutedPartner:
    """A partner, open by the calendar `hours`; empty: always."""

    spec: PartnerSpec
    title: str = ""
    hours: str = ""


@dataclass(frozen=True, slots=True)
class Routing:
    """All of it, by name."""

    queues: Mapping[str, RoutedQueue] = field(default_factory=dict)
    sites: Mapping[str, RoutedSite] = field(default_factory=dict)
    agents: Mapping[str, RoutedAgent] = field(default_factory=dict)
    partners: Mapping[str, RoutedPartner] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.queues or self.sites or self.agents or self.partners)

    def beside(self, other: "Routing") -> "Routing":
        """Both; where a name stands in both, as `other` has it."""
        return Routing(
            {**self.queues, **other.queues},
            {**self.sites, **other.sites},
            {**self.agents, **other.agents},
            {**self.partners, **other.partners},
        )


NO_ROUTING = Routing()


def may_serve(agent: AgentSpec, queue: QueueSpec, tier: Tier) -> bool:
    """Whether the tier takes in the agent for some callers of the queue, wherever those are."""
    if tier.partner or (tier.groups and not set(tier.groups) & set(agent.groups)):
        return False
    if isinstance(tier.sites, tuple) and agent.site not in tier.sites:
        return False
    least = {**queue.serving.requires, tier.skill or queue.skill or queue.queue: tier.level or queue.level}
    return all(agent.skills.get(skill, 0) >= level for skill, level in least.items())


def skills_asked(queue: QueueSpec) -> set[str]:
    """Every skill by which the queue chooses agents."""
    serving = queue.serving
    own = {tier.skill or queue.skill or queue.queue for tier in queue.tiers if not tier.partner}
    return {queue.skill or queue.queue, *serving.requires, *serving.wishes, *own}
