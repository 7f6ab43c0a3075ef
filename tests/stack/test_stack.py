"""The whole stack of `deploy/compose.yaml` as processes: callers are served through all of it, and it is watched."""

import asyncio
import json
import re
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
import pytest_asyncio

from tests.acd.redis_group import Server
from tests.interop.peers import require, run
from tests.interop.phones import Baresip, baresip
from tests.interop.sound import power_at, wav_file
from tests.stack.guide import commands, do
from tests.stack.processes import NODES, Stack
from tests.stack.shipped import ROOT
from tests.svar.system.installation import eventually

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

ANNA_HZ, BJORN_HZ, CALLER_HZ = 880, 660, 440
PURE = 0.9
WITHIN_S = 90.0
EVENTS = "svar:{svar}:events"
DAYS = ("$(date +%F)", "2026-11-22")


@dataclass
class Pager:
    """Whom Alertmanager wakes."""

    url: str = ""
    woken: list[dict[str, Any]] = field(default_factory=list)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(head.partition("content-length:")[2].split()[0])
        self.woken += json.loads(await reader.readexactly(size))["alerts"]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    def has(self, alarm: str) -> bool:
        return any(one["labels"]["alertname"] == alarm and one["status"] == "firing" for one in self.woken)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pager() -> AsyncIterator[Pager]:
    made = Pager()
    async with await asyncio.start_server(made.take, "127.0.0.1", 0) as server:
        made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(pager: Pager) -> AsyncIterator[Stack]:
    programs = (
        "kamailio",
        "rtpengine",
        "redis-server",
        "mosquitto",
        "prometheus",
        "prometheus-alertmanager",
        "baresip",
    )
    for program in programs:
        require(program)
    with tempfile.TemporaryDirectory(prefix="svar-") as folder:
        async with AsyncExitStack() as stack:
            made = Stack(Path(folder), stack)
            await asyncio.gather(made.redis(), made.postgresql(), made.mosquitto(), made.media())
            await made.nodes()
            await made.kamailio()
            await made.watching(pager.url)
            yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def caller(running: Stack) -> AsyncIterator[Baresip]:
    """A carrier's side, of whose addresses peers.list knows."""
    async with baresip(
        running.base / "caller", "4799999999", 5060, host=running.edge, tone_hz=CALLER_HZ,
        address=running.loopback("198.51.100.7"),
    ) as made:  # fmt: skip
        yield made


def password(running: Stack, agent: str) -> str:
    """As the node that made it has it, until somebody hands it out."""
    places = [Path(running.service(name).put("/var/lib/svar")) / "agents.new.json" for name in NODES]
    return str(
        next(made[agent] for path in places if path.exists() and agent in (made := json.loads(path.read_text())))
    )


async def ring(running: Stack, caller: Baresip, agent: Baresip, calls: int, rung: int) -> None:
    """Through the menu to an agent who answers."""
    await caller.dial(f"sip:5000@{running.edge}:5060")
    await caller.event("CALL_ESTABLISHED", calls, wait_s=WITHIN_S)
    await caller.press("1")
    await agent.event("CALL_INCOMING", rung, wait_s=WITHIN_S)
    await agent.answer()
    await agent.event("CALL_ESTABLISHED", rung)


async def talked(caller: Baresip, agent: Baresip, agent_hz: int) -> None:
    """Both heard each other at the end."""
    assert power_at(wav_file(await caller.recorded())[-8000:], agent_hz) > PURE
    assert power_at(wav_file(await agent.recorded())[-8000:], CALLER_HZ) > PURE


async def records(running: Stack, count: int) -> list[dict[str, object]]:
    statement = "SELECT row_to_json(call_records) FROM call_records ORDER BY started_ms"

    def there() -> list[dict[str, object]]:
        return [json.loads(line) for line in running.sql(statement).splitlines()]

    await eventually(lambda: len(there()) >= count, f"{count} records", WITHIN_S, there)
    return there()


