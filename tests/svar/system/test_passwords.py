"""An agent has one password at all nodes, which none of them nor their Redis can tell."""

import asyncio
import re
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from sip.message.auth import Challenge, authorize
from tests.acd.redis_server import RedisServer
from tests.svar.system.installation import ROOT, Installation, eventually, running
from tests.svar.system.phones import answers, phones_at
from tests.svar.system.sites import Country, country, node

pytestmark = pytest.mark.asyncio(loop_scope="module")

PARTS = """
[[queue]]
name = "work"
[[agent]]
name = "anna"
skills = { work = 5 }
"""
FURTHER = """
[[agent]]
name = "berit"
skills = { work = 5 }
[[agent]]
name = "dina"
skills = { work = 5 }
"""
WITHIN_S = 5.0
"""Until every node has heard of another password."""


async def svar(at: Installation, redis: RedisServer, *arguments: str) -> tuple[int, str, str]:
    """A command as an operator gives it beside a node that runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "svar", *arguments, "--config", str(at.config),
        cwd=ROOT, env={"SVAR_STATE": str(at.state), "SVAR_REDIS_URL": redis.url, "PATH": ""},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 40)
    return process.returncode or 0, out.decode().strip(), err.decode()


async def registers(at: Installation, password: str, agent: str = "anna") -> bool:
    """Whether a phone gets in with it."""
    async with phones_at(at) as phones:
        try:
            await phones.register(agent, answers, password=password)
        except AssertionError:
            return False
        return True


def kept(at: Installation) -> str:
    """Everything that the node keeps and does not show."""
    files = [path for path in at.state.rglob("*") if path.is_file() and "prompts" not in path.parts]
    return "".join(path.read_bytes().decode("latin-1") for path in files)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("country")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(folder: Path) -> AsyncIterator[Country]:
    """Two nodes. anna's password is made by them, the others' were there before; each test has agents of its own."""
    async with country(folder, PARTS + FURTHER, ["berit", "dina"]) as made:
        yield made


async def test_a_phone_registers_with_one_password_at_either_node(folder: Path, made: Country) -> None:
    here, there = made.nodes
    password = here.password("anna")
    assert "anna@" in there.log()
    assert password not in there.log()
    assert await registers(here, password)
    assert await registers(there, password)
    assert not await registers(there, f"{password}-not")
    data = (folder / "redis").rglob("*.aof")
    stored = "".join(path.read_bytes().decode("latin-1") for path in data)
    assert "credentials" in stored
    assert password not in stored + kept(here) + kept(there)
    assert await here.stop() == 0
    before = here.log().count(password)
    await here.start()
    assert here.log().count(password) == before
    assert await registers(here, password)


async def test_while_redis_is_away_a_phone_registers_at_a_node_that_knew_it(made: Country) -> None:
    here, there = made.nodes
    password = here.password("anna")
    made.redis.kill()
    try:
        assert await registers(there, password)
        assert not await registers(there, f"{password}-not")
    finally:
        made.redis.start()
    assert await registers(here, password)


async def test_a_new_password_by_command_counts_at_all_nodes_and_the_old_one_at_none(made: Country) -> None:
    here, there = made.nodes
    old = here.password("berit")
    status, _, told = await svar(there, made.redis, "agent", "password", "berit")
    assert (status, "--new makes another" in told) == (1, True)
    status, new, told = await svar(there, made.redis, "agent", "password", "berit", "--new")
    assert status == 0, told
    for one in (here, there):
        await eventually(lambda one=one: registers(one, new, "berit"), "the new password", WITHIN_S)  # type: ignore[misc]
        assert not await registers(one, old, "berit")
        assert new not in one.log()
        assert "agents have other passwords" in one.log()


async def test_an_agent_added_at_one_node_registers_at_another_with_the_password_shown_there(made: Country) -> None:
    async with aiohttp.ClientSession() as http:
        here, there = made.nodes
        _, token, _ = await svar(here, made.redis, "token", "add", "boss", "--role", "admin")
        url = f"http://127.0.0.1:{here.http_port}/api/v1/agents/cato"
        body, headers = {"site": "site-1", "skills": {"work": 5}}, {"Authorization": f"Bearer {token}"}
        async with http.put(url, json=body, headers=headers) as answer:
            password = (await answer.json())["password"]
        assert password
        await eventually(lambda: registers(there, password, "cato"), "a phone that registers", WITHIN_S)
        assert await registers(here, password, "cato")
        assert password not in kept(here) + kept(there)


async def test_a_challenge_of_one_node_is_answered_at_another(made: Country) -> None:
    here, there = made.nodes
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", 0))
        phone.settimeout(5)
        challenged = await asyncio.to_thread(asked, phone, here.sip_port, 1)
        assert challenged.startswith("SIP/2.0 401 ")
        line = re.findall(r"^WWW-Authenticate: (.*)\r$", challenged, re.MULTILINE)[0]
        for cseq, password, status in ((2, "wrong", 401), (3, here.password("dina"), 200)):
            proof = authorize(
                Challenge.parse(line), username="dina", password=password, method="REGISTER",
                uri="sip:127.0.0.1", cnonce="c", nonce_count=1,
            )  # fmt: skip
            answered = await asyncio.to_thread(asked, phone, there.sip_port, cseq, f"Authorization: {proof}\r\n")
            assert answered.startswith(f"SIP/2.0 {status} "), answered


def asked(phone: socket.socket, port: int, cseq: int, proof: str = "") -> str:
    """The answer to a REGISTER."""
    host = f"127.0.0.1:{phone.getsockname()[1]}"
    phone.sendto(
        (
            f"REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {host};branch=z9hG4bK{cseq}\r\nMax-Forwards: 70\r\n"
            f"From: <sip:dina@127.0.0.1>;tag=f\r\nTo: <sip:dina@127.0.0.1>\r\nCall-ID: one\r\nCSeq: {cseq} REGISTER\r\n"
            f"Contact: <sip:dina@{host}>\r\n{proof}Content-Length: 0\r\n\r\n"
        ).encode(),
        ("127.0.0.1", port),
    )
    return phone.recv(4096).decode()


async def test_a_node_with_another_realm_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    with RedisServer(tmp_path / "redis") as redis:
        first, second = node(tmp_path, 1, PARTS, redis.url), node(tmp_path, 2, PARTS, redis.url)
        second.config.write_text(second.config.read_text().replace("[sip]\n", '[sip]\nrealm = "nav.no"\n'))
        async with running(first):
            with pytest.raises(AssertionError, match="svar did not start"):
                await second.start()
        assert "[sip] realm = 'nav.no': the installation's agents have their passwords for 'svar'" in second.log()
        assert "Traceback" not in second.log()


async def test_two_tenants_have_passwords_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    with RedisServer(tmp_path / "redis") as redis:
        first = node(tmp_path, 1, PARTS, redis.url)
        second = node(tmp_path, 2, PARTS, redis.url, tenant="u")
        async with running(first), running(second):
            ours, theirs = first.password("anna"), second.password("anna")
            assert ours != theirs
            assert (await registers(first, ours), await registers(second, theirs)) == (True, True)
            assert (await registers(first, theirs), await registers(second, ours)) == (False, False)


async def test_a_node_alone_keeps_passwords_where_its_tools_find_them(tmp_path: Path) -> None:
    """And whoever makes another there takes it for theirs."""
    async with running(Installation(tmp_path, PARTS)) as alone:
        old = alone.password("anna")
        assert old in (alone.state / "agents.json").read_text()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "svar", "agent", "password", "anna", "--new", "--config", str(alone.config),
            cwd=ROOT, env={"SVAR_STATE": str(alone.state), "PATH": ""}, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        new = (await asyncio.wait_for(process.communicate(), 40))[0].decode().strip()
        await eventually(lambda: registers(alone, new), "the new password", WITHIN_S)
        assert not await registers(alone, old)
        assert old not in (alone.state / "agents.json").read_text()
