"""`svar check` as people, programs and GitHub read it, and watching files."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from svar.cli import app
from tests.svar.test_check_command import as_it_was

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped flows, with one mistake in a language and one in a name."""
    path = tmp_path / "flows"
    shutil.copytree(ROOT / "flows", path)
    file = path / "broken.yaml"
    file.write_text(
        "flow: broken\ntitle: B\nnumbers: [5999]\nlanguages: [nb, se]\nstart: hi\n"
        "nodes:\n  hi: {type: say, say: {nb: Hei., se: Bures.}, next: by}\n"
        "  bye: {type: hangup, say: {nb: Hei., se: Bures.}}\n"
    )
    return path


def checked(*arguments: str) -> tuple[int, str]:
    with as_it_was():
        done = CliRunner().invoke(app, ["check", *arguments])
    return done.exit_code, done.output


def test_people_see_the_line_and_where_in_it(folder: Path) -> None:
    code, told = checked(str(folder))
    assert code == 1
    assert "broken.yaml:7:54: say 'hi': there is no node 'by'; did you mean 'bye'?" in told
    assert "  7 |   hi: {type: say" in told
    assert "mistakes" in told


def test_a_language_that_nobody_can_speak_is_a_mistake(folder: Path) -> None:
    told = checked(str(folder))[1]
    assert "broken.yaml:8:" in told
    assert "'se'" in told or " se " in told


def test_programs_get_a_list(folder: Path) -> None:
    code, told = checked(str(folder), "--format", "json")
    mistakes = json.loads(told)
    assert code == 1
    assert {"path", "line", "column", "message", "severity"} == set(mistakes[0])


def test_github_gets_annotations(folder: Path) -> None:
    code, told = checked(str(folder), "--format", "github")
    assert code == 1
    assert "broken.yaml,line=7,col=54::say 'hi'" in told


def test_what_is_mended_while_watching_is_told_at_once(folder: Path) -> None:
    watching = subprocess.Popen(
        [sys.executable, "-m", "svar", "check", str(folder), "--watch"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )
    assert watching.stdout is not None
    try:
        for line in watching.stdout:
            if "mistakes" in line:
                break
        (folder / "broken.yaml").unlink()
        assert any("no mistakes" in line for line in watching.stdout)
    finally:
        watching.kill()
        watching.wait()
        watching.stdout.close()
