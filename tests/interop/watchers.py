"""A real Prometheus and a real Alertmanager as children, set up by the files in deploy/, and a webhook that listens."""

import asyncio
import json
import os
import shutil
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from svar.probe.figures import serve
from tests.ports import free_port
from tests.svar.dashboards.expressions import probe_figures
from tests.svar.system.installation import ROOT, eventually

DEPLOY = ROOT / "deploy"
READY_S = 30.0


def found(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        assert "CI" not in os.environ, f"{name} is missing: apt install prometheus prometheus-alertmanager"
        pytest.skip(f"{name} is missing: apt install prometheus prometheus-alertmanager")
    return path


@dataclass
class Webhook:
    """Keeps every alarm that it is told of, by name and state."""

    port: int = 0
    told: list[dict[str, Any]] = field(default_factory=list)

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line.partition(":")[2]) for line in head.splitlines() if line.lower().startswith("content-len")
        )
        body = json.loads(await reader.readexactly(length))
        self.told += body["alerts"]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    def alarms(self, name: str, status: str = "firing") -> list[dict[str, Any]]:
        return [one for one in self.told if one["labels"]["alertname"] == name and one["status"] == status]


@dataclass(frozen=True)
class Watchers:
    """The three of them, running."""

    prometheus_port: int
    webhook: Webhook

    async def ask(self, expr: str) -> list[dict[str, Any]]:
        """What Prometheus answers now."""
        url = f"http://127.0.0.1:{self.prometheus_port}/api/v1/query?" + urllib.parse.urlencode({"query": expr})
        answer = json.loads(await asyncio.to_thread(_get, url))
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result


@asynccontextmanager
async def watching(folder: Path, target: int) -> AsyncIterator[Watchers]:
    """Watch the node whose /metrics is at the port `target`, by the shipped rules, with every wait cut to a second.

    Beside it stands what a probe tells whose call got through.
    """
    webhook = Webhook()
    ports = free_port(), free_port()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(await asyncio.start_server(webhook.hear, "127.0.0.1", 0))
        webhook.port = server.sockets[0].getsockname()[1]
        probe = serve(probe_figures(), "127.0.0.1:0")
        stack.callback(probe.server_close)
        stack.callback(probe.shutdown)
        _set_up(folder, {"svar": target, "svar_probe": probe.server_port}, ports, webhook.port)
        at = f"--web.listen-address=127.0.0.1:{ports[0]}"
        await stack.enter_async_context(
            _child(folder, "prometheus", "--config.file=prometheus.yaml", "--storage.tsdb.path=data", at)
        )
        at = f"--web.listen-address=127.0.0.1:{ports[1]}"
        words = "--config.file=alertmanager.yaml", "--storage.path=alerts", "--cluster.listen-address=", at
        await stack.enter_async_context(_child(folder, "prometheus-alertmanager", *words))
        for port in ports:
            await eventually(lambda port=port: _is_ready(port), f"answer at port {port}", READY_S)  # type: ignore[misc]
        yield Watchers(ports[0], webhook)


def _set_up(folder: Path, targets: Mapping[str, int], ports: tuple[int, int], webhook: int) -> None:
    config = _shipped("prometheus/prometheus.yaml")
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{ports[1]}"]
    config["scrape_configs"] = [
        {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]} for job, port in targets.items()
    ]
    rules = {name: _shipped(f"prometheus/{name}") for name in ("recording.yaml", "alerts.yaml")}
    for group in [group for one in rules.values() for group in one["groups"]]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            if "alert" in rule:
                rule["for"] = "1s"
    routes = _shipped("alertmanager/alertmanager.yaml")
    routes["route"] |= {"group_wait": "1s", "group_interval": "1s"}
    for route in routes["route"]["routes"]:
        route |= {"group_wait": "1s"}
    for receiver in routes["receivers"]:
        receiver.pop("email_configs", None)
        receiver["webhook_configs"] = [{"url": f"http://127.0.0.1:{webhook}/{receiver['name']}", "send_resolved": True}]
    for name, content in (rules | {"prometheus.yaml": config, "alertmanager.yaml": routes}).items():
        (folder / name).write_text(yaml.safe_dump(content))


def _shipped(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text())


@asynccontextmanager
async def _child(folder: Path, name: str, *words: str) -> AsyncIterator[None]:
    with (folder / f"{name}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(found(name), *words, cwd=folder, stdout=log, stderr=log)
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _is_ready(port: int) -> bool:
    try:
        await asyncio.to_thread(_get, f"http://127.0.0.1:{port}/-/ready")
    except OSError:
        return False
    return True


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as response:
        body: bytes = response.read()
        return body
