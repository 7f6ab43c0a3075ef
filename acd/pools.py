"""Who may serve whom, resolved into pools when agents or queues change, so that a decision only compares heads.

A pool is the agents who may serve the callers of one queue by one of its tiers; where the tier looks at the caller's
site, there is one for each site. `scripts/_pools.lua` does the same.
"""

from collections.abc import Container, Iterable, Mapping

from acd.model import AgentSpec, PartnerSpec, QueueSpec, SiteSpec, Tier
from acd.records import Needs, Profile, Queue, Site

FIT = 1 << 30
"""What a better fit takes off an agent's place: more than there will ever be turns in the order of the idle."""
REFERENCE_S = 45
"""What a wait is measured against where a queue's fairness is by the wait alone."""
BY_SITE = ("own", "neighbours")
NO_QUEUE = ""
"""The queue of the pool that holds one agent alone, for callers who wait for that one first."""


def pool(tier: int, queue: str, site: str | None = None) -> str:
    """The name of the pool of a queue's tier (from 1), where the tier looks at sites that of `site`."""
    return f"{tier}/{queue}" if site is None else f"{tier}/{queue}\n{site}"


def alone(agent: str) -> str:
    """The pool of one agent."""
    return f"@{agent}"


def pool_of(queue: Queue, tier: int, site: str) -> str:
    """The pool of the tier for a caller of that site."""
    return pool(tier, queue.queue, site if queue.tiers[tier - 1].sites in BY_SITE else None)


def pools_of(
    agent: str, profile: Profile, queues: Mapping[str, Queue], sites: Mapping[str, Site], duty: Mapping[str, list[str]]
) -> dict[str, dict[str, int]]:
    """The pools that an agent is in, by queue, with what each takes off the agent's place among the idle."""
    found: dict[str, dict[str, int]] = {} if profile.partner else {NO_QUEUE: {alone(agent): 0}}
    for name, queue in queues.items():
        if queue.needs.rostered and not profile.partner and agent not in duty.get(name, ()):
            continue
        pools = _of_queue(queue, profile, sites)
        if pools:
            found[name] = pools
    return found


def _of_queue(queue: Queue, profile: Profile, sites: Mapping[str, Site]) -> dict[str, int]:
    pools: dict[str, int] = {}
    for number, tier in enumerate(queue.tiers, 1):
        if not serves(queue.needs, tier, profile):
            continue
        off = fit(queue.needs, tier, profile) * FIT
        if tier.sites not in BY_SITE:
            pools[pool(number, queue.queue)] = off
            continue
        seen_from = {"", profile.site}
        if tier.sites == "neighbours":
            seen_from |= {site.site for site in sites.values() if profile.site in site.neighbours}
        for site in seen_from:
            pools[pool(number, queue.queue, site)] = off
    return pools


def serves(needs: Needs, tier: Tier, profile: Profile) -> bool:
    """Whether the agent may serve callers of the queue by this tier, wherever they are."""
    if tier.partner or profile.partner:
        return tier.partner == profile.partner
    if profile.skills.get(tier.skill or needs.skill, 0) < (tier.level or needs.level):
        return False
    if any(profile.skills.get(skill, 0) < level for skill, level in needs.requires.items()):
        return False
    return _is_of(tier, profile)


def _is_of(tier: Tier, profile: Profile) -> bool:
    if tier.groups and not any(group in tier.groups for group in profile.groups):
        return False
    among: Container[str] = tier.sites
    return isinstance(tier.sites, str) or profile.site in among


def fit(needs: Needs, tier: Tier, profile: Profile) -> int:
    """How well the agent fits, where that is asked for: ten for each wish met, and the level in the skill, to nine."""
    if needs.by != "level" or profile.partner:
        return 0
    met = sum(profile.skills.get(skill, 0) >= level for skill, level in needs.wishes.items())
    return 10 * met + min(9, profile.skills.get(tier.skill or needs.skill, 0))


# --- From what is configured to what is kept ---


def queue_of(spec: QueueSpec) -> Queue:
    needs = Needs(
        skill=spec.skill or spec.queue,
        level=spec.level,
        requires=dict(spec.serving.requires),
        wishes=dict(spec.serving.wishes),
        by=spec.serving.by,
        rostered=spec.rostered,
    )
    return Queue(
        queue=spec.queue,
        needs=needs,
        tiers=spec.tiers,
        priority=spec.priority_s * 1000,
        rings=spec.offer_s * 1000,
        wrap=spec.wrap_up_s * 1000,
        most=spec.max_waiting,
        against=max(1, spec.target_s) if spec.serving.fairness == "target" else REFERENCE_S,
    )


def site_of(spec: SiteSpec) -> Site:
    """Who helps the callers of one that became part of another says that one."""
    return Site(spec.site, () if spec.into else tuple(spec.neighbours), into=spec.into)


def profile_of(spec: AgentSpec) -> Profile:
    return Profile(
        site=spec.site,
        skills=dict(spec.skills),
        groups=spec.groups,
        rest=spec.rest_s * 1000,
        rests={cause: rest_s * 1000 for cause, rest_s in spec.rests.items()},
        log_out_after=spec.log_out_after,
        partner="",
        rings=0,
    )


def slots_of(spec: PartnerSpec) -> dict[str, Profile]:
    """A partner's slots by name."""
    return {slot_name(spec.partner, number): _slot(spec) for number in range(1, spec.capacity + 1)}


def names_of(agents: Iterable[AgentSpec], partners: Iterable[PartnerSpec]) -> set[str]:
    """All who are configured, slots too."""
    return {*(spec.agent for spec in agents), *(name for partner in partners for name in slots_of(partner))}


def _slot(spec: PartnerSpec) -> Profile:
    return Profile(
        site=spec.partner,
        skills={},
        groups=(),
        rest=max(1, spec.rest_s) * 1000,  # nobody there would say that the slot is ready again
        rests={},
        log_out_after=0,
        partner=spec.partner,
        rings=spec.rings_s * 1000,
    )


def slot_name(partner: str, number: int) -> str:
    return f"{partner}/{number}"
