"""The one place that constructs: from a configuration to a running node, part by part, and back in reverse order."""

import asyncio
import os
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from acd.model import NodeId
from events.catalogue import NodeStarted, NodeStopped
from ivr.over_sip.agent_leg import Line, SipPhones
from ivr.over_sip.remote import Relays
from ivr.over_sip.sip_call import Outside
from ivr.over_sip.telephony import Background, Identity
from ivr.ports.mailboxes import Mailboxes
from ivr.prompts.library import SpokenPrompts
from ivr.running.commands import Commands
from ivr.running.run import Services
from metrics.health import Health, LoopLag, StreamLag
from metrics.pipeline import day_start_ms
from metrics.prometheus import Exposition
from metrics.wallboard import Board
from sip.aio.sockets import CannotListen
from sip.aio.tls import Tls
from sip.aio.user_agent import UserAgent
from sip.config import Address
from sip.core import UserAgentCore
from svar import (
    __version__,
    api_in_service,
    certificates,
    console_in_service,
    crises_shown,
    endpoint,
    exposition,
    feature_codes,
    ladders_in_service,
    mailboxes,
    media,
    mqtt_in_service,
    nodes_in_service,
    orders_in_service,
    passwords,
    serving_flows,
    state_folder,
    talking,
    trunks,
    web,
)
from svar.api_in_service import ApiInService, Around
from svar.calls import CallTasks
from svar.carriers import Carriers
from svar.checks import check
from svar.config import Config, ConfigError
from svar.figures import MEANT
from svar.flows_in_service import FlowsInService
from svar.invariants_watch import InvariantsWatch
from svar.nodes_in_service import NodesInService
from svar.parts import Parts
from svar.passwords import Passwords
from svar.reception import Reception, calling
from svar.registrations import Registrations
from svar.ringing_back import RingsBackInService, said
from svar.routing_in_service import RoutingInService
from svar.serving_duty import Asking, Duty, with_questions
from svar.storage import Storage, open_storage

_log = structlog.get_logger(__name__)

LONGEST_CALL_S = 4 * 3600.0
ENDING_S = 5.0
GOODBYE_S = 2.0
"""How long the stop waits for phones to confirm that they were hung up."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where a running node is reached; `streams` are those of SIP over TCP and TLS; `people`: how they log in."""

    sip: tuple[str, int]
    http: tuple[str, int]
    mqtt: str
    streams: tuple[Address, ...] = ()
    people: str = ""


