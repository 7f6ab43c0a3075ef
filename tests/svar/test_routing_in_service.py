"""What the distributor is given as versions and configurations come and go, and what others see of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from acd.distributor import Refused, Unavailable
from acd.model import AgentSpec, PartnerSpec, QueueId, QueueNumbers, QueueSpec, SiteSpec, Tier
from ivr.files.load import read_folder
from ivr.language.routing import NO_ROUTING, RoutedPartner, RoutedQueue, Routing
from metrics.service_level import Limits
from svar.checks import check
from svar.config import Config, load
from svar.routing_in_service import LINGER_S, Lingering, RoutingInService
from tests.ivr.files.routing_folders import AGENTS, QUEUES, write
from tests.svar.credentials import passwords

PARTS = """
[[queue]]
name = "old"
title = "Gammel"
target_s = 20
[[agent]]
name = "anna"
skills = { old = 5 }
[[agent]]
name = "wall"
skills = { old = 5 }
contact = "sip:wall@127.0.0.1:5071"
"""


class Recorder:
    """A distributor that only remembers; `away` so often it cannot be reached."""

    def __init__(self) -> None:
        self.given: list[tuple[list[QueueSpec], list[AgentSpec]]] = []
        self.places: list[tuple[list[SiteSpec], list[PartnerSpec]]] = []
        self.away = 0
        self.refuses = ""
        self.has: list[QueueNumbers] = []

    async def configure(
        self,
        queues: Sequence[QueueSpec],
        agents: Sequence[AgentSpec],
        sites: Sequence[SiteSpec] = (),
        partners: Sequence[PartnerSpec] = (),
    ) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable("the test took it away")
        if self.refuses:
            raise Refused("BADCONFIG", self.refuses)
        self.given.append((list(queues), list(agents)))
        self.places.append((list(sites), list(partners)))

    async def queues(self) -> list[QueueNumbers]:
        return self.has

    def queue_names(self) -> list[str]:
        return [spec.queue for spec in self.given[-1][0]]


class Measured:
    def __init__(self) -> None:
        self.limits: dict[str, Limits] = {}

    def learn(self, limits: dict[str, Limits]) -> None:
        self.limits = limits


class Desk:
    """Routing in service over a recorder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.distributor, self.measured = Recorder(), Measured()
        self.passwords = passwords(folder)
        self.routing = RoutingInService(self.config())
        self.routing.attach(self.distributor, self.measured, self.passwords)
        self.staffed: list[tuple[set[str], set[str]]] = []
        self.routing.staffed = lambda came, went: self.staffed.append((set(came), set(went)))

    def config(self, parts: str = PARTS) -> Config:
        path = self.folder / "svar.toml"
        path.write_text(parts)
        return load(path, {})

    def version(self, name: str, **files: str) -> Routing:
        return read_folder(write(self.folder / name, **files)).routing.made()


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Desk]:
    desk = Desk(folder)
    task = asyncio.create_task(desk.routing.run())
    try:
        yield desk
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_the_routing_of_a_version_is_given_beside_the_configurations(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.routing.serve(desk.version("a"))
        assert sorted(desk.distributor.queue_names()) == ["desk", "family", "old", "sami"]
        agents = {spec.agent for spec in desk.distributor.given[-1][1]}
        assert {"anna", "wall", "oslo-1", "kari"} < agents
        assert desk.routing.views.titles == {"old": "Gammel", "family": "family", "sami": "Samisk", "desk": "desk"}
        assert desk.measured.limits["desk"] == Limits(30, 10)
        assert desk.measured.limits["old"] == Limits(20, 10)


async def test_sites_and_partners_are_given_too(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.routing.serve(desk.version("a"))
        sites, partners = desk.distributor.places[-1]
        assert [site.site for site in sites] == ["oslo", "bodo"]
        assert partners == [PartnerSpec("tax", 2)]


async def test_new_agents_may_register_with_a_password_of_their_own(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        registering = desk.routing.views.registering
        assert registering == {"anna"}
        await desk.routing.serve(desk.version("a"))
        assert {"anna", "oslo-1", "oslo-4", "kari"} < registering
        assert "wall" not in registering
        kept = json.loads((tmp_path / "agents.json").read_text())
        assert kept["oslo-1"] == desk.passwords.get("oslo-1") != desk.passwords.get("oslo-2")
        assert (tmp_path / "agents.json").stat().st_mode & 0o777 == 0o600
        assert desk.staffed[-1] == ({"oslo-1", "oslo-2", "oslo-3", "oslo-4", "bodo-1", "kari"}, set())


async def test_agents_who_are_gone_may_register_no_more_and_keep_their_password(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.routing.serve(desk.version("a"))
        password = desk.passwords.get("kari")
        fewer = "\n".join(line for line in AGENTS.splitlines() if "kari" not in line)
        await desk.routing.serve(desk.version("b", agents=fewer, queues=QUEUES.replace("requires: {sami: 1}", "")))
        assert "kari" not in desk.routing.views.registering
        assert desk.staffed[-1] == (set(), {"kari"})
        await desk.routing.serve(desk.version("c"))
        assert desk.passwords.get("kari") == password
        assert desk.staffed[-1] == ({"kari"}, set())


async def test_a_version_whose_routing_is_the_same_gives_nothing_anew(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.routing.serve(desk.version("a"))
        await desk.routing.serve(desk.version("b"))
        assert len(desk.distributor.given) == 1
        assert desk.staffed[-1] == (set(), set())


async def test_two_nodes_give_the_same(tmp_path: Path) -> None:
    async with running(tmp_path / "1") as one, running(tmp_path / "2") as two:
        await one.routing.serve(one.version("a"))
        await two.routing.serve(two.version("a"))
        assert one.distributor.given == two.distributor.given


async def test_a_distributor_that_is_away_gets_it_when_it_is_back(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        desk.distributor.away = 2
        await desk.routing.serve(desk.version("a"))
        assert "family" in desk.distributor.queue_names()
        assert "family" in desk.routing.views.titles


async def test_what_the_distributor_refuses_holds_nobody_up(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        desk.distributor.refuses = "no"
        async with asyncio.timeout(5):
            await desk.routing.serve(desk.version("a"))
        assert "family" not in desk.routing.views.titles
        desk.distributor.refuses = ""
        await desk.routing.serve(desk.version("a"))
        assert "family" in desk.routing.views.titles


async def test_a_node_that_lags_behind_leaves_the_distributor_to_the_others(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        desk.distributor.has = [QueueNumbers(QueueId("family"), 0, 0)]
        await desk.routing.serve(desk.version("a"), current=False)
        assert desk.distributor.given == []
        # It serves the version's flows all the same, and knows what its queues are called.
        assert desk.routing.views.titles["sami"] == "Samisk"
        desk.distributor.has = []
        await desk.routing.serve(desk.version("a"), current=False)
        assert "family" in desk.distributor.queue_names()


async def test_a_configuration_that_is_read_again_keeps_the_routing_in_service(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.routing.serve(desk.version("a"))
        more = PARTS + '[[agent]]\nname = "bjorn"\nskills = { family = 3 }\n[[queue]]\nname = "new"\n'
        await desk.routing.reread(desk.config(more), check)
        assert sorted(desk.distributor.queue_names()) == ["desk", "family", "new", "old", "sami"]
        assert "bjorn" in desk.routing.views.registering
        assert desk.passwords.get("bjorn")
        assert set(desk.routing.views.known["queue"]) == {"old", "new"}
        assert desk.staffed[-1] == ({"bjorn"}, set())


async def test_new_phones_that_never_register_are_logged_in(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        fixed = desk.routing.views.fixed
        await desk.routing.serve(NO_ROUTING)
        more = PARTS + '[[agent]]\nname = "hall"\nskills = { old = 3 }\ncontact = "sip:hall@127.0.0.1:5072"\n'
        await desk.routing.reread(desk.config(more), check)
        assert set(fixed) == {"wall", "hall"}
        assert "hall" not in desk.routing.views.registering
        assert desk.staffed[-1] == ({"hall"}, set())


async def test_a_configuration_with_a_name_of_the_routing_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.routing.serve(desk.version("a"))
        before = list(desk.distributor.given)
        await desk.routing.reread(desk.config(PARTS + '[[queue]]\nname = "family"\n'), check)
        assert desk.distributor.given == before


def test_a_queue_that_is_gone_stays_for_a_while_without_partners_who_are() -> None:
    lingering = Lingering()
    tiers = (Tier(), Tier(partner="tax", after_s=60), Tier(partner="gone", after_s=90))
    kept = RoutedQueue(QueueSpec(QueueId("kept")))
    before = Routing(queues={"gone": RoutedQueue(QueueSpec(QueueId("gone"), tiers=tiers)), "kept": kept})
    plan = Routing(queues={"kept": kept}, partners={"tax": RoutedPartner(PartnerSpec("tax"))})
    first = lingering.beside(plan, before, 0.0)
    assert set(first.queues) == {"gone", "kept"}
    assert first.queues["gone"].spec.tiers == tiers[:2]
    assert lingering.next_in_s(100.0) == LINGER_S - 100.0
    # It is not kept for longer because another version comes meanwhile.
    assert set(lingering.beside(plan, first, LINGER_S - 1).queues) == {"gone", "kept"}
    assert set(lingering.beside(plan, first, LINGER_S).queues) == {"kept"}
    assert lingering.next_in_s(LINGER_S) is None


def test_a_queue_that_comes_back_is_that_of_the_version() -> None:
    lingering = Lingering()
    one, other = RoutedQueue(QueueSpec(QueueId("q"), level=1)), RoutedQueue(QueueSpec(QueueId("q"), level=2))
    gone = lingering.beside(Routing(), Routing(queues={"q": one}), 0.0)
    assert set(gone.queues) == {"q"}
    assert lingering.beside(Routing(queues={"q": other}), gone, 1.0).queues["q"] is other
    assert lingering.next_in_s(1.0) is None


def test_callers_of_a_site_that_was_merged_are_helped_where_its_agents_are(tmp_path: Path) -> None:
    old = read_folder(write(tmp_path / "old")).routing.made()
    sites = "sites:\n  - {name: bodo}\n"
    queues = QUEUES.replace("sites: [oslo]", "sites: [bodo]")
    files = {"sites": sites, "queues": queues, "agents": AGENTS.replace("site: oslo", "site: bodo")}
    new = read_folder(write(tmp_path / "new", **files)).routing.made()
    lingering = Lingering()
    given = lingering.beside(new, old, 0.0)
    assert given.sites["oslo"].spec.neighbours == ("bodo",)
    assert given.sites["oslo"].spec.into == "bodo"
    assert given.sites["bodo"].spec.neighbours == ()
    assert set(lingering.beside(new, given, LINGER_S).sites) == {"bodo"}
