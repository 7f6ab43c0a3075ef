"""Puts together what people see of a node in a browser: accounts, the wallboard's feed, pages, TLS."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

from console.accounts import FIRST, Accounts
from console.alarms import Lost, Told, alarms
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
from console.tls import Certificate, CertificateError
from console.view import StepsSeen, View
from console.visitors import Networks
from ivr.over_sip.telephony import Identity
from metrics.health import Health, HealthReport
from metrics.pipeline import day_start_ms
from metrics.steps import Walked, names_of, walked
from svar.api_in_service import ApiInService, nodes_of
from svar.carriers import Carriers
from svar.config import Config, ConfigError
from svar.contacts_told import ContactsTold
from svar.crises_shown import notices_of
from svar.flows_in_service import FlowsInService
from svar.nodes_in_service import NodesInService
from svar.parts import Parts
from svar.password_files import HandOut
from svar.routing_in_service import RoutingInService
from svar.storage import Storage

HEALTH_EVERY_S = 5.0
HAND_OUT = "users.new.json"


@dataclass(frozen=True, slots=True)
class Around:
    """The parts of the node that the console looks at."""

    storage: Storage
    routing: RoutingInService
    flows: FlowsInService
    carriers: Carriers
    nodes: NodesInService
    health: Health
    api: ApiInService


class FirstAccount:
    """The first start of an installation makes one admin; `password` is shown once, and stands in a file of ours until
    somebody deletes it.
    """

    def __init__(self, accounts: Accounts, state: Path) -> None:
        self._accounts = accounts
        self._file = HandOut(state / HAND_OUT)
        self.path = state / HAND_OUT
        self.password = ""

    async def ensure(self) -> None:
        """Raises Unavailable, OSError."""
        if not await self._accounts.empty():
            return
        made = self._accounts.password()
        await asyncio.to_thread(self._file.add, {FIRST: made})  # before it counts: else nobody could tell it
        if await self._accounts.begin(made):
            self.password = made
        else:
            await asyncio.to_thread(self._file.drop, [FIRST])

    def line(self) -> str:
        """For the greeting."""
        if self.password:
            return f"user {FIRST}   password {self.password}   (shown this once, and kept in {self.path}: delete it)"
        if self.path.exists():
            return f"user {FIRST}   password as in {self.path}, unless it was changed"
        return "users as `svar user list` shows them"


class HealthSeen:
    """The last report, looked at while anybody watches."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self.report: HealthReport | None = None

    async def run(self, wanted: Callable[[], bool]) -> None:
        """Until it is cancelled."""
        while True:
            if wanted() or self.report is None:
                self.report = await self._health.report()
            await asyncio.sleep(HEALTH_EVERY_S)


def accounts_of(storage: Storage, now_ms: Callable[[], int]) -> Accounts:
    return Accounts(storage.together.people.accounts, Hashing(), now_ms, secrets.token_urlsafe)


async def serve(
    config: Config,
    identity: Identity,
    around: Around,
    metrics: Callable[[], Awaitable[bytes]],
    parts: Parts,
    stack: AsyncExitStack,
) -> tuple[ConsoleServer, str]:
    """The web server, which answers from now on, and how people log in.

    Raises ConfigError, ConsoleError, Unavailable, OSError.
    """
    storage, now_ms = around.storage, identity.now_ms
    accounts = accounts_of(storage, now_ms)
    first = FirstAccount(accounts, Path(config.node.state))
    await first.ensure()
    clock = asyncio.get_running_loop().time
    sessions = Sessions(storage.together.people.sessions, accounts, now_ms, clock, secrets.token_hex)
    audit = Audit(storage.sink.emit, now_ms, identity.tenant, identity.node)
    gate = Gate(accounts, sessions, Throttle(clock), audit, secrets.token_hex, _networks(config))
    look, health = _look(config, identity, around)
    feed = Feed(look, now_ms)
    storage.taps.append(feed.tell)
    parts.run(stack, "console feed", feed.run())
    parts.run(stack, "console health", health.run(lambda: feed.viewers > 0))
    console = Console(gate, _view(config, identity, around, look), feed)
    figures = Figures(metrics, around.health.report)
    context = None
    if config.http.certificate:
        certificate = _certificate(config)
        parts.run(stack, "console certificate", certificate.run())
        context = certificate.context
    app = make_app(figures, console, around.api.app, around.api.door)
    server = ConsoleServer(app, host=config.http.host, port=config.http.port, context=context)
    await server.start()
    stack.push_async_callback(server.stop)
    return server, first.line()


