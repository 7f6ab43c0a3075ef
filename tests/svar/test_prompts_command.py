"""`svar prompts` on a folder of flows, as an admin uses it."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from rtp.wav import a_law
from svar.commands.prompts import prompts
from svar.commands.serve import EXAMPLE
from tests.ivr.prompts.services import SERVICE, record


class Admin:
    """A configuration with one service, and a shell."""

    def __init__(self, folder: Path) -> None:
        self.flows = folder / "flows"
        self.flows.mkdir()
        self.studio = folder / "studio"
        self.config = folder / "svar.toml"
        self.config.write_text(EXAMPLE.read_text().replace('folder = "../flows"', f'folder = "{self.flows}"'))
        self.write(SERVICE.replace("FALLBACK\n", ""))

    def write(self, service: str) -> None:
        (self.flows / "line.yaml").write_text(service)

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(prompts, [words[0], "--config", str(self.config), *words[1:]])


@pytest.fixture
def admin(tmp_path: Path) -> Iterator[Admin]:
    before = structlog.get_config()
    yield Admin(tmp_path)
    structlog.configure(**before)


def test_what_is_missing_is_listed_and_fails(admin: Admin) -> None:
    result = admin.run("list")
    assert result.exit_code == 1
    assert "se  missing    line/place.say.1" in result.output
    assert "nb  synthetic  line/menu.say" in result.output
    assert "values/number" not in result.output
    assert "words of values not shown (--values)" in result.output
    assert "values/number" in admin.run("list", "--values").output
    only = admin.run("list", "--missing", "--language", "se").output
    assert "line/menu.say" in only
    assert "Velkommen" not in only


def test_one_flow_is_listed_and_scripted_alone(admin: Admin) -> None:
    other = SERVICE.replace("FALLBACK\n", "").replace("flow: line", "flow: other").replace("numbers: [", "numbers: [9")
    (admin.flows / "other.yaml").write_text(other)
    assert "line/menu.say" in admin.run("list").output
    alone = admin.run("list", "--flow", "other").output
    assert "other/menu.say" in alone
    assert "line/menu.say" not in alone
    script = admin.run("script", "--flow", "other", "--format", "csv").output
    assert "other/menu.say" in script
    assert "line/" not in script
    unknown = admin.run("list", "--flow", "othr")
    assert unknown.exit_code == 1
    assert "there is no flow 'othr'; did you mean 'other'?" in unknown.output


def test_the_list_can_be_read_by_a_program(admin: Admin) -> None:
    told = json.loads(admin.run("list", "--format", "json", "--missing", "--longest-menu-s", "1").output)
    assert told["counts"]["se"] == {"missing": 113}
    assert [prompt["key"] for prompt in told["prompts"]] == ["line/menu.say", "line/place.say.1", "line/bye.say"]
    assert told["prompts"][0]["text"] == "Bures boahtin. Deaddil 1."
    assert [menu["language"] for menu in told["long_menus"]] == ["nb", "se", "en"]
    assert told["unused"] == []


def test_from_the_script_to_the_studio_and_back(admin: Admin) -> None:
    written = admin.run("script", "--language", "se", "--output", str(admin.studio))
    assert (written.exit_code, written.output) == (0, f"113 lines in {admin.studio}\n")
    assert {path.name for path in admin.studio.iterdir()} == {"script.txt", "script.csv", "script.html"}
    with (admin.studio / "script.csv").open() as file:
        numbers = [row["number"] for row in csv.DictReader(file)]
    for number in numbers:
        record(admin.studio, f"{int(number):03}", seconds=0.02)
    tried = admin.run("import", str(admin.studio), "--dry-run")
    assert tried.output.endswith("113 would be placed, 0 not\n")
    assert not (admin.flows / "prompts").exists()
    result = admin.run("import", str(admin.studio))
    assert result.exit_code == 0, result.output
    assert result.output.endswith("113 placed, 0 not\n")
    assert "001.wav -> se/line/menu.say (0.0 s)" in result.output
    assert admin.run("list").exit_code == 0
    assert "nothing is missing" in admin.run("script", "--language", "se").output


def test_a_changed_text_makes_its_recording_stale_and_comes_into_the_next_script(admin: Admin) -> None:
    record(admin.studio, "nb/line/menu.say")
    admin.run("import", str(admin.studio))
    admin.write(SERVICE.replace("FALLBACK\n", "fallback: {se: nb}\n").replace("Velkommen. Tast 1.", "Hei. Tast 1."))
    listed = admin.run("list", "--stale")
    assert listed.exit_code == 0
    assert "nb  stale  line/menu.say" in listed.output
    assert "(recorded as: Velkommen. Tast 1.)" in listed.output
    script = admin.run("script", "--language", "nb", "--no-values").output
    assert "Hei. Tast 1.\n      (was recorded as: Velkommen. Tast 1.)" in script


def test_a_script_in_each_format_goes_to_one_file(admin: Admin, tmp_path: Path) -> None:
    page = tmp_path / "to print" / "page.html"
    assert admin.run("script", "--format", "html", "--output", str(page)).exit_code == 0
    assert page.read_text().startswith("<!doctype html>")
    assert admin.run("script", "--format", "csv").output.startswith("number,language,")
    assert admin.run("script", "--output", str(admin.config / "below")).exit_code == 1


def test_what_cannot_be_placed_is_told_and_fails(admin: Admin) -> None:
    record(admin.studio, "hello")
    result = admin.run("import", str(admin.studio))
    assert result.exit_code == 1
    assert "hello.wav: not placed: no prompt has this name" in result.output
    assert "0 placed, 1 not" in result.output
    (admin.studio / "script.csv").write_text("a,b\n")
    assert "script.csv: expected a script as CSV" in admin.run("import", str(admin.studio)).output
    assert "there is no such folder" in admin.run("import", str(admin.studio / "nowhere")).output


def test_mistakes_in_flows_are_told_and_no_recording_is_called_unused_for_them(admin: Admin) -> None:
    record(admin.flows / "prompts", "nb/line/bye.say")
    admin.write(SERVICE.replace("FALLBACK\n", "").replace("type: hangup", "type: hangupp"))
    result = admin.run("list")
    assert "line.yaml:8:" in result.output
    assert "the flows have mistakes (svar check)" in result.output
    assert "nothing says it" not in result.output


def test_a_manifest_that_cannot_be_read_is_told_with_its_line(admin: Admin) -> None:
    (admin.flows / "prompts").mkdir()
    (admin.flows / "prompts" / "recorded.yaml").write_text("nb: 3\n")
    result = admin.run("list")
    assert result.exit_code == 1
    assert "recorded.yaml:1:1: texts are expected here" in result.output


def test_a_text_is_heard_as_callers_hear_it(admin: Admin, tmp_path: Path) -> None:
    admin.write(SERVICE.replace("FALLBACK\n", "fallback: {se: nb}\n"))
    record(admin.flows / "prompts", "nb/line/menu.say", seconds=1.5)
    output = tmp_path / "heard.wav"
    for key, language, told in (
        ("line/menu.say", "nb", "nb recorded  Velkommen. Tast 1.\n"),
        ("line/menu.say", "se", "nb recorded  Velkommen. Tast 1.\n"),
        ("line/place.say", "en", "en synthetic You are number two zero four one in the queue.\n"),
        ("agent/ready", "", "nb synthetic Du er klar.\n"),
    ):
        result = admin.run("listen", key, "--output", str(output), *(["--language", language] if language else []))
        assert (result.exit_code, result.output) == (0, told)
        assert len(a_law(output.read_bytes())) > 4000
    assert "did you mean 'line/menu.say'" in admin.run("listen", "line/menu.sag").output


def test_a_text_that_nobody_hears_is_told(admin: Admin) -> None:
    result = admin.run("listen", "line/bye.say", "--language", "se")
    assert (result.exit_code, "hears nothing" in result.output) == (1, True)
