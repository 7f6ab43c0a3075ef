"""Puts together what the API stands on in a node: the desk, tokens, phones, and what is told over MQTT."""

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acd.distributor import DistributorError
from acd.model import AgentId
from acd.staff import Staffed
from console.api.app import Api, make_api
from console.api.desk import Desk, Seen, Teller
from console.api.door import Door
from console.api.over_mqtt import Commands
from console.api.paging import Spot
from console.api.views import Contact, Node
from console.tokens import Tokens
from events.catalogue import DeedDone, Event
from events.routing import DutyChanged
from ivr.book import FlowBook
from ivr.over_sip.telephony import Identity, Spawn
from metrics.agents_live import AgentsLive
from metrics.broker import Broker
from metrics.counters import Labels
from metrics.prometheus import HealthSource, Labelled
from metrics.wallboard import LOGGED_OUT, STATES, AgentOnBoard
from sip.aio.user_agent import UserAgent
from sip.events import PhoneAsked, Registered, RegistrarEvent
from sip.message.uri import SipUri
from svar import contacts_shown
from svar.parts import Parts
from svar.passwords import Passwords
from svar.phone_watch import PhoneWatch
from svar.registrations import Registrations
from svar.routing_in_service import RoutingInService
from svar.storage import Storage

if TYPE_CHECKING:
    from metrics.mqtt_commands import MqttCommands

EVERY_S = 60.0
MOST_WANTED = 1_000
MOST_QUEUES = 200
CHANGING = ("put_agent", "drop_agent", "skills")


@dataclass(frozen=True, slots=True)
class Around:
    """The parts of the node that the API looks at. `book`: the flows in service."""

    storage: Storage
    routing: RoutingInService
    registrations: Registrations
    passwords: Passwords
    book: Callable[[], FlowBook]


class DeskPhones:
    """Implements `console.api.desk.Phones`. `watch` is None where phones are not asked."""

    def __init__(self, around: Around, watch: PhoneWatch | None) -> None:
        self._around = around
        self._watch = watch

    async def silent(self, agent: AgentId) -> str:
        """A phone at another node is that node's to ask; while the store is away it is believed."""
        around = self._around
        if agent in around.routing.views.fixed:
            return ""
        if around.registrations.locate(agent) is not None:
            there = self._watch is None or await self._watch.answers(agent)
            return "" if there else f"the phone of {agent} does not answer"
        try:
            elsewhere = bool(await around.storage.together.locations.of(agent))
        except DistributorError:
            return ""
        return "" if elsewhere else f"no phone of {agent} is registered: it registers as {agent}, with its password"

    async def enrol(self, agent: AgentId) -> str:
        passwords = self._around.passwords
        had = passwords.knows(agent)
        await passwords.ensure([agent])
        self._around.routing.add(agent)
        made = "" if had else passwords.fresh.get(agent, "")
        await passwords.shown([agent])
        return made


class Known:
    """What each agent may serve, for the topics over MQTT, and who was added: followed by events, and looked at anew
    every EVERY_S.
    """

    def __init__(self, around: Around, live: AgentsLive, queues: dict[str, tuple[str, ...]]) -> None:
        self._around = around
        self._live = live
        self._queues = queues
        self._wanted: asyncio.Queue[str] = asyncio.Queue(MOST_WANTED)

    def want(self, agent: str) -> None:
        """Look at this one soon."""
        with suppress(asyncio.QueueFull):
            self._wanted.put_nowait(agent)

    async def run(self) -> None:
        """Until it is cancelled. While the store is away all stays as it was."""
        while True:
            with suppress(DistributorError):
                await self._all()
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    while True:
                        await self._one(await self._wanted.get())

    async def _all(self) -> None:
        async for some in self._around.storage.together.staff.slices():
            for one in some:
                await self._take(one)
            await asyncio.sleep(0)

    async def _one(self, agent: str) -> None:
        with suppress(DistributorError):
            found = await self._around.storage.together.staff.one(agent)
            if found is not None:
                await self._take(found)
            elif agent not in self._around.routing.given.agents:
                self._around.routing.remove(agent)

    async def _take(self, one: Staffed) -> None:
        agent = one.now.agent
        if self._queues.get(agent) != one.queues:
            self._queues[agent] = one.queues
            self._live.touch(agent)
        if one.put and agent not in self._around.routing.views.staff:
            # Its password is made where it is shown; this node hears of it.
            self._around.routing.add(agent)


@dataclass(slots=True)
class ApiInService:
    """`app` is what is served below /api/v1; `live` and `commands` go with MQTT; `watch` asks phones."""

    app: Api
    live: AgentsLive
    desk: Desk
    door: Door
    watch: PhoneWatch | None = None
    tenant: str = ""
    known: "Known | None" = None
    queues: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    states: Mapping[str, AgentOnBoard] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: {"deeds_total": 0, "deeds_refused_total": 0})

    def tell(self, event: Event) -> None:
        """A tap."""
        if isinstance(event, DutyChanged) and self.known is not None:
            for agent in filter(None, f"{event.came},{event.went}".split(",")):
                self.known.want(agent)
        if isinstance(event, DeedDone):
            if self.known is not None and event.deed in CHANGING:
                self.known.want(event.target)
            self.counts["deeds_total" if event.outcome == "done" else "deeds_refused_total"] += 1

    def figures(self) -> dict[str, HealthSource]:
        """What /metrics shows of it, by part."""
        found: dict[str, HealthSource] = {"api": lambda: self.counts | {"tokens_refused_total": self.door.refused}}
        return found if self.watch is None else found | {"phones": self.watch.figures}

    def by_queue(self) -> Labelled:
        """Agents by each queue that they may serve, and state. One agent counts for several queues."""
        return Labelled(
            "queue_agents",
            "Veiledere i køen: agents who may serve a queue, by state; one agent counts for several queues",
            ("queue", "state"),
            lambda: agents_by_queue(self.queues, self.states),
            MOST_QUEUES * len(STATES),
            shared=True,
        )

    def commands(self, broker: Broker, *, shared: bool) -> "MqttCommands":
        """The listener for deeds over MQTT. `shared`: the broker is one for several nodes."""
        from metrics.mqtt_commands import MqttCommands

        return MqttCommands(broker, Commands(self.desk, self.door).answer, tenant=self.tenant, shared=shared)


