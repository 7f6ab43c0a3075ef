"""What files of routing say, and what is told of rows that cannot be."""

from pathlib import Path

import pytest

from acd.model import AgentSpec, PartnerSpec, QueueSpec, Serving, SiteSpec, Tier
from ivr.files.load import read_folder
from ivr.files.marked_yaml import read
from ivr.files.routing_file import RoutingFiles, is_routing
from tests.ivr.files.routing_folders import AGENTS, FLOW, QUEUES, SITES, write


def files(text: str) -> RoutingFiles:
    found = RoutingFiles()
    found.add(read("x.yaml", text))
    return found


def told(text: str) -> list[str]:
    return [str(problem) for problem in files(text).marks[0].problems]


def test_a_queue_is_the_distributors_with_its_tiers() -> None:
    queue = files(QUEUES).made().queues["family"]
    assert queue.percent == 70
    assert queue.spec == QueueSpec(
        queue=queue.spec.queue,
        level=2,
        target_s=45,
        tiers=(
            Tier(sites="own"),
            Tier(sites="neighbours", after_s=120),
            Tier(skill="generalist", after_s=240),
            Tier(groups=("night",), nobody="at_work"),
            Tier(partner="tax", after_s=600),
        ),
    )
    sami = files(QUEUES).made().queues["sami"]
    assert (sami.spec.skill, sami.spec.tiers) == ("family", (Tier(sites=("oslo",)),))
    assert sami.spec.serving == Serving(requires={"sami": 1}, by="level")


def test_every_setting_of_a_queue_reaches_the_distributor() -> None:
    text = """queues:
  - name: all
    short: 5s
    priority: 2m
    offer: 15s
    wrap_up: 1m
    max_waiting: 50
    fairness: target
    wishes: {sami: 3}
    tiers: [{estimate: 5m, waiting: 20, nobody: logged_in, site_lost: true, closing: 10m, level: 3}]
"""
    spec = files(text).made().queues["all"].spec
    assert (spec.short_s, spec.priority_s, spec.offer_s, spec.wrap_up_s, spec.max_waiting) == (5, 120, 15, 60, 50)
    assert spec.serving == Serving(wishes={"sami": 3}, fairness="target")
    [tier] = spec.tiers
    assert tier == Tier(level=3, estimate_s=300, waiting=20, nobody="logged_in", site_lost=True, closing_s=600)


def test_a_queue_without_tiers_is_served_by_everybody_with_the_skill() -> None:
    spec = files("queues: [{name: plain}]").made().queues["plain"].spec
    assert spec.tiers == (Tier(),)
    assert spec == QueueSpec(queue=spec.queue)


def test_a_range_is_so_many_agents() -> None:
    agents = files(AGENTS).made().agents
    assert sorted(agents) == ["bodo-1", "kari", "oslo-1", "oslo-2", "oslo-3", "oslo-4"]
    oslo = agents["oslo-3"].spec
    assert oslo == AgentSpec(agent=oslo.agent, site=oslo.site, skills={"family": 5, "desk": 3})
    kari = agents["kari"].spec
    assert (kari.rest_s, kari.rests, kari.log_out_after) == (30, {"busy": 10}, 3)


