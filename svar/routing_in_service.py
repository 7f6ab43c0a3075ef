"""Who serves whom now: the routing of the version in service and the configuration's own, given to the distributor.

Every node gives it, and to give the same twice changes nothing. It is given before contacts get the flows of its
version, so that no flow leads to a queue that is not there.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

import structlog

from acd.distributor import DistributorError, Unavailable
from acd.model import AgentSpec, PartnerSpec, QueueNumbers, QueueSpec, SiteId, SiteSpec
from ivr.difference.staff import mergers
from ivr.language.routing import NO_ROUTING, RoutedQueue, RoutedSite, Routing
from ivr.over_sip.agent_leg import Target
from ivr.over_sip.line import MediaTerms
from metrics.service_level import Limits
from sip.events import Origin
from svar import deployment, endpoint, trunks
from svar.config import Config, ConfigError
from svar.passwords import Passwords

_log = structlog.get_logger(__name__)

LINGER_S = 900.0
"""So long queues and sites stay that the version in service has no more: calls are in the flows of the one before."""
PATIENCE_S = 10.0
"""So long the flows of a version wait for its routing: who can't reach the distributor serves them all the same."""
RETRY_S = 0.5
LIVE = ("queue", "agent", "skill")
"""Kinds of names that are taken up without a restart."""
PLURAL = {"mailbox": "mailboxes", "sms": "sms"}


class Configured(Protocol):
    """The part of the distributor that routing drives."""

    async def configure(
        self,
        queues: Sequence[QueueSpec],
        agents: Sequence[AgentSpec],
        sites: Sequence[SiteSpec] = (),
        partners: Sequence[PartnerSpec] = (),
    ) -> None: ...

    async def queues(self) -> list[QueueNumbers]: ...


class Measured(Protocol):
    """Who measures by the queues' targets."""

    def learn(self, limits: dict[str, Limits]) -> None: ...


@dataclass(slots=True)
class Views:
    """What others look at; it changes under them.

    `titles` of queues; `known`: what the configuration gives flows to name; `staff`: every agent; `registering`: those
    whose phones register; `fixed`: the phones of the others; `terms`: how media goes with trunks and agents.
    """

    titles: dict[str, str]
    known: dict[str, Collection[str]]
    staff: set[str]
    registering: set[str]
    fixed: dict[str, Target]
    terms: dict[Origin, MediaTerms]


def _views(config: Config) -> Views:
    agents = endpoint.agents(config)
    return Views(
        endpoint.titles(config),
        dict(deployment.names(config)),
        set(agents),
        endpoint.registering_of(config),
        endpoint.fixed_phones(config),
        trunks.media_terms(config, {name: agent.srtp for name, agent in agents.items()}),
    )


@dataclass(slots=True)
class Lingering:
    """Queues and sites that are gone and still stand, each until a time of the loop."""

    queues: dict[str, tuple[RoutedQueue, float]] = field(default_factory=dict)
    sites: dict[str, tuple[RoutedSite, float]] = field(default_factory=dict)

    def beside(self, plan: Routing, before: Routing, now: float) -> Routing:
        """`plan` with the queues and sites of `before` that it has no more.

        Tiers of partners who are gone go. A site that is gone is part of the one where its agents are now: its callers
        still wait. Where they are nowhere, its neighbours help on.
        """
        parts = mergers(before, plan)
        for name, queue in before.queues.items():
            self.queues.setdefault(name, (queue, now + LINGER_S))
        for name, site in before.sites.items():
            helpers = dict.fromkeys([parts.get(name, name), *(parts.get(one, one) for one in site.spec.neighbours)])
            there = tuple(SiteId(one) for one in helpers if one in plan.sites)
            into = SiteId(parts[name] if parts.get(name) in plan.sites else "")
            helped = replace(site, spec=replace(site.spec, neighbours=there, into=into))
            self.sites.setdefault(name, (helped, now + LINGER_S))
        self.queues = {one: kept for one, kept in self.queues.items() if one not in plan.queues and kept[1] > now}
        self.sites = {one: kept for one, kept in self.sites.items() if one not in plan.sites and kept[1] > now}
        queues = {name: _without_partners(queue, plan) for name, (queue, _) in self.queues.items()}
        return Routing(queues=queues, sites={name: site for name, (site, _) in self.sites.items()}).beside(plan)

    def next_in_s(self, now: float) -> float | None:
        ends = [until for kept in (self.queues, self.sites) for _, until in kept.values()]
        return min(ends) - now if ends else None


def _without_partners(queue: RoutedQueue, plan: Routing) -> RoutedQueue:
    tiers = tuple(tier for tier in queue.spec.tiers if not tier.partner or tier.partner in plan.partners)
    return replace(queue, spec=replace(queue.spec, tiers=tiers or QueueSpec(queue.spec.queue).tiers))


