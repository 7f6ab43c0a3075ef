"""svmap, svwar and svcrack against a whole node: little is told, no name is found out, no password is guessed."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from tests.interop.peers import require, run
from tests.ports import free_port
from tests.svar.system.installation import Installation, running
from tests.svar.system.phones import answers, phones_at

pytestmark = pytest.mark.interop

LIMIT = "[limits]\nstranger_requests_per_s = 100000\n"
"""Hardly any, so that what holds is not that an answer is seldom heard."""
PARTS = """
[[queue]]
name = "work"
[[agent]]
name = "1000"
skills = { work = 5 }
[[agent]]
name = "1003"
skills = { work = 5 }
"""
TRUNK = """
[[trunk]]
name = "operator"
networks = ["127.0.0.2/32"]
"""
METHODS = ((1, "OPTIONS"), (2, "INVITE"), (3, "REGISTER"))
EXTENSIONS = "998-1005"
PASSWORD = "41"
MD5_PHONE = b"sipsak 0.9.8"


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Installation]:
    """A node with a password that is in every word list."""
    installation = Installation(folder, PARTS, trunks=TRUNK)
    installation.config.write_text(installation.config.read_text().replace("[limits]\n", LIMIT))
    installation.state.mkdir(mode=0o700)
    (installation.state / "agents.json").write_text(json.dumps({"1000": PASSWORD, "1003": "kept by its owner"}))
    async with running(installation):
        yield installation


async def scan(program: str, port: int, host: str, *options: str, folder: Path) -> str:
    command = [
        *(require(program), "-p", str(port), "-b", host, "-x", host, "-P", str(free_port(host)), *options),
        "127.0.0.1",
    ]
    return (await run(command, timeout_s=40, cwd=folder)).output


async def scans(
    program: str, node: Installation, net: str, folder: Path, options: tuple[str, ...]
) -> list[tuple[str, str]]:
    """What it says to each method, all at once from hosts of their own."""
    said = (scan(program, node.sip_port, f"{net}.{n}", "-m", method, *options, folder=folder) for n, method in METHODS)
    return [(method, seen) for (_, method), seen in zip(METHODS, await asyncio.gather(*said), strict=True)]


async def test_svmap_learns_that_a_server_is_there_and_not_which(tmp_path: Path) -> None:
    telling = re.compile(r"svar|python|\b100[03]\b|operator|Server:|User-Agent:", re.IGNORECASE)
    async with served(tmp_path) as node:
        for method, seen in await scans("svmap", node, "127.4.1", tmp_path, ("-d",)):
            assert "SIP/2.0 " in seen, method
            # The challenge has to have a name, which the configuration gives.
            assert not telling.search(seen.replace('realm="svar"', "")), seen


async def test_svwar_cannot_tell_which_extensions_exist(tmp_path: Path) -> None:
    """It gives up where the answer for a name of chance asks for a password; forced, it sees no other answer."""
    options = ("-e", EXTENSIONS, "--maximumtime", "2", "-v")
    async with served(tmp_path) as node:
        found = await scans("svwar", node, "127.4.2", tmp_path, options)
        found += await scans("svwar", node, "127.4.4", tmp_path, (*options, "--force"))
        for method, seen in found:
            assert "exist" not in seen.replace("for an unknown extension", ""), (method, seen)
            assert "found nothing" in seen or "authentication request for an unknown" in seen, (method, seen)


class Disguise(asyncio.DatagramProtocol):
    """Passes on what svcrack sends, as a phone that is offered the one digest that svcrack can make."""

    def __init__(self, port: int) -> None:
        self.port, self.answers, self.taken = port, 0, 0
        self.cracker: tuple[str, int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if addr[1] != self.port:
            self.cracker = addr
            self.transport.sendto(data.replace(b"friendly-scanner", MD5_PHONE), ("127.0.0.1", self.port))
        elif self.cracker is not None:
            self.answers += 1
            self.taken += data.startswith(b"SIP/2.0 200")
            self.transport.sendto(data, self.cracker)


@asynccontextmanager
async def disguised(port: int, host: str) -> AsyncIterator[tuple[Disguise, int]]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: Disguise(port), local_addr=(host, 0))
    try:
        yield protocol, transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


async def crack(relay_host: str, relay_port: int, words: Path, folder: Path) -> str:
    host = "127.4.3.250"
    command = [
        *(require("svcrack"), "-p", str(relay_port), "-b", host, "-x", host, "-P", str(free_port(host))),
        *("-u", "1000", "-d", str(words), "--maximumtime", "2", "-t", "0.002", "-v"),
        *("--domain", "127.0.0.1", "--requesturi", "sip:127.0.0.1", relay_host),
    ]
    return (await run(command, timeout_s=40, cwd=folder)).output


async def test_svcrack_finds_no_password_and_the_agents_phone_registers_on(tmp_path: Path) -> None:
    """The right one is the 41st of its words, and svar says no to it as to the others; as the only one it is found."""
    words = tmp_path / "words"
    async with served(tmp_path / "node") as node, phones_at(node, "127.4.3.2") as phones:
        await phones.register("1000", answers)
        words.write_text(f"{PASSWORD}\n")
        async with disguised(node.sip_port, "127.4.3.3") as (relay, port):
            found = await crack("127.4.3.3", port, words, tmp_path)
        assert relay.taken > 0, found[-2000:]
        assert PASSWORD in found
        words.write_text("".join(f"{n}\n" for n in range(1, 61)))
        async with disguised(node.sip_port, "127.4.3.1") as (relay, port):
            attack = asyncio.create_task(crack("127.4.3.1", port, words, tmp_path))
            async with asyncio.timeout(30):
                while relay.answers < 60:
                    assert not attack.done(), attack.result()
                    await phones.register("1000", answers)
                    await asyncio.sleep(0.1)
            attack.cancel()  # it would wait ten seconds for more
            with contextlib.suppress(asyncio.CancelledError):
                await attack
        assert relay.taken == 0