def _certificate(config: Config) -> Certificate:
    try:
        return Certificate(config.http.certificate, config.http.key)
    except CertificateError as error:
        raise ConfigError(f"[http] {error}") from None


def _networks(config: Config) -> Networks:
    proxies, scrapers = (tuple(map(ip_network, some)) for some in (config.http.proxies, config.http.scrapers))
    return Networks(proxies, scrapers)


def _look(config: Config, identity: Identity, around: Around) -> tuple[Callable[[], Seen], HealthSeen]:
    """The wallboard as it is, and what has to be followed for it."""
    storage, folds, now_ms = around.storage, around.storage.folds, identity.now_ms
    zone = ZoneInfo(config.node.zone)
    lately = storage.beneath.lately

    def queues() -> Mapping[str, QueueSeen]:
        routed = around.routing.given.queues
        return {
            name: QueueSeen(queue.title or name, queue.spec.target_s, queue.percent or QueueSeen("").percent)
            for name, queue in routed.items()
        }

    country = Country(
        level=folds.service_level,
        lately=lately.sums,
        queues=queues,
        agents=folds.wallboard.by_state,
        sites=folds.wallboard.by_site,
        site_titles=lambda: {name: site.title for name, site in around.routing.given.sites.items()},
        served=around.api.by_queue().read,
        nodes=around.nodes.serving,
        contacts=lambda: folds.call_records.in_progress,
        day_start_ms=lambda: day_start_ms(now_ms(), zone),
        now_ms=now_ms,
    )
    health, lost = HealthSeen(around.health), Lost(now_ms)
    storage.taps.append(lost.tell)
    told = Told(
        health=lambda: health.report,
        balances=folds.balances,
        crises=notices_of(storage.crises, lambda: around.flows.active.book.crises, zone),
        trunks_down=lambda: [trunk.name for trunk in config.trunk if not around.carriers.is_up(trunk.name)],
        sites_lost=lambda: [site for site, count in around.nodes.serving().items() if not count],
        titles=lambda: around.routing.views.titles,
        estimates=lambda: lately.sums(now_ms()),
    )
    return lambda: seen(country, lambda state: alarms(told, lost, state)), health


def _view(config: Config, identity: Identity, around: Around, look: Callable[[], Seen]) -> View:
    zone, steps = ZoneInfo(config.node.zone), around.storage.beneath.steps

    async def today(flow: str) -> Walked:
        day = datetime.fromtimestamp(identity.now_ms() / 1000, zone).date()
        names = await asyncio.to_thread(names_of, steps.counted(), flow, day)
        return walked(steps.parts(names), flow, day, day)

    return View(
        seen=look,
        now_ms=identity.now_ms,
        zone=zone,
        titles=around.routing.views.titles,
        routing=lambda: around.routing.given,
        book=lambda: around.flows.active.book,
        steps=StepsSeen(steps.here, today),
        staff=around.storage.together.staff,
        nodes=nodes_of(around.storage),
        contacts=_contacts(around.storage, identity),
    )


def _contacts(storage: Storage, identity: Identity) -> ContactsTold:
    return ContactsTold(
        identity, storage.beneath.trail, storage.records, storage.together.orders, storage.together.nodes
    )


def mistakes(config: Config) -> Iterator[str]:
    """What `[http]` cannot be."""
    http = config.http
    for key in ("proxies", "scrapers"):
        for network in getattr(http, key):
            try:
                ip_network(network)
            except ValueError:
                yield f"[http] {key}: {network!r}: expected an address or a network such as 192.0.2.0/24"
    if http.key and not http.certificate:
        yield "[http] key: expected certificate too, without which there is no TLS"
    try:
        beyond = not ip_address(http.host).is_loopback
    except ValueError:
        return
    if beyond and not http.certificate and not http.plain:
        yield (
            f"[http] host = {http.host!r}: people's passwords would be read on the way; expected certificate and key "
            "for TLS, or 127.0.0.1 behind a proxy that speaks TLS, or plain = true where the network is trusted"
        )