def test_sites_and_partners_are_the_distributors(tmp_path: Path) -> None:
    routing = read_folder(write(tmp_path)).routing.made()
    oslo = routing.sites["oslo"].spec
    assert oslo == SiteSpec(oslo.site, (routing.sites["bodo"].spec.site,))
    assert routing.sites["bodo"].title == "Bodø"
    assert (routing.partners["tax"].spec, routing.partners["tax"].hours) == (PartnerSpec("tax", 2), "tax")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("queues:\n  - {name: a, target: 45}", "2:23: queue 'a': 'target': a target is written 70/45: 70 % of the"),
        ("queues:\n  - {name: a, target: 700/45}", "2:23: queue 'a': 'target': a target is written 70/45"),
        ("queues:\n  - {name: a, tiers: [{after: 45}]}", "2:31: queue 'a': tier 1: 'after': a length of time has a "
         "unit: write 45s"),
        ("queues:\n  - {name: a, tiers: [{after: 0s}]}", "2:31: queue 'a': tier 1: 'after': a length of time is 1s to"),
        ("queues:\n  - {name: a, tiers: [{sites: neighbors}]}", "2:31: queue 'a': tier 1: 'sites': sites are own, "
         "neighbours, all, or a list such as [oslo, bodo]; did you mean 'neighbours'?"),
        ("queues:\n  - {name: a, tiers: [{nobody: at_wrk}]}", "did you mean 'at_work'?"),
        ("queues:\n  - {name: a, tiers: [{partner: tax, groups: [b]}]}", "a tier has a partner or agents"),
        ("queues:\n  - {name: a, tiers: [{aftr: 45s}]}", "there is no field 'aftr'; did you mean 'after'?"),
        ("queues:\n  - {name: a, choose: lvel}", "'choose': 'idle' or 'level' is expected; did you mean 'level'?"),
        ("queues:\n  - {name: a, level: 10}", "queue 'a': 'level': at most 9, not 10"),
        ("queues:\n  - {title: A}", "2:5: 'name' is missing"),
        ("agents:\n  - {name: a, skills: {b: 1}}", "2:5: agent 'a': 'site' is missing"),
        ("agents:\n  - {name: a, site: s, count: 3, skills: {b: 1}}", "agent 'a': so many agents need {n} in the name"),
        ("agents:\n  - {name: 'a {n}', site: s, skills: {b: 1}}", "an agent's name is letters a-z, digits"),
        ("agents:\n  - {name: a, site: s, skills: {b: 1}, rests: {bsy: 1s}}", "did you mean 'busy'?"),
        ("queue:\n  - {name: a}", "1:1: there is no field 'queue'; did you mean 'queues'?"),
        ("{}", "1:1: the file has none of the lists queues, sites, agents, partners"),
        ("- a", "1:1: the file holds no mapping: it begins with `queues:`"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_is_told_at_its_place(text: str, expected: str) -> None:
    assert any(expected in line for line in told(text)), told(text)


def test_rows_without_mistakes_stay_known_beside_those_with() -> None:
    found = files(f"{QUEUES}  - {{name: broken, level: 10}}\n")
    assert found.names("queues") == {"family", "sami", "desk", "broken"}
    assert set(found.made().queues) == {"family", "sami", "desk"}


def test_a_file_is_routing_by_its_name_unless_it_says_that_it_is_a_flow(tmp_path: Path) -> None:
    assert is_routing("queues.yaml", {"queues": []})
    assert is_routing("partners.yaml", None)
    assert not is_routing("partners.yaml", {"flow": "partners"})
    assert not is_routing("main.yaml", {"queues": []})
    folder = write(tmp_path)
    (folder / "partners.yaml").write_text(FLOW.replace("main", "partners").replace("5000", "5001"))
    (folder / "sites.yaml").write_text("sites: [{name: tromso}]")
    read_back = read_folder(folder)
    assert {loaded.flow.flow for loaded in read_back.flows} == {"main", "partners"}
    assert set(read_back.routing.made().sites) == {"oslo", "bodo", "tromso"}


def test_files_below_routing_may_stand_in_folders_of_their_own(tmp_path: Path) -> None:
    folder = write(tmp_path)
    north = folder / "routing" / "north"
    north.mkdir()
    (north / "all.yaml").write_text("sites: [{name: alta}]\nagents: [{name: a, site: alta, skills: {family: 1}}]")
    routing = read_folder(folder).routing.made()
    assert ("alta" in routing.sites, "a" in routing.agents) == (True, True)


def test_routing_is_part_of_the_folders_version(tmp_path: Path) -> None:
    before = read_folder(write(tmp_path)).version
    assert read_folder(write(tmp_path, sites=SITES.replace("Bodø", "Salten"))).version != before
