"""What the dashboards ask of Prometheus, as text and as names of metrics and labels."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser as promql
import yaml

from svar.probe.figures import Figures
from svar.probe.rounds import Outcome

ROOT = Path(__file__).parent.parent.parent.parent
FOLDER = ROOT / "deploy" / "grafana" / "dashboards"
CHOSEN = {"$__rate_interval": "5m", "$__range": "1h"}
"""What Grafana puts in; what is chosen at the top of a page is everything."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One query of one panel, ready for Prometheus."""

    board: str
    panel: str
    expr: str

    def __str__(self) -> str:
        return f"{self.board}: {self.panel}: {self.expr}"


def boards() -> dict[str, dict[str, Any]]:
    """The dashboards by name, as the files have them."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def asked() -> Iterator[Asked]:
    for name, board in boards().items():
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                yield Asked(name, panel["title"], filled(target["expr"]))


def filled(expr: str) -> str:
    for variable, value in CHOSEN.items():
        expr = expr.replace(variable, value)
    return re.sub(r"\$\w+", ".*", expr)


def recorded() -> dict[str, str]:
    """The recording rules' expressions by name."""
    groups = yaml.safe_load((ROOT / "deploy" / "prometheus" / "recording.yaml").read_text())["groups"]
    return {rule["record"]: rule["expr"] for group in groups for rule in group["rules"]}


def probed() -> str:
    """What `svar probe` tells once a call got through."""
    return probe_figures().text()


def probe_figures() -> Figures:
    found = Figures(["5000"])
    found.note(Outcome("5000", "through", 0.4, 0.5, 0.6, 1.0), int(time.time()))
    return found


def alerting() -> dict[str, str]:
    """The alarms' expressions by name."""
    groups = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yaml").read_text())["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def selected(expr: str) -> Iterator[tuple[str, set[str]]]:
    """The metrics that an expression reads, each with the labels by which it chooses. Raises ValueError."""
    yield from _selected(promql.parse(expr))


def _selected(node: Any) -> Iterator[tuple[str, set[str]]]:
    if isinstance(node, promql.VectorSelector):
        yield node.name or "", {matcher.name for matcher in node.matchers.matchers}
    elif isinstance(node, promql.MatrixSelector):
        yield from _selected(node.vector_selector)
    elif isinstance(node, promql.Call):
        for argument in node.args:
            yield from _selected(argument)
    elif isinstance(node, promql.BinaryExpr):
        yield from _selected(node.lhs)
        yield from _selected(node.rhs)
    elif isinstance(node, promql.AggregateExpr | promql.ParenExpr | promql.UnaryExpr | promql.SubqueryExpr):
        yield from _selected(node.expr)