@asynccontextmanager
async def listening(running: Stack, name: str, password: str) -> AsyncIterator[dict[str, str]]:
    """The last that an identity of the broker was told of each topic."""
    host = running.service("mosquitto").address("messages")
    told: dict[str, str] = {}
    context = ssl.create_default_context(cafile=running.ca)

    async def note(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            told[str(message.topic)] = str(message.payload, "utf-8")

    async with aiomqtt.Client(host, 8883, username=name, password=password, tls_context=context) as client:
        await client.subscribe("svar/#", qos=1)
        noting = asyncio.create_task(note(client))
        try:
            yield told
        finally:
            noting.cancel()
            await asyncio.gather(noting, return_exceptions=True)


async def test_a_caller_is_served_by_the_edge_a_node_rtpengine_and_an_agent_though_redis_fails_over(
    running: Stack, caller: Baresip
) -> None:
    """The agent's phone speaks TLS to Kamailio. Redis' master is killed in the middle of the talk."""
    secret = password(running, "anna")
    async with baresip(
        running.base / "anna", "anna", 5061, host=running.edge, tone_hz=ANNA_HZ, password=secret, transport="tls",
        ca=running.ca,
    ) as anna:  # fmt: skip
        await ring(running, caller, anna, 1, 1)
        await eventually(lambda: agents(running, "talking"), "a talk", WITHIN_S)
        master = running.master()
        running.kill(master)
        await eventually(lambda: running.master() not in ("", master), "another master", WITHIN_S)
        await caller.hang_up()
        await anna.event("CALL_CLOSED", 1)
        await talked(caller, anna, ANNA_HZ)
        [record] = await records(running, 1)
        assert (record["outcome"], record["agent"]) == ("answered", "anna")
    await running.again(master)


async def test_a_caller_at_either_node_is_served_by_an_agent_whose_phone_is_at_one(
    running: Stack, caller: Baresip
) -> None:
    """His phone registers at the second node itself. Kamailio gives the calls to both in turn."""
    secret, host = password(running, "bjorn"), running.service("svar-2").address("voice")
    async with baresip(
        running.base / "bjorn", "bjorn", 5060, host=host, tone_hz=BJORN_HZ, password=secret
    ) as bjorn:  # fmt: skip
        for nth in (1, 2):
            await eventually(lambda: agents(running, "ready"), "an agent who is ready", WITHIN_S)
            await ring(running, caller, bjorn, nth + 1, nth)
            await asyncio.sleep(1.2)  # of talk
            await caller.hang_up()
            await bjorn.event("CALL_CLOSED", nth)
            await talked(caller, bjorn, BJORN_HZ)
        found = await records(running, 3)
    assert [record["outcome"] for record in found] == ["answered"] * 3
    assert {record["node"] for record in found[1:]} == set(NODES)


async def agents(running: Stack, state: str) -> bool:
    """Whether there is one, as Prometheus has it of both nodes."""
    found = await running.asked(f'svar_agents{{state="{state}"}}')
    return [sample["value"][1] for sample in found] == ["1", "1"]


async def test_its_figures_are_in_prometheus_and_its_states_at_the_broker(running: Stack) -> None:
    async def counted() -> bool:
        found = await running.asked('max by (queue) (svar_queue_answered_total{queue="service"})')
        return [sample["value"][1] for sample in found] == ["3"]

    await eventually(counted, "three answered calls", WITHIN_S, lambda: running.asked("svar_queue_answered_total"))
    up = await running.asked('up{job="svar"}')
    assert [sample["value"][1] for sample in up] == ["1", "1"]
    secret = running.identity("wallboard")
    running.hang_up("mosquitto")  # it reads the names again
    async with listening(running, "wallboard", secret) as told:
        wanted = {"svar/svar/queue/service", "svar/svar/node/svar-1", "svar/svar/node/svar-2"}
        await eventually(lambda: wanted <= told.keys(), "states at the broker", WITHIN_S, lambda: told)
    queue = json.loads(told["svar/svar/queue/service"])
    assert (queue["answered"], queue["lost"]) == (3, 0)
    assert not [topic for topic in told if "/event/" in topic or "/agent/" in topic], "more than its acl has"


async def browsed(running: Stack, *words: str) -> str:
    """What curl gives a browser's user, with cookies."""
    jar = str(running.base / "cookies")
    finished = await run(["curl", "-sSL", "--cacert", running.ca, "-b", jar, "-c", jar, *words], timeout_s=60)
    assert finished.code == 0, finished.output
    return finished.output


async def test_its_first_admin_logs_in_behind_nginx_and_sees_the_queue(running: Stack) -> None:
    place = await running.nginx()
    kept = [Path(running.service(name).put("/var/lib/svar")) / "users.new.json" for name in NODES]
    [secret] = [json.loads(path.read_text())["admin"] for path in kept if path.exists()]
    form = await browsed(running, f"{place}/login")
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    given = {**hidden, "user": "admin", "password": secret}
    words = [word for name, value in given.items() for word in ("--data-urlencode", f"{name}={value}")]
    board = await browsed(running, *words, f"{place}/login")
    assert "Servicetelefonen" in board, board
    cookies = (running.base / "cookies").read_text()
    assert all(line.split("\t")[3] == "TRUE" for line in cookies.splitlines() if "svar_session" in line), "Secure"
    assert "svar_session" in cookies


async def test_records_and_redis_come_back_from_their_copies(running: Stack, tmp_path: Path) -> None:
    """By the commands of docs/operations.md."""
    paths = {"/opt/svar": str(ROOT), "chown -R redis:redis ": "ls ", "/var/lib/redis": str(tmp_path)}
    paths |= {f"/var/backups/{name}/{day}": str(tmp_path / name) for name in ("records", "redis") for day in DAYS}
    secrets = {"PGPASSWORD": running.secret("postgres_password"), "REDISCLI_AUTH": running.secret("redis_password")}
    every = ("### PostgreSQL", "### PostgreSQL comes back", "### Redis of several nodes")
    host = running.service("redis-3").address("store")
    before = running.ask(host, 6379, "XLEN", EVENTS)
    for heading in every:
        for line in commands(heading):
            await asyncio.to_thread(do, running.loopback(line), paths, secrets)
    figures = "SELECT count(*), sum(total_waited_ms), sum(talked_ms), max(ended_ms) FROM call_records"
    assert running.sql(figures, "svar_back") == running.sql(figures)
    back = Server(tmp_path, {"appendonly": "yes"})
    try:
        await asyncio.to_thread(back.start)
        assert before <= back.ask("XLEN", EVENTS) <= running.ask(host, 6379, "XLEN", EVENTS)
        assert back.ask("HLEN", "svar:{svar}:agents") == 2
    finally:
        back.kill()


async def test_a_node_that_dies_wakes_somebody(running: Stack, pager: Pager) -> None:
    running.kill("svar-2")
    await eventually(lambda: pager.has("SvarNodeDown"), "alarm", WITHIN_S, lambda: pager.woken)
    [alarm] = [one for one in pager.woken if one["labels"]["alertname"] == "SvarNodeDown"]
    assert alarm["labels"]["severity"] == "critical"
    assert alarm["annotations"]["runbook_url"]
