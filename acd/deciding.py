"""Which contact meets which agent, and how far the search has widened. `scripts/_deciding.lua` does the same."""

from acd.foreseeing import Foreseeing
from acd.model import (
    FROM_THE_FIRST,
    NODE_LEASE_MS,
    OFFER_GRACE_MS,
    RECHECK_MOST,
    RECHECK_MS,
    TIERS_CHANGED,
    AgentId,
    AgentState,
    Grounds,
    NodeId,
    Offer,
    OfferId,
    QueueId,
    SiteId,
    Tier,
)
from acd.pools import alone, pool_of
from acd.records import CALL, CALLBACK, OFFERED, WAITING, Agent, Done, Entry, Lease, Queue
from events.catalogue import OfferMade, OfferWithheld, TierOpened


class Deciding(Foreseeing):
    """Decisions are made in `close`, in the step of the command that makes them possible."""

    def close(self, *, entry: Entry | None = None, number: int = 0, told: str = "") -> Done:
        """After the last change: the decisions, then what to answer."""
        self._decide()
        self._tell_the_others()
        place = self.place_of(entry, self.clock.now) if entry is not None else None
        return Done(self.next_in_ms(), self.turn.heard, place, number, told)

    def _decide(self) -> None:
        """Offer contacts to the agents of the touched pools, the most urgent contact first."""
        while True:
            best: Entry | None = None
            for pool in self.turn.touched:
                first = self.rankings[f"open:{pool}"].head()
                if first is None or not self.rankings[f"idle:{pool}"]:
                    continue
                entry = self.entries[contact_of(first[1])]
                if best is None or self._before(entry, best):
                    best = entry
            if best is None:
                return
            self._offer(best)

    def _before(self, one: Entry, other: Entry) -> bool:
        """Whether `one` is served first: by the wait with its head start against what the queue measures it by."""
        now = self.clock.now
        ours = (now - one.score) * self.queues[other.queue].against
        theirs = (now - other.score) * self.queues[one.queue].against
        return ours > theirs or (ours == theirs and one.member < other.member)

    def _offer(self, entry: Entry) -> None:
        queue = self.queues[entry.queue]
        tier, pool = next(one for one in entry.open if self.rankings[f"idle:{one[1]}"])
        idle = self.rankings[f"idle:{pool}"]
        head = idle.head()
        assert head is not None
        who, candidates = self.agents[head[1]], len(idle)
        rule = "preferred" if not tier else "level" if queue.needs.by == "level" else "longest_idle"
        grounds = Grounds(tier, rule, candidates, entry.terms.kind, who.profile.partner)
        if entry.terms.kind == CALLBACK and not entry.terms.held:
            self.hold_at(entry, self.node_for(who))
        self._lease(entry, who, grounds, (who.profile.rings or queue.rings) + entry.terms.dials)

    def _lease(self, entry: Entry, who: Agent, grounds: Grounds, rings: int) -> None:
        now = self.clock.now
        fence = self.clock.fence = max(self.clock.fence + 1, now)
        lease = Lease(
            offer=f"o{fence}",
            contact=entry.contact,
            queue=entry.queue,
            agent=who.agent,
            site=who.profile.site,
            node=entry.node,
            fence=fence,
            made=now,
            rings=rings,
            deadline=now + rings + OFFER_GRACE_MS,
            grounds=grounds,
        )
        self.leases[lease.offer] = lease
        self.deadlines.put(f"o:{lease.offer}", lease.deadline)
        self.no_longer_waits(entry)
        entry.state, entry.offer = OFFERED, lease.offer
        self.emit(
            OfferMade,
            entry,
            **of(lease),
            fence=fence,
            deadline_ms=lease.deadline,
            waited_ms=now - entry.arrived,
            total_waited_ms=now - entry.since,
            tier=grounds.tier,
            rule=grounds.rule,
            candidates=grounds.candidates,
            partner=grounds.partner,
        )
        self.becomes(who, AgentState.OFFERED, contact=entry.contact, queue=entry.queue)
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
            lease.made - entry.since,
            lease.grounds,
        )
        self.turn.heard.append((lease.node, told))

    def _tell_the_others(self) -> None:
        """Why those who could have been offered now were not."""
        for contact in self.turn.hoping:
            entry = self.entries.get(contact)
            if entry is None or entry.state != WAITING:
                continue
            there, working = self.there(entry.pools)
            reason = "nobody_logged_in" if not there else "all_on_break" if not working else "all_busy"
            self.emit(
                OfferWithheld,
                entry,
                queue=entry.queue,
                tier=max((tier for tier, _ in entry.open), default=0),
                reason="preferred_busy" if entry.prefers else reason,
                there=there,
                working=working,
                ahead=self.rankings[f"waiting:{entry.queue}"].rank(entry.member),
            )

    # --- Tiers ----------------------------------------------------------------------------------------------------

    def waits(self, entry: Entry) -> None:
        """The contact takes its place, which is the same as before."""
        entry.state, entry.offer = WAITING, ""
        if entry.terms.kind == CALLBACK and not entry.terms.held:
            self.hold_at(entry, "")
        self.rankings[f"waiting:{entry.queue}"].put(entry.member, entry.score)
        self.turn.hoping[entry.contact] = None
        self.open_to(entry, entry.pools)
        if entry.terms.rules != self.queues[entry.queue].rules:
            self.reopen(entry)
        else:
            self.widen(entry)

    def wait_for(self, entry: Entry, agent: str) -> None:
        """Open it to one agent alone."""
        entry.open = [(0, alone(agent))]

    def reopen(self, entry: Entry) -> None:
        """See the contact by the rules that its queue has now. Tiers that are open stay where they are the same."""
        queue, known = self.queues[entry.queue], entry.terms.rules
        entry.terms.rules, entry.terms.site = queue.rules, self.home(entry.terms.site)
        if not entry.prefers:
            if entry.state == WAITING:
                self.shut(entry)
            same = known // TIERS_CHANGED == queue.rules // TIERS_CHANGED
            stay = [number for number, _ in entry.open if same and number <= len(queue.tiers)]
            entry.open = [(number, pool_of(queue, number, entry.terms.site)) for number in stay]
            if entry.state == WAITING:
                self.open_to(entry, entry.pools)
        self.widen(entry)

    def widen(self, entry: Entry) -> None:
        """Open the tiers whose time has come, or whose condition holds, and see to the next look."""
        queue = self.queues[entry.queue]
        if entry.prefers and self.clock.now >= entry.terms.prefers_until:
            if entry.state == WAITING:
                self.shut(entry)
            entry.open = []
        if not entry.prefers:
            opened = {tier for tier, _ in entry.open}
            for number, tier in enumerate(queue.tiers, 1):
                if number not in opened and (why := self._opens(entry, queue, number, tier)):
                    self._open(entry, queue, number, why)
        self._look_again(entry, queue)

    def _open(self, entry: Entry, queue: Queue, number: int, why: str) -> None:
        pool = pool_of(queue, number, entry.terms.site)
        entry.open = sorted([*entry.open, (number, pool)])
        if entry.state == WAITING:
            self.open_to(entry, [pool])
        if why != "start":
            self.emit(TierOpened, entry, queue=queue.queue, tier=number, why=why)

    def _opens(self, entry: Entry, queue: Queue, number: int, tier: Tier) -> str:
        """Why the tier opens for the contact now; empty: it does not."""
        if never_opens(entry, tier):
            return ""
        now, at = self.clock.now, opening_at(entry, tier)
        if at is not None and at <= now:
            closing = tier.closing_s and 0 < entry.terms.closes <= now + tier.closing_s * 1000
            return "closing" if closing else "after"
        if not has_conditions(tier):
            return "start"
        if tier.waiting and len(self.rankings[f"waiting:{queue.queue}"]) >= tier.waiting:
            return "waiting"
        if tier.estimate_s and self.wait_of_the_next(entry) >= tier.estimate_s * 1000:
            return "estimate"
        site = self.configured.sites.get(entry.terms.site)
        if tier.site_lost and site is not None and site.lost:
            return "site_lost"
        if tier.nobody:
            before = [pool_of(queue, earlier, entry.terms.site) for earlier in range(1, number)]
            there, working = self.there(before)
            if not (there if tier.nobody == "logged_in" else working):
                return "nobody"
        return ""

    def _look_again(self, entry: Entry, queue: Queue) -> None:
        """When the next tier opens by time; and each second where the state of the queue may open one."""
        if entry.prefers:
            self.timers.put(f"t:{entry.contact}", entry.terms.prefers_until)
            return
        opened = {tier for tier, _ in entry.open}
        tiers = enumerate(queue.tiers, 1)
        shut = [tier for number, tier in tiers if number not in opened and not never_opens(entry, tier)]
        moments = [at for tier in shut if (at := opening_at(entry, tier)) is not None]
        if moments:
            self.timers.put(f"t:{entry.contact}", min(moments))
        else:
            self.timers.drop(f"t:{entry.contact}")
        if f"q:{queue.queue}" not in self.timers and any(map(by_state, shut)):
            self.timers.put(f"q:{queue.queue}", self.clock.now + RECHECK_MS)

    def recheck(self, name: str) -> None:
        """The state of a queue may have opened tiers for those who wait longest."""
        self.timers.drop(f"q:{name}")
        queue = self.queues.get(name)
        waiting, half = self.rankings[f"waiting:{name}"], RECHECK_MOST // 2
        some = waiting.onwards(FROM_THE_FIRST, half)
        if queue is None or not some or not any(map(by_state, queue.tiers)):
            return
        if len(some) >= half:
            others = waiting.onwards(max(queue.looked, some[-1][0] + 1), half)
            queue.looked = following(others, half)
            some += others
        for _, member in some:
            self.widen(self.entries[contact_of(member)])
        self.timers.put(f"q:{name}", self.clock.now + RECHECK_MS)

    def reopen_some(self, name: str) -> None:
        """See those who wait by the queue's new rules, some at a time. Who comes back to a place has seen them."""
        self.timers.drop(f"z:{name}")
        queue = self.queues.get(name)
        if queue is None:
            return
        half = RECHECK_MOST // 2
        some = self.rankings[f"waiting:{name}"].onwards(queue.reopened, half)
        for entry in [self.entries[contact_of(member)] for _, member in some]:
            if entry.terms.rules != queue.rules:
                self.reopen(entry)
        queue.reopened = following(some, half)
        if queue.reopened != FROM_THE_FIRST:
            self.timers.put(f"z:{name}", self.clock.now)

    # --- A callback's node ----------------------------------------------------------------------------------------

    def node_for(self, who: Agent) -> str:
        """Where a callback that is offered to this agent is kept: the node of the phone, else one that lives."""
        for node in (who.node, self.turn.node):
            if f"n:{node}" in self.deadlines:
                return node
        self.deadlines.put(f"n:{self.turn.node}", self.clock.now + NODE_LEASE_MS)
        return self.turn.node

    def hold_at(self, entry: Entry, node: str) -> None:
        """The node that has it, or none."""
        self.rankings[f"held:{entry.node}"].drop(entry.member)
        entry.node = node
        if node:
            self.rankings[f"held:{node}"].put(entry.member, int(entry.member[:12]))

    def becomes(self, who: Agent, state: AgentState, reason: str = "", *, contact: str = "", queue: str = "") -> None:
        """See `acd.steps.Steps.becomes`."""
        raise NotImplementedError


