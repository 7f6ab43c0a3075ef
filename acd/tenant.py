"""The state of one tenant's distribution, and what stands around every command on it."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from acd.model import (
    GAP_MS,
    NODE_LEASE_MS,
    OFFER_GRACE_MS,
    AgentSpec,
    AgentState,
    Offer,
    Revoked,
)
from acd.ranking import Ranking
from acd.records import Agent, Clock, Entry, Lease, Numbers, Queue, Site
from events.catalogue import AgentStateChanged, Event

MERGERS_MOST = 8
"""How often a site may have become part of another."""


@dataclass(slots=True)
class Configured:
    """What agents were configured with: `specs` by files, `put` by whoever administers, which goes first.

    `duty` names who is on duty for a rostered queue.
    """

    sites: dict[str, Site] = field(default_factory=dict)
    duty: dict[str, list[str]] = field(default_factory=dict)
    specs: dict[str, AgentSpec] = field(default_factory=dict)
    put: dict[str, AgentSpec] = field(default_factory=dict)


@dataclass(slots=True)
class Turn:
    """One command: the node that gives it, what is told to whom, the pools that changed, the contacts that hoped."""

    node: str = ""
    heard: list[tuple[str, Offer | Revoked]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    hoping: dict[str, None] = field(default_factory=dict)


class Tenant:
    """`open_` stands before the first change of a command; what stands after the last one is `Deciding.close`."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.configured = Configured()
        self.queues: dict[str, Queue] = {}
        self.agents: dict[str, Agent] = {}
        self.entries: dict[str, Entry] = {}
        self.leases: dict[str, Lease] = {}
        self.numbers: dict[str, Numbers] = defaultdict(Numbers)
        self.rankings: dict[str, Ranking] = defaultdict(Ranking)
        self.staff: dict[str, int] = {}
        self.clock = Clock()
        self.events: list[Event] = []
        self.turn = Turn()

    @property
    def deadlines(self) -> Ranking:
        """What may not go on for ever: `o:` an offer, `w:` a wrap-up, `r:` a rest after a missed offer, `n:` a node.

        Of callbacks, `c:` the next try, `x:` the end of the promise.
        """
        return self.rankings["deadlines"]

    @property
    def timers(self) -> Ranking:
        """What is looked at when its time comes: `t:` a contact's next tier, `q:` the state of a queue, `z:` a
        queue whose tiers were changed."""
        return self.rankings["timers"]

    def open_(self, now: int, node: str) -> None:
        """Before the first change: time moves on (never back); after a gap every lease gets a fresh term."""
        previous = self.clock.now
        self.clock.now = max(previous, now)
        self.turn = Turn(node)
        if self.clock.now - previous > GAP_MS:
            self.clock.renewed = self.clock.now

    def renewed(self, member: str) -> bool:
        """Whether this lease has a term that began with the latest gap, and is not over: it is put down then.

        So a gap costs nobody a look at all leases.
        """
        lease = self.leases[member[2:]] if member[0] == "o" else None
        until = self.clock.renewed + (NODE_LEASE_MS if lease is None else lease.rings + OFFER_GRACE_MS)
        if until <= self.clock.now:
            return False
        if lease is not None:
            lease.deadline = until = max(until, lease.deadline)
        self.deadlines.put(member, until)
        return True

    def next_in_ms(self) -> int:
        """To the next deadline or timer; -1: there is none."""
        heads = [head[0] for ranking in (self.deadlines, self.timers) if (head := ranking.head()) is not None]
        return max(0, min(heads) - self.clock.now) if heads else -1

    def home(self, site: str) -> str:
        """Whose caller one of that site is now. Where there are sites, one of none of them is nobody's, and has all."""
        known = self.configured.sites.get(site)
        for _ in range(MERGERS_MOST):
            if known is None or not known.into:
                break
            site = known.into
            known = self.configured.sites.get(site)
        return site if known is not None or not self.configured.sites else ""

    # --- Who is there ---------------------------------------------------------------------------------------------

    def count(self, who: Agent, before: AgentState, after: AgentState) -> None:
        self.count_in([pool for pools in who.pools.values() for pool in pools], before, after)

    def count_in(self, pools: list[str], before: AgentState, after: AgentState) -> None:
        """Keep `staff`: how many of a pool's agents are logged in, and how many of those are not on a break."""
        there, working = _there(after) - _there(before), _working(after) - _working(before)
        for pool in pools if there or working else ():
            self._add(f"t:{pool}", there)
            self._add(f"w:{pool}", working)

    def _add(self, name: str, number: int) -> None:
        left = self.staff.get(name, 0) + number
        if left:
            self.staff[name] = left
        else:
            self.staff.pop(name, None)

    def there(self, pools: list[str]) -> tuple[int, int]:
        """The most who are logged in to one of these pools, and who are at work in one."""
        return (
            max((self.staff.get(f"t:{pool}", 0) for pool in pools), default=0),
            max((self.staff.get(f"w:{pool}", 0) for pool in pools), default=0),
        )

    # --- Rankings -------------------------------------------------------------------------------------------------

    def open_to(self, entry: Entry, pools: list[str]) -> None:
        """These pools may serve the waiting contact."""
        for pool in pools:
            self.rankings[f"open:{pool}"].put(entry.member, entry.score)
            self.turn.touched.add(pool)
        self.turn.hoping[entry.contact] = None

    def shut(self, entry: Entry) -> None:
        """No pool may serve the contact."""
        for pool in entry.pools:
            self.rankings[f"open:{pool}"].drop(entry.member)

    def no_longer_waits(self, entry: Entry) -> None:
        self.rankings[f"waiting:{entry.queue}"].drop(entry.member)
        self.shut(entry)

    def join_idle(self, who: Agent) -> None:
        for pools in who.pools.values():
            for pool, off in pools.items():
                self.stand_idle(who, pool, off)

    def stand_idle(self, who: Agent, pool: str, off: int) -> None:
        self.rankings[f"idle:{pool}"].put(who.agent, who.idle - off)
        self.turn.touched.add(pool)

    def leave_idle(self, who: Agent) -> None:
        for pools in who.pools.values():
            for pool in pools:
                self.rankings[f"idle:{pool}"].drop(who.agent)

    # --- Events ---------------------------------------------------------------------------------------------------

    def emit(self, kind: type[Event], entry: Entry, **values: Any) -> None:
        self.events.append(
            kind(at_ms=self.clock.now, tenant=self.tenant, node=entry.node, contact=entry.contact, **values)
        )

    def announce(self, kind: type[Event], **values: Any) -> None:
        """An event of no contact."""
        self.events.append(kind(at_ms=self.clock.now, tenant=self.tenant, node=self.turn.node, contact="", **values))

    def emit_state(self, who: Agent, previous: AgentState, lasted_ms: int) -> None:
        """A partner's slots are no agents of ours, and nobody is told of them."""
        if who.profile.partner:
            return
        self.events.append(
            AgentStateChanged(
                at_ms=self.clock.now,
                tenant=self.tenant,
                node=self.turn.node,
                contact=who.contact,
                agent=who.agent,
                site=who.profile.site,
                state=who.state.value,
                reason=who.reason,
                previous=previous.value,
                lasted_ms=lasted_ms,
            )
        )


def _there(state: AgentState) -> bool:
    return state != AgentState.LOGGED_OUT


def _working(state: AgentState) -> bool:
    return state not in (AgentState.LOGGED_OUT, AgentState.NOT_READY)
