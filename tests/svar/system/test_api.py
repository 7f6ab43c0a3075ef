"""The API of a real `svar serve`: agents at real phones are changed from outside, and phones that die are noticed."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import aiomqtt

from acd.connection import blocking_client
from acd.relay import Batch, Relay
from events.catalogue import DeedDone
from metrics.mqtt import Broker
from tests.svar.system.installation import ROOT, Installation, eventually, running
from tests.svar.system.phones import Phones, answers, lets_it_ring, phones_at
from tests.svar.system.publishing import redis_of

PARTS = """
[[queue]]
name = "work"
wrap_up_s = 60
[[agent]]
name = "anna"
skills = { work = 5 }
"""
TOPICS = """
topics: work
title: {nb: Arbeid, en: Work}
queues: [work]
tree:
  - {code: job, key: 1, title: {nb: Jobb, en: Job}}
  - {code: benefit, key: 2, title: {nb: Dagpenger, en: Unemployment benefit}}
"""
CHECK_S = 1


def installed(folder: Path, *, mqtt: str = "off", commands: bool = False) -> Installation:
    node = Installation(folder, PARTS, mqtt=mqtt)
    text = node.config.read_text().replace("[sip]\n", f"[sip]\nphone_check_s = {CHECK_S}\n")
    node.config.write_text(text.replace("[mqtt]\n", f"[mqtt]\ncommands = {str(commands).lower()}\n"))
    (folder / "flows" / "topics").mkdir()
    (folder / "flows" / "topics" / "work.yaml").write_text(TOPICS)
    return node


async def token(node: Installation, name: str, *options: str) -> str:
    """Made by the command, as an admin would, while the node runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "svar", "token", "add", name, *options, "--config", str(node.config),
        cwd=ROOT, env={"SVAR_STATE": str(node.state), "PATH": ""},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 40)
    assert process.returncode == 0, err.decode()
    return out.decode().strip()


@dataclass(frozen=True)
class Api:
    http: aiohttp.ClientSession
    base: str
    token: str

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.http.request(method, self.base + path, json=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def state(self, agent: str = "anna") -> tuple[str, str]:
        _, found = await self.ask("GET", f"/agents/{agent}")
        return found["state"], found["reason"]


@asynccontextmanager
async def api_of(node: Installation, name: str = "boss", *options: str) -> AsyncIterator[Api]:
    text = await token(node, name, *(options or ("--role", "admin")))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(20)) as http:
        yield Api(http, f"http://127.0.0.1:{node.http_port}/api/v1", text)


async def deeds(node: Installation) -> list[tuple[str, str, str]]:
    """What the stream of events says was done."""
    client = blocking_client(redis_of(node))
    found: list[tuple[str, str, str]] = []

    async def take(batch: Batch) -> None:
        found.extend((e.author, e.deed, e.outcome) for _, e in batch if isinstance(e, DeedDone))

    relay = Relay(client, "t")
    relay.add("test", take, after="0-0")
    await relay.drain()
    await relay.forget("test")
    await client.aclose()
    return found


async def test_an_agent_is_changed_from_outside_and_takes_a_call(tmp_path: Path) -> None:
    node = installed(tmp_path)
    async with running(node), phones_at(node) as phones, api_of(node) as boss:
        assert (await boss.ask("POST", "/agents/anna/log-in", {}))[1]["code"] == "no_phone"
        await phones.register("anna", answers)
        await eventually(lambda: is_(boss, "ready"), "anna ready")
        assert await boss.ask("POST", "/agents/anna/not-ready", {"reason": "break"}) == (204, None)
        assert await boss.state() == ("not_ready", "break")
        caller = await phones.answered_call()
        await eventually(lambda: seen(boss, "/queues/work", "waiting", 1), "a waiting caller")
        assert phones.rung == []
        assert await boss.ask("POST", "/agents/anna/ready") == (204, None)
        await phones.rings()
        await eventually(lambda: is_(boss, "talking"), "anna talking")
        await eventually(lambda: journeys(boss, [["work"]]), "the contact's journey")
        caller.hang_up()
        await eventually(lambda: is_(boss, "wrap_up"), "wrap-up")
        status, refused = await boss.ask("POST", "/agents/anna/end-wrap-up", {"topic": "jobb", "concluded": True})
        assert (status, refused["code"]) == (422, "unknown_topic")
        assert "did you mean 'job'?" in refused["detail"]
        assert (await boss.ask("POST", "/agents/anna/end-wrap-up", {"topic": "job", "concluded": True}))[0] == 204
        await node.quiet()
        [record] = node.records()
        assert (record["topic"], record["concluded"], record["agent"]) == ("job", "yes", "anna")
        assert (await node.metrics())['svar_avslutningsgrad_ratio{queue="work"}'] == 1
        done = await deeds(node)
        assert [one for one in done if one[1] == "end_wrap_up"] == [
            ("boss", "end_wrap_up", "unknown_topic"),
            ("boss", "end_wrap_up", "done"),
        ]


