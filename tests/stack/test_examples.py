"""The other examples of `deploy/`: systemd's units, nginx and the nodes' configurations, each read by its program."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.interop.peers import require
from tests.ports import free_port
from tests.stack.processes import NGINX, listens
from tests.stack.shipped import DEPLOY, ROOT, Loopback, Service
from tests.svar.system.installation import eventually

UNIT = DEPLOY / "systemd" / "svar@.service"
MOST_EXPOSED = 1.5
"""Of 10, as `systemd-analyze security` counts. What is left is the network, which a node is there for."""


def told(command: list[str], **environment: str) -> str:
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


# --- systemd ---


def of_systemd(program: str) -> str:
    """Skips where there is none, in CI too: a container has no use for it."""
    return shutil.which(program) or pytest.skip(f"{program} is not installed")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, and the others beside it, with this checkout in place of /opt/svar."""
    for path in UNIT.parent.glob("svar*@.*"):
        (tmp_path / path.name).write_text(path.read_text().replace("/opt/svar", str(ROOT)))
    return tmp_path / UNIT.name


@pytest.mark.interop
def test_systemd_takes_the_units(unit: Path) -> None:
    units = [str(path) for path in sorted(unit.parent.glob("svar*@.*"))]
    assert len(units) == 3
    said = told([of_systemd("systemd-analyze"), "verify", "--man=no", "--recursive-errors=no", *units])
    assert "svar" not in said, said


@pytest.mark.interop
def test_systemd_finds_little_that_the_unit_leaves_open(unit: Path) -> None:
    said = told([of_systemd("systemd-analyze"), "security", "--offline=yes", "--no-pager", str(unit)])
    overall = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert overall is not None, said
    assert float(overall[1]) <= MOST_EXPOSED, said


@pytest.mark.interop
def test_systemd_makes_the_user_and_the_folders(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    for program, name in (("systemd-sysusers", "svar.sysusers"), ("systemd-tmpfiles", "svar.tmpfiles")):
        words = [of_systemd(program), f"--root={tmp_path}", str(DEPLOY / "systemd" / name)]
        if os.geteuid() != 0:
            pytest.skip("making users needs root, below any folder")
        told([*words[:2], *(["--create"] if "tmpfiles" in program else []), words[2]])
    assert "svar:" in (tmp_path / "etc/passwd").read_text()
    assert (tmp_path / "etc/svar/secrets").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "var/lib/svar").is_dir()


def test_the_unit_starts_what_was_checked() -> None:
    lines = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if re.match(r"Exec\w+=", line))
    begins = "/opt/svar/.venv/bin/python -m svar "
    assert lines["ExecStartPre"] == f"{begins}check --config /etc/svar/%i.toml"
    assert lines["ExecStart"] == f"{begins}serve --config /etc/svar/%i.toml --json-logs"


# --- the nodes' configurations ---


def test_a_nodes_configuration_passes_its_check_and_the_others_is_the_same_but_for_its_number(tmp_path: Path) -> None:
    first, second = ((DEPLOY / "compose" / f"svar-{n}.toml").read_text() for n in (1, 2))
    for old, new in (("svar-1", "svar-2"), ("172.28.10.21", "172.28.10.22"), (":2221", ":2222"), ("Node 1", "Node 2")):
        first = first.replace(old, new)
    assert first == second
    told([str(DEPLOY / "secrets.sh")], SECRETS=str(tmp_path / "secrets"))
    loopback = Loopback.taken()
    with loopback.mark:
        service = Service("svar-1", tmp_path, loopback)
        service.lay()
        config = service.put("/etc/svar/svar.toml")
        said = told([sys.executable, "-m", "svar", "check", "--config", config], **service.environment())
    assert "no mistakes" in said
    assert "warning" not in said


