"""baresip and linphone over TLS with SRTP, against `svar serve`, as agents and callers. linphone checks our
certificate, baresip 1.0 takes any.
"""

import asyncio
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.prompts.cache import speech_name
from ivr.prompts.speech import VOICES
from tests.interop.linphone import Linphone, linphone
from tests.interop.peers import require
from tests.interop.phones import Baresip, baresip, free_stream_port
from tests.interop.sound import Samples, a_law_file, likeness, power_at, share_alike, wav_file
from tests.sip.aio.authority import Authority
from tests.svar.system.installation import Installation, eventually, running

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

TALK_S = 1.5
ALIKE, PURE = 0.8, 0.9

PARTS = """
[tls]
port = {port}
certificate = "{certificate}"
key = "{key}"
[[queue]]
name = "work"
[[agent]]
name = "anna"
skills = {{ work = 5 }}
srtp = "required"
[[agent]]
name = "bjorn"
skills = {{ work = 5 }}
srtp = "required"
"""
TRUNK = '[[trunk]]\nname = "loopback"\nnetworks = ["127.0.0.0/8"]\nmedia.srtp = "required"\n'
MENU = "Tast to for å vente på en rådgiver, eller vent litt."
FLOWS = {
    "menu.yaml": f"""
flow: menu
title: Menu
numbers: [5000]
languages: [nb]
start: menu
nodes:
  menu: {{type: menu, say: {{nb: "{MENU}"}}, keys: {{2: wait}}, wait: 5s, attempts: 3, no_choice: bye}}
  wait: {{type: queue, queue: work, overflow: bye, unavailable: bye, next: bye}}
  bye: {{type: hangup, say: {{nb: Ha det bra.}}}}
""",
    "bye.yaml": """
flow: bye
title: Bye
numbers: [5001]
languages: [nb]
start: bye
nodes:
  bye: {type: hangup, say: {nb: "Takk for at du ringte, og ha en riktig god dag."}}
""",
}


@dataclass(slots=True)
class Secured:
    """A node that listens to TLS, and wants SRTP of everybody."""

    installation: Installation
    authority: Authority
    port: int

    def spoken(self, text: str) -> Samples:
        return a_law_file(self.installation.state / "prompts" / speech_name(text, VOICES["nb"]))

    def baresip(
        self, folder: Path, user: str, *, password: str = "", ca: str = ""
    ) -> AbstractAsyncContextManager[Baresip]:
        """An agent, who has a password, says 880 Hz and takes every call; a caller says 440 Hz."""
        return baresip(
            folder / user, user, self.port, password=password, answers=bool(password), srtp="srtp-mand",
            tone_hz=880 if password else 440, transport="tls", ca=ca or self.authority.file,
        )  # fmt: skip

    def linphone(
        self, folder: Path, *, port: int = 0, ca: str = "", user: str = "bjorn"
    ) -> AbstractAsyncContextManager[Linphone]:
        password = self.installation.password(user)
        ca = ca or self.authority.file
        return linphone(folder / user, user, port or self.port, password=password, ca=ca, tone_hz=880)

    async def until_ready(self, agents: int) -> None:
        async def seen() -> bool:
            return (await self.installation.agents()).get("ready", 0) == agents

        await eventually(seen, f"{agents} ready agents", 20, self.installation.agents)

    async def certificate(self) -> bytes:
        """What it shows now."""
        context = ssl.create_default_context(cafile=self.authority.file)
        _, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=context)
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        assert isinstance(shown, bytes)
        return shown


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Secured]:
    for program in ("baresip", "linphonec"):
        require(program)
    folder = tmp_path_factory.mktemp("node")
    authority = Authority(folder)
    certificate, key = issue(authority)
    port = free_stream_port()
    parts = PARTS.format(port=port, certificate=certificate, key=key)
    installation = Installation(folder / "n", parts, flows=FLOWS, trunks=TRUNK)
    config = installation.config.read_text()
    installation.config.write_text(config.replace("domains = [", 'domains = ["localhost", '))
    async with running(installation):
        yield Secured(installation, authority, port)


def issue(authority: Authority) -> tuple[str, str]:
    return authority.issue("localhost", "localhost", "127.0.0.1", "sip:127.0.0.1", file="server")


async def to_the_queue(node: Secured, caller: Baresip) -> None:
    await caller.dial(f"sip:5000@127.0.0.1:{node.port};transport=tls")
    await caller.event("CALL_ESTABLISHED")
    await asyncio.sleep(TALK_S)
    await caller.press("2")


