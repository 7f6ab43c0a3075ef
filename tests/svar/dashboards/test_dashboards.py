"""The dashboards as files: up to date, laid out without overlap, and asking only for what svar tells.

How they look is not shown here: that takes a Grafana.
"""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from prometheus_client.parser import text_string_to_metric_families

from metrics.pipeline import Folds
from metrics.prometheus import Exposition
from svar.dashboards.files import FOLDER, files
from svar.dashboards.panels import COLUMNS, SOURCE
from svar.figures import HISTOGRAMS, MEANT
from tests.svar.dashboards.expressions import ROOT, alerting, asked, boards, filled, probed, recorded, selected

FILES = files()
BOARDS = boards()
ASKED = list(asked())
TARGET = {"instance", "job"}
OTHERS = {
    "up": set(),
    "ALERTS": {"alertname", "alertstate", "severity"},
    "process_cpu_seconds_total": set(),
    "process_resident_memory_bytes": set(),
    "process_start_time_seconds": set(),
}
"""What Prometheus and the client library tell, with their labels."""


def known() -> dict[str, set[str]]:
    """Every metric that may be asked for, with its labels."""
    found = {name: labels | TARGET for name, labels in OTHERS.items()}
    for family in Exposition([Folds("t")], zone=ZoneInfo("UTC"), lag_s=lambda: 0.0).scrape(0).collect():
        labels = set(family._labelnames) | TARGET  # type: ignore[attr-defined]  # there is no other way to them
        if family.type == "histogram":
            found |= {f"{family.name}_{part}": labels | {"le"} for part in ("bucket", "count", "sum")}
        else:
            found[family.name + ("_total" if family.type == "counter" else "")] = labels
    for family in text_string_to_metric_families(probed()):
        found[family.name] = TARGET.union(*(sample.labels for sample in family.samples))
    for text in MEANT:
        name, _, labels_text = text.removesuffix("}").partition("{")
        labels = {*filter(None, labels_text.split(",")), "tenant"} | TARGET
        if name in HISTOGRAMS:
            found |= {f"svar_{name}_{part}": labels | {"le"} for part in ("bucket", "count", "sum")}
        else:
            found[f"svar_{name}"] = labels
    return found


KNOWN = known()
RECORDED = recorded()


def strange(expr: str) -> list[str]:
    """What an expression reads that nobody tells."""
    wrong = []
    for name, labels in selected(expr):
        if name in RECORDED:
            continue
        if name not in KNOWN:
            wrong.append(name)
        else:
            wrong += [f"{name}{{{label}}}" for label in labels - KNOWN[name]]
    return wrong


@pytest.mark.parametrize("path", FILES)
def test_a_dashboard_is_not_stale(path: str) -> None:
    assert (ROOT / path).read_text() == FILES[path], f"{path} is stale: run `make docs`"


def test_no_dashboard_is_left_over() -> None:
    assert {f"{FOLDER}/{name}.json" for name in BOARDS} == set(FILES)


@pytest.mark.parametrize("one", ASKED, ids=lambda one: f"{one.board}-{one.panel}")
def test_a_panel_asks_only_for_what_is_told(one: Any) -> None:
    assert strange(one.expr) == []


@pytest.mark.parametrize("name", RECORDED | alerting())
def test_a_rule_asks_only_for_what_is_told(name: str) -> None:
    assert strange((RECORDED | alerting())[name]) == []


@pytest.mark.parametrize("name", BOARDS)
def test_panels_do_not_overlap_and_fill_their_rows(name: str) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in BOARDS[name]["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= COLUMNS, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies over {taken[x, y]}"
                taken[x, y] = panel["title"]
    bottom = max(y for _, y in taken) + 1
    assert len(taken) == bottom * COLUMNS, "there are holes between the panels"


@pytest.mark.parametrize("name", BOARDS)
def test_a_table_has_options_and_puts_its_first_figure_on_top(name: str) -> None:
    for panel in BOARDS[name]["panels"]:
        if panel["type"] == "table":
            (first,) = panel["options"]["sortBy"]
            assert first["desc"]
            (organized,) = [one["options"] for one in panel["transformations"] if one["id"] == "organize"]
            assert first["displayName"] in organized["renameByName"].values()


@pytest.mark.parametrize("name", BOARDS)
def test_panels_are_told_apart_and_explained_in_two_languages(name: str) -> None:
    board = BOARDS[name]
    panels = [panel for panel in board["panels"] if panel["type"] != "text"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert [panel["title"] for panel in panels if " · " not in panel["title"]] == []
    assert [panel["title"] for panel in panels if len(panel.get("description", "")) < 20] == []
    assert {panel["datasource"]["uid"] for panel in panels} == {SOURCE.uid}


def test_each_chosen_value_is_offered_at_the_top() -> None:
    for name, board in BOARDS.items():
        offered = {one["name"]: one["query"]["query"] for one in board["templating"]["list"]}
        used = {
            word
            for panel in board["panels"]
            for target in panel.get("targets", ())
            for word in offered | dict.fromkeys(("tenant", "queue", "site", "flow", "instance"))
            if f"${word}" in target["expr"]
        }
        assert used == set(offered), name
        for variable, query in offered.items():
            metric = query.removeprefix("label_values(").partition(",")[0]
            assert variable in KNOWN[metric], f"{name}: {metric} has no label {variable}"


def test_the_overview_begins_with_how_it_is_read_and_has_few_panels() -> None:
    panels = BOARDS["land"]["panels"]
    assert panels[0]["type"] == "text"
    assert len(panels) <= 12


def test_what_nobody_tells_is_seen() -> None:
    assert strange('sum(svar_queue_waiting{colour="red"}) + rate(svar_nothing_total[5m])') == [
        "svar_queue_waiting{colour}",
        "svar_nothing_total",
    ]
    assert filled('x{queue=~"$queue"}[$__range]') == 'x{queue=~".*"}[1h]'
