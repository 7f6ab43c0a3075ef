"""The national example is right, is as large as it says, and is checked quickly."""

import time
from pathlib import Path

from ivr.checks.flows import check_flows
from ivr.difference.folders import Side, compare
from ivr.difference.phrases import Phrases
from ivr.difference.telling import as_text
from ivr.files.load import read_folder
from ivr.versions.content import write_content
from svar import deployment, gates
from svar.checks import check, doubts
from svar.config import load
from tests.svar import national

QUICK_S = 1.0
"""It took 0.02 s of one core; a tenth of a second for each site would still be quick."""


def test_nothing_is_wrong_with_it_and_nothing_doubtful() -> None:
    config = load(national.FOLDER / "svar.toml", {})
    check(config)
    folder = read_folder(national.FLOWS)
    assert folder.problems + check_flows(folder, deployment.names(config), deployment.standing(config)) == []
    assert list(doubts(config, folder.routing.made())) == []


def test_it_is_a_whole_country_on_a_few_pages() -> None:
    routing = read_folder(national.FLOWS).routing.made()
    assert len(routing.sites) == 19 + 1, "the agency's, and the municipalities'"
    assert len(routing.queues) == 12 + 1
    assert len(routing.agents) == 1200
    assert set(routing.partners) == {"tax"}
    assert routing.queues["desk"].spec.rostered
    lines = sum(len(path.read_text().splitlines()) for path in (national.FLOWS / "routing").iterdir())
    assert lines < 250


def test_it_is_checked_quickly() -> None:
    began = time.process_time()
    folder = read_folder(national.FLOWS)
    check_flows(folder, deployment.names(load(national.FOLDER / "svar.toml", {})))
    assert time.process_time() - began < QUICK_S


def test_it_passes_every_gate_before_and_after_a_merger_of_sites(tmp_path: Path) -> None:
    config = load(national.FOLDER / "svar.toml", {})
    for name, content in (("before", national.before()), ("after", national.after())):
        write_content(content, tmp_path / name)
        verdicts = gates.examine(config, tmp_path / name, tmp_path / name)
        assert [verdict.lines for verdict in verdicts if not verdict.passed] == []


def test_the_merger_is_told_on_half_a_page(tmp_path: Path) -> None:
    sides = []
    for name, content in (("19 sites", national.before()), ("12 sites", national.after())):
        write_content(content, tmp_path / name)
        sides.append(Side(name, {}, routing=read_folder(tmp_path / name).routing.made()))
    phrases = Phrases("en")
    told = list(as_text(compare(sides[0], sides[1], phrases), phrases))
    assert "  ≠ 20 sites become 13" in told
    assert any("Trøndelag (trondelag) brings together Nord-Trøndelag (44 agents) and Sør-Trø" in line for line in told)
    assert len(told) < 20, told
