"""What happens around a node's life at the command line: mistakes at the start, and Ctrl-C at any moment."""

import asyncio
import re
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex

import pytest

from sip.aio.user_agent import UserAgent
from sip.config import Address, CoreConfig
from sip.core import UserAgentCore
from sip.message.uri import SipUri
from svar.commands.serve import EXAMPLE
from svar.figures import MEANT
from tests.ivr.sip_lab import Handset
from tests.sip.aio.authority import Authority
from tests.svar.system.installation import ROOT, borrow_spoken, keep_spoken

DEADLINE_S = 30.0
HEAD = (
    '[node]\nstate = "{state}"\n[sip]\nport = 0\n[http]\nport = 0\n[mqtt]\nurl = "off"\n[flows]\nfolder = "{flows}"\n'
)
FLOW = """
flow: f
title: F
numbers: [5000]
languages: [nb]
start: bye
nodes:
  bye: {type: hangup, say: {nb: Ha det.}}
"""


WAITING = """
flow: f
title: F
numbers: [5000]
languages: [nb]
start: wait
nodes:
  wait: {type: queue, queue: work, waiting: {}, overflow: bye, unavailable: bye, next: bye}
  bye: {type: hangup, say: {nb: Ha det.}}
"""
PATIENT = """
[limits]
shutdown_s = 600
[[queue]]
name = "work"
[[trunk]]
name = "loopback"
networks = ["127.0.0.0/8"]
"""


def configured(folder: Path, more: str = "") -> Path:
    (folder / "flows").mkdir()
    (folder / "flows" / "f.yaml").write_text(FLOW)
    borrow_spoken(folder / "state")
    path = folder / "svar.toml"
    path.write_text(HEAD.format(state=folder / "state", flows=folder / "flows") + more)
    return path


@asynccontextmanager
async def served(config: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "svar", "serve", "--config", str(config),
        cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        keep_spoken(config.parent / "state")


async def said(process: asyncio.subprocess.Process) -> str:
    """All that it says until its end."""
    assert process.stdout is not None
    async with asyncio.timeout(DEADLINE_S):
        text = (await process.stdout.read()).decode()
        await process.wait()
    return text


async def heard(process: asyncio.subprocess.Process, word: str) -> str:
    """The line with `word`."""
    assert process.stdout is not None
    async with asyncio.timeout(DEADLINE_S):
        while word not in (line := (await process.stdout.readline()).decode()):
            assert line, f"it ended without {word!r}"
    return line


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ('[redis]\nurl = "unix:///nowhere/redis.sock"\n', "redis: ConnectionError"),
        ('[redis]\nurl = "nowhere"\n', "[redis] url: expected redis://"),
        ("[media]\nfirst_port = 9\nlast_port = 8\n", "[media] first_port = 9"),
    ],
)
async def test_a_start_that_cannot_be_says_why_without_a_traceback(tmp_path: Path, more: str, expected: str) -> None:
    async with served(configured(tmp_path, more)) as process:
        text = await said(process)
    assert text.startswith("svar cannot start:\n")
    assert expected in text
    assert "Traceback" not in text
    assert process.returncode == 1


async def test_a_second_svar_on_the_state_folder_leaves_the_first_alone(tmp_path: Path) -> None:
    config = configured(tmp_path)
    async with served(config) as first:
        await heard(first, "svar ready")
        async with served(config) as second:
            assert f"another svar (process {first.pid}) uses the state folder" in await said(second)
        first.send_signal(signal.SIGTERM)
        assert (await said(first)).endswith("stopped\n")
        assert first.returncode == 0


async def test_ctrl_c_while_it_starts_ends_it_and_leaves_nothing_running(tmp_path: Path) -> None:
    async with served(configured(tmp_path)) as process:
        lock = tmp_path / "state" / "redis" / "redis.log"  # its Redis has begun, so its signals are set up
        async with asyncio.timeout(DEADLINE_S):
            while not lock.exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.005)
        process.send_signal(signal.SIGINT)
        text = await said(process)
    assert "Traceback" not in text
    assert text.endswith(("stopped before it had started\n", "stopped\n"))
    assert process.returncode == 0
    assert not (tmp_path / "state" / "redis" / "redis.sock").exists()


