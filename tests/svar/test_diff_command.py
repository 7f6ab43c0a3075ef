"""`svar diff`: folders, files, git revisions, and the ways of telling."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from svar.cli import app
from svar.commands.serve import EXAMPLE
from tests.svar.editions import flow

FLOWS = Path(__file__).parents[1] / "ivr" / "difference" / "flows"


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
def deployment(tmp_path: Path) -> Path:
    """A configuration of its own, its flows in a git repository with two commits."""
    shutil.copytree(FLOWS, tmp_path / "site" / "flows")
    text = EXAMPLE.read_text().replace('folder = "../flows"', 'folder = "site/flows"')
    config = tmp_path / "svar.toml"
    config.write_text(text.replace('tenant = "svar"', f'tenant = "svar"\nstate = "{tmp_path / "state"}"', 1))
    git(tmp_path, "init", "-q")
    commit(tmp_path, "first")
    edit(config, "3: family", "3: closed")
    commit(tmp_path, "second")
    return config


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "site")
    git(folder, "commit", "-q", "-m", message)


def edit(config: Path, old: str, new: str) -> None:
    path = config.parent / "site" / "flows" / "main.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def run(config: Path, *args: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["diff", "--config", str(config), *args])
    return result.exit_code, result.output


def test_without_names_it_is_the_last_commit_and_the_folder(deployment: Path) -> None:
    assert "nothing has changed" in run(deployment)[1]
    edit(deployment, "numbers: [5000]", "numbers: [5000, 5009]")
    code, text = run(deployment)
    assert code == 0
    assert "New number: 5009" in text
    assert "pressing 3" not in text


def test_revisions_are_compared(deployment: Path) -> None:
    text = run(deployment, "HEAD~1", "HEAD")[1]
    assert text.startswith("HEAD~1 (")
    assert "pressing 3 at “Menu”" in text


def test_folders_and_files_are_compared(deployment: Path, tmp_path: Path) -> None:
    assert "pressing 3" in run(deployment, str(FLOWS))[1]
    file = str(tmp_path / "site" / "flows" / "main.yaml")
    text = run(deployment, str(FLOWS / "main.yaml"), file)[1]
    assert "pressing 3" in text
    assert run(deployment, str(FLOWS), "--flow", "pension")[1].strip().endswith("nothing has changed")


def test_pictures_json_and_markdown_are_written(deployment: Path, tmp_path: Path) -> None:
    picture = tmp_path / "out" / "difference.svg"
    assert run(deployment, "HEAD~1", "--format", "svg", "-o", str(picture))[0] == 0
    assert picture.read_text().startswith("<svg ")
    body = json.loads(run(deployment, "HEAD~1", "--format", "json")[1])
    assert body["changes"][0]["what"] == "way_changed"
    assert run(deployment, "HEAD~1", "--format", "markdown")[1].startswith("# HEAD")
    assert "endring" in run(deployment, "HEAD~1", "--language", "nb")[1]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["nonsense"], "'nonsense' is no folder"),
        (["--", "-x"], "is no folder, flow file, version or git revision"),
        (["HEAD", "--language", "de"], "there are no words in 'de'"),
        (["HEAD", "--flow", "mian"], "did you mean 'main'"),
        (["HEAD", "--format", "svg"], "no flow differs"),
        (["nowhere.yaml"], "there is no file nowhere.yaml"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_a_reason(deployment: Path, args: list[str], told: str) -> None:
    code, text = run(deployment, *args)
    assert code == 1
    assert told in text


def test_a_revision_with_mistakes_is_refused_with_the_mistakes(deployment: Path) -> None:
    edit(deployment, "type: menu", "type: meny")
    commit(deployment.parent, "broken")
    code, text = run(deployment, "HEAD~1", "HEAD")
    assert code == 1
    assert "main.yaml:" in text
    assert "HEAD (" in text


def test_without_names_it_is_what_is_in_service_where_something_was_published(tmp_path: Path, redis_url: str) -> None:
    folder = tmp_path / "flows"
    folder.mkdir()
    (folder / "main.yaml").write_text(flow("one"))
    config = tmp_path / "svar.toml"
    node = f'[node]\ntenant = "t"\nname = "n1"\nstate = "{tmp_path / "state"}"\n'
    config.write_text(f'{node}[redis]\nurl = "{redis_url}"\n[flows]\nfolder = "flows"\n')
    published = CliRunner().invoke(app, ["publish", "--force", "-m", "first", "--config", str(config)])
    assert published.exit_code == 0, published.output
    (folder / "main.yaml").write_text(flow("two"))
    code, text = run(config)
    assert (code, text.startswith("version ")) == (0, True), text
    assert "now “two" in text
    version = text.split()[1]
    assert "now “one" in run(config, str(folder), version[:6])[1]
    assert "nothing has changed" in run(config, version, version[:8])[1]


def test_a_folder_with_nothing_to_compare_with_says_so(tmp_path: Path) -> None:
    shutil.copytree(FLOWS, tmp_path / "site" / "flows")
    config = tmp_path / "svar.toml"
    text = EXAMPLE.read_text().replace('folder = "../flows"', 'folder = "site/flows"')
    config.write_text(text.replace('tenant = "svar"', f'tenant = "svar"\nstate = "{tmp_path / "state"}"', 1))
    code, text = run(config)
    assert code == 1
    assert "nothing was ever published" in text
