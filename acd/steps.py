"""The changes that the commands of `acd.policy` are made of; `scripts/_lib.lua` is the same function by function."""

from collections import defaultdict
from typing import Any

from acd.model import (
    GAP_MS,
    NODE_LEASE_MS,
    OFFER_GRACE_MS,
    AgentId,
    AgentState,
    Enqueue,
    NodeId,
    Offer,
    OfferId,
    Place,
    QueueId,
    Revoked,
    SiteId,
)
from acd.ranking import Ranking
from acd.records import OFFERED, TALKING, WAITING, Agent, Clock, Done, Entry, Lease, Numbers, Queue
from events.catalogue import (
    AgentStateChanged,
    ContactAnswered,
    ContactLeftQueue,
    ContactQueued,
    ContactReleased,
    Event,
    OfferFailed,
    OfferMade,
    WrapUpEnded,
)

REASON_AFTER = {"lease_expired": "no_answer", "error": "unreachable"}
"""The agent's reason after an offer that failed for something else than the agent; other causes are reasons too."""


class Steps:
    """The state of one tenant and the changes it can go through. `open_` and `close` stand around each command."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.queues: dict[str, Queue] = {}
        self.agents: dict[str, Agent] = {}
        self.entries: dict[str, Entry] = {}
        self.leases: dict[str, Lease] = {}
        self.numbers: dict[str, Numbers] = defaultdict(Numbers)
        self.rankings: dict[str, Ranking] = defaultdict(Ranking)
        self.clock = Clock()
        self.events: list[Event] = []
        self._node = ""
        self._heard: list[tuple[str, Offer | Revoked]] = []
        self._touched: set[str] = set()

    @property
    def deadlines(self) -> Ranking:
        """When what is due: `o:` an offer's lease, `w:` a wrap-up, `r:` a rest after a missed offer, `n:` a node."""
        return self.rankings["deadlines"]

    def open_(self, now: int, node: str) -> None:
        """Before the first change: time moves on (never back); after a gap every lease gets a fresh term."""
        previous = self.clock.now
        self.clock.now = max(previous, now)
        self._node = node
        self._heard = []
        self._touched.clear()
        if self.clock.now - previous > GAP_MS:
            self.renew_leases()

    def close(self, *, entry: Entry | None = None, number: int = 0) -> Done:
        """After the last change: the decisions, then what to answer."""
        self._decide()
        head = self.deadlines.head()
        next_in_ms = -1 if head is None else max(0, head[0] - self.clock.now)
        place = self.place_of(entry, self.clock.now) if entry is not None else None
        return Done(next_in_ms, self._heard, place, number)

    # --- Decisions ----------------------------------------------------------------------------------------------

    def _decide(self) -> None:
        """Offer contacts of the touched queues, longest waiting first, each to its longest idle agent."""
        while True:
            best: tuple[int, str, str] | None = None
            for queue in self._touched:
                first = self.rankings[f"waiting:{queue}"].head()
                if first is not None and (best is None or first < best[:2]) and self.rankings[f"idle:{queue}"]:
                    best = (*first, queue)
            if best is None:
                return
            idle = self.rankings[f"idle:{best[2]}"].head()
            assert idle is not None
            self._offer(self.entries[contact_of(best[1])], self.agents[idle[1]])

    def _offer(self, entry: Entry, who: Agent) -> None:
        now = self.clock.now
        fence = self.clock.fence = max(self.clock.fence + 1, now)
        lease = Lease(
            offer=f"o{fence}",
            contact=entry.contact,
            queue=entry.queue,
            agent=who.agent,
            site=who.site,
            node=entry.node,
            fence=fence,
            made=now,
            rings=entry.rings,
            deadline=now + entry.rings + OFFER_GRACE_MS,
        )
        self.leases[lease.offer] = lease
        self.deadlines.put(f"o:{lease.offer}", lease.deadline)
        self.rankings[f"waiting:{entry.queue}"].drop(entry.member)
        entry.state, entry.offer = OFFERED, lease.offer
        self.emit(
            OfferMade, entry, **_of(lease), fence=fence, deadline_ms=lease.deadline, waited_ms=now - entry.arrived
        )
        self.becomes(who, AgentState.OFFERED, contact=entry.contact)
        self.tell(lease, entry)

    def tell(self, lease: Lease, entry: Entry) -> None:
        told = Offer(
            OfferId(lease.offer),
            lease.contact,
            QueueId(lease.queue),
            AgentId(lease.agent),
            SiteId(lease.site),
            NodeId(lease.node),
            lease.fence,
            lease.deadline,
            lease.rings,
            lease.made - entry.arrived,
        )
        self._heard.append((lease.node, told))

    # --- Contacts -----------------------------------------------------------------------------------------------

    def enter(self, queue: Queue, new: Enqueue) -> Entry:
        now = self.clock.now
        seq = self.clock.seq = self.clock.seq + 1
        arrived = min(new.arrived_ms or now, now)
        head_start = queue.priority + new.priority_s * 1000
        entry = Entry(
            contact=new.contact,
            queue=new.queue,
            node=new.node,
            member=f"{seq:012d}:{new.contact}",
            seq=seq,
            score=arrived - head_start,
            arrived=arrived,
            rings=queue.rings,
            wrap=queue.wrap,
        )
        self.entries[entry.contact] = entry
        self.rankings[f"held:{entry.node}"].put(entry.member, seq)
        self.rankings[f"arrived:{entry.queue}"].put(entry.member, arrived)
        self.numbers[entry.queue].o += 1
        self.waits(entry)
        position = self.rankings[f"waiting:{entry.queue}"].rank(entry.member) + 1
        self.emit(
            ContactQueued,
            entry,
            queue=entry.queue,
            arrived_ms=arrived,
            priority_s=head_start // 1000,
            position=position,
        )
        return entry

    def waits(self, entry: Entry) -> None:
        """The contact takes its place, which is the same as before."""
        entry.state, entry.offer = WAITING, ""
        self.rankings[f"waiting:{entry.queue}"].put(entry.member, entry.score)
        self._touched.add(entry.queue)

    def take_over(self, entry: Entry, node: str) -> None:
        """Another node holds the caller now; an offer that the former one was ringing is made anew."""
        if entry.state == OFFERED:
            self.withdraw_freely(self.leases[entry.offer], "node_lost")
        self.rankings[f"held:{entry.node}"].drop(entry.member)
        entry.node = node
        self.rankings[f"held:{node}"].put(entry.member, entry.seq)

    def end(self, entry: Entry, cause: str, disposition: str, failing: str, *, told: bool = False) -> None:
        """The contact is over, whatever its state. An offer fails as `failing`, for nothing that the agent did."""
        if entry.state == TALKING:
            self._release(entry, cause)
            return
        if entry.state == OFFERED:
            self.withdraw_freely(self.leases[entry.offer], failing, told=told)
        self.rankings[f"waiting:{entry.queue}"].drop(entry.member)
        self.rankings[f"arrived:{entry.queue}"].drop(entry.member)
        self._forget(entry)
        if disposition == "lost":
            self.numbers[entry.queue].l += 1
        else:
            self.numbers[entry.queue].f += 1
        waited = self.clock.now - entry.arrived
        self.emit(ContactLeftQueue, entry, queue=entry.queue, disposition=disposition, cause=cause, waited_ms=waited)

    def _forget(self, entry: Entry) -> None:
        self.rankings[f"held:{entry.node}"].drop(entry.member)
        del self.entries[entry.contact]

    def answer(self, lease: Lease, entry: Entry) -> None:
        now, numbers = self.clock.now, self.numbers[entry.queue]
        lease.accepted = True
        entry.state, entry.answered = TALKING, now
        self.deadlines.drop(f"o:{lease.offer}")
        arrived = self.rankings[f"arrived:{entry.queue}"]
        arrived.drop(entry.member)
        numbers.a += 1
        if numbers.last:
            passed = now - numbers.last
            numbers.pace = (7 * numbers.pace + passed) // 8 if numbers.pace else passed
        numbers.last = now if len(arrived) else 0
        waited = now - entry.arrived
        self.emit(ContactAnswered, entry, **_of(lease), waited_ms=waited, rang_ms=now - lease.made)
        self.becomes(self.agents[lease.agent], AgentState.TALKING, contact=entry.contact)

    def _release(self, entry: Entry, cause: str) -> None:
        now, lease = self.clock.now, self.leases.pop(entry.offer)
        who = self.agents[lease.agent]
        self._forget(entry)
        self.emit(
            ContactReleased,
            entry,
            queue=entry.queue,
            agent=who.agent,
            site=lease.site,
            cause=cause,
            talked_ms=now - entry.answered,
        )
        if entry.wrap and not leaving(who):
            self.deadlines.put(f"w:{who.agent}", now + entry.wrap)
            self.becomes(who, AgentState.WRAP_UP, contact=entry.contact, queue=entry.queue)
        else:
            self.settle(who)

    def place_of(self, entry: Entry, now: int) -> Place:
        waiting = len(self.rankings[f"arrived:{entry.queue}"])
        position = 1
        if entry.state == WAITING:
            position += self.rankings[f"waiting:{entry.queue}"].rank(entry.member)
        pace = self.numbers[entry.queue].pace
        return Place(position, waiting, now - entry.arrived, (position * pace + 999) // 1000 if pace else None)

    # --- Offers -------------------------------------------------------------------------------------------------

    def withdraw(self, lease: Lease, cause: str, *, told: bool = False) -> None:
        """The offer ends untaken and the contact is in its place again; the agent is left to the caller."""
        entry = self.entries[lease.contact]
        del self.leases[lease.offer]
        self.deadlines.drop(f"o:{lease.offer}")
        self.emit(OfferFailed, entry, **_of(lease), cause=cause, rang_ms=self.clock.now - lease.made)
        if told:
            self._heard.append((lease.node, Revoked(OfferId(lease.offer), lease.contact, cause)))
        self.waits(entry)

    def withdraw_freely(self, lease: Lease, cause: str, *, told: bool = False) -> None:
        """The same for nothing that the agent did: it keeps its place among the idle."""
        self.withdraw(lease, cause, told=told)
        self.settle(self.agents[lease.agent], keep_idle=True)

    def missed(self, lease: Lease, cause: str, *, told: bool = False) -> None:
        self.withdraw(lease, cause, told=told)
        who = self.agents[lease.agent]
        if who.after:
            self.settle(who)
            return
        self.becomes(who, AgentState.NOT_READY, REASON_AFTER.get(cause, cause))
        if who.rest:
            self.deadlines.put(f"r:{who.agent}", self.clock.now + who.rest)

    # --- Agents -------------------------------------------------------------------------------------------------

    def becomes(
        self,
        who: Agent,
        state: AgentState,
        reason: str = "",
        *,
        contact: str = "",
        queue: str = "",
        keep_idle: bool = False,
    ) -> None:
        previous, lasted = who.state, self.clock.now - who.since
        if previous == AgentState.READY:
            for name in who.queues:
                self.rankings[f"idle:{name}"].drop(who.agent)
        who.state, who.reason, who.since = state, reason, self.clock.now
        who.contact, who.queue = contact, queue
        if state == AgentState.READY:
            if not keep_idle:
                who.idle = self.clock.idle = self.clock.idle + 1
            self.join_idle(who)
        elif state == AgentState.LOGGED_OUT and who.gone:
            del self.agents[who.agent]
        self._emit_state(who, previous, lasted)

    def join_idle(self, who: Agent) -> None:
        for name in who.queues:
            self.rankings[f"idle:{name}"].put(who.agent, who.idle)
            self._touched.add(name)

    def settle(self, who: Agent, *, keep_idle: bool = False) -> None:
        """What comes after the contact at hand: ready, unless something else was asked for."""
        state, _, reason = who.after.partition(":")
        who.after = ""
        self.becomes(who, AgentState(state or AgentState.READY), reason, keep_idle=keep_idle)

    def wrapped_up(self, who: Agent, topic: str, cause: str) -> None:
        """The wrap-up is over; what the agent becomes is left to the caller."""
        self.deadlines.drop(f"w:{who.agent}")
        self.events.append(
            WrapUpEnded(
                at_ms=self.clock.now,
                tenant=self.tenant,
                node=self._node,
                contact=who.contact,
                queue=who.queue,
                agent=who.agent,
                site=who.site,
                topic=topic,
                cause=cause,
                lasted_ms=self.clock.now - who.since,
            )
        )

    # --- Leases, nodes, events ------------------------------------------------------------------------------------

    def renew_leases(self) -> None:
        now = self.clock.now
        self.clock.renewed = now
        for _, member in list(self.deadlines):
            if member.startswith("o:"):
                lease = self.leases[member[2:]]
                lease.deadline = now + lease.rings + OFFER_GRACE_MS
                self.deadlines.put(member, lease.deadline)
            elif member.startswith("n:"):
                self.deadlines.put(member, now + NODE_LEASE_MS)

    def drop_one(self, node: str, cause: str) -> bool:
        """End the first contact that `node` holds. False when it holds none."""
        head = self.rankings[f"held:{node}"].head()
        if head is not None:
            self.end(self.entries[contact_of(head[1])], cause, "lost", "node_lost", told=True)
        return head is not None

    def emit(self, kind: type[Event], entry: Entry, **values: Any) -> None:
        self.events.append(
            kind(at_ms=self.clock.now, tenant=self.tenant, node=entry.node, contact=entry.contact, **values)
        )

    def _emit_state(self, who: Agent, previous: AgentState, lasted_ms: int) -> None:
        self.events.append(
            AgentStateChanged(
                at_ms=self.clock.now,
                tenant=self.tenant,
                node=self._node,
                contact=who.contact,
                agent=who.agent,
                site=who.site,
                state=who.state.value,
                reason=who.reason,
                previous=previous.value,
                lasted_ms=lasted_ms,
            )
        )


def contact_of(member: str) -> str:
    """The contact of a ranking's member, which begins with twelve digits and a colon."""
    return member[13:]


def leaving(who: Agent) -> bool:
    """The agent logs out after the contact at hand."""
    return who.after.startswith(AgentState.LOGGED_OUT.value)


def _of(lease: Lease) -> dict[str, str]:
    return {"offer": lease.offer, "queue": lease.queue, "agent": lease.agent, "site": lease.site}
