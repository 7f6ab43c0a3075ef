"""svar report, as it is typed: tables, CSV, the page, the PDF, figures made again, and what is told where it cannot."""

import asyncio
import csv
import json
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from metrics.measures import MEASURES
from svar.cli import app
from tests.svar.reports.recorded import AUTUMN, NOVEMBER, SPRING, Recorded, recorded


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return asyncio.run(recorded(tmp_path_factory.mktemp("records")))


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def run(there: Recorded, *words: str) -> Result:
    return CliRunner().invoke(app, ["report", *words, "--config", str(there.config)])


def rows(told: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(told)))


def happened(there: Recorded, date: str) -> Counter[str]:
    return sum(there.days[date].truth.values(), Counter[str]())


def test_a_day_in_the_terminal_has_its_services_and_all_formulas_of_the_service_level(there: Recorded) -> None:
    told = run(there, "day", NOVEMBER)
    assert told.exit_code == 0
    assert "fredag 20. november 2026" in told.stdout
    assert "Pensjon & <uføre>" in told.stdout
    assert all(formula in told.stdout for formula in ("A≤T / (A + L)", "(A≤T + L≤T) / (A + L)", "A≤T / O"))
    assert "Friday 20 November 2026" in run(there, "day", NOVEMBER, "--language", "en").stdout


def test_csv_has_every_measure_of_every_group_and_adds_up(there: Recorded) -> None:
    told = run(there, "day", NOVEMBER, "--by", "queue,site,half-hour", "--csv")
    *groups, total = rows(told.stdout)
    assert set(groups[0]) == {"period", "queue", "site", "half_hour", *(measure.key for measure in MEASURES)}
    for key, letter in (("tilbudte", "O"), ("besvarte", "A"), ("tapte", "L"), ("viderefort", "F")):
        assert sum(int(group[key]) for group in groups) == int(total[key]) == happened(there, NOVEMBER)[letter]
    assert total["half_hour"] == "*"


@pytest.mark.parametrize(("date", "missing", "there_twice"), [(AUTUMN, "", "02:00 +01"), (SPRING, "02:00", "")])
def test_a_day_of_the_clock_change_has_its_own_hours_and_no_others(
    there: Recorded, date: str, missing: str, there_twice: str
) -> None:
    told = rows(run(there, "day", date, "--by", "half-hour", "--csv").stdout)
    times = [row["half_hour"] for row in told]
    assert times.index("01:30") < times.index("03:00")
    assert missing not in times
    assert not there_twice or times.index("02:30 +02") < times.index(there_twice)
    belegg = [float(row["belegg"]) for row in told if row["belegg"]]
    assert belegg
    assert max(belegg) <= 1


def test_a_week_and_a_month_are_the_days_in_them(there: Recorded) -> None:
    day, week, month = (
        rows(run(there, kind, NOVEMBER, "--by", "day", "--csv").stdout) for kind in ("day", "week", "month")
    )
    assert [row["tilbudte"] for row in day] == [row["tilbudte"] for row in week] == [row["tilbudte"] for row in month]
    assert [row["day"] for row in month] == [NOVEMBER, "*"]


def test_figures_made_again_are_those_that_were_counted(there: Recorded) -> None:
    again = run(there, "day", NOVEMBER, "--csv", "--rebuild")
    assert "every figure made again is the one that was counted" in again.stderr
    assert again.stdout == run(there, "day", NOVEMBER, "--csv").stdout


def test_a_half_hour_that_was_changed_by_hand_is_found(there: Recorded, tmp_path: Path) -> None:
    state = Path(shutil.copytree(there.config.parent, tmp_path / "state"))
    config = state / "svar.toml"
    config.write_text(config.read_text().replace(str(there.config.parent), str(state)))
    with closing(sqlite3.connect(state / "records.sqlite")) as database:
        database.execute("DELETE FROM half_hours WHERE queue = 'pension' AND site = 'oslo'")
        database.commit()
    told = run(Recorded(config, {}), "day", NOVEMBER, "--rebuild")
    assert told.exit_code == 0
    assert "not as it was counted: 2026-11-20 09:00, queue pension, site oslo" in told.stderr