def test_the_configuration_of_one_node_passes_its_check(tmp_path: Path) -> None:
    told([str(DEPLOY / "secrets.sh")], SECRETS=str(tmp_path / "secrets"))
    shutil.copy(DEPLOY / "site.toml", tmp_path)
    shutil.copytree(DEPLOY / "flows", tmp_path / "flows")
    for key in (tmp_path / "secrets").glob("*.key"):
        key.chmod(0o600)
    said = told([sys.executable, "-m", "svar", "check", "--config", str(tmp_path / "site.toml")])
    assert "no mistakes" in said
    assert "warning" not in said


# --- nginx ---


def laid_for_nginx(folder: Path, *nodes: int) -> tuple[Path, int]:
    """The shipped file with a port, a certificate, and the places of the nodes put in; the main file, and the port."""
    told([str(DEPLOY / "secrets.sh")], SECRETS=str(folder / "secrets"))
    text, port = (DEPLOY / "nginx" / "svar.conf").read_text(), free_port()
    more = (folder / "svar.d").absolute()
    more.mkdir()
    shutil.copy(DEPLOY / "nginx" / "grafana.conf", more)
    (more / "grafana.conf").write_text((more / "grafana.conf").read_text().replace("grafana:3000", "127.0.0.1:9"))
    changes = [
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("listen 80;", f"listen 127.0.0.1:{free_port()};"),
        ("/run/secrets/", f"{folder}/secrets/"),
        ("/etc/nginx/svar.d", str(more)),
        *((f"svar-{n}:8080", f"127.0.0.1:{node}") for n, node in enumerate(nodes, 1)),
    ]
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "svar.conf").write_text(text)
    main = folder / "nginx.conf"
    main.write_text(NGINX.format(folder=folder, conf=folder / "svar.conf"))
    return main, port


@asynccontextmanager
async def a_node(port: int) -> AsyncIterator[list[str]]:
    """What stands behind nginx: it notes what it is asked, and tells one event that is not the last."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head)
        if " /events " in head:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: first\n\n")
            await writer.drain()
            await reader.read()  # until nginx goes
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    async with server:
        yield asked


async def asked_of(port: int, path: str, *more: str, until: bytes = b"") -> str:
    """What nginx answers; a stream up to `until`."""
    words = ["curl", "-sSikN", "--max-time", "20", "-H", "X-Forwarded-For: 1.2.3.4", *more]
    words.append(f"https://127.0.0.1:{port}{path}")
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    if until:
        heard = await asyncio.wait_for(process.stdout.readuntil(until), 30)
        process.kill()
        await process.wait()
        return heard.decode()
    heard, _ = await process.communicate()
    return heard.decode()


@pytest.mark.interop
async def test_nginx_passes_events_on_at_once_hides_what_is_inside_and_slows_down_who_guesses(tmp_path: Path) -> None:
    require("curl")
    nodes = free_port(), free_port()
    main, port = laid_for_nginx(tmp_path, *nodes)
    program = require("nginx")
    told([program, "-t", "-p", str(tmp_path), "-c", str(main)])
    async with a_node(nodes[0]) as first, a_node(nodes[1]) as second:
        process = await asyncio.create_subprocess_exec(program, "-p", str(tmp_path), "-c", str(main))
        try:
            await eventually(lambda: listens("127.0.0.1", port), "nginx", 30)
            assert "200" in await asked_of(port, "/")
            head = (first + second)[0].lower()
            assert "x-forwarded-for: 127.0.0.1\r\n" in head
            assert "x-forwarded-proto: https\r\n" in head
            assert "data: first" in await asked_of(port, "/events", until=b"data: first")
            for hidden in ("/metrics", "/health", "/live"):
                assert " 404" in (await asked_of(port, hidden)).splitlines()[0]
            assert not any(f" {path} " in one for one in first + second for path in ("/metrics", "/health", "/live"))
            answers = await asyncio.gather(*(asked_of(port, "/login", "-d", f"password={n}") for n in range(16)))
            statuses = [one.split()[1] for one in answers]
            assert statuses.count("429") >= 3
            assert statuses.count("200") >= 10
            assert "strict-transport-security" in answers[0].lower()
        finally:
            process.terminate()
            await process.wait()
