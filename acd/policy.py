"""The rules of distribution, pure: the specification of `scripts/*.lua`, which do the same function by function.

The longest waiting contact (less its head start) and the longest idle agent who may serve it meet in the command that
brings either; so a queue never has both at rest. All times are given, in milliseconds since the epoch.
"""

from collections.abc import Sequence

from acd.distributor import Refused
from acd.model import (
    NODE_LEASE_MS,
    STEP_LIMIT,
    AgentId,
    AgentNow,
    AgentSpec,
    AgentState,
    Enqueue,
    Place,
    QueueId,
    QueueNumbers,
    QueueSpec,
    SiteId,
)
from acd.records import OFFERED, TALKING, Agent, Done, Lease, Queue
from acd.steps import Steps, leaving


class Model(Steps):
    """One tenant. Every command takes the time and the node that gives it; it checks all before it changes anything."""

    # --- Contacts -----------------------------------------------------------------------------------------------

    def enqueue(self, now: int, node: str, new: Enqueue) -> Done:
        entry, queue = self.entries.get(new.contact), self.queues.get(new.queue)
        if entry is not None and (entry.queue != new.queue or entry.state == TALKING):
            raise Refused("BADSTATE", f"contact {new.contact} is {entry.state} in queue {entry.queue}")
        if entry is None and (queue is None or queue.gone):
            raise Refused("NOQUEUE", f"there is no queue {new.queue}")
        if entry is None and queue is not None and len(self.rankings[f"arrived:{new.queue}"]) >= queue.most:
            raise Refused("FULL", f"queue {new.queue} has {queue.most} waiting")
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
        lease = self._leased(offer, fence)
        self.open_(now, node)
        if not lease.accepted:
            self.answer(lease, self.entries[lease.contact])
        return self.close()

    def fail(self, now: int, node: str, offer: str, fence: int, cause: str) -> Done:
        lease = self._leased(offer, fence)
        if lease.accepted:
            raise Refused("NOOFFER", f"offer {offer} was accepted")
        self.open_(now, node)
        if cause == "caller_left":
            self.end(self.entries[lease.contact], "caller_hung_up", "lost", cause)
        else:
            self.missed(lease, cause)
        return self.close()

    def _leased(self, offer: str, fence: int) -> Lease:
        lease = self.leases.get(offer)
        if lease is None or lease.fence != fence:
            raise Refused("NOOFFER", f"offer {offer} is no longer held with fence {fence}")
        return lease

    # --- Agents -------------------------------------------------------------------------------------------------

    def log_in(self, now: int, node: str, agent: str, *, ready: bool = True) -> Done:
        who = self._known(agent)
        self.open_(now, node)
        if who.state == AgentState.LOGGED_OUT:
            self.becomes(who, AgentState.READY if ready else AgentState.NOT_READY)
        elif leaving(who) and not who.gone:
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

    def end_wrap_up(self, now: int, node: str, agent: str, topic: str) -> Done:
        who = self._known(agent)
        if who.state != AgentState.WRAP_UP:
            raise Refused("BADSTATE", f"agent {agent} is {who.state}, not in wrap-up")
        self.open_(now, node)
        self.wrapped_up(who, topic, "agent")
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
        if who.gone and state != AgentState.LOGGED_OUT:
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
        for _ in range(STEP_LIMIT):
            head = self.deadlines.head()
            if head is None or head[0] > self.clock.now:
                break
            kind, name = head[1][0], head[1][2:]
            if kind == "n" and not self.drop_one(name, "node_lost"):
                self.deadlines.drop(head[1])
            elif kind == "o":
                self.missed(self.leases[name], "lease_expired", told=True)
            elif kind == "w":
                self.wrapped_up(self.agents[name], "", "timeout")
                self.settle(self.agents[name])
            elif kind == "r":
                self.deadlines.drop(head[1])
                self.becomes(self.agents[name], AgentState.READY)
        return self.close()

    def beat(self, now: int, node: str) -> Done:
        """`number` is how many contacts the node is known to hold."""
        self.open_(now, node)
        self.deadlines.put(f"n:{node}", self.clock.now + NODE_LEASE_MS)
        return self.close(number=len(self.rankings[f"held:{node}"]))

    def drop_node(self, now: int, node: str, dropped: str, cause: str) -> Done:
        """At most STEP_LIMIT contacts; `number` says how many it were."""
        self.open_(now, node)
        number = 0
        while number < STEP_LIMIT and self.drop_one(dropped, cause):
            number += 1
        return self.close(number=number)

    def renew(self, now: int, node: str) -> Done:
        """The store was away: every lease gets one fresh full term, at most once in a node's lease.

        The node is told its offers again, as the answers that told of them may be lost.
        """
        previous = self.clock.renewed
        self.open_(now, node)
        if self.clock.now - previous >= NODE_LEASE_MS and self.clock.renewed == previous:
            self.renew_leases()
        for _, member in list(self.deadlines):
            lease = self.leases.get(member[2:]) if member.startswith("o:") else None
            if lease is not None and lease.node == node:
                self.tell(lease, self.entries[lease.contact])
        return self.close()

    def configure(self, now: int, node: str, queues: Sequence[QueueSpec], agents: Sequence[AgentSpec]) -> Done:
        self.open_(now, node)
        self._configure_queues(queues)
        specs = {spec.agent: spec for spec in agents}
        for name in sorted(self.agents.keys() | specs.keys()):
            self._configure_agent(name, specs.get(AgentId(name)))
        self._touched.update(self.queues)
        return self.close()

    def _configure_queues(self, specs: Sequence[QueueSpec]) -> None:
        for queue in list(self.queues.values()):
            queue.gone = True
            if not self.rankings[f"arrived:{queue.queue}"]:
                del self.queues[queue.queue]
        for spec in specs:
            self.queues[spec.queue] = Queue(
                queue=spec.queue,
                skill=spec.skill or spec.queue,
                level=spec.level,
                priority=spec.priority_s * 1000,
                rings=spec.offer_s * 1000,
                wrap=spec.wrap_up_s * 1000,
                most=spec.max_waiting,
            )

    def _configure_agent(self, name: str, spec: AgentSpec | None) -> None:
        who = self.agents.get(name)
        if who is None:
            who = self.agents[name] = Agent(name, "", [], 0)
        if who.state == AgentState.READY:
            for queue in who.queues:
                self.rankings[f"idle:{queue}"].drop(name)
        skills = spec.skills if spec else {}
        who.queues = [q.queue for _, q in sorted(self.queues.items()) if skills.get(q.skill, 0) >= q.level]
        if spec is None:
            self._remove(who)
            return
        if who.gone:
            who.gone, who.after = False, ""
        who.site, who.rest = spec.site, spec.rest_s * 1000
        if who.state == AgentState.READY:
            self.join_idle(who)

    def _remove(self, who: Agent) -> None:
        """No longer configured: logged out at once, or after the contact at hand."""
        who.gone = True
        if who.state in (AgentState.READY, AgentState.NOT_READY):
            self.deadlines.drop(f"r:{who.agent}")
            self.becomes(who, AgentState.LOGGED_OUT, "removed")
        elif who.state == AgentState.LOGGED_OUT:
            del self.agents[who.agent]
        else:
            who.after = "logged_out:removed"

    # --- What is seen ---------------------------------------------------------------------------------------------

    def queue_numbers(self, now: int) -> list[QueueNumbers]:
        return [self._numbers(name, max(now, self.clock.now)) for name in sorted(self.queues)]

    def agents_now(self) -> list[AgentNow]:
        return [
            AgentNow(AgentId(name), SiteId(who.site), who.state, who.reason, who.since, who.contact)
            for name, who in sorted(self.agents.items())
        ]

    def _numbers(self, queue: str, now: int) -> QueueNumbers:
        head, numbers = self.rankings[f"arrived:{queue}"].head(), self.numbers[queue]
        states: dict[str, int] = {}
        for who in self.agents.values():
            if queue in who.queues:
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
