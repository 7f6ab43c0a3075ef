"""A desk to test the API against: agents in memory, and what was asked of them."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp

from acd.distributor import Refused, Unavailable
from acd.model import AgentId, AgentNow, AgentSpec, AgentState, QueueId, QueueNumbers, SiteId
from acd.staff import Staffed
from console.api.app import make_api
from console.api.desk import Desk, Seen, Teller
from console.api.door import Door
from console.api.views import Contact, Node
from console.app import make_app
from console.scraping import Figures
from console.server import ConsoleServer
from console.tokens import Role, Tokens
from events.catalogue import DeedDone
from ivr.language.topics import Topic, TopicTree, topics_of
from metrics.health import HealthReport
from tests.console.test_tokens import Entries, counting

NOW_MS = 1_800_000_000_000
TOPICS = topics_of(
    [
        TopicTree(
            "pension",
            {"nb": "Pensjon", "en": "Pension"},
            ("pension",),
            (Topic("old_age", {"nb": "Alder"}, "1", (Topic("old_age_apply", {"nb": "Søknad"}, "11"),)),),
        )
    ]
)
CONTACT = Contact("c1", "5000", "main", "wait", NOW_MS - 9_000, "pension", True, "", False, ("pension",))  # noqa: FBT003


@dataclass
class Agents:
    """The distributor's part, with `asked` of it; `away`: the store cannot be reached."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)
    away: bool = False
    queue_names: list[str] = field(default_factory=lambda: ["pension"])
    specs: dict[AgentId, AgentSpec] = field(default_factory=dict)
    now: dict[str, AgentNow] = field(
        default_factory=lambda: {
            "anna": AgentNow(AgentId("anna"), SiteId("oslo"), AgentState.WRAP_UP, "", NOW_MS - 5_000, "c1"),
            "bjorn": AgentNow(AgentId("bjorn"), SiteId("bodo"), AgentState.READY, "", NOW_MS - 4_000),
        }
    )

    async def log_in(self, agent: AgentId, *, ready: bool = True) -> None:
        self._take("log_in", agent, ready)

    async def log_out(self, agent: AgentId, reason: str) -> None:
        self._take("log_out", agent, reason)

    async def ready(self, agent: AgentId) -> None:
        self._take("ready", agent)

    async def not_ready(self, agent: AgentId, reason: str) -> None:
        self._take("not_ready", agent, reason)

    async def end_wrap_up(self, agent: AgentId, topic: str = "", *, concluded: bool | None = None) -> None:
        self._take("end_wrap_up", agent, topic, concluded)
        if self.now[agent].state != AgentState.WRAP_UP:
            raise Refused("BADSTATE", f"agent {agent} is {self.now[agent].state}, not in wrap-up")

    async def put_agent(self, spec: AgentSpec) -> None:
        self._reach()
        self.specs[spec.agent] = spec
        self.now.setdefault(spec.agent, AgentNow(spec.agent, spec.site, AgentState.LOGGED_OUT, "", NOW_MS))
        self._take("put_agent", spec.agent, spec.skills)

    async def drop_agent(self, agent: AgentId) -> None:
        self._take("drop_agent", agent)

    async def queues(self) -> list[QueueNumbers]:
        self._reach()
        return [
            QueueNumbers(QueueId(name), 1, 9_000, {"ready": 1, "wrap_up": 1}, 3, 1, 1, 0) for name in self.queue_names
        ]

    async def all(self) -> list[Staffed]:
        self._reach()
        return [self._staffed(now) for now in self.now.values()]

    async def one(self, agent: str) -> Staffed | None:
        self._reach()
        return self._staffed(self.now[agent]) if agent in self.now else None

    async def on_duty(self) -> Mapping[str, list[str]]:
        return {"desk": ["anna", "bjorn"]}

    def _staffed(self, now: AgentNow) -> Staffed:
        anna = AgentSpec(AgentId("anna"), SiteId("oslo"), {"pension": 5}, groups=("generalists",))
        spec = self.specs.get(now.agent, replace(anna, agent=now.agent))
        queue = "pension" if now.contact else ""
        return Staffed(now, spec, queue, ("pension",), now.agent in self.specs)

    def _take(self, *what: Any) -> None:
        self._reach()
        self.asked.append(what)
        if what[1] not in self.now:
            raise Refused("NOAGENT", f"there is no agent {what[1]}")

    def _reach(self) -> None:
        if self.away:
            raise Unavailable("redis: ConnectionError: refused")


