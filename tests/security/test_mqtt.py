"""Commands over MQTT at a whole node: off unless wanted, and nothing without a token or by a trick."""

import asyncio
import json
from pathlib import Path

import aiomqtt
import pytest

from metrics.mqtt_commands import MOST_BYTES
from tests.svar.system.installation import eventually, running
from tests.svar.system.phones import lets_it_ring, phones_at
from tests.svar.system.test_api import api_of, broker_of, installed, token

pytestmark = pytest.mark.interop


async def states(node: object) -> dict[str, int]:
    found: dict[str, int] = await node.agents()  # type: ignore[attr-defined]
    return found


async def test_without_being_told_to_a_node_takes_no_commands(tmp_path: Path) -> None:
    node = installed(tmp_path, mqtt="")
    async with running(node), phones_at(node) as phones:
        text = await token(node, "boss", "--role", "admin")
        await phones.register("anna", lets_it_ring)
        await eventually(lambda: there(node, "ready"), "anna ready")
        broker = broker_of(node)
        async with aiomqtt.Client(broker.host, broker.port) as client:
            await client.subscribe("svar/t/agent/anna/did", qos=1)
            command = {"token": text, "do": "not_ready", "reason": "break"}
            await client.publish("svar/t/agent/anna/do", json.dumps(command), qos=1)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2):
                    await anext(client.messages)
        assert await states(node) == {"ready": 1}


async def there(node: object, state: str) -> bool:
    return await states(node) == {state: 1}


async def test_nothing_that_is_no_command_changes_anything(tmp_path: Path) -> None:
    """Without a token, too long, too deep, twice the same name, for others, on forged topics."""
    node = installed(tmp_path, mqtt="", commands=True)
    async with running(node), phones_at(node) as phones:
        # Somebody else with a token: an agent whom the API has added.
        async with api_of(node) as admin:
            added, _ = await admin.ask("PUT", "/agents/berit", {"site": "main", "skills": {"work": 5}})
            assert added < 300
        mine = await token(node, "anna-desk", "--role", "agent", "--agent", "anna")
        other = await token(node, "berit-desk", "--role", "agent", "--agent", "berit")
        await phones.register("anna", lets_it_ring)
        await eventually(lambda: there(node, "ready"), "anna ready")
        command = {"token": mine, "do": "not_ready", "reason": "break"}
        good, root = json.dumps(command), "svar/t/agent"
        payloads: list[tuple[str, str | bytes, bool]] = [
            ("anna/do", json.dumps({"do": "not_ready", "reason": "break"}), False),
            ("anna/do", json.dumps(command | {"token": other}), False),
            ("anna/do", json.dumps(command | {"token": [mine]}), False),
            ("anna/do", json.dumps(command | {"reason": "x" * MOST_BYTES}), False),
            ("anna/do", "[" * (MOST_BYTES - 10), False),
            ("anna/do", f'{{"token": "{mine}", "do": "ready", "do": "not_ready", "reason": "break"}}', False),
            ("anna/do", json.dumps({"token": mine, "do": "put_agent", "site": "x", "skills": {}}), False),
            ("anna/do", b"\xff\xfe" + good.encode(), False),
            ("anna/do", good, True),
            ("berit/do", good, False),
            ("anna", good, False),
            ("anna/do/do", good, False),
            ("anna/x/do", good, False),
            ("/do", good, False),
            ("anna%2Fdo/do", good, False),
            ("..%2Fanna/do", good, False),
        ]
        broker = broker_of(node)
        async with aiomqtt.Client(broker.host, broker.port) as client:
            await client.subscribe("svar/t/agent/+/did", qos=1)
            for topic, payload, retained in payloads[:8] + payloads[9:]:
                await client.publish(f"{root}/{topic}", payload, qos=1, retain=retained)
            await asyncio.sleep(2)
            assert await states(node) == {"ready": 1}
            topic, payload, retained = payloads[8]
            # The same words as they should be; told while we listen, it counts though the broker keeps it.
            await client.publish(f"{root}/{topic}", payload, qos=1, retain=retained)
            await eventually(lambda: there(node, "not_ready"), "the command itself")
            await client.publish(f"{root}/{topic}", json.dumps({"token": mine, "do": "ready"}), qos=1)
            await eventually(lambda: there(node, "ready"), "anna ready")
        assert mine not in node.log()
        assert other not in node.log()


async def test_no_answer_says_the_token_again(tmp_path: Path) -> None:
    node = installed(tmp_path, mqtt="", commands=True)
    async with running(node):
        mine = await token(node, "boss", "--role", "admin")
        broker = broker_of(node)
        async with aiomqtt.Client(broker.host, broker.port) as client, asyncio.timeout(20):
            await client.subscribe("#", qos=1)
            for command in ({"token": mine, "do": mine}, {"token": mine + "0", "do": "ready"}, {mine: mine}):
                await client.publish("svar/t/agent/anna/do", json.dumps(command), qos=1)
            answers = []
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                if str(message.topic).endswith("/did"):
                    answers.append(message.payload.decode())
                if len(answers) == 3:
                    break
        assert mine not in str(answers)
        assert mine not in node.log()
