"""Three nodes at three sites on one Redis: agents' phones at each, and what the stream of events proves of them."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from acd.connection import command_client
from acd.invariants import Invariants
from events.callbacks import CallbackEnded, CallbackTried
from events.catalogue import (
    ContactAnswered,
    ContactLeftQueue,
    ContactQueued,
    ContactReleased,
    Event,
    OfferFailed,
    OfferMade,
)
from events.codec import decode
from events.routing import PartnerAnswered
from sip.events import InviteReceived
from sip.message.uri import SipUri
from tests.acd.redis_server import RedisServer
from tests.svar.system.installation import ROOT, SEEN_S, TRUNK, Installation, eventually
from tests.svar.system.phones import Behaviour, Phones
from tests.svar.system.sites import Country, knows, node, same_passwords

NAMES = ("oslo", "bodo", "alta")
"""Sites of the nodes, in their order. The first two help each other."""
SITES = "sites: [{name: oslo, neighbours: [bodo]}, {name: bodo, neighbours: [oslo]}, {name: alta}]\n"
STRAIGHT = """
flow: FLOW
title: Straight into the queue
numbers: [NUMBER]
languages: [nb]
start: wait
nodes:
  wait: {type: queue, queue: QUEUE, overflow: bye, unavailable: bye, next: bye}
  bye: {type: hangup}
"""


def straight(queue: str = "work", number: str = "5000") -> str:
    """A flow that leads its number into a queue."""
    return STRAIGHT.replace("FLOW", f"to_{queue}").replace("NUMBER", number).replace("QUEUE", queue)


BYE_S = 32.0
"""RFC 3261 Timer F: for so long a session is left whose other end never answers the BYE."""


@dataclass
class Sites(Country):
    """`client` asks their Redis; the stream has every event since it began."""

    client: Any

    async def events(self) -> list[Event]:
        entries = await self.client.xrange("svar:{t}:events")
        return [decode(orjson.loads(fields["e"])) for _, fields in entries]

    async def of(self, *kinds: type[Event]) -> list[Any]:
        return [event for event in await self.events() if isinstance(event, kinds)]

    async def waiting(self, queue: str = "work") -> int:
        """How many stand in the queue, by the distributor's own numbers."""
        return int(await self.client.zcard(f"svar:{{t}}:arrived:{queue}"))

    async def wait_for(self, count: int, queue: str = "work", within_s: float = 15.0) -> None:
        async def there() -> bool:
            return await self.waiting(queue) == count

        await eventually(there, f"{count} callers in {queue}", within_s, lambda: self.waiting(queue))

    async def ready(self, count: int, within_s: float = 15.0) -> None:
        """Until so many agents are ready, as every node that runs sees them."""
        for one in self.running:

            async def so(one: Installation = one) -> bool:
                return (await one.agents()).get("ready", 0) == count

            await eventually(so, f"{count} agents who are ready", within_s, one.agents)

    @property
    def running(self) -> list[Installation]:
        return [one for one in self.nodes if one.process is not None and one.process.returncode is None]

    async def leases(self) -> int:
        return int(await self.client.hlen("svar:{t}:leases"))

    async def why(self, contact: str) -> str:
        """What `svar why` tells at the first node."""
        first = self.nodes[0]
        environment = {**os.environ, "SVAR_STATE": str(first.state), "SVAR_REDIS_URL": self.redis.url}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "svar", "why", "--config", str(first.config), contact,
            cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        told, _ = await process.communicate()
        assert process.returncode == 0, told.decode()
        return told.decode()

    async def proven(self, *, shared: Iterable[str] = ("work",), within_s: float = 15.0) -> list[Event]:
        """Everybody is gone; then nothing is left and every invariant held. Gives all events.

        `shared`: queues whose callers every agent may serve, so that there is one order over all sites. A BYE to a node
        or phone that is dead is repeated for 32 s: with a longer `within_s` the end of that is waited for too.
        """
        await self.quiet(within_s)
        proofs = await Invariants(self.client, "t").read()
        assert not any(proofs.violations.values()), proofs.violations
        assert not any(proofs.balances.values()), proofs.balances
        assert not proofs.overdue
        for one in self.running:
            metrics = await one.metrics()
            seen = {key: value for key, value in metrics.items() if key.startswith("svar_invariant_violations_total{")}
            assert len(seen) >= len(proofs.violations)
            assert not any(seen.values()), seen
        events = await self.events()
        prove(events, set(shared))
        return events

    async def quiet(self, within_s: float = 15.0) -> None:
        """At no node anybody is in a call, and the distributor has nobody either."""
        await eventually(lambda: self._is_quiet(within_s > BYE_S), "quiet", within_s, self._noise)
        await asyncio.sleep(SEEN_S)
        await eventually(lambda: self._is_quiet(within_s > BYE_S), "quiet", within_s, self._noise)

    async def _is_quiet(self, by_all: bool) -> bool:
        return all(not by_all and "sip_sessions" in what for what in await self._noise())

    async def _noise(self) -> dict[str, float]:
        found = await asyncio.gather(*(one._noise() for one in self.running))
        counts = {f"{n}: {what}": count for n, noise in enumerate(found, 1) for what, count in noise.items()}
        # Whichever node writes the records has those of all.
        counts = {what: count for what, count in counts.items() if "without a record" not in what}
        leases = await self.leases()
        return counts | ({"leases": leases} if leases else {})