class Page(HTMLParser):
    """What a page says and fetches; every element that is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.tags: Counter[str] = Counter()
        self.reaches: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.reaches += [str(value) for name, value in attrs if name in ("src", "href", "action")]
        if tag not in ("meta", "rect", "line", "circle", "polyline"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("rect", "line", "circle", "polyline"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("kind", ["day", "month"])
def test_the_page_is_one_file_without_a_script_that_says_all_there_is(
    there: Recorded, kind: str, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    assert run(there, kind, NOVEMBER, "--html", str(file)).exit_code == 0
    page = Page()
    page.feed(file.read_text())
    assert page.open == []
    assert (page.tags["script"], page.tags["img"], page.tags["link"], page.reaches) == (0, 0, 0, [])
    assert page.tags["svg"] >= 3
    assert all(measure.norwegian in page.text and measure.english in page.text for measure in MEASURES)
    assert all(measure.formula in page.text for measure in MEASURES)
    assert "Hva som ikke er regnet med" in page.text
    assert "Pensjon & <uføre>" in page.text
    assert "under målet" in page.text or "når målet" in page.text


def test_the_page_stands_in_english_with_norwegian_beside(there: Recorded, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    assert run(there, "day", NOVEMBER, "--html", str(file), "--language", "en", "--answer-goal", "0").exit_code == 0
    text = file.read_text()
    assert '<html lang="en">' in text
    assert '<h2>What is not counted <span class="beside" lang="nb">Hva som ikke er regnet med</span></h2>' in text
    page = Page()
    page.feed(text)
    assert f"Of {happened(there, NOVEMBER)['A'] + happened(there, NOVEMBER)['L']} who wanted an agent" in page.text
    assert "(goal" not in page.text, "none was given for the answer rate"
    assert "goal: 70%" in page.text


def test_a_day_without_calls_says_so(there: Recorded, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    assert run(there, "day", "2026-01-02", "--html", str(file)).exit_code == 0
    assert "Ingen anrop i perioden." in file.read_text()
    assert run(there, "day", "2026-01-02").exit_code == 0


def test_a_pdf_is_printed_by_a_chromium_and_without_one_it_says_what_to_do(
    there: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "report.pdf"
    if shutil.which("chromium"):
        assert run(there, "day", NOVEMBER, "--pdf", str(file)).exit_code == 0
        assert file.read_bytes().startswith(b"%PDF-")
        assert list(tmp_path.iterdir()) == [file]
    elif "CI" in os.environ:
        pytest.fail("there is no chromium")
    monkeypatch.setenv("PATH", str(tmp_path))
    told = run(there, "day", NOVEMBER, "--pdf", str(tmp_path / "none.pdf"))
    assert told.exit_code == 1
    assert "none of chromium" in told.stderr
    assert "--html" in told.stderr


def test_statistics_withhold_small_services_and_what_would_betray_them(there: Recorded) -> None:
    whole = json.loads(run(there, "statistics", "2026-11", "--json").stdout)
    assert all(not service["withheld"] for service in whole["services"])
    sizes = sorted(service["contacts"] for service in whole["services"] if service["service"] != "*")
    few = json.loads(run(there, "statistics", "2026-11", "--json", "--least", str(sizes[0] + 1)).stdout)
    withheld = [service for service in few["services"] if service["withheld"]]
    assert len(withheld) == 2
    assert all(service["contacts"] is service["svargrad"] is None for service in withheld)
    assert {one["key"]: one["formula"] for one in few["definitions"]}["servicegrad_45"] == "A≤T / (A + L)"
    assert str(sizes[0] + 1) in few["rule"]
    lines = rows(run(there, "statistics", "2026-11", "--csv").stdout)
    assert [line["service"] for line in lines] == ["pension", "family", "disability", "work_health", "*"]
    assert 0 < float(lines[0]["servicegrad_45_v1"]) <= float(lines[0]["svargrad_v1"])
    assert "withheld" in run(there, "statistics", "2026-11").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("day", "2026-02-30"), "is no day: expected 2026-11-22"),
        (("day", "--by", "moon"), "'moon': expected some of queue"),
        (("day", "--html", "/nowhere/at/all.html"), "No such file"),
    ],
)
def test_what_cannot_be_is_told(there: Recorded, words: tuple[str, ...], told: str) -> None:
    found = run(there, *words)
    assert found.exit_code != 0
    assert told in found.stderr


def test_where_no_node_ever_ran_there_are_no_figures(tmp_path: Path) -> None:
    config = tmp_path / "svar.toml"
    config.write_text(f'[node]\nstate = "{tmp_path}/state"\n')
    found = run(Recorded(config, {}), "day")
    assert (found.exit_code, "there are no records" in found.stderr, "SVAR_STATE" in found.stderr) == (1, True, True)


def test_records_of_an_older_release_are_told_as_that_and_left_as_they_are(there: Recorded, tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE call_records (contact TEXT)")
        database.commit()
    config = tmp_path / "svar.toml"
    config.write_text(f'[node]\nstate = "{tmp_path}"\n')
    found = run(Recorded(config, {}), "day")
    assert (found.exit_code, "of a release without reports" in found.stderr) == (1, True)
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("call_records",)]