async def test_a_phone_that_dies_logs_its_agent_out_and_nobody_is_offered_to_it(tmp_path: Path) -> None:
    node = installed(tmp_path)
    async with running(node), api_of(node) as boss:
        async with phones_at(node) as dying:
            await dying.register("anna", answers, expires_s=3600)
            await eventually(lambda: is_(boss, "ready"), "anna ready")
            await eventually(lambda: asked(node), "an answer of the phone")
        await eventually(lambda: is_(boss, "logged_out"), "anna logged out", 15)
        assert await boss.state() == ("logged_out", "unreachable")
        status, refused = await boss.ask("POST", "/agents/anna/log-in", {"ready": True})
        assert (status, refused["code"]) == (409, "no_phone")
        async with phones_at(node) as phones:
            await phones.answered_call()
            await eventually(lambda: seen(boss, "/queues/work", "waiting", 1), "a waiting caller")
            assert (await node.metrics()).get('svar_offers_total{queue="work"}', 0) == 0
            await phones.register("anna", answers)
            await phones.rings(within_s=15)
            await eventually(lambda: is_(boss, "talking"), "anna talking")


async def asked(node: Installation) -> bool:
    found = await node.metrics()
    return found["svar_phones_asked_total"] > 1 and not found["svar_phones_unanswered_total"]


async def journeys(api: Api, expected: list[list[str]]) -> bool:
    _, found = await api.ask("GET", "/contacts")
    return [one["journey"] for one in found["contacts"]] == expected


async def is_(api: Api, state: str, agent: str = "anna") -> bool:
    return (await api.state(agent))[0] == state


async def seen(api: Api, path: str, name: str, value: object) -> bool:
    return bool((await api.ask("GET", path))[1][name] == value)


async def test_an_agent_who_is_added_registers_takes_calls_and_stays_over_a_restart(tmp_path: Path) -> None:
    node = installed(tmp_path)
    async with running(node), api_of(node) as boss:
        body = {"site": "bodo", "skills": {"work": 3}}
        added = (await boss.ask("PUT", "/agents/cato", body))[1]
        async with phones_at(node) as phones:
            await phones.register("cato", answers, password=added["password"])
            await eventually(lambda: is_(boss, "ready", "cato"), "cato ready")
            assert (await boss.ask("PUT", "/agents/cato/skills", {"skills": {"other": 9}}))[0] == 204
            caller = await phones.answered_call()
            await eventually(lambda: seen(boss, "/queues/work", "waiting", 1), "a caller whom nobody may serve")
            assert phones.rung == []
            assert (await boss.ask("PUT", "/agents/cato/skills", {"skills": {"work": 1}}))[0] == 204
            await phones.rings()
            caller.hang_up()
            assert await node.stop() == 0
            await node.start()
            again = Api(boss.http, f"http://127.0.0.1:{node.http_port}/api/v1", boss.token)
            await eventually(lambda: registers(phones, added["password"]), "cato known again", 15)
            await eventually(lambda: is_(again, "ready", "cato"), "cato ready again", 15)
            assert (await again.ask("DELETE", "/agents/anna"))[1]["code"] == "bad_state"
            assert (await again.ask("DELETE", "/agents/cato"))[0] == 204
            assert (await again.ask("GET", "/agents/cato"))[0] == 404


async def registers(phones: Phones, password: str) -> bool:
    try:
        await phones.register("cato", answers, password=password)
    except AssertionError:
        return False
    return True


async def test_an_agents_own_token_is_good_for_that_agent_until_it_is_revoked(tmp_path: Path) -> None:
    node = installed(tmp_path)
    async with running(node), api_of(node, "anna-desk", "--role", "agent", "--agent", "anna") as anna:
        assert (await anna.ask("GET", "/me"))[1]["agent"] == "anna"
        assert (await anna.ask("GET", "/agents"))[0] == 403
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "svar", "token", "revoke", "anna-desk", "--config", str(node.config),
            cwd=ROOT, env={"SVAR_STATE": str(node.state), "PATH": ""},
        )  # fmt: skip
        assert await asyncio.wait_for(process.wait(), 40) == 0
        assert (await anna.ask("GET", "/me"))[0] == 401


async def test_states_and_deeds_go_over_mqtt(tmp_path: Path) -> None:
    node = installed(tmp_path, mqtt="", commands=True)
    async with running(node), phones_at(node) as phones:
        text = await token(node, "anna-desk", "--role", "agent", "--agent", "anna")
        await phones.register("anna", lets_it_ring)
        broker = broker_of(node)
        async with aiomqtt.Client(broker.host, broker.port) as client, asyncio.timeout(30):
            await client.subscribe("svar/t/agent/anna/#", qos=1)
            ready = await told(client, "svar/t/agent/anna", state="ready")
            assert (ready["queues"], ready["queue"]) == (["work"], "")
            command = {"token": text, "do": "not_ready", "reason": "meeting", "id": "1"}
            await client.publish("svar/t/agent/anna/do", json.dumps(command), qos=1)
            assert (await told(client, "svar/t/agent/anna/did"))["ok"] is True
            await told(client, "svar/t/agent/anna", state="not_ready", reason="meeting")
            caller = await phones.answered_call()
            await client.publish("svar/t/agent/anna/do", json.dumps({"token": text, "do": "ready"}), qos=1)
            offer = await told(client, "svar/t/agent/anna/offer")
            assert (offer["queue"], offer["journey"]) == ("work", ["work"])
            caller.hang_up()


def broker_of(node: Installation) -> Broker:
    line = next(one for one in node.log().splitlines() if one.startswith("MQTT: "))
    return Broker.from_url(line.removeprefix("MQTT: "))


async def told(client: aiomqtt.Client, topic: str, **values: str) -> dict[str, Any]:
    """The next message on the topic that has these values."""
    async for message in client.messages:
        if str(message.topic) == topic and message.payload:
            found: dict[str, Any] = json.loads(message.payload)
            if all(found.get(name) == value for name, value in values.items()):
                return found
    raise AssertionError("the broker is gone")
