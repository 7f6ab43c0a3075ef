"""What a node keeps: Redis with the distributor on it, the events' way to the folds, and the call records."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from acd.accounts_redis import RedisPeople
from acd.callers import Callers, callers
from acd.connection import blocking_client, command_client
from acd.credentials_redis import RedisCredentials
from acd.crises_redis import RedisCrises
from acd.distributor import DistributorError
from acd.duty_redis import RedisDuty
from acd.invariants import Invariants
from acd.locations import Locations
from acd.model import NodeId
from acd.nodes import Nodes
from acd.orders import Orders
from acd.pseudonym_keys import PseudonymKeys
from acd.relay import Relay
from acd.replication import Replication
from acd.serving import ServingReports
from acd.spool import Spool
from acd.staff import RedisStaff
from acd.store import RedisDistributor
from acd.tokens_redis import RedisTokens
from acd.trail import Trail
from acd.versions_redis import RedisVersions
from acd.worker import Listener, Pulse, Worker
from events.catalogue import Event
from events.sink import Sink
from ivr.over_sip.telephony import Identity
from ivr.versions.arms import Arms
from metrics.conclusions import Conclusions
from metrics.lately import Lately
from metrics.pipeline import Folds
from metrics.records import Records
from metrics.service_level import Limits
from metrics.steps import StepCounts
from svar import records_in_service
from svar.config import Config
from svar.crises_in_service import CrisesInService, Recognising
from svar.discretion import Discreet
from svar.embedded.redis import EmbeddedRedis
from svar.parts import Parts
from svar.pseudonyms import Pseudonymous, Pseudonyms
from svar.records_in_service import RecordsInService

_log = structlog.get_logger(__name__)

FOLDS = "folds"


@dataclass(frozen=True, slots=True)
class Together:
    """What the nodes of an installation know together."""

    locations: Locations
    nodes: Nodes
    orders: Orders
    listener: Listener
    duty: RedisDuty
    staff: RedisStaff
    tokens: RedisTokens
    people: RedisPeople
    credentials: RedisCredentials
    conclusions: Conclusions
    invariants: Invariants


@dataclass(frozen=True, slots=True)
class Beneath:
    """What is looked at from outside: Redis itself, the stream and its last id, events on their way, and folds."""

    replication: Replication
    stream_tip: Callable[[], Awaitable[str]]
    spool: Spool
    steps: StepCounts
    lately: Lately
    records: RecordsInService
    trail: Trail


@dataclass(slots=True)
class Storage:
    """The parts that others build on. `taps` hear every event once, after it is counted."""

    distributor: RedisDistributor
    sink: Sink
    folds: Folds
    together: Together
    records: Records
    versions: RedisVersions
    reports: ServingReports
    arms: Arms
    crises: CrisesInService
    beneath: Beneath
    taps: list[Callable[[Event], None]] = field(default_factory=list)
    callers: Callers = field(init=False)

    async def check_redis(self) -> str:
        """A check for `metrics.health`."""
        await self.together.invariants.read()
        return "answers"


@asynccontextmanager
async def open_storage(
    config: Config, identity: Identity, contacts: Callable[[], int], parts: Parts
) -> AsyncIterator[Storage]:
    """Open everything, and close it in reverse. `contacts` says how many calls the node holds.

    Raises EmbeddedError, RecordsError, and acd's errors when Redis cannot be reached.
    """
    state, tenant, node = Path(config.node.state), identity.tenant, NodeId(identity.node)
    async with AsyncExitStack() as stack:
        redis = await EmbeddedRedis.start(state / "redis", url=config.redis.url or None)
        stack.push_async_callback(redis.stop)
        parts.run(stack, "redis", redis.keep())
        commands = command_client(redis.url, tenant=tenant)
        listening, reading, watching, awaiting, attending = (
            blocking_client(redis.url, tenant=tenant) for _ in range(5)
        )
        for client in (commands, listening, reading, watching, awaiting, attending):
            stack.push_async_callback(client.aclose)
        distributor = RedisDistributor(commands, tenant, node, replicas=config.redis.wait_replicas)
        left_over = await distributor.drop_node(node, "node_lost")
        if left_over:
            _log.warning("contacts of an earlier run of this node were ended", contacts=left_over)
        records = records_in_service.at(config)
        stack.push_async_callback(records.close)
        taps: list[Callable[[Event], None]] = []
        keep = config.node.keep_callers
        tell = [lambda event: _tell(taps, event)]
        crises = CrisesInService(RedisCrises(commands, tenant, watching=awaiting), identity)
        await crises.start()
        parts.run(stack, "crises", crises.run())
        arms, conclusions, steps = Arms(), Conclusions(), StepCounts(ZoneInfo(config.node.zone))
        lately = Lately()
        further = (arms, crises.measures, steps, conclusions, lately)
        folds = Folds(tenant, records, limits=_limits(config), keep_callers=keep, taps=tell, further=further)
        lately.limits = folds.service_level.limits
        relay = Relay(reading, tenant)
        counted = RecordsInService(records, folds, config.records.keep_days, identity.now_ms)
        await _count(counted, folds, relay, parts, stack)
        spool = Spool(commands, tenant, node, state / "events.spool")
        stack.push_async_callback(spool.close)
        parts.run(stack, "spool", spool.run())
        nodes = Nodes(commands, tenant)
        listener = Listener(listening, tenant, node, distributor.post)
        stack.push_async_callback(_leave, nodes, distributor, node)
        parts.run(stack, "worker", Worker(Pulse(distributor, node, contacts), listener).run())
        sink = await _sink(spool if keep else Discreet(spool), crises, config, identity, commands, parts, stack)
        duty = RedisDuty(commands, tenant, watching=attending)
        together = _together(commands, tenant, (nodes, listener, duty), conclusions)
        versions = RedisVersions(commands, tenant, watching=watching)
        reports = ServingReports(commands, tenant)
        kept = (together, records, versions, reports, arms, crises)
        beneath = Beneath(Replication(commands), relay.tip, spool, steps, lately, counted, Trail(commands, tenant))
        storage = Storage(distributor, sink, folds, *kept, beneath, taps)
        storage.callers = await callers(commands, tenant)
        yield storage


def _together(
    commands: Any, tenant: str, kept: tuple[Nodes, Listener, RedisDuty], conclusions: Conclusions
) -> Together:
    nodes, listener, duty = kept
    return Together(
        Locations(commands, tenant),
        nodes,
        Orders(commands, tenant),
        listener,
        duty,
        RedisStaff(commands, tenant),
        RedisTokens(commands, tenant),
        RedisPeople(commands, tenant),
        RedisCredentials(commands, tenant),
        conclusions,
        Invariants(commands, tenant),
    )


async def _sink(
    behind: Sink,
    crises: CrisesInService,
    config: Config,
    identity: Identity,
    commands: Any,
    parts: Parts,
    stack: AsyncExitStack,
) -> Sink:
    """Where events go: past those who know callers by their numbers."""
    keys = PseudonymKeys(commands, identity.tenant)
    pseudonyms = Pseudonyms(keys, config.records.pseudonym_days, config.outbound.region, identity.now_ms)
    await pseudonyms.start()
    parts.run(stack, "pseudonyms", pseudonyms.run())
    return Pseudonymous(Recognising(behind, crises), pseudonyms)


async def _count(counted: RecordsInService, folds: Folds, relay: Relay, parts: Parts, stack: AsyncExitStack) -> None:
    """The folds hear the stream from where their records end."""
    await counted.start()
    stack.push_async_callback(folds.close)
    stack.push_async_callback(relay.drain)
    parts.run(stack, "relay", relay.run())
    hear = partial(relay.add, FOLDS, folds, saved=lambda: folds.saved)
    parts.run(stack, "records", counted.run(lambda: hear(after=folds.checkpoint)))


async def _leave(nodes: Nodes, distributor: RedisDistributor, node: NodeId) -> None:
    """Once it beats no more, others look after what is left of it."""
    try:
        await distributor.drop_node(node, "shutdown")
        await nodes.leave(node)
    except DistributorError as error:
        _log.warning("the other nodes could not be told of the stop", error=str(error))


def _tell(taps: list[Callable[[Event], None]], event: Event) -> None:
    for tap in taps:
        tap(event)


def _limits(config: Config) -> dict[str, Limits]:
    return {queue.name: Limits(queue.target_s, queue.short_s) for queue in config.queue}
