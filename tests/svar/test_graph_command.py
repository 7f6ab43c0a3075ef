"""`svar graph`: by name, by file, all at once; and what is refused."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import structlog
from typer.testing import CliRunner

from metrics.pipeline import Folds
from metrics.records import Records
from metrics.steps import StepCounts
from svar.cli import app
from svar.commands.serve import EXAMPLE
from tests.metrics.told import ended, started, stepped, stream

FLOWS = Path(__file__).parents[2] / "flows"


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def run(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["graph", *args])
    return result.exit_code, result.output


def test_a_flow_is_drawn_by_its_name_and_by_its_file(tmp_path: Path) -> None:
    by_name, by_file = tmp_path / "a.svg", tmp_path / "sub" / "b.svg"
    assert run("main", "-o", str(by_name))[0] == 0
    assert run(str(FLOWS / "main.yaml"), "-o", str(by_file))[0] == 0
    assert by_name.read_text() == by_file.read_text()
    assert by_name.read_text().startswith("<svg ")


def test_all_flows_go_to_a_folder(tmp_path: Path) -> None:
    assert run("--all", "--format", "mermaid", "-o", str(tmp_path))[0] == 0
    assert {path.stem for path in tmp_path.glob("*.mmd")} == {path.stem for path in FLOWS.glob("*.yaml")} - {
        "mailboxes"
    }


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["mian"], "did you mean 'main'"),
        (["nowhere.yaml"], "there is no file nowhere.yaml"),
        ([], "name a flow, or give --all"),
        (["main", "--all"], "name a flow, or give --all"),
        (["main", "-o", "main.png"], "a picture is SVG, so name it main.svg"),
        (["main", "--page", "a9"], "there is no page 'a9'"),
        (["main", "--counts", "yesterday"], "days are written"),
        (["main", "--counts", "2026-11-02..2026-11-01"], "ends before it begins"),
        (["main", "--language", "de"], "there are no words in 'de'"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_reason(args: list[str], told: str) -> None:
    code, output = run(*args)
    assert code == 1
    assert told in output


def test_counts_of_the_deployment_stand_on_the_picture(tmp_path: Path) -> None:
    config = tmp_path / "svar.toml"
    text = EXAMPLE.read_text().replace('folder = "../flows"', f'folder = "{FLOWS}"')
    config.write_text(text.replace('tenant = "svar"', f'tenant = "svar"\nstate = "{tmp_path}"', 1))
    code, told = run("main", "--counts", "2026-11-21", "--config", str(config))
    assert (code, "nothing is counted yet" in told) == (1, True)
    asyncio.run(counted(tmp_path / "records.sqlite"))
    output = tmp_path / "main.svg"
    code, told = run("main", "--counts", "2000-01-01..2100-01-01", "--config", str(config), "-o", str(output))
    assert code == 0, told
    assert ">1 la på</text>" in output.read_text()
    assert ">2</text>" in output.read_text()


async def counted(file: Path) -> None:
    records = await Records.open(file)
    folds = Folds("svar", records, further=[StepCounts(ZoneInfo("Europe/Oslo"))])
    await folds.load()
    events = [event for contact in ("a", "b") for event in (
        started(contact), stepped(contact, "hours"), stepped(contact, "menu"))]  # fmt: skip
    await folds(stream([*events, ended("a", "menu_ended")]))
    await records.close()
