"""`svar prove`: what an admin sees of flows that are right, and of flows that are not."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from svar.cli import app
from tests.ivr.prover.cases import CASES

EVE = next(case for case in CASES if case.name == "only_on_christmas_eve")
CONFIG = """[node]
name = "one"

[flows]
folder = "flows"

[[queue]]
name = "desk"

[[queue]]
name = "duty"
"""


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """Commands set up the log for their own process."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def proven(folder: Path, *options: str, repaired: bool = False) -> tuple[int, str]:
    EVE.write(folder / "flows", repaired=repaired)
    config = folder / "svar.toml"
    config.write_text(CONFIG)
    result = CliRunner().invoke(app, ["prove", "--config", str(config), "--from", "2026-11-23", *options])
    return result.exit_code, result.output


def test_a_fault_is_told_as_a_story(tmp_path: Path) -> None:
    code, told = proven(tmp_path)
    assert code == 1
    assert f"{tmp_path / 'flows' / 'main.yaml'}:13:3: main.alone: the call ends without a word on a holiday" in told
    assert "Thu 24 December 2026 01:00 somebody rings 5000" in told
    assert "not proven: 1 fault\n" in told


def test_flows_that_are_right_are_proven_in_a_table(tmp_path: Path) -> None:
    code, told = proven(tmp_path, repaired=True)
    assert (code, told.splitlines()[0].split()[:2]) == (0, ["flow", "moments"])
    assert "23 November 2026 to 28 December 2027" in told
    assert told.splitlines()[-1].startswith("proven: every caller ends in a person, a partner, a callback")


def test_a_fault_gives_a_scenario_that_svar_test_runs(tmp_path: Path) -> None:
    _, told = proven(tmp_path, "--scenarios", str(tmp_path / "flows" / "scenarios"))
    (file,) = (tmp_path / "flows" / "scenarios").glob("*.yaml")
    assert f"wrote {file}" in told
    test = ["test", "--config", str(tmp_path / "svar.toml")]
    shown = CliRunner().invoke(app, test)
    assert shown.exit_code == 1
    assert "the call ends without a word" in shown.output
    EVE.write(tmp_path / "flows", repaired=True)
    assert CliRunner().invoke(app, test).exit_code == 0


def test_programs_get_it_as_json(tmp_path: Path) -> None:
    code, told = proven(tmp_path, "--format", "json", "--flow", "main", "--days", "40")
    data = json.loads(told)
    assert (code, data["holds"], [fault["kind"] for fault in data["faults"]]) == (1, False, ["silent_holiday"])
    assert data["faults"][0]["scenario"].startswith("number: '5000'")
    assert data["flows"][0]["flow"] == "main"


def test_a_bound_may_be_given(tmp_path: Path) -> None:
    code, told = proven(tmp_path, "--speech", "1s", repaired=True)
    assert code == 1
    assert "of speech before there is a choice, the bound is 1" in told


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--flow", "mian"), "did you mean 'main'"),
        (("--from", "24.12.2026"), "a day is written"),
        (("--time", "long"), "no length of time"),
    ],
)
def test_a_command_that_is_not_meant_so_is_refused(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    code, told = proven(tmp_path, *options)
    assert code == 2
    assert said in " ".join(told.replace("\u2502", " ").split())


def test_mistakes_that_check_finds_come_first(tmp_path: Path) -> None:
    EVE.write(tmp_path / "flows")
    (tmp_path / "flows" / "main.yaml").write_text(EVE.files["main.yaml"].replace("queue: duty", "queue: dutty"))
    config = tmp_path / "svar.toml"
    config.write_text(CONFIG)
    result = CliRunner().invoke(app, ["prove", "--config", str(config)])
    assert result.exit_code == 1
    assert "there is no queue 'dutty'; did you mean 'duty'?" in result.output
