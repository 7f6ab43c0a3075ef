"""Checks of routing: what is told, where, and what is let pass."""

from pathlib import Path

import pytest

from ivr.book import load_book
from ivr.checks.flows import check_folder
from ivr.language.problems import FlowFileError
from ivr.language.routing import Routing
from tests.ivr.files.routing_folders import AGENTS, FLOW, PARTNERS, QUEUES, SITES, write

KNOWN = {"queue": ["old"], "agent": ["anna"], "destination": ["tax"], "skill": []}


def told(folder: Path, known: dict[str, list[str]] = KNOWN, standing: Routing | None = None) -> list[str]:
    found = check_folder(folder, known, standing or Routing())
    return [str(problem).removeprefix(f"{folder}/") for problem in found]


def test_a_folder_whose_routing_is_right_has_nothing_to_tell(tmp_path: Path) -> None:
    assert told(write(tmp_path)) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("queues", "skill: generalist", "skill: generalists", "routing/queues.yaml:8:17: queue 'family': there is no "
         "skill 'generalists'; did you mean 'generalist'?"),
        ("queues", "requires: {sami: 1}", "requires: {samy: 1}", "routing/queues.yaml:15:16: queue 'sami': there is no "
         "skill 'samy'; did you mean 'sami'?"),
        ("queues", "sites: [oslo]", "sites: [olso]", "routing/queues.yaml:16:22: queue 'sami': tier 1: there is no "
         "site 'olso'; did you mean 'oslo'?"),
        ("queues", "groups: [night]", "groups: [nigth]", "routing/queues.yaml:9:31: queue 'family': tier 4: there is "
         "no group 'nigth'; did you mean 'night'?"),
        ("queues", "partner: tax", "partner: taxx", "routing/queues.yaml:10:19: queue 'family': tier 5: there is no "
         "partner 'taxx'; did you mean 'tax'?"),
        ("queues", "name: desk", "name: family", "routing/queues.yaml:17:11: the queue 'family' is in"),
        ("queues", "name: desk", "name: old", "routing/queues.yaml:17:11: the queue 'old' is in the configuration, as "
         "[[queue]] too"),
        ("sites", "neighbours: [bodo]", "neighbours: [bode]", "routing/sites.yaml:2:31: site 'oslo': there is no site "
         "'bode'; did you mean 'bodo'?"),
        ("sites", "neighbours: [bodo]", "neighbours: [oslo]", "routing/sites.yaml:2:31: site 'oslo': a site is not its "
         "own neighbour"),
        ("agents", "site: bodo", "site: bod", "routing/agents.yaml:3:40: agent 'bodo-{n}': there is no site 'bod'; did "
         "you mean 'bodo'?"),
        ("agents", "first: 4", "first: 3", "routing/agents.yaml:4:12: the agent 'oslo-3' is in"),
        ("agents", "name: kari", "name: anna", "routing/agents.yaml:5:12: the agent 'anna' is in the configuration, as "
         "[[agent]] too"),
        ("partners", "name: tax", "name: taxes", "routing/partners.yaml:2:12: partner 'taxes': there is no destination "
         "'taxes'; did you mean 'tax'?"),
        ("partners", "hours: tax", "hours: taxi", "routing/partners.yaml:2:37: partner 'tax': there is no calendar "
         "'taxi'; did you mean 'tax'?"),
    ],
)  # fmt: skip
def test_each_mistake_is_told_at_its_place_with_a_hint(
    tmp_path: Path, file: str, old: str, new: str, expected: str
) -> None:
    before = {"queues": QUEUES, "sites": SITES, "agents": AGENTS, "partners": PARTNERS}[file]
    assert old in before
    found = told(write(tmp_path, **{file: before.replace(old, new, 1)}))
    assert any(line.startswith(expected) for line in found), found
    assert not any("warning" in line for line in found)


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("sites", "neighbours: [oslo]", "neighbours: []", "warning: site 'oslo': 'bodo' helps it, and is not helped"),
        ("sites", "sites:", "sites:\n  - {name: empty}", "warning: site 'empty': no agent is there"),
        ("agents", "sami: 2", "sami: 2, smai: 3", "warning: agent 'kari': no queue asks for the skill 'smai'; did you"),
        ("queues", "level: 2", "level: 9", "warning: queue 'family': tier 1: no agent can ever serve by it: "
         "nobody at any site has"),
        ("queues", "after: 2m", "waiting: 3", "warning: queue 'family': no tier is open from the start"),
        ("queues", "tiers:\n      - {sites: own}", "tiers:\n      - {sites: all}\n      - {sites: own, after: 20s}",
         "warning: queue 'family': tier 2 adds nobody to the tiers that are open before it"),
        ("queues", "name: desk", "name: dask", "warning: queue 'dask': no agent can serve it: nobody has the skill "
         "'dask' at level 1 or more"),
        ("queues", "      - {partner: tax, after: 10m}\n", "", "warning: partner 'tax': no queue has a tier for it"),
    ],
)  # fmt: skip
def test_what_may_not_be_meant_is_a_warning(tmp_path: Path, file: str, old: str, new: str, expected: str) -> None:
    before = {"queues": QUEUES, "sites": SITES, "agents": AGENTS}[file]
    assert old in before
    changed = before.replace(old, new, 1)
    if "no tier is open" in expected:
        changed = changed.replace("{sites: own}", "{sites: own, after: 1s}")
    found = told(write(tmp_path, **{file: changed}))
    assert any(expected in line for line in found), found


