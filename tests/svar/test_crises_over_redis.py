"""Two nodes on one Redis: both follow at once, one writes the end, and what Redis forgets they give back."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from acd.connection import blocking_client, command_client
from acd.crises import By, Running, make, switch_off, switch_on
from acd.crises_redis import RedisCrises
from acd.relay import START, Batch, Relay
from events.catalogue import CrisisChanged
from ivr.over_sip.telephony import Identity
from svar.crises_in_service import CrisesInService

KARI = By("kari", "t", "cli")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Site:
    """The command's way to Redis, and two nodes that run."""

    client: Redis
    store: RedisCrises
    nodes: list[CrisesInService]

    async def on(self, for_ms: int = 60_000) -> None:
        wish = Running("flood", 0, now_ms() + for_ms, "")
        await make(self.store, lambda standing: switch_on(standing, wish, KARI, "secret"))

    async def until(self, condition: Callable[[CrisesInService], bool], within_s: float) -> float:
        """How long it took until it held for both nodes."""
        began = time.monotonic()
        async with asyncio.timeout(within_s):
            while not all(map(condition, self.nodes)):  # noqa: ASYNC110 - the port tells nobody
                await asyncio.sleep(0.005)
        return time.monotonic() - began

    async def told(self, redis_url: str) -> list[CrisisChanged]:
        found: list[CrisisChanged] = []

        async def sink(batch: Batch) -> None:
            found.extend(event for _, event in batch if isinstance(event, CrisisChanged))

        client = blocking_client(redis_url)
        relay = Relay(client, "t")
        relay.add("test", sink, after=START)
        await relay.drain()
        await client.aclose()
        return found


@pytest.fixture
async def site(redis_url: str) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        client = command_client(redis_url)
        stack.push_async_callback(client.aclose)
        nodes = []
        for name in ("n1", "n2"):
            watching = blocking_client(redis_url)
            stack.push_async_callback(watching.aclose)
            node = CrisesInService(RedisCrises(client, "t", watching=watching), Identity("t", name, now_ms))
            await node.start()
            task = asyncio.create_task(node.run())
            stack.callback(task.cancel)
            nodes.append(node)
        yield Site(client, RedisCrises(client, "t"), nodes)


async def test_both_nodes_follow_within_a_second(site: Site) -> None:
    for _ in range(3):
        await site.on()
        assert await site.until(lambda node: len(node.on_now()) == 1, within_s=5) < 1
        await make(site.store, lambda standing: switch_off(standing, "flood", KARI))
        assert await site.until(lambda node: not node.on_now(), within_s=5) < 1


async def test_the_end_is_written_down_once(site: Site, redis_url: str) -> None:
    await site.on(for_ms=500)
    await site.until(lambda node: len(node.on_now()) == 1, within_s=5)
    await site.until(lambda node: not node.standing.on, within_s=5)
    assert [(event.on, event.cause) for event in await site.told(redis_url)] == [
        (True, "switched_on"),
        (False, "time_is_up"),
    ]


async def test_what_redis_forgets_is_given_back_by_a_node(site: Site) -> None:
    await site.on()
    await site.until(lambda node: len(node.on_now()) == 1, within_s=5)
    await site.client.flushall()
    async with asyncio.timeout(5):
        while not (await site.store.standing()).on:  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.02)
    assert [one.crisis for one in (await site.store.standing()).on] == ["flood"]
    assert all(len(node.on_now()) == 1 for node in site.nodes)
