"""A queue's tier in a few words."""

from collections.abc import Mapping, Sequence

from acd.model import Tier
from metrics.reasons import TierWords

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


def named(tiers: Mapping[str, Sequence[Tier]]) -> TierWords:
    """The same by queue and number; nothing where that is not known."""

    def words(queue: str, number: int) -> str:
        known = tiers.get(queue, ())
        return of(known[number - 1]) if 0 < number <= len(known) else ""

    return words
