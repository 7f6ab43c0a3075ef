"""What a node's broker publishes."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt

from tests.svar.system.installation import Installation

BROKER = re.compile(r"^MQTT: mqtt://([0-9.]+):([0-9]+)$", re.MULTILINE)


@asynccontextmanager
async def published(node: Installation, kind: str) -> AsyncIterator[list[dict[str, Any]]]:
    """The events of a kind, from now on, as the embedded broker has them; the list grows."""
    heard: list[dict[str, Any]] = []
    ready = asyncio.Event()
    listening = asyncio.ensure_future(_listen(node, kind, heard, ready))
    await asyncio.wait_for(ready.wait(), 10)
    try:
        yield heard
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _listen(node: Installation, kind: str, heard: list[dict[str, Any]], ready: asyncio.Event) -> None:
    found = BROKER.search(node.log())
    assert found is not None, "the node has no broker of its own"
    async with aiomqtt.Client(found[1], int(found[2])) as client:
        await client.subscribe(f"svar/t/event/{kind}")
        ready.set()
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            heard.append(json.loads(message.payload))
