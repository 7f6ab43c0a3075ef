"""Where a caller's number is found after a callback: in all of Redis, files, logs, topics, figures and the API."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from redis.asyncio import Redis

from acd.connection import command_client
from tests.ports import free_port
from tests.svar.system.installation import Installation, eventually, running
from tests.svar.system.phones import answers, phones_at
from tests.svar.system.publishing import redis_of
from tests.svar.system.test_api import api_of, broker_of
from tests.svar.system.test_callbacks import FLOW, PARTS, Town

pytestmark = pytest.mark.interop

MARKER = "93847561"
CALLER = f"+47{MARKER}"
FIGURES = ("/metrics", "/health")
PAGES = ("/", "/people", "/sites", "/flows")
API = ("/agents", "/queues", "/queues/work", "/queues/work/waiting", "/contacts", "/nodes", "/me")


async def _whole(client: Any, key: str) -> object:
    reads: dict[str, Callable[[], Any]] = {
        "string": lambda: client.get(key),
        "hash": lambda: client.hgetall(key),
        "set": lambda: client.smembers(key),
        "zset": lambda: client.zrange(key, 0, -1, withscores=True),
        "list": lambda: client.lrange(key, 0, -1),
        "stream": lambda: client.xrange(key),
    }
    return await reads[await client.type(key)]()


async def found_in_redis(client: Redis) -> list[str]:
    """The keys that have the number in their name or their value."""
    keys = [key async for key in client.scan_iter("*")]
    assert len(keys) > 10
    texts = {key: f"{key} {await _whole(client, key)}" for key in keys}
    return sorted(key for key, text in texts.items() if MARKER in text)


def found_in_files(node: Installation) -> list[str]:
    """Files of the node with the number in them, but for those of its Redis."""
    files = [file for file in (*node.state.rglob("*"), *node.config.parent.glob("*.log")) if file.is_file()]
    assert any(file.name == "records.sqlite" for file in files)
    assert any(file.name == "serve.log" for file in files)
    with_it = [file for file in files if MARKER.encode() in file.name.encode() + file.read_bytes()]
    return sorted({file.relative_to(node.config.parent).as_posix() for file in with_it})


@asynccontextmanager
async def topics(node: Installation) -> AsyncIterator[list[str]]:
    """Everything that the node publishes."""
    broker, heard = broker_of(node), list[str]()
    async with aiomqtt.Client(broker.host, broker.port) as client:
        await client.subscribe("#", qos=1)

        async def listen() -> None:
            async for message in client.messages:
                heard.append(f"{message.topic} {message.payload!r}")

        listening = asyncio.create_task(listen())
        try:
            yield heard
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def shown(node: Installation, api: Any) -> list[str]:
    """Pages and answers of the API that have the number."""
    texts = {page: await node.get(page) for page in FIGURES} | {page: await node.page(page) for page in PAGES}
    texts |= {path: json.dumps(await api.ask("GET", path)) for path in API}
    return [path for path, text in texts.items() if MARKER in text]


async def test_a_number_to_ring_back_is_in_its_promise_alone_and_gone_with_it(tmp_path: Path) -> None:
    port = free_port()
    parts = PARTS.format(port=port, per_hour=10)
    node = Installation(
        tmp_path,
        parts,
        flows={"test.yaml": FLOW.replace("ORDER", "agent_first").replace("NUMBER", "5000")},
        trunks="",
        mqtt="",
    )
    async with (
        running(node),
        phones_at(node, port=port) as phones,
        api_of(node) as api,
        topics(node) as heard,
    ):
        there, client = Town(node, phones), command_client(redis_of(node))
        await there.promised(CALLER)
        assert await found_in_redis(client) == ["svar:{t}:callbacks"]
        assert await shown(node, api) == []
        phones.behaviours[CALLER] = answers
        await phones.register("anna", answers)
        await there.ended("reached")
        assert await shown(node, api) == []
        next(handset for name, handset in phones.rung if name == CALLER).hang_up()
        await node.quiet()
        await eventually(lambda: bool(heard), "something that is published")
        assert await found_in_redis(client) == []
        assert [text for text in heard if MARKER in text] == []
        left = [name for name in found_in_files(node) if "redis" not in name]
        assert left == []
        await client.aclose()