class RoutingInService:
    """`run` gives the distributor what `serve` and `reread` ask for, until it is cancelled."""

    def __init__(self, config: Config) -> None:
        self.views = _views(config)
        self._wanted = (config, NO_ROUTING)
        self._given = NO_ROUTING
        self._lingering = Lingering()
        self._added: set[str] = set()
        self._asked, self._settled = asyncio.Event(), asyncio.Event()
        self._parts: tuple[Configured, Measured, Passwords]
        self.staffed: Callable[[Collection[str], Collection[str]], None] = lambda came, went: None

    def attach(self, distributor: Configured, measured: Measured, passwords: Passwords) -> None:
        """Before anything else is asked of it."""
        self._parts = (distributor, measured, passwords)

    @property
    def given(self) -> Routing:
        """What the distributor has of this node: the configuration's, the version's, and queues that linger."""
        return self._given

    def add(self, agent: str) -> None:
        """An agent who stands in no file (the API added it): the phone may register, whatever files say later."""
        self._added.add(agent)
        self.views.registering.add(agent)
        if agent not in self.views.staff:
            self.views.staff.add(agent)
            self.staffed({agent}, ())

    def remove(self, agent: str) -> None:
        """What `add` did is over."""
        self._added.discard(agent)
        if agent not in self._given.agents:
            self.views.registering.discard(agent)
            self.views.staff.discard(agent)
            self.staffed((), {agent})

    # --- What is asked ----------------------------------------------------------------------------------------------

    async def serve(self, routing: Routing, *, current: bool = True) -> None:
        """Have the routing of a version; waits until the distributor has it, PATIENCE_S at most.

        A version that is not `current` is given only where the distributor has nothing: it is other nodes' to say.
        """
        config = self._wanted[0]
        if not current:
            with suppress(DistributorError):
                if await self._parts[0].queues():
                    self._wanted = (config, routing)
                    await self._learn(self._plan())
                    return
        await self._ask(config, routing)

    async def reread(self, config: Config, check: Callable[[Config], None]) -> None:
        """Have the queues and agents of a configuration that was read again; `check` raises ConfigError.

        What cannot be is logged, and all stays as it was: callers in progress notice nothing.
        """
        try:
            check(config)
            _check_apart(config, self._wanted[1])
        except ConfigError as error:
            _log.error("the queues stay as they were", error=str(error))
            return
        for change in self._changes(config):
            _log.warning("the configuration has what only a restart takes up", change=change)
        await self._ask(config, self._wanted[1])
        _log.info("the queues were read again", queues=len(config.queue), agents=len(endpoint.agents(config)))

    async def _ask(self, config: Config, routing: Routing) -> None:
        self._wanted = (config, routing)
        self._settled.clear()
        self._asked.set()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._settled.wait()
        except TimeoutError:
            _log.error("the distributor has not got the routing of this version yet", tried_for_s=PATIENCE_S)

    def _changes(self, config: Config) -> Iterator[str]:
        names = deployment.names(config)
        for kind, before in self.views.known.items():
            if kind not in LIVE and sorted(before) != sorted(names[kind]):
                yield PLURAL.get(kind, f"{kind}s")

    # --- What is done -----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until it is cancelled. Outlives the distributor's absence."""
        away = False
        clock = asyncio.get_running_loop().time
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._lingering.next_in_s(clock())):
                    await self._asked.wait()
            self._asked.clear()
            try:
                await self._give()
                away = False
            except Unavailable as error:
                if not away:
                    _log.warning("the distributor is away; it gets the routing when it is back", error=str(error))
                away = True
                self._asked.set()
                await asyncio.sleep(RETRY_S)
            except (DistributorError, OSError) as error:
                _log.error("the routing could not be given to the distributor", error=str(error))
                self._settled.set()
            else:
                if not self._asked.is_set():
                    self._settled.set()

    async def _give(self) -> None:
        plan = self._plan()
        await self._learn_passwords(plan)
        given = self._lingering.beside(plan, self._given, asyncio.get_running_loop().time())
        # What is the same is not given again: a new text in a flow must not hold up the decisions for a country.
        if given != self._given or not self._given:
            await self._configure(given)
        self._given = given
        await self._learn(given)
        counts = {name: len(getattr(given, name)) for name in ("queues", "sites", "agents", "partners")}
        _log.info("routing in service", **counts)

    def _plan(self) -> Routing:
        config, routing = self._wanted
        return deployment.standing(config).beside(routing)

    async def _configure(self, routing: Routing) -> None:
        await self._parts[0].configure(
            [queue.spec for queue in routing.queues.values()],
            [agent.spec for agent in routing.agents.values()],
            [site.spec for site in routing.sites.values()],
            [partner.spec for partner in routing.partners.values()],
        )

    async def _learn_passwords(self, plan: Routing) -> None:
        """Before anybody new may register."""
        fixed = endpoint.fixed_phones(self._wanted[0])
        await self._parts[2].ensure(sorted(plan.agents.keys() - fixed.keys()))

    async def _learn(self, routing: Routing) -> None:
        """Let everybody see what is so from now on."""
        config, views = self._wanted[0], self.views
        views.titles.clear()
        views.titles.update({name: queue.title or name for name, queue in routing.queues.items()})
        names = deployment.names(config)
        views.known |= {kind: names[kind] for kind in LIVE}
        fixed = endpoint.fixed_phones(config)
        staff = routing.agents.keys() | self._added
        came, went = staff - views.staff, views.staff - staff
        moved = fixed.keys() ^ views.fixed.keys()
        views.fixed.clear()
        views.fixed.update(fixed)
        for live, now in ((views.staff, staff), (views.registering, staff - fixed.keys())):
            live.intersection_update(now)
            live.update(now)
        srtp = {name: agent.srtp for name, agent in endpoint.agents(config).items()}
        views.terms.update(trunks.media_terms(replace(config, trunk=[]), srtp))
        limits = {name: Limits(queue.spec.target_s, queue.spec.short_s) for name, queue in routing.queues.items()}
        self._parts[1].learn(limits)
        self.staffed(came | (moved & views.staff), went)


def _check_apart(config: Config, routing: Routing) -> None:
    """Raises ConfigError for names that both have."""
    both = [f"queue {name!r}" for name in endpoint.titles(config) if name in routing.queues]
    both += [f"agent {name!r}" for name in endpoint.agents(config) if name in routing.agents]
    if both:
        raise ConfigError(f"{', '.join(both[:5])}: the routing of the version in service has it too")