@dataclass
class Telephones:
    """`why` says of whom the phone cannot be rung."""

    why: dict[str, str] = field(default_factory=dict)

    async def silent(self, agent: AgentId) -> str:
        return self.why.get(agent, "")

    async def enrol(self, agent: AgentId) -> str:
        return f"password-of-{agent}"


@dataclass
class Office:
    """A desk with all that a test looks at."""

    agents: Agents = field(default_factory=Agents)
    phones: Telephones = field(default_factory=Telephones)
    events: list[DeedDone] = field(default_factory=list)
    clock_s: float = 0.0
    entries: Entries = field(default_factory=Entries)
    contacts: list[Contact] = field(default_factory=lambda: [CONTACT])
    waiting: dict[str, int] = field(default_factory=lambda: {"c1": NOW_MS - 9_000})

    def desk(self) -> Desk:
        seen = Seen(
            now_ms=lambda: NOW_MS,
            titles={"pension": "Pensjon"},
            topics=lambda: TOPICS,
            contacts=self._contacts,
            waiting=lambda queue: self.waiting if queue == "pension" else {},
            staff=self.agents,
            nodes=self._nodes,
        )
        teller = Teller(self.events.append, lambda: NOW_MS, "nav", "n1")
        return Desk(self.agents, self.phones, seen, teller)

    def tokens(self) -> Tokens:
        return Tokens(self.entries, lambda: NOW_MS, self._chance)

    def door(self) -> Door:
        return Door(self.tokens(), lambda: self.clock_s)

    def __post_init__(self) -> None:
        self._chance = counting()

    async def token(self, role: Role, agent: str = "") -> str:
        agent = agent or ("anna" if role is Role.AGENT else "")
        return await self.tokens().add(f"{role}{agent}{len(self.entries.kept)}", role, agent, 3600)

    def _contacts(self, after: tuple[int, str], most: int) -> tuple[int, list[Contact]]:
        return len(self.contacts), [one for one in self.contacts if (one.started_ms, one.contact) > after][:most]

    async def _nodes(self) -> list[Node]:
        return [Node("n1", "oslo", "1.0", alive=True)]


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        return str(self.json["code"])


@dataclass(frozen=True)
class Client:
    """Asks a real server; `token` empty: without one."""

    http: aiohttp.ClientSession
    base: str
    token: str = ""

    def by(self, token: str) -> "Client":
        return replace(self, token=token)

    async def ask(
        self, method: str, path: str, body: object = None, *, data: bytes | None = None, kind: str = "application/json"
    ) -> Reply:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = kind
        async with self.http.request(method, self.base + path, data=data, headers=headers) as answer:
            return Reply(answer.status, dict(answer.headers), await answer.text())


@asynccontextmanager
async def served(office: Office) -> AsyncIterator[Client]:
    """The office's API on a server of its own."""

    async def no_metrics() -> bytes:
        return b""

    async def health() -> HealthReport:
        raise AssertionError("nobody asks for it here")

    door = office.door()
    server = ConsoleServer(make_app(Figures(no_metrics, health), None, make_api(office.desk(), door), door))
    await server.start()
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(20)) as http:
            yield Client(http, f"http://127.0.0.1:{server.port}/api/v1")
            await asyncio.sleep(0)
    finally:
        await server.stop()
