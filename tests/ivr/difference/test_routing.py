"""Changes of routing in words: tiers, mergers of sites, agents by the dozen, partners."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ivr.difference.folders import Side, compare
from ivr.difference.phrases import Phrases
from ivr.difference.telling import as_json, as_text
from ivr.files.load import read_folder
from tests.ivr.files.routing_folders import AGENTS, PARTNERS, QUEUES, SITES, write

STANDING = {"queues": QUEUES, "sites": SITES, "agents": AGENTS, "partners": PARTNERS}


def side(folder: Path, name: str, files: Mapping[str, str]) -> Side:
    return Side(name, {}, routing=read_folder(write(folder, **files)).routing.made())


def told(folder: Path, *edits: tuple[str, str, str], language: str = "en") -> list[str]:
    files = dict(STANDING)
    for file, old, new in edits:
        assert old in files[file]
        files[file] = files[file].replace(old, new)
    return between(folder, files, language)


def between(folder: Path, files: Mapping[str, str], language: str = "en") -> list[str]:
    phrases = Phrases(language)
    difference = compare(side(folder / "old", "old", STANDING), side(folder / "new", "new", files), phrases)
    return [line.strip() for line in as_text(difference, phrases)]


def test_what_did_not_change_is_not_told(tmp_path: Path) -> None:
    assert told(tmp_path) == ["old → new: nothing has changed"]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (("queues", "after: 2m", "after: 45s"),
         "≠ Queue family: callers are also served by neighbouring sites after 45 s (before: after 2 min)"),
        (("queues", "after: 2m", "after: 2m, waiting: 20"), "≠ Queue family: callers are also served by neighbouring "
         "sites after 2 min or when 20 wait (before: after 2 min)"),
        (("queues", "      - {skill: generalist, after: 4m}\n", ""), "≠ Queue family: callers are no longer served by "
         "all sites by the skill generalist (before: after 4 min)"),
        (("queues", "      - {sites: own}\n", "      - {sites: own}\n      - {sites: [bodo], closing: 90m}\n"),
         "≠ Queue family: callers are also served by Bodø 1 h 30 min before closing"),
        (("queues", "{sites: own}", "{sites: own, site_lost: true, estimate: 5m}"), "≠ Queue family: callers are "
         "served by their own site when somebody new would wait 5 min or when their own site is lost (before: from "),
        (("queues", "target: 70/45", "target: 80/30"),
         "≠ Queue family: the target: before → 70 % within 45 s; now → 80 % within 30 s"),
        (("queues", "choose: level", "choose: idle"), "≠ Queue Samisk (sami): how the agent is chosen"),
        (("queues", "requires: {sami: 1}", "requires: {sami: 2}"),
         "≠ Queue Samisk (sami): skills needed besides: before → sami 1; now → sami 2"),
        (("queues", "    rostered: true\n", ""), "≠ Queue desk: whether it goes by a roster: before → yes; now → no"),
        (("queues", "queues:\n", "queues:\n  - {name: new, title: Ny, skill: family}\n"),
         "+ New queue Ny (new) → all sites from the start"),
        (("sites", "neighbours: [bodo]", "neighbours: []"), "≠ Site oslo: neighbours: before → bodo; now → none"),
        (("sites", "title: Bodø", "title: Salten"), "≠ Site Salten (bodo): the name: before → Bodø; now → Salten"),
        (("agents", "count: 3", "count: 2"), "− oslo: 1 agent goes (before → oslo-3)"),
        (("agents", "count: 1", "count: 4"), "+ Bodø: 3 new agents → bodo-2 to bodo-4"),
        (("agents", "family: 5, desk: 3", "family: 4, sami: 1"), "≠ oslo: 3 agents (oslo-1 to oslo-3): skills: family "
         "5 → 4, − desk, + sami 1"),
        (("agents", "name: kari, site: oslo", "name: kari, site: bodo"), "≠ Bodø: 1 agent (kari): move here from oslo"),
        (("agents", "rest: 30s", "rest: 40s"), "≠ oslo: 1 agent (kari): the rules after missed offers"),
        (("agents", "groups: [night]", "groups: [day]"), "≠ oslo: 1 agent (oslo-4): groups: night → day"),
        (("partners", "capacity: 2", "capacity: 9"),
         "≠ Partner tax: capacity: before → 2 at once; now → 9 at once"),
    ],
)  # fmt: skip
def test_a_change_is_told_in_words(tmp_path: Path, edit: tuple[str, str, str], expected: str) -> None:
    found = told(tmp_path, edit)
    assert "Who serves whom" in found
    assert any(line.startswith(expected) for line in found), found


def test_norwegian_words_are_there_too(tmp_path: Path) -> None:
    found = told(tmp_path, ("queues", "after: 2m", "after: 45s"), language="nb")
    assert "≠ Kø family: innringere betjenes også av nabosentre etter 45 s (før: etter 2 min)" in found


def test_a_merger_is_told_as_one_and_not_agent_by_agent(tmp_path: Path) -> None:
    sites = "sites:\n  - {name: bodo, title: Bodø}\n"
    agents = AGENTS.replace("site: oslo", "site: bodo")
    queues = QUEUES.replace("sites: [oslo]", "sites: [bodo]")
    found = between(tmp_path, {**STANDING, "sites": sites, "agents": agents, "queues": queues})
    assert "≠ 2 sites become 1" in found
    assert "≠ Bodø (bodo) takes in oslo (5 agents); it has 6 agents (before: 1)" in found
    assert not any("move here" in line or "neighbours" in line or "closed" in line for line in found)


def test_a_merger_into_a_new_site_names_it(tmp_path: Path) -> None:
    sites = "sites:\n  - {name: north, title: Nord}\n"
    agents = AGENTS.replace("site: oslo", "site: north").replace("site: bodo", "site: north")
    queues = QUEUES.replace("sites: [oslo]", "sites: [north]")
    found = between(tmp_path, {**STANDING, "sites": sites, "agents": agents, "queues": queues})
    assert "≠ The new site Nord (north) brings together oslo (5 agents) and Bodø (1 agents); it has 6 agents" in found


def test_programs_get_kinds_of_changes(tmp_path: Path) -> None:
    old, new = side(tmp_path / "a", "a", STANDING), side(tmp_path / "b", "b", {**STANDING, "partners": "partners: []"})
    phrases = Phrases("en")
    assert '"what": "partner_removed"' in as_json(compare(old, new, phrases), phrases)
