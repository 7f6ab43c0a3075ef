"""Callers at three nodes on one Redis while something goes wrong: nobody lost, nobody offered twice, order kept.

The same at length: `tests/soak_sites.py`. Most go through it at one installation; the last of these kills a node.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.interop import site_scenarios as scenarios
from tests.interop.peers import require
from tests.interop.site_scenarios import Country

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def country(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Country]:
    async with scenarios.country(tmp_path_factory.mktemp("sites")) as made:
        yield made


async def test_callers_keep_their_order_while_redis_is_away(country: Country) -> None:
    found = await scenarios.redis_away(country, callers=12, away_s=3.0)
    assert max(found.killed_s, found.stopped_s) < 5


async def test_a_merger_of_sites_under_calls_loses_nobody_and_logs_nobody_out(country: Country) -> None:
    require("sipp")
    found = await scenarios.merger(country, callers=120, rate=20.0)
    assert found.callers == 120


async def test_phones_that_die_in_offers_cost_no_caller_the_place(country: Country) -> None:
    found = await scenarios.dying_phones(country, deaths=60, rate=12.0)
    assert found.deaths.total() >= 60


async def test_agents_of_a_killed_node_are_free_and_its_offers_end(country: Country) -> None:
    found = await scenarios.node_killed(country)
    assert found.freed_s < 6


async def test_a_node_far_from_redis_keeps_the_order(tmp_path: Path) -> None:
    found = await scenarios.far_north(tmp_path, callers=60, rate=20.0)
    assert found.lost > 0
    assert found.far_p50 > 40, "the way is as long as it should be"
    assert found.far_p99 < 2000