def heard_the_menu(node: Secured, caller: Baresip) -> bool:
    return likeness(wav_file(caller.heard()), node.spoken(MENU)[:8000])[0] > ALIKE


async def test_baresip_talks_over_tls_and_srtp_while_the_certificate_is_renewed(node: Secured, tmp_path: Path) -> None:
    password = node.installation.password("anna")
    async with node.baresip(tmp_path, "anna", password=password) as agent, node.baresip(tmp_path, "4799") as caller:
        await agent.dial(f"sip:*1@127.0.0.1:{node.port};transport=tls")
        await agent.event("CALL_CLOSED")
        assert likeness(wav_file(agent.heard()), node.spoken("Du er klar."))[0] > ALIKE
        await to_the_queue(node, caller)
        await agent.event("CALL_ESTABLISHED", 2)
        before = await node.certificate()
        issue(node.authority)
        assert node.installation.process is not None
        node.installation.process.send_signal(signal.SIGHUP)

        async def renewed() -> bool:
            return await node.certificate() != before

        await eventually(renewed, "the new certificate")
        await asyncio.sleep(TALK_S)
        await caller.command("hold")
        await asyncio.sleep(0.5)
        await caller.command("resume")
        await asyncio.sleep(TALK_S)
        await agent.hang_up()
        await caller.event("CALL_CLOSED")
        assert "RTP/SAVP 8" in caller.log()
        assert "a=crypto:" in agent.log()
    assert heard_the_menu(node, caller)
    # baresip's recording of what it hears ends at its hold; the agent's goes on to the end of the call.
    assert power_at(wav_file(caller.heard())[-8000:], 880) > PURE
    assert power_at(wav_file(agent.heard())[-8000:], 440) > PURE
    await node.until_ready(0)


async def test_linphone_is_an_agents_phone_and_a_callers_over_tls_and_srtp(node: Secured, tmp_path: Path) -> None:
    """As a caller the node knows it by its address: it rings a service without its password."""
    async with node.linphone(tmp_path) as agent, node.baresip(tmp_path, "4799") as caller:
        await node.until_ready(1)
        await to_the_queue(node, caller)
        await agent.says("Media streams established")
        await asyncio.sleep(TALK_S)
        await caller.hang_up()
        await agent.says("ended")
        assert heard_the_menu(node, caller)
        assert power_at(wav_file(caller.heard())[-8000:], 880) > PURE
        assert power_at(wav_file(agent.heard)[-8000:], 440) > PURE
        await agent.command(f"call sip:5001@localhost:{node.port};transport=tls")
        await agent.says("Media streams established", 2)
        await agent.says("ended", 2)
        said = node.spoken("Takk for at du ringte, og ha en riktig god dag.")
        # Its jitter buffer leaves out or puts in 10 ms on a busy machine; the rest is the same, sample by sample.
        assert share_alike(wav_file(agent.heard), said) > ALIKE
    await node.until_ready(0)


class Wire:
    """A TCP relay whose connections can be cut."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._writers: list[asyncio.StreamWriter] = []
        self.connections = 0

    async def joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        self.connections += 1
        self._writers += [writer, far_writer]
        await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer), return_exceptions=True)

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def wire(to_port: int) -> AsyncIterator[tuple[Wire, int]]:
    made = Wire(to_port)
    server = await asyncio.start_server(made.joined, "127.0.0.1", 0)
    try:
        yield made, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        made.cut()


async def test_linphone_registers_anew_when_its_connection_is_lost(node: Secured, tmp_path: Path) -> None:
    async with wire(node.port) as (cable, port), node.linphone(tmp_path, port=port) as agent:
        await node.until_ready(1)
        cable.cut()
        await eventually(lambda: cable.connections == 2, "another connection", 20)
        await node.until_ready(1)
        async with node.baresip(tmp_path, "4799") as caller:
            await to_the_queue(node, caller)
            await agent.says("Media streams established")
            await caller.hang_up()
            await agent.says("ended")
    await node.until_ready(0)


async def test_linphone_does_not_speak_to_a_node_whose_authority_it_does_not_know(
    node: Secured, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other")
    async with node.linphone(tmp_path, ca=other.file) as phone:
        await phone.logs("Certificate verification failed")
        assert "ready" not in await node.installation.agents()