def following(some: list[tuple[int, str]], most: int) -> int:
    """From which score on the look goes on: from the first again when these were the last."""
    return some[-1][0] + 1 if len(some) >= most else FROM_THE_FIRST


def never_opens(entry: Entry, tier: Tier) -> bool:
    """Partners answer callers; who is rung back is rung by ourselves, and colleagues are among us."""
    return bool(tier.partner) and entry.terms.kind != CALL


def has_conditions(tier: Tier) -> bool:
    return bool(tier.after_s or tier.closing_s or by_state(tier))


def by_state(tier: Tier) -> bool:
    """Whether something else than the time may open it."""
    return bool(tier.estimate_s or tier.waiting or tier.nobody or tier.site_lost)


def opening_at(entry: Entry, tier: Tier) -> int | None:
    """When the tier opens by the time alone."""
    moments = [entry.since + tier.after_s * 1000] if tier.after_s else []
    if tier.closing_s and entry.terms.closes:
        moments.append(entry.terms.closes - tier.closing_s * 1000)
    return min(moments, default=None)


def contact_of(member: str) -> str:
    """The contact of a ranking's member, which begins with twelve digits and a colon."""
    return member[13:]


def of(lease: Lease) -> dict[str, str]:
    return {"offer": lease.offer, "queue": lease.queue, "agent": lease.agent, "site": lease.site}
