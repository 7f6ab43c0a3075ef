"""A console for tests: accounts and sessions in memory, folds that a test feeds, clocks that it moves."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

from acd.distributor import Unavailable
from acd.model import AgentId, AgentNow, AgentSpec, AgentState, QueueId, QueueSpec, SiteId, SiteSpec, Tier
from acd.staff import Staffed
from console.accounts import Accounts, Role
from console.alarms import Lost, Told, alarms
from console.api.views import Node
from console.app import Console, make_app
from console.audit import Audit
from console.board import Country, QueueSeen, Seen, seen
from console.feed import Feed
from console.gate import Gate
from console.hashing import Hashing
from console.scraping import Figures
from console.server import ConsoleServer
from console.sessions import Sessions
from console.throttle import Throttle
from console.view import StepsSeen, View
from console.visitors import Network, Networks
from events.catalogue import Event
from ivr.book import FlowBook, load_book
from ivr.language.routing import RoutedAgent, RoutedQueue, RoutedSite, Routing
from metrics.health import Health, HealthReport
from metrics.lately import Lately
from metrics.pipeline import Folds
from metrics.service_level import Limits
from metrics.steps import StepCounts, Walked
from tests.console.browsing import Browser, browser
from tests.console.test_tokens import Entries, counting
from tests.metrics.told import DAY_MS

NOW_MS = DAY_MS + 3_600_000
PASSWORD = "correct horse battery"
OSLO = ZoneInfo("Europe/Oslo")
FLOW = """
flow: main
title: Sentralbord
numbers: [5000]
languages: [nb]
start: menu
nodes:
  menu: {type: menu, say: {nb: Tast to.}, keys: {2: bye}, wait: 1s, attempts: 1, no_choice: bye}
  bye: {type: hangup, say: {nb: Ha det bra.}}
"""
ROUTING = Routing(
    queues={
        "pensjon": RoutedQueue(
            QueueSpec(QueueId("pensjon"), tiers=(Tier(sites="own"), Tier(after_s=45))), "Pensjon", 70
        )
    },
    sites={"oslo": RoutedSite(SiteSpec(SiteId("oslo"), (SiteId("bodo"),)), "Oslo")},
    agents={"anna": RoutedAgent(AgentSpec(AgentId("anna"), SiteId("oslo"), {"pensjon": 5}))},
)


class Store(Entries):
    """Accounts; `away` while nobody can reach it."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False

    async def get(self, token: str) -> str | None:
        self._reach()
        return await super().get(token)

    async def all(self) -> dict[str, str]:
        self._reach()
        return await super().all()

    async def first(self, name: str, entry: str) -> bool:
        self._reach()
        if self.kept:
            return False
        self.kept[name] = entry
        return True

    def _reach(self) -> None:
        if self.away:
            raise Unavailable("the store is away")


class Kept:
    """Sessions; each goes when the clock of the test says so."""

    def __init__(self, house: "House") -> None:
        self.entries: dict[str, tuple[str, int]] = {}
        self._house = house

    async def get(self, digest: str, keep_ms: int) -> str | None:
        if self._house.store.away:
            raise Unavailable("the store is away")
        entry, until_ms = self.entries.get(digest, ("", 0))
        if until_ms <= self._house.now_ms:
            return None
        await self.put(digest, entry, keep_ms)
        return entry

    async def put(self, digest: str, entry: str, keep_ms: int) -> None:
        self.entries[digest] = (entry, self._house.now_ms + keep_ms)

    async def remove(self, digest: str) -> None:
        self.entries.pop(digest, None)


@dataclass
class Crew:
    """Agents as they are seen."""

    staff: list[Staffed] = field(default_factory=list)
    duty: dict[str, list[str]] = field(default_factory=dict)

    async def all(self) -> list[Staffed]:
        return self.staff

    async def on_duty(self) -> Mapping[str, list[str]]:
        return self.duty


def anna(state: AgentState = AgentState.READY) -> Staffed:
    now = AgentNow(AgentId("anna"), SiteId("oslo"), state, "", NOW_MS - 61_000, "")
    return Staffed(now, AgentSpec(AgentId("anna"), SiteId("oslo"), {"pensjon": 5}), "", ("pensjon",), put=False)


