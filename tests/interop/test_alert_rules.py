"""The rules of deploy/prometheus: promtool reads and tries them, and each alarm has its runbook."""

import asyncio
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
RULES = ROOT / "deploy" / "prometheus"
GROUPS: list[dict[str, Any]] = yaml.safe_load((RULES / "alerts.yaml").read_text())["groups"]
ALERTS: dict[str, dict[str, Any]] = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}
FILES = ("alerts.yaml", "slow_alerts.yaml")
CASES: list[dict[str, Any]] = [
    case for file in FILES for case in yaml.safe_load((RULES / "tests" / file).read_text())["tests"]
]
PARTS = ("It means", "Callers notice", "Look at", "Do")


async def tool(name: str, *words: str, folder: Path = RULES) -> str:
    """What Prometheus' or Alertmanager's own tool says, which has to be content."""
    found = shutil.which(name)
    if found is None:
        assert "CI" not in os.environ, f"{name} is missing: apt install prometheus prometheus-alertmanager"
        pytest.skip(f"{name} is missing: apt install prometheus prometheus-alertmanager")
    done = await asyncio.to_thread(
        subprocess.run, [found, *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.interop
async def test_promtool_reads_the_rules_and_the_configuration() -> None:
    told = await tool("promtool", "check", "config", "prometheus.yaml")
    assert f"{len(ALERTS)} rules found" in told


@pytest.mark.interop
async def test_each_alarm_fires_when_it_should_and_not_before_or_beside() -> None:
    await tool("promtool", "test", "rules", *FILES, folder=RULES / "tests")


@pytest.mark.interop
async def test_what_all_nodes_tell_is_counted_once() -> None:
    await tool("promtool", "test", "rules", "recording.yaml", folder=RULES / "tests")


@pytest.mark.interop
async def test_amtool_reads_the_routes() -> None:
    file = ROOT / "deploy" / "alertmanager" / "alertmanager.yaml"
    assert "2 receivers" in await tool("amtool", "check-config", str(file))
    led = [
        (await tool("amtool", "config", "routes", "test", f"--config.file={file}", f"severity={severity}")).split()[0]
        for severity in ("critical", "warning")
    ]
    assert led == ["on-call", "mail"]


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alarm_is_tried_both_ways(alert: str) -> None:
    (case,) = [case for case in CASES if case["name"].split()[0] == alert]
    fired = [tried["exp_samples"] for tried in case["promql_expr_test"] if f'alertname="{alert}"' in tried["expr"]]
    assert [] in fired
    assert any(fired)


@pytest.mark.parametrize("alert", ALERTS)
def test_whoever_is_woken_is_told_what_it_means_and_what_to_do(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["runbook_url"] == f"docs/alerts.md#{alert.lower()}"
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["description"]
    section = sections()[alert]
    assert [part for part in PARTS if f"**{part}**" not in section] == []
    assert f"{rule['labels']['severity']}" in section


def test_no_runbook_is_left_over() -> None:
    assert sorted(sections()) == sorted(ALERTS)


def sections() -> dict[str, str]:
    """The runbook's sections by alarm."""
    parts = re.split(r"^## (\w+)$", (ROOT / "docs" / "alerts.md").read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