def agents_by_queue(queues: Mapping[str, Sequence[str]], states: Mapping[str, AgentOnBoard]) -> dict[Labels, int]:
    """How many agents by queue and state; of each queue every state is told. `queues`: what each agent may serve."""
    counts: dict[Labels, int] = {}
    for agent, served in queues.items():
        state = states[agent].state if agent in states else LOGGED_OUT
        for queue in served:
            if (queue, LOGGED_OUT) not in counts:
                counts |= {(queue, one): 0 for one in STATES}
            counts[queue, state] = counts.get((queue, state), 0) + 1
    return counts


def watch_of(around: Around, user_agent: UserAgent, spawn: Spawn, every_s: float) -> PhoneWatch | None:
    """Who asks the phones; None where nobody is to (`every_s` 0). It hears of registrations and answers at once."""
    if every_s <= 0:
        return None
    agents = around.storage.folds.wallboard.agents

    def state(agent: str) -> str:
        known = agents.get(agent)
        return known.state if known is not None else "logged_out"

    watch = PhoneWatch(
        user_agent, around.registrations, around.storage.distributor, state, spawn, random.random, every_s=every_s
    )
    others, registering = user_agent.on_registration, user_agent.on_register_change

    def heard(event: object) -> None:
        if isinstance(event, PhoneAsked):
            watch.heard(event)
        elif others is not None:
            others(event)  # type: ignore[arg-type]  # it gets what it got before

    def changed(event: RegistrarEvent) -> None:
        if registering is not None:
            registering(event)
        agent = SipUri.parse(event.aor).user_text
        if isinstance(event, Registered) and agent in around.routing.views.staff:
            watch.registered(agent)

    user_agent.on_registration, user_agent.on_register_change = heard, changed
    return watch


def serve(
    around: Around, identity: Identity, watch: PhoneWatch | None, parts: Parts, stack: AsyncExitStack
) -> ApiInService:
    """The API of a node, whose watch runs from now on."""
    if watch is not None:
        parts.run(stack, "phones", watch.run())
    api = _api_of(around, identity, watch)
    around.storage.taps.append(api.tell)
    if api.known is not None:
        parts.run(stack, "staff", api.known.run())
    return api


def _api_of(around: Around, identity: Identity, watch: PhoneWatch | None) -> ApiInService:
    storage, routing = around.storage, around.routing
    folds = storage.folds
    tokens = Tokens(storage.together.tokens, identity.now_ms, secrets.token_hex)
    door = Door(tokens, asyncio.get_running_loop().time)
    seen = Seen(
        now_ms=identity.now_ms,
        titles=routing.views.titles,
        topics=lambda: around.book().topics,
        contacts=lambda after, most: (folds.call_records.in_progress, _contacts(storage, after, most)),
        waiting=folds.service_level.waiting,
        staff=storage.together.staff,
        nodes=nodes_of(storage),
    )
    teller = Teller(storage.sink.emit, identity.now_ms, identity.tenant, identity.node)
    desk = Desk(storage.distributor, DeskPhones(around, watch), seen, teller)
    queues: dict[str, tuple[str, ...]] = {}
    live = AgentsLive(folds.wallboard.agents, _journey_of(storage), lambda agent: queues.get(agent, ()))
    known = Known(around, live, queues)
    return ApiInService(
        make_api(desk, door), live, desk, door, watch, identity.tenant, known, queues, folds.wallboard.agents
    )


def labelled(storage: Storage, since_ms: Callable[[], int]) -> list[Labelled]:
    """Avslutningsgrad, for /metrics."""
    conclusions = storage.together.conclusions
    text = "Avslutningsgrad: concluded with a topic, not transferred, no callback / A, of today's answered"
    return [
        Labelled(
            "queue_concluded_total",
            "Avsluttede saker: contacts concluded with a topic",
            ("queue",),
            conclusions.by_queue,
            MOST_QUEUES,
            shared=True,
        ),
        Labelled(
            "avslutningsgrad_ratio",
            text,
            ("queue",),
            lambda: {(queue,): share for queue, share in conclusions.avslutningsgrad(since_ms()).items()},
            MOST_QUEUES,
            shared=True,
        ),
    ]


def _contacts(storage: Storage, after: Spot, most: int) -> list[Contact]:
    folds = storage.folds
    found = contacts_shown.part(folds.call_records.open_now(folds.call_records.in_progress), after, most)
    return [
        contacts_shown.shown(record, folds.wallboard.agents, waiting=waiting, talking=talking)
        for record, waiting, talking in found
    ]


def _journey_of(storage: Storage) -> Callable[[str], Sequence[str]]:
    def journey(contact: str) -> Sequence[str]:
        record = storage.folds.call_records.known(contact)
        return [visit["queue"] for visit in record["visits"]] if record is not None else []

    return journey


def nodes_of(storage: Storage) -> Callable[[], Awaitable[Sequence[Node]]]:
    async def nodes() -> Sequence[Node]:
        seen = await storage.together.nodes.look()
        found = [Node(one.node, one.site, one.release, alive=True) for one in seen.living.values()]
        return found + [Node(one.node, one.site, one.release, alive=False) for one in seen.dead.values()]

    return nodes