@dataclass
class _Book:
    """Who waits, is offered or talks, as the events so far have it."""

    shared: set[str]
    waiting: dict[str, ContactQueued] = field(default_factory=dict)
    offers: dict[str, OfferMade] = field(default_factory=dict)
    talks: dict[str, str] = field(default_factory=dict)

    def offered(self, event: OfferMade) -> None:
        for other in self.offers.values():
            assert other.contact != event.contact, f"{event.contact} has two live offers: {other}, {event}"
            assert other.agent != event.agent, f"{event.agent} has two live offers: {other}, {event}"
        assert event.agent not in self.talks, f"{event.agent} is offered {event.contact} in a talk"
        mine = self.waiting.get(event.contact)
        free = set(self.waiting) - {other.contact for other in self.offers.values()}
        for contact in free if mine is not None else ():
            assert not self._before(self.waiting[contact], mine), f"{contact} was overtaken by {event.contact}"  # type: ignore[arg-type]
        self.offers[event.offer] = event

    def _before(self, other: ContactQueued, mine: ContactQueued) -> bool:
        """Whether the other should have come first: for the same agents, and waiting for longer."""
        alike = other.queue == mine.queue and (mine.queue in self.shared or other.site == mine.site)
        return alike and other.since_ms - 1000 * other.priority_s < mine.since_ms - 1000 * mine.priority_s

    def rung_back(self, event: CallbackEnded | CallbackTried) -> None:
        """The offer of the callback is over, by a talk or without one."""
        for offer in [one for one in self.offers.values() if one.contact == event.contact]:
            del self.offers[offer.offer]
            if isinstance(event, CallbackEnded) and event.outcome == "reached":
                self.talks[offer.agent] = offer.contact

    def left(self, contact: str) -> None:
        self.waiting.pop(contact, None)


def prove(events: Sequence[Event], shared: set[str]) -> None:
    """Raises AssertionError where a contact or an agent had two live offers, an agent was offered somebody in a talk,
    or a caller was overtaken by one whom the same agents serve.
    """
    book = _Book(shared)
    for event in events:
        match event:
            case ContactQueued():
                book.waiting[event.contact] = event
            case OfferMade():
                book.offered(event)
            case OfferFailed():
                book.offers.pop(event.offer, None)
            case ContactAnswered():
                book.offers.pop(event.offer, None)
                book.left(event.contact)
                book.talks[event.agent] = event.contact
            case PartnerAnswered():
                book.offers.pop(event.offer, None)
                book.left(event.contact)
            case ContactLeftQueue():
                book.left(event.contact)
            case CallbackEnded() | CallbackTried():
                book.rung_back(event)
            case ContactReleased():
                book.talks.pop(event.agent, None)
            case _:
                pass
    left = (set(book.waiting), set(book.offers), set(book.talks))
    assert not any(left), f"waiting, offered, in a talk for ever: {left}"


