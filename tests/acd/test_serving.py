"""What nodes say of themselves is known for a while."""

from typing import Any

import pytest

from acd.connection import command_client
from acd.distributor import Unavailable
from acd.serving import KEPT_S, Serving, ServingReports


async def test_a_nodes_word_is_known_until_it_is_old(redis_url: str) -> None:
    client: Any = command_client(redis_url)
    reports = ServingReports(client, "nav")
    await reports.tell(Serving("n1", 3))
    await reports.tell(Serving("n1", 4, "too new"))
    await reports.tell(Serving("n2", 4))
    assert await reports.of(["n1", "n3"]) == [Serving("n1", 4, "too new")]
    assert await reports.of([]) == []
    await client.set("svar:{nav}:flows:serving:n9", '{"node": "n9", "sequence": 5, "refused": "", "mood": "good"}')
    assert await reports.of(["n9"]) == [Serving("n9", 5)]
    assert 0 < await client.ttl("svar:{nav}:flows:serving:n1") <= KEPT_S
    await client.aclose()


async def test_without_redis_nothing_is_known() -> None:
    client = command_client("unix:///nowhere/r.sock")
    with pytest.raises(Unavailable, match="redis"):
        await ServingReports(client, "nav").tell(Serving("n1", 3))
    with pytest.raises(Unavailable, match="redis"):
        await ServingReports(client, "nav").of(["n1"])
    await client.aclose()
