"""The rules of distribution, pure: the specification of `scripts/*.lua`, which do the same function by function.

The longest waiting contact (less its head start) and the longest idle agent who may serve it meet in the command that
brings either; so a queue never has both at rest. All times are given, in milliseconds since the epoch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from acd.callbacks import Callbacks
from acd.deciding import following
from acd.distributor import Refused
from acd.model import (
    FROM_THE_FIRST,
    NODE_LEASE_MS,
    OFFER_GRACE_MS,
    SLOW_STEP,
    STEP_LIMIT,
    AgentId,
    AgentNow,
    AgentSpec,
    AgentState,
    Enqueue,
    PartnerSpec,
    Place,
    QueueId,
    QueueNumbers,
    QueueSpec,
    SiteId,
    SiteSpec,
)
from acd.pools import names_of, profile_of, slots_of
from acd.records import CALLBACK, OFFERED, TALKING, Agent, Done
from acd.steps import AGENT_STEP, CONTACT_STEP, leaving
from events.catalogue import AgentDropped, AgentPut, SiteBack, SiteLost

SLICE = 3
"""Agents that one command configures."""
RENEWED_MOST = 30
"""Deadlines that one command looks at for the offers of a node."""
STAYS = frozenset({"conference", "transferred"})
"""Reasons of who is in a talk that was another agent's, for as long as that lasts."""
IN_A_TALK = STAYS | {"consult"}


