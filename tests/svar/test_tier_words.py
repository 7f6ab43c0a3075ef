import pytest

from acd.model import Tier
from svar import tier_words


@pytest.mark.parametrize(
    ("tier", "words"),
    [
        (Tier(sites="own"), "own site"),
        (Tier(sites="neighbours", after_s=45), "neighbours"),
        (Tier(), "all sites"),
        (Tier(sites=("oslo", "bergen")), "oslo and bergen"),
        (Tier(groups=("reserve",), skill="general", level=3), "all sites, reserve, skill general, level 3 or above"),
        (Tier(partner="telefonvakten"), "the partner telefonvakten"),
    ],
)
def test_a_tier_says_who_may_serve(tier: Tier, words: str) -> None:
    assert tier_words.of(tier) == words
