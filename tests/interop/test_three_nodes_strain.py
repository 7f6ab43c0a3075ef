"""Callers at three nodes on one Redis while something goes wrong: nobody lost, nobody offered twice, order kept.

The same at length: `tests/soak_sites.py`. Most go through it at one installation; the last of these kills a node.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.interop import site_scenarios as scenarios
from tests.interop.site_scenarios import Country

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def country(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Country]:
    async with scenarios.country(tmp_path_factory.mktemp("sites")) as made:
        yield made


async def test_callers_keep_their_order_while_redis_is_away(country: Country) -> None:
    print(await scenarios.redis_away(country, callers=12, away_s=5.0))


async def test_agents_of_a_killed_node_are_free_and_its_offers_end(country: Country) -> None:
    found = await scenarios.node_killed(country)
    print(found)
    assert found.freed_s < 6


async def test_a_node_far_from_redis_keeps_the_order(tmp_path: Path) -> None:
    print(await scenarios.far_north(tmp_path, callers=60, rate=20.0))
