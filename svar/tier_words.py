"""A queue's tier in a few words."""

from acd.model import Tier

_SITES = {"own": "own site", "neighbours": "neighbours", "all": "all sites"}


def of(tier: Tier) -> str:
    """Who may serve by it: `neighbours`, `all sites, generalists`, `the partner telefonvakten`."""
    if tier.partner:
        return f"the partner {tier.partner}"
    words = [_SITES.get(tier.sites, tier.sites) if isinstance(tier.sites, str) else " and ".join(tier.sites)]
    words += tier.groups
    if tier.skill:
        words.append(f"skill {tier.skill}")
    if tier.level:
        words.append(f"level {tier.level} or above")
    return ", ".join(words)
