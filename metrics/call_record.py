"""One contact's record in the making, and what the events of distribution add to it."""

from dataclasses import dataclass
from typing import Any

from events.catalogue import CallbackEnded, ContactQueued, OfferMade, TransferEnded
from events.routing import PartnerAnswered, PartnerReleased
from metrics import legs

CallRecord = dict[str, Any]
"""A row of `metrics.records.CALL_RECORDS`, by column."""

MOST_VISITS = 50


def partner_of(agent: str) -> str:
    """The partner whose slot `agent` is (`partner/1`); nothing for a person."""
    partner, _, slot = agent.rpartition("/")
    return partner if slot.isdigit() else ""


def blank(contact: str, tenant: str, node: str) -> CallRecord:
    """A record of which nothing is known yet but whose it is. What comes to it later stands at its end.

    `total_wait_ms` is the time from the first ring to the first agent's answer, menus included; `total_waited_ms` the
    waits in all queues, partners' ringing included, menus and talks not. `units` are the queues whose agents, the
    partners and the destinations that had the contact, one after the other, and `bounces` how often it was passed on.
    `callback_of` is the contact of the caller whom this one rang back. `legs` are those of `metrics.legs`. `recording`
    is MAILBOX/NAME of a message that was left; `routing_version` the flows' that said how the queues were served.
    """
    return {
        "contact": contact, "tenant": tenant, "node": node,
        "number": "", "flow": "", "flow_version": "", "trunk": "", "pii_caller": "",
        "started_ms": 0, "answered_ms": 0, "ended_ms": 0, "duration_ms": 0,
        "last_step": "", "queue": "", "visits": [], "offers": [],
        "waited_ms": 0, "total_wait_ms": 0, "offers_made": 0,
        "agent": "", "site": "", "talked_ms": 0, "wrap_up_ms": 0, "topic": "",
        "outcome": "", "cause": "", "closed_by": "", "concluded": "",
        "total_waited_ms": 0, "partner": "", "transfers": [], "units": [], "bounces": 0,
        "callback_of": "", "legs": [], "recording": "", "pseudonym": "", "routing_version": "",
    }  # fmt: skip


@dataclass(slots=True)
class OpenContact:
    """`offer` is the offer that rings; `serving` the agent who talks or wraps up; `visit` the stay in a queue that
    lasts; `order` the place among all records, over restarts too.
    """

    record: CallRecord
    order: int
    ended: bool = False
    talking: bool = False
    offer: str = ""
    serving: str = ""
    visit: dict[str, Any] | None = None

    @property
    def complete(self) -> bool:
        return self.ended and self.visit is None and not (self.talking or self.serving or self.offer)

    def enter(self, event: ContactQueued) -> None:
        """A stay in a queue begins, unless it lasts already."""
        if self.visit is not None and self.visit["queue"] == event.queue:
            return
        visit = {"queue": event.queue, "at_ms": event.at_ms, "arrived_ms": event.arrived_ms, "waited_ms": 0, "end": ""}
        self.visit = visit | {"tier": 1}
        self.record["queue"] = event.queue
        if len(self.record["visits"]) < MOST_VISITS:
            self.record["visits"].append(self.visit)

    def widen(self, tier: int) -> None:
        """Agents of this tier may serve it, too."""
        if self.visit is not None:
            self.visit["tier"] = max(self.visit.get("tier", 1), tier)

    def leave(self, at_ms: int, waited_ms: int, end: str) -> None:
        """The stay in the queue is over."""
        if self.visit is not None:
            self.visit |= {"waited_ms": max(waited_ms, 0), "end": end}
            self.record["waited_ms"] = max(self.record["waited_ms"], waited_ms)
            self.record["total_waited_ms"] += max(at_ms - self.visit["at_ms"], 0)
            self.visit = None

    def waited(self, total_ms: int) -> None:
        """The distributor's own count, which knows the waits of an earlier call."""
        self.record["total_waited_ms"] = max(self.record["total_waited_ms"], total_ms)

    def add_offer(self, event: OfferMade) -> None:
        record = self.record
        self.offer = event.offer
        legs.offered(record["legs"], event)
        record["offers_made"] += 1
        if len(record["offers"]) < MOST_VISITS:
            offer = {"offer": event.offer, "queue": event.queue, "agent": event.agent, "site": event.site}
            grounds = {"tier": event.tier, "rule": event.rule, "candidates": event.candidates}
            grounds |= {"total_waited_ms": event.total_waited_ms}
            record["offers"].append(offer | {"at_ms": event.at_ms, "outcome": "", "rang_ms": 0} | grounds)

    def end_offer(self, offer: str, outcome: str, rang_ms: int) -> None:
        if self.offer == offer:
            self.offer = ""
        for made in reversed(self.record["offers"]):
            if made["offer"] == offer:
                made |= {"outcome": outcome, "rang_ms": max(rang_ms, 0)}
                if outcome == "answered" and made.get("total_waited_ms"):
                    self.waited(made["total_waited_ms"] + max(rang_ms, 0))
                return

    def meet(self, unit: str) -> None:
        """Somebody of this unit has the contact now."""
        units = self.record["units"]
        if (not units or units[-1] != unit) and len(units) < MOST_VISITS:
            units.append(unit)
            self.record["bounces"] = len(units) - 1

    def at_partner(self, event: PartnerAnswered) -> None:
        self.end_offer(event.offer, "answered", event.rang_ms)
        self.talking = True
        self.record["partner"] = event.partner
        legs.answered(self.record["legs"], event)
        self.meet(event.partner)
        self._passed_on("partner", event.partner, "answered", event.at_ms)

    def from_partner(self, event: PartnerReleased) -> None:
        self.talking = False
        legs.ended(self.record["legs"], "partner", event.partner, event.at_ms, event.cause)
        for one in reversed(self.record["transfers"]):
            if one["target"] == event.partner:
                one["talked_ms"] = max(event.talked_ms, 0)
                return

    def rung_back(self, event: CallbackEnded) -> None:
        """An agent and the caller of an earlier contact talk."""
        self.talking = True
        self.record |= {"callback_of": event.first, "queue": event.queue, "answered_ms": event.at_ms}
        self.meet(event.queue)

    def transferred(self, event: TransferEnded) -> None:
        self._passed_on(event.how, event.target, event.outcome, event.at_ms)
        legs.transferred(self.record["legs"], event)
        if event.outcome == "answered" and event.to == "destination":
            self.meet(event.target)

    def _passed_on(self, how: str, target: str, outcome: str, at_ms: int) -> None:
        if len(self.record["transfers"]) < MOST_VISITS:
            one = {"how": how, "target": target, "outcome": outcome, "at_ms": at_ms, "talked_ms": 0}
            self.record["transfers"].append(one)