def served(events: Iterable[Event]) -> list[str]:
    """Contacts in the order in which agents had them, those who were rung back too."""
    return [
        event.contact
        for event in events
        if isinstance(event, ContactAnswered) or (isinstance(event, CallbackEnded) and event.outcome == "reached")
    ]


def queued(events: Iterable[Event]) -> list[str]:
    """Contacts in the order in which they came."""
    return [event.contact for event in events if isinstance(event, ContactQueued)]


def p99(values: Sequence[float]) -> float:
    return sorted(values)[max(0, round(0.99 * len(values)) - 1)]


def now_ms() -> float:
    """The wall clock that Redis' events go by, on one machine."""
    return time.time_ns() / 1e6


@dataclass(frozen=True, slots=True)
class Rung:
    """A call as it came to an agent's phone."""

    agent: str
    contact: str
    at_ms: float


class Desk(Phones):
    """The phones at one node, which note whom they are rung for and when."""

    def __init__(self, installation: Installation, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(installation, host, port)
        self.invited: list[Rung] = []

    def _rings(self, invite: InviteReceived) -> None:
        uri, headers = invite.request.uri, invite.request.headers
        agent = uri.user if isinstance(uri, SipUri) else ""
        self.invited.append(Rung(agent, headers.get("X-Svar-Contact") or "", now_ms()))
        super()._rings(invite)

    async def sit_down(self, agents: Iterable[str], behaviour: Behaviour) -> None:
        """All of them register."""
        await asyncio.gather(*(self.register(agent, behaviour) for agent in agents))


@asynccontextmanager
async def desk(installation: Installation, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Desk]:
    made = Desk(installation, host, port)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def desks(sites: Sites) -> AsyncIterator[list[Desk]]:
    """One at each node."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(desk(one)) for one in sites.nodes]


@asynccontextmanager
async def three_nodes(
    folder: Path,
    flows: Mapping[str, str],
    agents: Sequence[str],
    *,
    parts: str = "",
    trunks: str = TRUNK,
    far_url: str = "",
    redis: RedisServer | None = None,
) -> AsyncIterator[Sites]:
    """All started at once, and gone at the end, whatever was killed. `far_url`: the third one's way to Redis."""
    async with AsyncExitStack() as stack:
        if redis is None:
            (folder / "redis").mkdir()
            redis = stack.enter_context(RedisServer(folder / "redis"))
        urls = (redis.url, redis.url, far_url or redis.url)
        nodes = [node(folder, number, parts, url, trunks=trunks) for number, url in enumerate(urls, 1)]
        same_passwords(nodes, list(agents))
        for number, one in enumerate(nodes, 1):
            one.config.write_text(one.config.read_text().replace(f"site-{number}", NAMES[number - 1]))
            place = folder / f"n{number}" / "flows"
            (place / "test.yaml").unlink()
            for name, text in flows.items():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_text(text)
            stack.push_async_callback(one.kill)
        await asyncio.gather(*(one.start() for one in nodes))
        client = command_client(redis.url)
        stack.push_async_callback(client.aclose)
        made = Sites(redis, nodes, client)
        await made.together()
        yield made
        stopped = await asyncio.gather(*(one.stop() for one in made.running))
        assert not any(stopped), [one.log()[-2000:] for one in nodes]


async def two_left(sites: Sites) -> None:
    """Until those who are left know that one is gone."""
    for one in sites.running:
        await eventually(lambda one=one: knows(one, len(sites.running)), "one node less")  # type: ignore[misc]