class House:
    """All parts of a console. `now_ms` and `clock_s` are moved by the test."""

    def __init__(self, *, proxies: Sequence[str] = (), scrapers: Sequence[str] = (), titles: str = "Pensjon") -> None:
        self.now_ms, self.clock_s = NOW_MS, 1000.0
        self.store, self.events = Store(), list[Event]()
        self.sessions_kept = Kept(self)
        self.hashing = Hashing(memory_kib=64, passes=1)
        self.accounts = Accounts(self.store, self.hashing, lambda: self.now_ms, counting())
        self.sessions = Sessions(
            self.sessions_kept, self.accounts, lambda: self.now_ms, lambda: self.clock_s, counting()
        )
        audit = Audit(self.events.append, lambda: self.now_ms, "nav", "n1")
        networks = Networks(_networks(proxies), _networks(scrapers))
        throttle = Throttle(lambda: self.clock_s)
        self.gate = Gate(self.accounts, self.sessions, throttle, audit, counting(), networks)
        self.folds = Folds("nav", limits={"pensjon": Limits()})
        self.lately, self.steps, self.crew, self.health = Lately(), StepCounts(OSLO), Crew(), Health(keep_s=0)
        self.titles = {"pensjon": titles}
        self.crises: list[tuple[str, str]] = []
        self.book = FlowBook("", {}, {}, {})
        self.report: HealthReport | None = None
        self.lost = Lost(lambda: self.now_ms)
        self.feed = Feed(self.look, lambda: self.now_ms)

    def serve_flow(self, folder: Path, text: str = FLOW) -> None:
        (folder / "main.yaml").write_text(text)
        self.book = load_book(folder)

    def look(self) -> Seen:
        folds = self.folds
        country = Country(
            level=folds.service_level,
            lately=self.lately.sums,
            queues=lambda: {name: QueueSeen(title) for name, title in self.titles.items()},
            agents=folds.wallboard.by_state,
            sites=folds.wallboard.by_site,
            site_titles=lambda: {"oslo": "Oslo"},
            served=dict,
            nodes=lambda: {"oslo": 1},
            contacts=lambda: folds.call_records.in_progress,
            day_start_ms=lambda: DAY_MS,
            now_ms=lambda: self.now_ms,
        )
        told = Told(
            health=lambda: self.report,
            balances=folds.service_level.balances,
            crises=lambda: self.crises,
            trunks_down=list,
            sites_lost=list,
            titles=lambda: self.titles,
            estimates=lambda: self.lately.sums(self.now_ms),
        )
        return seen(country, lambda state: alarms(told, self.lost, state))

    async def user(self, name: str = "kari", role: Role = Role.VIEWER) -> None:
        await self.accounts.add(name, role, PASSWORD)

    def view(self) -> View:
        async def nodes() -> Sequence[Node]:
            return [Node("n1", "oslo", "1.0", alive=True), Node("n2", "bodo", "1.0", alive=False)]

        async def today(_: str) -> Walked:
            return Walked({("", "menu"): 3}, {"menu": 1}, {"bye": 2})

        steps = StepsSeen(lambda _: {"menu": 2}, today)
        return View(
            self.look,
            lambda: self.now_ms,
            OSLO,
            self.titles,
            lambda: ROUTING,
            lambda: self.book,
            steps,
            self.crew,
            nodes,
        )

    def figures(self) -> Figures:
        async def metrics() -> bytes:
            return b"svar_up 1\n"

        return Figures(metrics, self.health.report)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[ConsoleServer]:
        server = ConsoleServer(make_app(self.figures(), Console(self.gate, self.view(), self.feed)))
        await server.start()
        try:
            yield server
        finally:
            await server.stop()

    @asynccontextmanager
    async def visited(self, user: str = "", role: Role = Role.VIEWER) -> AsyncIterator[Browser]:
        """By somebody, who is logged in where there is a `user`."""
        async with self.served() as server, browser(f"http://127.0.0.1:{server.port}") as visitor:
            if user:
                await self.user(user, role)
                assert (await visitor.log_in(user, PASSWORD)).status == 200
            yield visitor


def _networks(texts: Sequence[str]) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)
