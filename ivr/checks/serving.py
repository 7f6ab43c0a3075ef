"""Who may serve whom, whatever the hour: agents by the tiers of queues, for callers of every site."""

from collections.abc import Mapping, Sequence

from acd.model import AgentSpec, QueueSpec, SiteId, Tier
from ivr.language.routing import RoutedSite, may_serve

ANYWHERE = ""
"""The site of callers whose own is not known."""


class Landscape:
    """Sites and agents; an agent may stand for others who are alike."""

    def __init__(self, sites: Mapping[str, RoutedSite], staff: Sequence[AgentSpec]) -> None:
        self._near = {name: frozenset({name, *site.spec.neighbours}) for name, site in sites.items()}
        self._near[ANYWHERE] = frozenset()
        self._staff = staff
        self._pairs: dict[tuple[str, str], frozenset[tuple[str, str]]] = {}

    def served(self, queue: QueueSpec, tier: Tier) -> frozenset[tuple[str, str]]:
        """Pairs of a caller's site and who may serve it by the tier: an agent, or a partner."""
        if tier.partner:
            return frozenset((site, f"partner {tier.partner}") for site in self._near)
        found: set[tuple[str, str]] = set()
        for agent in self._staff:
            if may_serve(agent, queue, tier):
                found |= self._reached(agent, tier.sites if isinstance(tier.sites, str) else "all")
        return frozenset(found)

    def _reached(self, agent: AgentSpec, sites: str) -> frozenset[tuple[str, str]]:
        """Made once: there may be hundreds of sites, agents and tiers."""
        pairs = self._pairs.get((agent.agent, sites))
        if pairs is None:
            near = (site for site in self._near if self._reaches(sites, site, agent.site))
            pairs = self._pairs[agent.agent, sites] = frozenset((site, agent.agent) for site in near)
        return pairs

    def _reaches(self, sites: str, caller: str, agent: SiteId) -> bool:
        if sites == "own":
            return caller == agent
        return sites != "neighbours" or agent in self._near[caller]


def implied(tier: Tier, other: Tier) -> bool:
    """Whether `other` is open whenever `tier` is."""
    if not is_conditional(other):
        return True
    ways = [
        _sooner(other.after_s, tier.after_s),
        _sooner(other.estimate_s, tier.estimate_s),
        _sooner(other.waiting, tier.waiting),
        # Ten minutes before closing comes before five.
        not tier.closing_s or other.closing_s >= tier.closing_s,
        not tier.nobody or other.nobody == tier.nobody,
        not tier.site_lost or other.site_lost,
    ]
    return is_conditional(tier) and all(ways)


def is_conditional(tier: Tier) -> bool:
    """Whether it waits for something to open."""
    bounds = (tier.after_s, tier.estimate_s, tier.waiting, tier.nobody, tier.site_lost, tier.closing_s)
    return any(bounds)


def _sooner(one: int, other: int) -> bool:
    return not other or 0 < one <= other
