"""`svar test`, as an admin and continuous integration run it."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from svar.cli import app
from tests.ivr.simulator.stories import FLOW
from tests.svar.test_check_command import as_it_was

SCENARIOS = """number: 5000
scenarios:
  - {name: a caller hangs up, at: 2026-11-23 10:00, caller: [{hang_up: true}], expect: {outcome: menu_ended}}
  - {name: a caller waits, at: 2026-11-23 10:00, caller: [{press: 1}], expect: {path: [menu, wait, bye]}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "flow.yaml").write_text(FLOW)
    (tmp_path / "scenarios" / "test.yaml").write_text(SCENARIOS)
    return tmp_path


def tried(folder: Path, *arguments: str) -> Result:
    with as_it_was():
        return CliRunner().invoke(app, ["test", "--flows", str(folder), *arguments])


def test_all_scenarios_of_the_folder_are_run(folder: Path) -> None:
    result = tried(folder)
    assert (result.exit_code, result.output.startswith("2 scenarios, 0 failed, ")) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "count"),
    [(["test"], 2), (["5000"], 2), (["-k", "HANGS caller"], 1), (["test", "-k", "waits"], 1), (["--workers", "2"], 2)],
)
def test_scenarios_are_chosen_by_flow_number_and_words(folder: Path, arguments: list[str], count: int) -> None:
    result = tried(folder, *arguments)
    assert result.exit_code == 0
    assert result.output.startswith(f"{count} scenario")


def test_scenarios_are_chosen_by_file(folder: Path) -> None:
    other = folder / "scenarios" / "other.yaml"
    other.write_text(SCENARIOS.split("  - {name: a caller waits")[0])
    assert tried(folder, str(other)).output.startswith("1 scenario,")


def test_a_failure_is_told_and_is_the_exit_code(folder: Path) -> None:
    (folder / "scenarios" / "test.yaml").write_text(SCENARIOS.replace("menu_ended", "answered"))
    result = tried(folder)
    assert result.exit_code == 1
    assert "FAIL a caller hangs up" in result.output
    assert "2 scenarios, 1 failed" in result.output


def test_workers_give_the_same_in_the_same_order(folder: Path) -> None:
    rows = "".join(
        f"  - {{name: n{n}, at: 2026-11-23 10:00, caller: [{{after: {n}s, hang_up: true}}], expect: {{}}}}\n"
        for n in range(7)
    )
    (folder / "scenarios" / "test.yaml").write_text(SCENARIOS.replace("menu_ended", "answered") + rows)
    alone, shared = (json.loads(tried(folder, "--format", "json", *more).stdout) for more in ([], ["--workers", "3"]))
    for row in (*alone, *shared):
        del row["took_ms"]
    assert alone == shared


def test_junit_is_written_for_failures_too(folder: Path) -> None:
    (folder / "scenarios" / "test.yaml").write_text(SCENARIOS.replace("menu_ended", "answered"))
    result = tried(folder, "--junit", str(folder / "out.xml"))
    assert result.exit_code == 1
    cases = list(ElementTree.parse(folder / "out.xml").iter("testcase"))
    assert [len(case) for case in cases] == [1, 0]


def test_a_file_that_cannot_be_written_is_told(folder: Path) -> None:
    result = tried(folder, "--junit", str(folder / "none" / "out.xml"))
    assert (result.exit_code, "cannot be written" in result.output) == (1, True)


def test_mistakes_in_scenarios_are_told_with_their_lines(folder: Path) -> None:
    (folder / "scenarios" / "test.yaml").write_text(SCENARIOS.replace("[menu, wait, bye]", "[menu, wiat, bye]"))
    result = tried(folder)
    assert result.exit_code == 1
    assert "test.yaml:4:94: there is no node 'wiat'; did you mean 'wait'?" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["tset"], "did you mean 'test'?"), (["-k", "nothing like it"], "there is no such scenario")],
)
def test_nothing_to_run_is_no_success(folder: Path, arguments: list[str], said: str) -> None:
    result = tried(folder, *arguments)
    assert result.exit_code != 0
    assert said in result.output


def test_steps_that_no_scenario_comes_to_are_named(folder: Path) -> None:
    output = tried(folder, "--untested").output
    assert "test: no scenario comes to english, case, box, away, text, look, told, ring, sorry" in output


def test_of_one_flow_only_its_own_steps_are_named(folder: Path) -> None:
    (folder / "other.yaml").write_text(
        "flow: other\ntitle: Other\nnumbers: [987]\nlanguages: [nb]\nstart: bye\n"
        "nodes:\n  bye: {type: hangup, say: {nb: Ha det.}}\n"
    )
    assert "other: no scenario comes to bye" in tried(folder, "--untested").output
    one = tried(folder, "test", "--untested").output
    assert "test: no scenario comes to" in one
    assert "other:" not in one
