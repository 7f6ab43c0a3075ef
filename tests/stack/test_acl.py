"""Who sees what at the broker, by the shipped list and a real mosquitto."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest

from tests.interop.peers import require
from tests.ports import free_port
from tests.stack.processes import listens
from tests.stack.shipped import DEPLOY
from tests.svar.system.installation import eventually

pytestmark = pytest.mark.interop

STATES = {"queue/pension", "site/alta", "agents", "crisis", "node/n1"}
OWN = {"agent/kari", "agent/kari/offer"}
TOPICS = STATES | OWN | {"agent/ola", "event/contact_started"}


@pytest.fixture
async def broker() -> AsyncIterator[int]:
    """Names without passwords, so that only the list decides. Everything stands there, as a node has told it."""
    program, port = require("mosquitto"), free_port()
    with tempfile.TemporaryDirectory(prefix="svar-") as folder:
        conf = Path(folder) / "mosquitto.conf"
        lines = (f"listener {port} 127.0.0.1", "allow_anonymous true", f"acl_file {DEPLOY}/mosquitto/acl", "user root")
        conf.write_text("\n".join(lines) + "\n")
        process = await asyncio.create_subprocess_exec(program, "-c", conf, stderr=asyncio.subprocess.DEVNULL)
        try:

            async def there() -> bool:
                return listens("127.0.0.1", port)

            await eventually(there, "a broker", 30)
            async with aiomqtt.Client("127.0.0.1", port, username="svar-1") as node:
                for topic in TOPICS:
                    await node.publish(f"svar/t/{topic}", json.dumps(topic), qos=1, retain=True)
            yield port
        finally:
            process.terminate()
            await process.wait()


async def seen(port: int, name: str) -> set[str]:
    """What is retained for this name. The answer to what it asks for, which each may read, comes after all of it."""
    found, last = set[str](), f"agent/{name}/did"
    async with aiomqtt.Client("127.0.0.1", port, username=name) as client, asyncio.timeout(30):
        await client.subscribe("svar/#", qos=1)
        async with aiomqtt.Client("127.0.0.1", port, username="svar-1") as node:
            await node.publish(f"svar/t/{last}", "{}", qos=1)
        async for message in client.messages:
            topic = message.topic.value.removeprefix("svar/t/")
            if topic == last:
                return found
            found.add(topic)
    raise AssertionError("the broker went")


@pytest.mark.parametrize(
    ("name", "sees"), [("wallboard", STATES), ("site-alta", STATES), ("kari", OWN), ("eve", set())]
)
async def test_each_name_sees_what_it_is_for(broker: int, name: str, sees: set[str]) -> None:
    assert await seen(broker, name) == sees
