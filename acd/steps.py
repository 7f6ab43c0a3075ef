"""What commands are made of: contacts, offers, agents, leases. `scripts/_lib.lua` does the same."""

from typing import Any

from acd.deciding import Deciding, contact_of, of
from acd.model import AgentState, Enqueue, OfferId, Revoked
from acd.pools import slot_name
from acd.records import CALL, CALLBACK, COLLEAGUE, OFFERED, TALKING, WAITING, Agent, Entry, Lease, Profile, Queue, Terms
from events.catalogue import (
    ColleagueEnded,
    ColleagueFound,
    ColleagueSought,
    ContactAnswered,
    ContactLeftQueue,
    ContactQueued,
    ContactReleased,
    OfferFailed,
    PartnerAnswered,
    PartnerReleased,
    WrapUpEnded,
)

REASON_AFTER = {"lease_expired": "no_answer", "error": "unreachable"}
"""The agent's reason after an offer that failed for something else than the agent; other causes are reasons too."""


CONTACT_STEP, AGENT_STEP = 8, 70
"""What a contact's change and an agent's, who stands in many pools, count for among the steps of one command."""


class Steps(Deciding):
    """The changes that the state can go through."""

    # --- Contacts -----------------------------------------------------------------------------------------------

    def enter(self, queue: Queue, new: Enqueue) -> Entry:
        now = self.clock.now
        seq = self.clock.seq = self.clock.seq + 1
        arrived = min(new.arrived_ms or now, now)
        since = min(new.since_ms or arrived, arrived)
        head_start = queue.priority + new.priority_s * 1000
        entry = Entry(
            contact=new.contact,
            queue=new.queue,
            node=new.node,
            member=f"{seq:012d}:{new.contact}",
            score=since - head_start,
            since=since,
            arrived=arrived,
            terms=Terms(
                site=self.home(new.site),
                closes=new.closes_ms,
                kind=COLLEAGUE if new.colleague_of else CALL,
                asks=new.colleague_of,
                rules=queue.rules,
            ),
            open=[],
        )
        self.entries[entry.contact] = entry
        self.rankings[f"held:{entry.node}"].put(entry.member, seq)
        self._prefers(entry, new)
        if entry.terms.kind == COLLEAGUE:
            self._asks(entry, seq)
        else:
            self._comes(entry, head_start)
        return entry

    def held_by_queue(self, queue: Queue) -> int:
        """How many are in it, callers and colleagues, whom it stands for until they have left."""
        return len(self.rankings[f"arrived:{queue.queue}"]) + len(self.rankings[f"asked:{queue.queue}"])

    def is_over(self, queue: Queue) -> bool:
        """No longer configured, and empty."""
        return queue.gone and not self.held_by_queue(queue) and not self.rankings[f"promised:{queue.queue}"]

    def is_full(self, queue: Queue, new: Enqueue) -> bool:
        """Who asks for a colleague stands behind all who may wait."""
        callers = len(self.rankings[f"arrived:{queue.queue}"])
        return (self.held_by_queue(queue) if new.colleague_of else callers) >= queue.most

    def _asks(self, entry: Entry, seq: int) -> None:
        """Takes its place, and counts in nothing."""
        self.rankings[f"asked:{entry.queue}"].put(entry.member, seq)
        self.waits(entry)
        position = self.rankings[f"waiting:{entry.queue}"].rank(entry.member) + 1
        self.emit(ColleagueSought, entry, queue=entry.queue, agent=entry.terms.asks, position=position)

    def _comes(self, entry: Entry, head_start: int) -> None:
        self.rankings[f"arrived:{entry.queue}"].put(entry.member, entry.arrived)
        self.numbers[entry.queue].o += 1
        self.waits(entry)
        position = self.rankings[f"waiting:{entry.queue}"].rank(entry.member) + 1
        found = self.foresee(entry)
        low, high = self.told(entry.queue, found)
        self.emit(
            ContactQueued,
            entry,
            queue=entry.queue,
            arrived_ms=entry.arrived,
            priority_s=head_start // 1000,
            position=position,
            since_ms=entry.since,
            site=entry.terms.site,
            estimate_ms=-1 if found is None else found.expected,
            low_ms=low,
            high_ms=high,
        )

    def _prefers(self, entry: Entry, new: Enqueue) -> None:
        """One agent alone at first, where that one is there and serves the queue."""
        who = self.agents.get(new.prefer)
        if new.prefer_s and who is not None and who.state != AgentState.LOGGED_OUT and new.queue in who.pools:
            entry.terms.prefer, entry.terms.prefers_until = new.prefer, self.clock.now + new.prefer_s * 1000
            self.wait_for(entry, new.prefer)

    def take_over(self, entry: Entry, node: str) -> None:
        """Another node holds the caller now; an offer that the former one was ringing is made anew."""
        if entry.state == OFFERED:
            self.withdraw_freely(self.leases[entry.offer], "node_lost")
        self.rankings[f"held:{entry.node}"].drop(entry.member)
        entry.node = node
        self.rankings[f"held:{node}"].put(entry.member, int(entry.member[:12]))

    def end(self, entry: Entry, cause: str, disposition: str, failing: str, *, told: bool = False) -> None:
        """The contact is over, whatever its state. An offer fails as `failing`, for nothing that the agent did."""
        if entry.state == TALKING:
            self._release(entry, cause)
            return
        if entry.terms.kind == CALLBACK:
            if failing == "node_lost":
                self.lose_callback(entry)
            else:
                self.end_callback(entry, "cancelled", cause, told=told)
            return
        if entry.state == OFFERED:
            self.withdraw_freely(self.leases[entry.offer], failing, told=told)
        self.saw_left(entry)
        self.no_longer_waits(entry)
        self.forget(entry)
        if entry.terms.kind == COLLEAGUE:
            self.rankings[f"asked:{entry.queue}"].drop(entry.member)
            self._asks_no_more(entry, cause)
        else:
            self._leaves(entry, disposition, cause)

    def _asks_no_more(self, entry: Entry, cause: str, agent: str = "", site: str = "") -> None:
        began = entry.answered or self.clock.now
        told = {"cause": cause, "waited_ms": began - entry.arrived, "talked_ms": self.clock.now - began}
        self.emit(ColleagueEnded, entry, queue=entry.queue, agent=agent, site=site, **told)

    def _leaves(self, entry: Entry, disposition: str, cause: str) -> None:
        self.rankings[f"arrived:{entry.queue}"].drop(entry.member)
        if disposition == "lost":
            self.numbers[entry.queue].l += 1
        else:
            self.numbers[entry.queue].f += 1
        waited = self.clock.now - entry.arrived
        self.emit(ContactLeftQueue, entry, queue=entry.queue, disposition=disposition, cause=cause, waited_ms=waited)

    def forget(self, entry: Entry) -> None:
        self.timers.drop(f"t:{entry.contact}")
        self.rankings[f"held:{entry.node}"].drop(entry.member)
        del self.entries[entry.contact]

    def answer(self, lease: Lease, entry: Entry) -> None:
        now = self.clock.now
        lease.accepted = True
        entry.state, entry.answered = TALKING, now
        self.deadlines.drop(f"o:{lease.offer}")
        self.timers.drop(f"t:{entry.contact}")
        waited, rang = now - entry.arrived, now - lease.made
        self.saw_taken(entry)
        if entry.terms.kind == CALLBACK:
            self.over(entry, "reached", "")
        elif entry.terms.kind == COLLEAGUE:
            self.rankings[f"asked:{entry.queue}"].drop(entry.member)
            self.emit(ColleagueFound, entry, **of(lease), waited_ms=waited, rang_ms=rang)
        elif lease.grounds.partner:
            told = {"offer": lease.offer, "queue": lease.queue, "partner": lease.grounds.partner}
            self.emit(PartnerAnswered, entry, **told, waited_ms=waited, rang_ms=rang)
            self._leaves(entry, "flowed_out", "partner")
        else:
            self.rankings[f"arrived:{entry.queue}"].drop(entry.member)
            self.numbers[entry.queue].a += 1
            total = now - entry.since
            self.emit(ContactAnswered, entry, **of(lease), waited_ms=waited, rang_ms=rang, total_waited_ms=total)
        who = self.agents[lease.agent]
        who.misses = 0
        self.becomes(who, AgentState.TALKING, contact=entry.contact, queue=entry.queue)

    def _release(self, entry: Entry, cause: str) -> None:
        now, lease = self.clock.now, self.leases.pop(entry.offer)
        who = self.agents[lease.agent]
        self.forget(entry)
        talked = now - entry.answered
        if lease.grounds.partner:
            partner = lease.grounds.partner
            self.emit(PartnerReleased, entry, queue=entry.queue, partner=partner, cause=cause, talked_ms=talked)
            self.settle(who)
            return
        if entry.terms.kind == COLLEAGUE:
            self._asks_no_more(entry, cause, who.agent, lease.site)
        else:
            told = {"queue": entry.queue, "agent": who.agent, "site": lease.site}
            self.emit(ContactReleased, entry, **told, cause=cause, talked_ms=talked)
            self.saw_talk(entry.queue, talked)
        queue = self.queues.get(entry.queue)
        if queue is not None and queue.wrap and not leaving(who):
            self.deadlines.put(f"w:{who.agent}", now + queue.wrap)
            self.becomes(who, AgentState.WRAP_UP, contact=entry.contact, queue=entry.queue)
        else:
            self.settle(who)

    # --- Promises: see `acd.callbacks.Callbacks` ------------------------------------------------------------------

    def lose_callback(self, entry: Entry) -> None:
        raise NotImplementedError

    def end_callback(self, entry: Entry, outcome: str, cause: str, *, told: bool = False) -> None:
        raise NotImplementedError

    def over(self, entry: Entry, outcome: str, cause: str) -> None:
        raise NotImplementedError

    # --- Offers -------------------------------------------------------------------------------------------------

    def withdraw(self, lease: Lease, cause: str, *, told: bool = False) -> None:
        """The offer ends untaken and the contact is in its place again; the agent is left to the caller."""
        entry = self.entries[lease.contact]
        del self.leases[lease.offer]
        self.deadlines.drop(f"o:{lease.offer}")
        self.emit(OfferFailed, entry, **of(lease), cause=cause, rang_ms=self.clock.now - lease.made)
        if told:
            self.turn.heard.append((lease.node, Revoked(OfferId(lease.offer), lease.contact, cause)))
        self.waits(entry)

    def withdraw_freely(self, lease: Lease, cause: str, *, told: bool = False) -> None:
        """The same for nothing that the agent did: it keeps its place among the idle."""
        self.withdraw(lease, cause, told=told)
        self.settle(self.agents[lease.agent], keep_idle=True)

    def missed(self, lease: Lease, cause: str, *, told: bool = False) -> None:
        self.withdraw(lease, cause, told=told)
        who = self.agents[lease.agent]
        who.misses += 1
        reason = REASON_AFTER.get(cause, cause)
        if who.profile.partner:
            self._partner_rests(who.profile, reason)
        if who.after:
            self.settle(who)
            return
        if 0 < who.profile.log_out_after <= who.misses:
            self.becomes(who, AgentState.LOGGED_OUT, reason)
            return
        self.rests(who, reason)

    def rests(self, who: Agent, reason: str) -> None:
        """Not ready, for as long as the reason asks for."""
        rest = who.profile.rests.get(reason, who.profile.rest)
        self.becomes(who, AgentState.NOT_READY, reason)
        if rest:
            self.deadlines.put(f"r:{who.agent}", self.clock.now + rest)

    def _partner_rests(self, profile: Profile, reason: str) -> None:
        """A partner that did not answer is not rung through its other slots, nor those that come free meanwhile."""
        self.rankings["resting"].put(profile.partner, self.clock.now + profile.rest)
        number = 1
        while (slot := self.agents.get(slot_name(profile.partner, number))) is not None:
            if slot.state == AgentState.READY:
                self.rests(slot, reason)
            number += 1

    def rests_until(self, partner: str) -> int:
        """Until when the partner is not rung; 0: it is."""
        until = self.rankings["resting"].score(partner) or 0
        if until > self.clock.now:
            return until
        self.rankings["resting"].drop(partner)
        return 0

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
        if state == AgentState.READY and who.profile.partner and (until := self.rests_until(who.profile.partner)):
            self.deadlines.put(f"r:{who.agent}", until)
            state, reason = AgentState.NOT_READY, "partner_rests"
        previous, lasted = who.state, self.clock.now - who.since
        if previous == AgentState.READY:
            self.leave_idle(who)
        self.count(who, previous, state)
        who.state, who.reason, who.since = state, reason, self.clock.now
        who.contact, who.queue = contact, queue
        if state == AgentState.READY:
            if not keep_idle:
                who.idle = self.clock.idle = self.clock.idle + 1
            self.join_idle(who)
        elif state == AgentState.LOGGED_OUT:
            who.misses = 0
            if who.profile.gone:
                del self.agents[who.agent]
        self.emit_state(who, previous, lasted)

    def settle(self, who: Agent, *, keep_idle: bool = False) -> None:
        """What comes after the contact at hand: ready, unless something else was asked for."""
        state, _, reason = who.after.partition(":")
        who.after = ""
        self.becomes(who, AgentState(state or AgentState.READY), reason, keep_idle=keep_idle)

    def wrapped_up(self, who: Agent, topic: str, cause: str, concluded: str = "") -> None:
        """The wrap-up is over; what the agent becomes is left to the caller."""
        self.deadlines.drop(f"w:{who.agent}")
        self.saw_wrap_up(who.queue, self.clock.now - who.since)
        values: dict[str, Any] = {"queue": who.queue, "agent": who.agent, "site": who.profile.site, "topic": topic}
        self.events.append(
            WrapUpEnded(
                at_ms=self.clock.now,
                tenant=self.tenant,
                node=self.turn.node,
                contact=who.contact,
                **values,
                cause=cause,
                lasted_ms=self.clock.now - who.since,
                concluded=concluded,
            )
        )

    # --- Nodes ----------------------------------------------------------------------------------------------------

    def drop_one(self, node: str, cause: str) -> int:
        """End the first contact that `node` holds. Gives what that counts for; 0 when it holds none."""
        head = self.rankings[f"held:{node}"].head()
        if head is None:
            return 0
        entry = self.entries[contact_of(head[1])]
        counts = CONTACT_STEP if entry.state == WAITING else AGENT_STEP
        self.end(entry, cause, "lost", "node_lost", told=True)
        return counts


def leaving(who: Agent) -> bool:
    """The agent logs out after the contact at hand."""
    return who.after.startswith(AgentState.LOGGED_OUT.value)