class Model(Callbacks):
    """One tenant. Every command takes the time and the node that gives it; it checks all before it changes anything."""

    # --- Contacts -----------------------------------------------------------------------------------------------

    def enqueue(self, now: int, node: str, new: Enqueue) -> Done:
        entry, queue = self.entries.get(new.contact), self.queues.get(new.queue)
        if entry is not None and (entry.queue != new.queue or entry.state == TALKING or entry.terms.kind == CALLBACK):
            raise Refused("BADSTATE", f"contact {new.contact} is {entry.state} in queue {entry.queue}")
        if entry is None and (queue is None or self.is_over(queue)):
            raise Refused("NOQUEUE", f"there is no queue {new.queue}")
        if entry is None and queue is not None and self.is_full(queue, new):
            raise Refused("FULL", f"queue {new.queue} has {queue.most} waiting")
        if entry is None and queue is not None and self.comes_too_late(queue, new, max(now, self.clock.now)):
            raise Refused("CLOSING", f"queue {new.queue} closes too soon")
        self.open_(now, node)
        if f"n:{new.node}" not in self.deadlines:
            self.deadlines.put(f"n:{new.node}", self.clock.now + NODE_LEASE_MS)
        if entry is None and queue is not None:
            entry = self.enter(queue, new)
        elif entry is not None and entry.node != new.node:
            self.take_over(entry, new.node)
        elif entry is not None and entry.state == OFFERED:
            self.tell(self.leases[entry.offer], entry)
        assert entry is not None
        return self.close(entry=entry)

    def leave(self, now: int, node: str, contact: str, cause: str, *, flowed_out: bool = False) -> Done:
        entry = self.entries.get(contact)
        self.open_(now, node)
        if entry is not None:
            self.end(entry, cause, "flowed_out" if flowed_out else "lost", "caller_left")
        return self.close()

    def finish(self, now: int, node: str, contact: str, cause: str) -> Done:
        return self.leave(now, node, contact, cause)

    def place(self, now: int, contact: str) -> Place:
        entry = self.entries.get(contact)
        if entry is None or entry.state == TALKING:
            raise Refused("NOCONTACT", f"contact {contact} is in no queue")
        return self.place_of(entry, max(now, self.clock.now))

    # --- Offers -------------------------------------------------------------------------------------------------

    def accept(self, now: int, node: str, offer: str, fence: int) -> Done:
        lease = self.leased(offer, fence)
        self.open_(now, node)
        if not lease.accepted:
            self.answer(lease, self.entries[lease.contact])
        return self.close()

    def fail(self, now: int, node: str, offer: str, fence: int, cause: str) -> Done:
        lease = self.leased(offer, fence)
        if lease.accepted:
            raise Refused("NOOFFER", f"offer {offer} was accepted")
        self.open_(now, node)
        if cause == "caller_left":
            self.end(self.entries[lease.contact], "caller_hung_up", "lost", cause)
        else:
            self.missed(lease, cause)
        return self.close()

    # --- Agents -------------------------------------------------------------------------------------------------

    def log_in(self, now: int, node: str, agent: str, *, ready: bool = True) -> Done:
        who = self._known(agent)
        self.open_(now, node)
        who.node = node
        if who.state == AgentState.LOGGED_OUT:
            self.becomes(who, AgentState.READY if ready else AgentState.NOT_READY)
        elif leaving(who) and not who.profile.gone:
            who.after = "" if ready else "not_ready:"
        return self.close()

    def log_out(self, now: int, node: str, agent: str, reason: str) -> Done:
        who = self._known(agent)
        self.open_(now, node)
        self._goes(who, AgentState.LOGGED_OUT, reason, "unreachable", "logged_out")
        return self.close()

    def ready(self, now: int, node: str, agent: str) -> Done:
        who = self._present(agent)
        self.open_(now, node)
        if who.state != AgentState.OFFERED:
            self._goes(who, AgentState.READY, "", "", "agent")
        return self.close()

    def not_ready(self, now: int, node: str, agent: str, reason: str) -> Done:
        who = self._present(agent)
        self.open_(now, node)
        self._goes(who, AgentState.NOT_READY, reason, "rejected", "agent")
        return self.close()

    def occupy(self, now: int, node: str, agent: str, reason: str, at_most: int) -> Done:
        """`at_most` in milliseconds. Who is in another's talk may stay in it, for a reason or a time that is new."""
        who = self._known(agent)
        stays = who.state == AgentState.NOT_READY and who.reason in IN_A_TALK and reason in STAYS
        if who.state != AgentState.READY and not stays:
            raise Refused("BADSTATE", f"agent {agent} is {who.state}, not ready")
        self.open_(now, node)
        if not stays or who.reason != reason:
            self.becomes(who, AgentState.NOT_READY, reason)
        self.deadlines.put(f"r:{agent}", self.clock.now + at_most)
        return self.close()

    def end_wrap_up(self, now: int, node: str, agent: str, topic: str, concluded: str = "") -> Done:
        who = self._known(agent)
        if who.state != AgentState.WRAP_UP:
            raise Refused("BADSTATE", f"agent {agent} is {who.state}, not in wrap-up")
        self.open_(now, node)
        self.wrapped_up(who, topic, "agent", concluded)
        self.settle(who)
        return self.close()

    def _known(self, agent: str) -> Agent:
        who = self.agents.get(agent)
        if who is None:
            raise Refused("NOAGENT", f"there is no agent {agent}")
        return who

    def _present(self, agent: str) -> Agent:
        who = self._known(agent)
        if who.state == AgentState.LOGGED_OUT:
            raise Refused("BADSTATE", f"agent {agent} is logged out")
        return who

    def _goes(self, who: Agent, state: AgentState, reason: str, failing: str, ending: str) -> None:
        """The agent's own wish. A talk goes on, and the wish is remembered; an offer fails as `failing`."""
        if who.profile.gone and state != AgentState.LOGGED_OUT:
            return
        if who.state == AgentState.TALKING:
            who.after = "" if state == AgentState.READY else f"{state.value}:{reason}"
            return
        if who.state == AgentState.OFFERED:
            self.withdraw(self.leases[self.entries[who.contact].offer], failing, told=True)
        elif who.state == AgentState.WRAP_UP:
            self.wrapped_up(who, "", ending)
        self.deadlines.drop(f"r:{who.agent}")
        who.after = ""
        if (who.state, who.reason) != (state, reason) and not who.state == state == AgentState.LOGGED_OUT:
            self.becomes(who, state, reason)

    # --- Time, nodes, configuration -----------------------------------------------------------------------------

    def due(self, now: int, node: str) -> Done:
        """All that time does, at most STEP_LIMIT steps; when more is left `next_in_ms` is 0."""
        self.open_(now, node)
        left = STEP_LIMIT
        while left > 0 and (member := self._first_due()):
            left -= self._be_done(member)
        return self.close()

    def _first_due(self) -> str:
        """What is due first, deadlines before timers; empty: nothing."""
        first, timer = self.deadlines.head(), self.timers.head()
        if first is None or (timer is not None and timer[0] < first[0]):
            first = timer
        return first[1] if first is not None and first[0] <= self.clock.now else ""

    def _be_done(self, member: str) -> int:
        """Gives what it counts for."""
        kind, name = member[0], member[2:]
        if kind in "no" and self.renewed(member):
            return CONTACT_STEP
        if kind == "n":
            if counts := self.drop_one(name, "node_lost"):
                return counts
            self.deadlines.drop(member)
            return CONTACT_STEP
        if kind == "o":
            self.missed(self.leases[name], "lease_expired", told=True)
        elif kind == "w":
            self.wrapped_up(self.agents[name], "", "timeout")
            self.settle(self.agents[name])
        elif kind == "r":
            self.deadlines.drop(member)
            self.becomes(self.agents[name], AgentState.READY)
        elif kind == "t":
            self.timers.drop(member)
            self.widen(self.entries[name])
            return CONTACT_STEP
        elif kind in "cx":
            self.rested(name) if kind == "c" else self.expire(name)
        else:
            self.recheck(name) if kind == "q" else self.reopen_some(name)
            return SLOW_STEP
        return AGENT_STEP

    def beat(self, now: int, node: str) -> Done:
        """`number` is how many contacts the node is known to hold."""
        self.open_(now, node)
        self.deadlines.put(f"n:{node}", self.clock.now + NODE_LEASE_MS)
        done, clock = self.close(number=len(self.rankings[f"held:{node}"])), self.clock
        return done if clock.run == clock.swept else replace(done, unfinished=(clock.run, clock.now - clock.sliced))

    def drop_node(self, now: int, node: str, dropped: str, cause: str) -> Done:
        """At most as many contacts as STEP_LIMIT allows; `number` says how many it were."""
        self.open_(now, node)
        number, left = 0, STEP_LIMIT
        while left > 0 and (counts := self.drop_one(dropped, cause)):
            number, left = number + 1, left - counts
        return self.close(number=number)

    def renew(self, now: int, node: str, begins: int = FROM_THE_FIRST) -> Done:
        """The store was away: every lease gets one fresh full term, at most once in a node's lease.

        The node is told its offers again, as the answers that told of them may be lost: of those deadlines that come
        next from `begins` on. `number` is where to go on, FROM_THE_FIRST at the end.
        """
        previous = self.clock.renewed
        self.open_(now, node)
        if self.clock.now - previous >= NODE_LEASE_MS and self.clock.renewed == previous:
            self.clock.renewed = self.clock.now
        some = self.deadlines.onwards(begins, RENEWED_MOST)
        for _, member in some:
            lease = self.leases.get(member[2:]) if member.startswith("o:") else None
            if lease is not None and lease.node == node:
                lease.deadline = max(lease.deadline, self.clock.renewed + lease.rings + OFFER_GRACE_MS)
                self.tell(lease, self.entries[lease.contact])
        return self.close(number=following(some, RENEWED_MOST))

    def configure(
        self,
        now: int,
        node: str,
        queues: Sequence[QueueSpec],
        agents: Sequence[AgentSpec],
        sites: Sequence[SiteSpec] = (),
        partners: Sequence[PartnerSpec] = (),
        *,
        run: str = "",
    ) -> Iterator[Done]:
        """In slices, each a command of its own: queues and sites, some agents at a time, and who is none any more."""
        yield self.configure_queues(now, node, run, queues, sites)
        for at in range(0, len(agents), SLICE):
            yield self.configure_agents(now, node, run, agents[at : at + SLICE], ())
        yield self.configure_agents(now, node, run, (), partners)
        stay = names_of(agents, partners)
        gone = sorted((self.agents.keys() | self.configured.specs.keys()) - stay)
        for at in range(0, len(gone) + 1, SLICE):
            yield self.sweep(now, node, run, gone[at : at + SLICE], last=at + SLICE > len(gone))

    def configure_queues(
        self, now: int, node: str, run: str, queues: Sequence[QueueSpec], sites: Sequence[SiteSpec]
    ) -> Done:
        self.open_(now, node)
        self.take_queues(run, queues, sites)
        return self.close()

    def configure_agents(
        self, now: int, node: str, run: str, agents: Sequence[AgentSpec], partners: Sequence[PartnerSpec]
    ) -> Done:
        self._latest(run)
        self.open_(now, node)
        self.clock.sliced = self.clock.now
        for spec in agents:
            self.configured.specs[spec.agent] = spec
            self.take_agent(spec.agent, self.specified(spec))
        for partner in partners:
            for name, slot in slots_of(partner).items():
                self.take_agent(name, slot)
        return self.close()

    def sweep(self, now: int, node: str, run: str, gone: Sequence[str], *, last: bool) -> Done:
        """Who is configured no longer goes. With the last of them the configuration has come to its end."""
        self._latest(run)
        self.open_(now, node)
        self.clock.sliced = self.clock.now
        for name in gone:
            self.configured.specs.pop(name, None)
            if name in self.agents and name not in self.configured.put:
                self.remove(self.agents[name])
        if last:
            self.clock.swept = run
        return self.close()

    def _latest(self, run: str) -> None:
        if run != self.clock.run:
            raise Refused("OVERTAKEN", f"configuration {run} was overtaken by {self.clock.run}")

    def on_duty(self, now: int, node: str, queue: QueueId, agents: Sequence[AgentId]) -> Done:
        """DUTY_MOST of them; `number` is how many are left for the same command once more."""
        self.open_(now, node)
        return self.close(number=self.put_on_duty(queue, agents))

    def put_agent(self, now: int, node: str, spec: AgentSpec) -> Done:
        self.open_(now, node)
        former = self.configured.put.get(spec.agent)
        if former is None or profile_of(former) != profile_of(spec):
            self.announce(AgentPut, agent=spec.agent, site=spec.site)
        self.configured.put[spec.agent] = spec
        self.take_agent(spec.agent, self.specified(spec))
        return self.close()

    def drop_agent(self, now: int, node: str, agent: AgentId) -> Done:
        """What was put is taken back: the files hold again, or the agent goes."""
        who = self._known(agent)
        if agent not in self.configured.put:
            raise Refused("BADSTATE", f"agent {agent} stands in the files, and goes with them")
        self.open_(now, node)
        del self.configured.put[agent]
        spec = self.configured.specs.get(agent)
        self.announce(AgentDropped, agent=agent, site=who.profile.site, configured=spec is not None)
        if spec is not None:
            self.take_agent(agent, self.specified(spec))
        else:
            self.remove(who)
        return self.close()

    def site(self, now: int, node: str, site: SiteId, lost: str) -> Done:
        """`lost` is why, or empty where the site is back. Nothing for one that is not configured."""
        self.open_(now, node)
        known = self.configured.sites.get(site)
        if known is not None and known.lost != lost:
            kind, cause = (SiteLost, lost) if lost else (SiteBack, known.lost)
            self.announce(kind, site=site, cause=cause)
            known.lost = lost
        return self.close()

    # --- What is seen ---------------------------------------------------------------------------------------------

    def queue_numbers(self, now: int) -> list[QueueNumbers]:
        return [self._numbers(name, max(now, self.clock.now)) for name in sorted(self.queues)]

    def agents_now(self) -> list[AgentNow]:
        return [
            AgentNow(AgentId(name), SiteId(who.profile.site), who.state, who.reason, who.since, who.contact)
            for name, who in sorted(self.agents.items())
            if not who.profile.partner
        ]

    def _numbers(self, queue: str, now: int) -> QueueNumbers:
        head, numbers = self.rankings[f"arrived:{queue}"].head(), self.numbers[queue]
        states: dict[str, int] = {}
        for who in self.agents.values():
            if queue in who.pools and not who.profile.partner:
                states[who.state.value] = states.get(who.state.value, 0) + 1
        return QueueNumbers(
            queue=QueueId(queue),
            waiting=len(self.rankings[f"arrived:{queue}"]),
            longest_wait_ms=now - head[0] if head else 0,
            agents=states,
            offered=numbers.o,
            answered=numbers.a,
            lost=numbers.l,
            flowed_out=numbers.f,
        )