def test_rosters_are_for_queues_that_go_by_a_roster(tmp_path: Path) -> None:
    folder = write(tmp_path, queues=QUEUES.replace("    rostered: true\n", ""))
    assert told(folder) == ["rosters/desk.yaml:2:8: the queue 'desk' goes by no roster: it wants `rostered: true`"]


def test_a_queue_that_goes_by_a_roster_and_has_none_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "rosters" / "desk.yaml").unlink()
    assert any("warning: queue 'desk': nobody is ever on duty" in line for line in told(folder))


def test_rosters_know_agents_of_ranges(tmp_path: Path) -> None:
    folder = write(tmp_path)
    roster = folder / "rosters" / "desk.yaml"
    roster.write_text(roster.read_text().replace("oslo-2", "oslo-9"))
    assert any("there is no agent 'oslo-9'; did you mean 'oslo-" in line for line in told(folder))


def test_flows_may_lead_to_queues_of_the_files_and_to_no_others(tmp_path: Path) -> None:
    folder = write(tmp_path, flow=FLOW.replace("queue: family", "queue: familly"))
    assert any("there is no queue 'familly'; did you mean 'family'?" in line for line in told(folder))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("queues", "    level: 2", "    level 2"),
        ("queues", "queues:", "queue:"),
        ("sites", "sites:", "site:"),
        ("agents", "agents:\n", "agents:\n  kari: 3\n#"),
        ("queues", "name: desk", "nam: desk"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_once_and_not_by_all_that_name_what_is_in_it(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    before = {"queues": QUEUES, "sites": SITES, "agents": AGENTS}[file]
    assert old in before
    folder = write(tmp_path, **{file: before.replace(old, new, 1)})
    found = told(folder)
    assert found
    assert all(line.startswith(f"routing/{file}.yaml:") for line in found)


def test_who_names_a_queue_that_is_nowhere_is_told_that_it_may_be_a_row(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "main.yaml").write_text(FLOW.replace("queue: family", "queue: unheard_of"))
    assert "there is no queue 'unheard_of': it wants a row under `queues:` in a file of routing/" in told(folder)[0]


def test_mistakes_of_rows_and_across_files_are_told_together(tmp_path: Path) -> None:
    queues = QUEUES.replace("target: 70/45", "target: 45").replace("partner: tax", "partner: taxx")
    agents = AGENTS.replace("site: bodo", "site: bod")
    found = told(write(tmp_path, queues=queues, agents=agents))
    assert [line.split(": ", 1)[1] for line in found] == [
        "agent 'bodo-{n}': there is no site 'bod'; did you mean 'bodo'?",
        "queue 'family': 'target': a target is written 70/45: 70 % of the callers answered within 45 seconds",
    ]
    # The queue with the mistake is known all the same: flows that lead to it have none.
    assert not any("there is no queue" in line for line in found)


def test_agents_of_the_configuration_serve_queues_of_the_files(tmp_path: Path) -> None:
    folder = write(tmp_path, queues=QUEUES.replace("name: desk", "name: dask"))
    (folder / "rosters" / "desk.yaml").unlink()
    standing = Routing(agents=load_book(write(tmp_path / "other")).routing.agents)
    spec = next(agent for agent in standing.agents.values() if "desk" in agent.spec.skills)
    spec.spec.skills["dask"] = 5
    assert not any("no agent can serve" in line for line in told(folder, standing=standing))


def test_more_agents_than_a_folder_may_have_are_refused_before_they_are_counted(tmp_path: Path) -> None:
    rows = "\n".join(
        f'  - {{name: "a{at}-{{n}}", count: 20000, site: oslo, skills: {{family: 1}}}}' for at in range(50)
    )
    folder = write(tmp_path, agents=f"agents:\n{rows}\n")
    assert any("1000000 agents in all: at most 20000" in line for line in told(folder))


def test_a_book_is_refused_for_mistakes_and_not_for_warnings(tmp_path: Path) -> None:
    folder = write(tmp_path, sites=SITES.replace("neighbours: [oslo]", "neighbours: []"))
    assert len(load_book(folder, KNOWN).routing.agents) == 6
    with pytest.raises(FlowFileError, match="there is no site 'bod'"):
        load_book(write(tmp_path / "b", agents=AGENTS.replace("site: bodo", "site: bod")), KNOWN)


def test_skills_of_agents_in_the_configuration_are_known(tmp_path: Path) -> None:
    folder = write(tmp_path, queues=QUEUES.replace("requires: {sami: 1}", "requires: {sign: 1}"))
    assert any("there is no skill 'sign'" in line for line in told(folder))
    load_book(folder, {**KNOWN, "skill": ["sign"]})
    # Where nobody knows who is in the configuration, nobody says that a skill is not there.
    load_book(folder)
