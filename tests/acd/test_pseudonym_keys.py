"""The secrets of pseudonyms: the same for all nodes, and gone in time."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from acd.connection import command_client
from acd.distributor import Unavailable
from acd.pseudonym_keys import SECRET_BYTES, PseudonymKeys


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Any]:
    client = command_client(redis_url)
    yield client
    await client.aclose()


async def test_all_nodes_have_the_same_secrets_and_each_period_its_own(client: Any) -> None:
    first, second = PseudonymKeys(client, "nav"), PseudonymKeys(client, "nav")
    found = await first.of(7, 8)
    assert found == await second.of(7, 8)
    assert {len(secret) for secret in found.values()} == {SECRET_BYTES}
    assert found[7] != found[8]
    assert await PseudonymKeys(client, "bydel").of(7, 8) != found


async def test_secrets_of_earlier_periods_are_forgotten(client: Any) -> None:
    keys = PseudonymKeys(client, "nav")
    before = await keys.of(7, 8, 9)
    after = await keys.of(9, 10)
    assert after.keys() == {9, 10}
    assert after[9] == before[9]
    assert await keys.known() == after


async def test_secrets_of_when_periods_were_shorter_are_forgotten_too(client: Any) -> None:
    keys = PseudonymKeys(client, "nav")
    await keys.of(20_400, 20_401, 20_402)
    monthly = await keys.of(679, 680, 681)
    assert monthly.keys() == {679, 680, 681}
    assert await keys.known() == monthly
    ahead = await PseudonymKeys(client, "nav").of(680, 681, 682)
    assert (await keys.of(679, 680, 681)).items() >= ahead.items()


async def test_without_a_store_that_is_told() -> None:
    client = command_client("redis://127.0.0.1:1")
    with pytest.raises(Unavailable):
        await PseudonymKeys(client, "nav").known()
    await client.aclose()