class Node:
    """One node of an installation: `start` and `stop` once each. `fresh_passwords` are to be shown once."""

    def __init__(self, config: Config) -> None:
        """Raises ConfigError."""
        check(config)
        self.config = config
        self.identity = Identity(config.node.tenant, endpoint.node_name(config), _now_ms)
        self.passwords: Passwords
        self._stack = AsyncExitStack()
        self._background = Background()
        self._calls = CallTasks(LONGEST_CALL_S)
        self._commands = Commands()
        self._parts = Parts()
        self._routing = RoutingInService(config)
        self.storage: Storage
        self.flows: FlowsInService

    @property
    def services(self) -> list[tuple[str, str]]:
        """The numbers that are served, with their titles."""
        return sorted((number, flow.title) for number, flow in self.flows.active.book.by_number.items())

    @property
    def registering(self) -> list[str]:
        """The agents of the configuration whose phones register."""
        return [name for name, agent in endpoint.agents(self.config).items() if not agent.contact]

    async def start(self, *, watch_flows: bool = False) -> Places:
        """With `watch_flows` the flows' folder is served as it changes, and nothing that is published.

        Raises ConfigError, FlowFileError, OSError and the embedded servers' errors; what had begun is undone.
        """
        try:
            return await self._start(watch_flows=watch_flows)
        except BaseException:
            await self._stack.aclose()
            raise

    async def _start(self, *, watch_flows: bool) -> Places:
        config = self.config
        stack = self._stack
        stack.enter_context(state_folder.held(Path(config.node.state)))
        self.storage = storage = await stack.enter_async_context(
            open_storage(config, self.identity, lambda: len(self._calls), self._parts)
        )
        self.passwords = await passwords.opened(config, storage.together.credentials, self._parts, stack)
        await self.passwords.ensure(self.registering)
        self._routing.attach(storage.distributor, storage.folds, self.passwords)
        self._parts.run(stack, "routing", self._routing.run())
        self.flows = await serving_flows.serve_flows(
            config, self._routing, self.identity, storage, self._parts, stack, watch_folder=watch_flows
        )
        words = with_questions((*feature_codes.SPOKEN, *said(config.callbacks)))
        prompts = await serving_flows.spoken(config, words, Path(config.flows.folder))
        stack.push_async_callback(prompts.close)
        staff = self._routing.views
        nodes = NodesInService(storage.together.nodes, self.identity, storage.distributor, storage.sink)
        core = await nodes.prepare(endpoint.core_config(config, self.passwords, __version__, staff.registering))
        resolver = endpoint.resolver(config)
        if resolver is not None:
            stack.push_async_callback(resolver.close)
        tls = certificates.tls(config)
        user_agent = UserAgent(UserAgentCore(core, _token), *endpoint.listening(config), tls=tls, resolver=resolver)
        carriers = Carriers(core.trunks)
        user_agent.on_registration = carriers.heard
        engine = await media.start(config)
        stack.push_async_callback(engine.shutdown)
        for doubt in media.doubts(config):
            _log.warning("the system may not carry what is configured", doubt=doubt)
        told, hold = (storage.sink, self.identity), prompts.music("default")
        line = media.line(user_agent, engine, told, self._background, hold, staff.terms)
        registrations = Registrations(
            user_agent, storage.distributor, staff.staff, staff.fixed, self._background, _now_ms,
            storage.together.locations, nodes,
        )  # fmt: skip
        # Before anybody can ring: a caller must not be offered to an agent whose phone is not known again yet.
        await registrations.restore()
        boxes = await mailboxes.opened(config, self.identity, self._parts, stack)
        phones = self._answer(line, registrations, prompts, boxes, nodes)
        await self._listen(user_agent)
        await registrations.log_in_fixed()
        await registrations.match_agents()
        self._routing.staffed = registrations.staffed
        nodes.inherit, nodes.cut_off = registrations.inherit, lambda: carriers.cut_off
        await nodes.join(nodes_in_service.record(config, self.identity, user_agent.addresses, __version__))
        self._parts.run(stack, "nodes", nodes.run())
        asking = Asking(line, phones, prompts, _token)
        duty = Duty(config, self.identity, storage, self.flows, carriers, asking)
        await duty.start(self._parts, stack)
        user_agent.hire()
        seen = self._api(user_agent, registrations), duty
        http, mqtt, people = await self._show(user_agent, engine, carriers, tls, nodes, *seen)
        self._emit(NodeStarted, release=__version__)
        streams = tuple(address for address in user_agent.addresses if address.reliable)
        return Places(user_agent.address[:2], http, mqtt, streams, people)

    def reload(self, config: Config | None) -> None:
        """Read the certificates again, and take the queues and agents of `config` (None: as they are), once started.

        What cannot be used is logged, and changes nothing.
        """
        self._user_agent.reload_certificates()
        if config is not None:
            self._background(self._routing.reread(config, check))

    async def _listen(self, user_agent: UserAgent) -> None:
        try:
            await user_agent.start()
        except CannotListen as error:
            other = "[tls] port" if error.address.transport == "TLS" else "SVAR_SIP_PORT=5070"
            raise ConfigError(f"{error}; {other} chooses another port") from None
        self._stack.push_async_callback(user_agent.close)

    def _answer(
        self,
        line: Line,
        registrations: Registrations,
        prompts: SpokenPrompts,
        boxes: Mailboxes | None,
        nodes: NodesInService,
    ) -> SipPhones:
        """From here on INVITEs are led to flows, and offers to agents' phones. Gives the way to these."""
        config, storage = self.config, self.storage
        local = calling(config.sip.domains[0] if config.sip.domains else config.sip.host, self._routing.views.titles)
        phones = SipPhones(line, registrations.locate, local, _token, registrations.find)
        relays = Relays(line, registrations.locate, _token)
        nodes.lost += [phones.node_lost, relays.node_lost]
        outside = Outside(phones, trunks.destinations(config))
        self._calls.talks = talks = talking.talks(config, line, phones, outside, self._routing, prompts)
        node, distributor = NodeId(self.identity.node), storage.distributor
        back = RingsBackInService(
            config, storage.callers, distributor, self._commands, lambda: self.flows.active.book.by_number
        )
        lookups, texts = web.opened(config, self._stack)
        services = Services(
            tenant=self.identity.tenant,
            node=node,
            prompts=prompts,
            distributor=distributor,
            **back.ports,
            phones=phones,
            commands=self._commands,
            sink=storage.sink,
            now_ms=self.identity.now_ms,
            site=config.node.site,
            settings=config.flows.settings,
            mailboxes=boxes,
            lookups=lookups,
            texts=texts,
            crises=storage.crises,
            talks=talks,
        )
        back.begin(services, (line, phones, outside), self._calls.start, storage.taps)
        trusted = [trunk.name for trunk in config.trunk if trunk.trusted]
        most_calls = endpoint.most_calls(config)
        accounts = {trunk.name: trunk.account.user for trunk in config.trunk if trunk.account.register}
        reception = Reception(
            line, outside, services, self._calls, _token, most_calls=most_calls, trusted=trusted, accounts=accounts
        )
        reception.choose, reception.relays, relays.at = self.flows.choose, relays, nodes.at
        orders = orders_in_service.take_orders(storage, self.identity, self._calls)
        orders_in_service.share_phones(storage, self.identity, orders, registrations)
        ladders_in_service.serve(line.user_agent, reception, orders, self.identity)
        relays.refer = orders_in_service.referring(storage, self.identity, talking.hosts(config, line))
        reception.codes = feature_codes.Codes(
            storage.together.staff.wrapping_up, config.talk.reasons, lambda: self.flows.active.book.topics
        )
        line.user_agent.on_invite = reception.on_invite
        line.user_agent.on_request = reception.on_request
        line.user_agent.on_register_change = registrations.heard
        distributor.post.forgotten = registrations.forgotten
        self._user_agent = line.user_agent
        return phones

    async def _show(
        self,
        user_agent: UserAgent,
        engine: media.Engine,
        carriers: Carriers,
        tls: Tls,
        nodes: NodesInService,
        api: ApiInService,
        duty: Duty,
    ) -> tuple[tuple[str, int], str, str]:
        """The console, /metrics, /health, and MQTT."""
        config, storage = self.config, self.storage
        zone, lag, health = ZoneInfo(config.node.zone), LoopLag(), Health()
        self._parts.run(self._stack, "loop lag", lag.run())
        health.add("loop", lag.check)
        health.add("parts", self._parts.check)
        if (workers := media.check(engine)) is not None:
            health.add("media", workers)
        health.add("redis", storage.check_redis)
        health.add("trunks", carriers.check)
        health.add("nodes", nodes.check)
        if config.tls.certificate:
            health.add("tls", certificates.check(tls))
        behind = StreamLag(storage.beneath.stream_tip, lambda: storage.folds.checkpoint)
        health.add("events", behind.check)
        health.add("records", storage.beneath.records.check)

        def board() -> Board:
            return storage.folds.board(day_start_ms(_now_ms(), zone))

        further = duty.topics_beside(crises_shown.topics_of(storage.crises))
        shown = mqtt_in_service.Shown(board, further, api, nodes, health)
        mqtt = await mqtt_in_service.serve(
            config, self.identity, storage, shown, self._parts, self._stack, now_ms=_now_ms()
        )
        sources = exposition.parts(user_agent, engine, nodes, tls, self.flows) | api.figures() | shown.figures
        sources["calls"] = self._figures
        looks = exposition.looking(config, storage, health, _now_ms, self._parts, self._stack)
        sources |= exposition.beneath(storage, looks[0], behind)
        watch = serving_flows.watch_canary(self.flows, self.identity, storage, self._parts, self._stack)
        sources["canary"] = lambda: {"taken_back_total": watch.taken_back}
        labelled = serving_flows.shown(self.flows, watch, health)
        labelled += crises_shown.labelled(storage.crises)
        invariants = InvariantsWatch(storage.together.invariants.read)
        self._parts.run(self._stack, "invariants", invariants.run())
        health.add("invariants", invariants.check)
        labelled += invariants.labelled() + duty.labelled()
        labelled += api_in_service.labelled(storage, lambda: day_start_ms(_now_ms(), zone))
        labelled += [*exposition.who(self.identity, config.node.site), *carriers.labelled(), api.by_queue()]
        every = [*labelled, *exposition.shown(storage, nodes, *looks)]
        exposed = Exposition([storage.folds], zone=zone, health=sources, lag_s=lag.worst_s, labelled=every, meant=MEANT)
        around = console_in_service.Around(storage, self._routing, self.flows, carriers, nodes, health, api)
        server, people = await console_in_service.serve(
            config, self.identity, around, exposed.render, self._parts, self._stack
        )
        return (server.host, server.port), mqtt, people

    def _api(self, user_agent: UserAgent, registrations: Registrations) -> ApiInService:
        """What changes agents from outside, and asks their phones."""
        around = Around(self.storage, self._routing, registrations, self.passwords, lambda: self.flows.active.book)
        watch = api_in_service.watch_of(around, user_agent, self._background, float(self.config.sip.phone_check_s))
        return api_in_service.serve(around, self.identity, watch, self._parts, self._stack)

    def _figures(self) -> dict[str, int]:
        calls = self._calls
        under_way = {"commands_under_way": len(self._commands), "tasks": len(asyncio.all_tasks())}
        return {"in_progress": len(calls), "refused_total": calls.refused} | under_way

    def _emit(self, event: type[NodeStarted] | type[NodeStopped], **values: str) -> None:
        who = self.identity
        self.storage.sink.emit(event(at_ms=_now_ms(), tenant=who.tenant, node=who.node, **values))

    async def stop(self, hurry: asyncio.Event | None = None) -> None:
        """In order: new calls get 503, calls in progress get a bounded time, then everything that was started ends.

        Once `hurry` is set, calls in progress get no more time.
        """
        try:
            self._user_agent.drain()
            late = await self._calls.finish(self.config.limits.shutdown_s, hurry)
            if late:
                _log.warning("calls in progress were ended at the stop", calls=late)
            await self._background.close(ENDING_S)
            await self._commands.drain(ENDING_S)
            self._user_agent.quit()
            await self._goodbyes()
            self._emit(NodeStopped, cause="stopped")
        finally:
            await self._stack.aclose()

    async def _goodbyes(self) -> None:
        """A BYE or CANCEL that is lost has to be sent again, and trunks ask for a proof before they let us go: nobody
        would do either once the socket is closed.
        """
        clock = asyncio.get_running_loop().time
        until, agent = clock() + GOODBYE_S, self._user_agent
        while clock() < until and (agent.stats["sessions"] or agent.core.quitting):  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.02)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _token() -> str:
    return os.urandom(8).hex()