async def test_ctrl_c_twice_hangs_up_who_is_in_a_call(tmp_path: Path) -> None:
    config = configured(tmp_path, PATIENT)
    (tmp_path / "flows" / "f.yaml").write_text(WAITING)
    phone = UserAgent(UserAgentCore(CoreConfig(), lambda: token_hex(8)), Address("127.0.0.1", 0))
    await phone.start()
    handset = Handset(phone)
    try:
        async with served(config) as process:
            port = int((await heard(process, "svar ready")).partition("sip=127.0.0.1:")[2].split()[0])
            handset.dial(SipUri("5000", "127.0.0.1", port), Address("127.0.0.1", port), handset.rtp.sdp())
            await handset.connected()
            process.send_signal(signal.SIGINT)
            await heard(process, "stopping")
            assert not handset.ended
            process.send_signal(signal.SIGINT)
            assert (await said(process)).endswith("stopped\n")
        assert process.returncode == 0
        assert handset.ended
    finally:
        await phone.close()
        handset.rtp.hang_up()


def test_the_example_is_where_serve_looks_for_it() -> None:
    assert EXAMPLE.is_file()


async def test_every_figure_that_a_node_shows_of_itself_is_explained(tmp_path: Path) -> None:
    """Only nodes with workers or rtpengines count them; Redis and the disk are looked at soon after the start."""
    certificate, key = Authority(tmp_path).issue("svar.example", "127.0.0.1", file="server")
    tls = f'[tls]\nport = 0\ncertificate = "{certificate}"\nkey = "{key}"\n'
    async with served(configured(tmp_path, tls)) as process:
        place = (await heard(process, "svar ready")).partition(" http=")[2].split()[0]
        reader, writer = await asyncio.open_connection(*place.split(":"))
        writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
        async with asyncio.timeout(DEADLINE_S):
            text = (await reader.read()).decode()
        writer.close()
    own = set(re.findall(r"^svar_(\w+) ", text, re.MULTILINE)) - {"event_loop_lag_seconds"}
    own = {re.sub(r"_(count|sum)$", "", name) for name in own}
    others = {name for name in MEANT if "workers" in name or "rtpengines" in name or "{" in name}
    others |= {name for name in MEANT if name.startswith("mqtt_")}  # it is off here
    assert own - MEANT.keys() == set()
    assert {name for name in MEANT.keys() - others - own if not name.startswith(("redis_", "disk_"))} == set()


async def test_node_listens_for_tcp_and_tls_and_reads_certificates_again_on_sighup(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("svar.example", "127.0.0.1", file="server")
    tls = f'[tls]\nport = 0\ncertificate = "{certificate}"\nkey = "{key}"\n'
    async with served(configured(tmp_path, tls)) as process:
        greeting = await heard(process, "svar answers SIP over UDP at 127.0.0.1:")
        ready = await heard(process, "svar ready")
        port = int(ready.partition(" tls=127.0.0.1:")[2].split()[0])
        assert f", TLS at 127.0.0.1:{port}" in greeting
        assert ", TCP at 127.0.0.1:" in greeting
        _, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=ssl.create_default_context(cafile=authority.file)
        )
        writer.close()
        process.send_signal(signal.SIGHUP)
        await heard(process, "certificates were read again")


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (
            "tls",
            "cannot listen for SIP over TLS on 127.0.0.1:{port}: Address already in use; [tls] port",
        ),
        ("sip", "cannot listen for SIP over TCP on 127.0.0.1:{port}: Address already in use; SVAR_SIP_PORT=5070 ch"),
    ],
)
async def test_port_that_is_taken_is_named_with_what_chooses_another(tmp_path: Path, section: str, told: str) -> None:
    certificate, key = Authority(tmp_path).issue("svar.example", "127.0.0.1", file="server")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        tls = f'[tls]\nport = {port if section == "tls" else 0}\ncertificate = "{certificate}"\nkey = "{key}"\n'
        config = configured(tmp_path, tls)
        if section == "sip":
            config.write_text(config.read_text().replace("[sip]\nport = 0", f"[sip]\nport = {port}"))
        async with served(config) as process:
            await heard(process, told.format(port=port))
