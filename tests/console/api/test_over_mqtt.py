"""The same deeds over MQTT: by the token in the payload, answered beside it; what the broker kept is no command."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.api.deeds import DEEDS
from console.api.door import MOST_FAILURES
from console.api.over_mqtt import Commands
from console.tokens import Role
from metrics.mqtt import Broker
from metrics.mqtt_commands import MOST_BYTES, MqttCommands
from svar.embedded.broker import EmbeddedBroker
from tests.console.api.desks import Office
from tests.console.api.test_routes import BODIES, MAY
from tests.metrics.test_mqtt import mosquitto


async def asked(office: Office, agent: str, payload: object) -> Any:
    commands = Commands(office.desk(), office.door())
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return json.loads(await commands.answer(agent, data))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("deed", DEEDS)
async def test_a_role_may_the_same_as_over_http(deed: str, role: Role) -> None:
    office = Office()
    token = await office.token(role)
    answer = await asked(office, "anna", {"token": token, "do": deed, "id": "7", **BODIES.get(deed, {})})
    assert answer["id"] == "7"
    assert answer["ok"] is (deed in MAY[role])
    if not answer["ok"]:
        assert (answer["code"], office.agents.asked) == ("not_allowed", [])
    [event] = office.events
    assert (event.way, event.deed, event.outcome) == ("mqtt", deed, "done" if answer["ok"] else "not_allowed")
    assert token.rpartition("_")[2] not in json.dumps(answer)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "not_json"),
        (b"\xff", "not_json"),
        (b"[]", "malformed"),
        ({}, "no_token"),
        ({"do": "ready"}, "no_token"),
        ({"token": 5, "do": "ready"}, "no_token"),
        ({"token": "svar_x", "do": "ready"}, "no_token"),
        ({"token": "T", "do": "dance"}, "malformed"),
        ({"token": "T"}, "malformed"),
        ({"token": "T", "do": "not_ready"}, "malformed"),
        ({"token": "T", "do": "ready", "reason": "x"}, "malformed"),
        ({"token": "T", "do": "end_wrap_up", "topic": "old_aeg"}, "unknown_topic"),
    ],
)
async def test_what_is_no_command_is_answered_and_changes_nothing(payload: Any, code: str) -> None:
    office = Office()
    if isinstance(payload, dict) and payload.get("token") == "T":
        payload = payload | {"token": await office.token(Role.AGENT)}
    answer = await asked(office, "anna", payload)
    assert (answer["ok"], answer["code"]) == (False, code)
    assert office.agents.asked == []


async def test_who_tries_tokens_for_one_agent_keeps_no_other_from_being_heard() -> None:
    office = Office()
    commands = Commands(office.desk(), office.door())
    bad = json.dumps({"token": "svar_x", "do": "ready"}).encode()
    codes = [json.loads(await commands.answer("anna", bad))["code"] for _ in range(MOST_FAILURES + 1)]
    assert codes == ["no_token"] * MOST_FAILURES + ["too_many_failures"]
    good = json.dumps({"token": await office.token(Role.AGENT, "bjorn"), "do": "ready"}).encode()
    assert json.loads(await commands.answer("bjorn", good)) == {"ok": True}


@given(st.binary(max_size=200))
def test_any_bytes_are_answered(payload: bytes) -> None:
    office = Office()
    answer = json.loads(asyncio.run(Commands(office.desk(), office.door()).answer("anna", payload)))
    assert answer["ok"] is False


# --- Over a broker


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    embedded = await EmbeddedBroker.start(tmp_path)
    yield Broker.from_url(embedded.url)
    await embedded.stop()


@contextlib.asynccontextmanager
async def serving(broker: Broker, office: Office, *, shared: bool = False) -> AsyncIterator[MqttCommands]:
    commands = MqttCommands(broker, Commands(office.desk(), office.door()).answer, tenant="nav", shared=shared)
    task = asyncio.create_task(commands.run())
    async with asyncio.timeout(20):
        while not commands.figures()["commands_connected"]:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    yield commands
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_command_is_done_and_answered_on_the_topic_beside_it(broker: Broker) -> None:
    office = Office()
    token = await office.token(Role.AGENT)
    async with serving(broker, office), aiomqtt.Client(broker.host, broker.port) as client, asyncio.timeout(20):
        await client.subscribe("svar/nav/agent/anna/did", qos=1)
        for number in range(3):
            command = {"token": token, "do": "not_ready", "reason": "break", "id": str(number)}
            await client.publish("svar/nav/agent/anna/do", json.dumps(command), qos=1)
        answers = []
        async for message in client.messages:
            answers.append(json.loads(message.payload))
            if len(answers) == 3:
                break
    assert sorted(answers, key=lambda one: str(one["id"])) == [{"id": str(n), "ok": True} for n in range(3)]
    assert office.agents.asked == [("not_ready", "anna", "break")] * 3


async def test_what_the_broker_kept_and_what_is_too_long_is_no_command(broker: Broker) -> None:
    office = Office()
    token = await office.token(Role.AGENT)
    command = json.dumps({"token": token, "do": "ready"})
    async with aiomqtt.Client(broker.host, broker.port) as client, asyncio.timeout(20):
        await client.publish("svar/nav/agent/anna/do", command, qos=1, retain=True)
        async with serving(broker, office) as commands:
            await client.publish("svar/nav/agent/anna/do", " " * MOST_BYTES + command, qos=1)
            while commands.figures()["commands_dropped_total"] < 2:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
    assert office.agents.asked == []


@pytest.mark.interop
async def test_of_two_nodes_at_one_mosquitto_one_takes_each_command(tmp_path: Path) -> None:
    offices = Office(), Office()
    token = await offices[0].token(Role.AGENT)
    offices[1].entries.kept = offices[0].entries.kept
    async with mosquitto(tmp_path) as broker, contextlib.AsyncExitStack() as stack, asyncio.timeout(20):
        for office in offices:
            await stack.enter_async_context(serving(broker, office, shared=True))
        async with aiomqtt.Client(broker.host, broker.port) as client:
            await client.subscribe("svar/nav/agent/anna/did", qos=1)
            for _ in range(10):
                await client.publish("svar/nav/agent/anna/do", json.dumps({"token": token, "do": "ready"}), qos=1)
            answers = 0
            async for _ in client.messages:
                answers += 1
                if answers == 10:
                    break
            await asyncio.sleep(0.2)
    assert sum(len(office.agents.asked) for office in offices) == 10
