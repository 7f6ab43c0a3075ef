"""The gates that a version passes before callers get it."""

from pathlib import Path

import pytest

from svar import gates
from svar.config import Config
from tests.svar.editions import flow

SHOWN = Path("flows")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "main.yaml").write_text(flow("one"))
    return tmp_path


def test_flows_without_mistakes_pass_every_gate(folder: Path) -> None:
    verdicts = gates.examine(Config(), folder, SHOWN)
    assert [verdict.name for verdict in verdicts] == [name for name, _ in gates.GATES]
    assert all(verdict.passed and verdict.told == "passed" and not verdict.lines for verdict in verdicts)


def test_mistakes_are_told_where_they_stand_and_later_gates_are_not_run(folder: Path) -> None:
    (folder / "main.yaml").write_text(flow("one").replace("start: bye", "start: by"))
    first, *others = gates.examine(Config(), folder, SHOWN)
    assert (first.passed, first.told) == (False, "1 mistake")
    assert first.lines[0].startswith("flows/main.yaml:5:")
    assert {(verdict.passed, verdict.told) for verdict in others} == {(False, "not run")}
    assert first.record().told == "1 mistake"


def test_a_language_that_nobody_can_hear_is_refused(folder: Path) -> None:
    (folder / "main.yaml").write_text(
        flow("one")
        .replace("languages: [nb]", "languages: [nb, se]")
        .replace("say: {nb: one}", "say: {nb: one, se: okta}")
    )
    verdicts = {verdict.name: verdict for verdict in gates.examine(Config(), folder, SHOWN)}
    refused = [verdict for verdict in verdicts.values() if verdict.lines]
    assert any("'se'" in line for verdict in refused for line in verdict.lines)
    assert not verdicts["prompts"].passed


def test_a_scenario_that_ends_otherwise_is_refused(folder: Path) -> None:
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "main.yaml").write_text(
        "number: 5000\nscenarios:\n  - name: says it\n    caller: []\n    expect: {outcome: answered}\n"
    )
    verdicts = {verdict.name: verdict for verdict in gates.examine(Config(), folder, SHOWN)}
    assert verdicts["check"].passed
    assert not verdicts["test"].passed
    assert verdicts["test"].lines


def test_many_mistakes_are_counted(folder: Path) -> None:
    nodes = "".join(f"  n{n}: {{type: hangup}}\n" for n in range(80))
    (folder / "main.yaml").write_text(flow("one") + nodes)
    first = gates.examine(Config(), folder, SHOWN)[0]
    assert first.told == "80 mistakes"
    assert len(first.lines) == gates.MOST_LINES + 1
    assert first.lines[-1] == "... and 30 more"
