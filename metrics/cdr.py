"""Call records: one row a contact, folded from everything that was told of it.

A record is closed when the contact has ended, its talk was released and the agent is through with it, wrap-up included;
in whatever order these are told, as a node's events and the distributor's reach the stream by different ways. What
cannot be closed in order is closed with the reason in `closed_by`, so that the number of open contacts has a bound.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from events.catalogue import (
    AgentStateChanged,
    CallbackEnded,
    ContactAnswered,
    ContactEnded,
    ContactLeftQueue,
    ContactQueued,
    ContactReleased,
    ContactStarted,
    Event,
    NodeStarted,
    OfferFailed,
    OfferMade,
    StepEntered,
    TransferBegun,
    TransferEnded,
    VoicemailLeft,
    WrapUpEnded,
)
from events.routing import PartnerAnswered, PartnerReleased, TierOpened
from metrics import legs
from metrics.call_record import MOST_VISITS as MOST_VISITS
from metrics.call_record import CallRecord as CallRecord
from metrics.call_record import OpenContact
from metrics.call_record import blank as blank
from metrics.fold import Part, Route
from metrics.routing_version import RoutingVersion

LONGEST_ENDING_MS = 900_000
MOST_LATE = 10_000
"""So many contacts that ended last are remembered, for queues that tell of them late."""
LONGEST_CONTACT_MS = 12 * 3_600_000


class CallRecords:
    """The fold. Closed records wait in `closed` until somebody takes them."""

    name = "call_records.1"

    def __init__(
        self, *, keep_callers: bool = False, max_open: int = 50_000, routing: RoutingVersion | None = None
    ) -> None:
        self.closed: deque[CallRecord] = deque()
        self.evicted = 0
        self.in_progress = 0
        self._keep = keep_callers, max_open
        self._routing = routing or RoutingVersion()
        self._open: dict[str, OpenContact] = {}
        self._opened = 0
        self._serving: dict[str, str] = {}
        self._ending: dict[str, int] = {}
        self._ended: dict[str, None] = {}
        self._changed: set[str] = set()

    def take(self) -> list[CallRecord]:
        """The records closed since the last call."""
        closed = list(self.closed)
        self.closed.clear()
        return closed

    def known(self, contact: str) -> CallRecord | None:
        """The record in the making; not to be changed."""
        found = self._open.get(contact)
        return found.record if found is not None else None

    def open_now(self, most: int) -> Iterator[tuple[CallRecord, bool, bool]]:
        """Of contacts in progress so many, the oldest first: the record, whether it waits, whether it talks."""
        there = (contact for contact in self._open.values() if not contact.ended)
        return ((one.record, one.visit is not None, one.talking) for one in islice(there, most))

    def routes(self) -> Mapping[type[Event], Route]:
        return {
            ContactStarted: self._on_started,
            StepEntered: self._on_step,
            ContactQueued: self._on_queued,
            ContactLeftQueue: self._on_left,
            OfferMade: self._on_offer,
            OfferFailed: self._on_offer_failed,
            ContactAnswered: self._on_answered,
            ContactReleased: self._on_released,
            TierOpened: self._on_tier,
            CallbackEnded: self._on_callback_ended,
            PartnerAnswered: self._on_partner_answered,
            PartnerReleased: self._on_partner_released,
            TransferBegun: self._on_transferring,
            TransferEnded: self._on_transfer,
            VoicemailLeft: self._on_voicemail,
            AgentStateChanged: self._on_agent,
            WrapUpEnded: self._on_wrap_up,
            ContactEnded: self._on_ended,
            NodeStarted: self._on_node_started,
        }

    # --- Events

    def _on_started(self, event: ContactStarted) -> None:
        self._ended.pop(event.contact, None)
        record = self._begin(event).record
        record["number"] = event.number
        record["flow"] = event.flow
        record["flow_version"] = event.flow_version
        record["trunk"] = event.trunk
        record["started_ms"] = event.at_ms
        record["pseudonym"] = event.pseudonym
        legs.caller(record["legs"], event.at_ms)
        if self._keep[0]:
            record["pii_caller"] = event.pii_caller

    def _on_step(self, event: StepEntered) -> None:
        contact = self._find(event.contact)
        if contact is not None:
            contact.record["last_step"] = event.step

    def _on_queued(self, event: ContactQueued) -> None:
        if event.contact in self._ended:
            return  # hung up while the command was under way; the record is written
        contact = self._begin(event)
        contact.enter(event)
        contact.record["routing_version"] = self._routing.version or contact.record["flow_version"]

    def _on_tier(self, event: TierOpened) -> None:
        contact = self._find(event.contact)
        if contact is not None:
            contact.widen(event.tier)

    def _on_left(self, event: ContactLeftQueue) -> None:
        contact = self._find(event.contact)
        if contact is not None:
            contact.leave(event.at_ms, event.waited_ms, event.cause)
            self._node_gone(contact, event)
            self._close_if_complete(event.contact, contact)

    def _on_offer(self, event: OfferMade) -> None:
        contact = self._find(event.contact)
        if contact is not None:
            contact.add_offer(event)

    def _on_offer_failed(self, event: OfferFailed) -> None:
        contact = self._find(event.contact)
        if contact is not None:
            contact.end_offer(event.offer, event.cause, event.rang_ms)
            legs.not_answered(contact.record["legs"], event.offer, event.at_ms, event.cause)
            self._close_if_complete(event.contact, contact)

    def _on_answered(self, event: ContactAnswered) -> None:
        contact = self._find(event.contact)
        if contact is None:
            return
        contact.leave(event.at_ms, event.waited_ms, "answered")
        contact.end_offer(event.offer, "answered", event.rang_ms)
        contact.meet(event.queue)
        record = contact.record
        legs.answered(record["legs"], event)
        if not record["answered_ms"]:
            record["answered_ms"] = event.at_ms
            record["total_wait_ms"] = max(event.at_ms - record["started_ms"], 0)
        record["agent"] = event.agent
        record["site"] = event.site
        contact.talking = True
        self._serve(event.contact, contact, event.agent)

    def _on_released(self, event: ContactReleased) -> None:
        contact = self._find(event.contact)
        if contact is not None:
            contact.talking = False
            contact.record["talked_ms"] += max(event.talked_ms, 0)
            legs.ended(contact.record["legs"], "agent", event.agent, event.at_ms, event.cause)
            self._node_gone(contact, event)
            self._close_if_complete(event.contact, contact)

    def _on_callback_ended(self, event: CallbackEnded) -> None:
        if event.outcome == "reached":
            self._begin(event).rung_back(event)

    def _on_partner_answered(self, event: PartnerAnswered) -> None:
        contact = self._find(event.contact)
        if contact is not None:
            contact.at_partner(event)

    def _on_partner_released(self, event: PartnerReleased) -> None:
        contact = self._find(event.contact)
        if contact is not None:
            contact.from_partner(event)
            self._node_gone(contact, event)
            self._close_if_complete(event.contact, contact)

    def _on_transfer(self, event: TransferEnded) -> None:
        contact = self._find(event.contact)
        if contact is not None:
            contact.transferred(event)

    def _on_transferring(self, event: TransferBegun) -> None:
        contact = self._find(event.contact)
        if contact is not None:
            legs.transferring(contact.record["legs"], event)

    def _on_voicemail(self, event: VoicemailLeft) -> None:
        contact = self._find(event.contact)
        if contact is not None:
            contact.record["recording"] = f"{event.mailbox}/{event.message}"

    def _on_agent(self, event: AgentStateChanged) -> None:
        """An agent who left `talking` for anything but a wrap-up is through with the contact.

        Whom a caller talks to who was rung back is told by this event alone.
        """
        rung_back = self._find(event.contact) if event.state == "talking" else None
        if rung_back is not None and not rung_back.serving:
            rung_back.record |= {"agent": event.agent, "site": event.site}
            legs.talks(rung_back.record["legs"], event.agent, event.site, event.at_ms)
            self._serve(event.contact, rung_back, event.agent)
        name = self._serving.get(event.agent)
        if name is not None and event.previous == "talking" and event.state != "wrap_up":
            self._through(name, self._open[name])

    def _on_wrap_up(self, event: WrapUpEnded) -> None:
        name = event.contact or self._serving.get(event.agent, "")
        contact = self._find(name)
        if contact is None:
            return
        contact.record["topic"] = event.topic or contact.record["topic"]
        contact.record["concluded"] = event.concluded or contact.record["concluded"]
        contact.record["wrap_up_ms"] += max(event.lasted_ms, 0)
        if contact.serving == event.agent:
            self._through(name, contact)

    def _on_ended(self, event: ContactEnded) -> None:
        self._overdue(event.at_ms)
        contact = self._find(event.contact)
        if contact is None or contact.ended:
            return
        self._mark_ended(contact, event.at_ms, event.outcome, event.cause)
        self._ended[event.contact] = None
        if len(self._ended) > MOST_LATE:
            del self._ended[next(iter(self._ended))]
        contact.record["duration_ms"] = event.duration_ms
        legs.ended(contact.record["legs"], "caller", "", event.at_ms, event.cause)
        self._close_if_complete(event.contact, contact)

    def _on_node_started(self, event: NodeStarted) -> None:
        """What this node held before it started died with it, and nobody else will tell."""
        for name, contact in list(self._open.items()):
            record = contact.record
            if record["node"] == event.node and record["started_ms"] < event.at_ms and not contact.ended:
                self._give_up(name, event.at_ms, "node_lost")

    # --- What they have in common

    def _find(self, name: str) -> OpenContact | None:
        contact = self._open.get(name)
        if contact is not None:
            self._changed.add(name)
        return contact

    def _begin(self, event: Event) -> OpenContact:
        """The node tells of a start, the distributor of a queue: whichever is heard first opens the record."""
        contact = self._find(event.contact)
        if contact is None:
            self._make_room(event.at_ms)
            contact = self._open[event.contact] = OpenContact(
                blank(event.contact, event.tenant, event.node), self._opened
            )
            self._opened += 1
            contact.record["started_ms"] = event.at_ms
            self._changed.add(event.contact)
            self.in_progress += 1
        return contact

    def _make_room(self, now_ms: int) -> None:
        if not self._open:
            return
        oldest = next(iter(self._open))
        if len(self._open) >= self._keep[1]:
            self.evicted += 1
            self._give_up(oldest, now_ms, "evicted")
        elif now_ms - self._open[oldest].record["started_ms"] > LONGEST_CONTACT_MS:
            self._give_up(oldest, now_ms, "too_long")

    def _serve(self, name: str, contact: OpenContact, agent: str) -> None:
        self._serving.pop(contact.serving, None)
        before = self._serving.get(agent)
        if before is not None:
            self._through(before, self._open[before])
        contact.serving = agent
        self._serving[agent] = name

    def _through(self, name: str, contact: OpenContact) -> None:
        """The agent is through with the contact."""
        self._changed.add(name)
        self._serving.pop(contact.serving, None)
        contact.serving = ""
        self._close_if_complete(name, contact)

    def _close_if_complete(self, name: str, contact: OpenContact) -> None:
        if contact.complete:
            self._close(name, "ended")

    def _mark_ended(self, contact: OpenContact, at_ms: int, outcome: str, cause: str) -> None:
        if not contact.ended:
            contact.ended = True
            self.in_progress -= 1
            contact.record |= {"ended_ms": at_ms, "outcome": outcome, "cause": cause}
            self._ending[contact.record["contact"]] = at_ms

    def _node_gone(self, contact: OpenContact, event: ContactLeftQueue | ContactReleased | PartnerReleased) -> None:
        """The node that held the contact is lost: it will tell no end, so this is it."""
        if event.cause == "node_lost":
            self._mark_ended(contact, event.at_ms, "failed", event.cause)

    def _overdue(self, now_ms: int) -> None:
        """Closes those of whom something that must follow the end was never told (each has a limit of its own)."""
        while self._ending:
            name, ended_ms = next(iter(self._ending.items()))
            if now_ms - ended_ms < LONGEST_ENDING_MS:
                return
            self._close(name, "overdue")

    def _give_up(self, name: str, now_ms: int, reason: str) -> None:
        self._mark_ended(self._open[name], now_ms, "failed", reason)
        self._close(name, reason)

    def _close(self, name: str, closed_by: str) -> None:
        contact = self._open.pop(name)
        self._ending.pop(name, None)
        self._changed.add(name)
        self._serving.pop(contact.serving, None)
        contact.record["closed_by"] = closed_by
        legs.closed(contact.record["legs"], contact.record["ended_ms"], contact.record["cause"])
        self.closed.append(contact.record)

    # --- Saving

    def snapshot(self) -> dict[str, Part]:
        return self._parts(self._open)

    def changes(self) -> dict[str, Part]:
        changed, self._changed = self._changed, set()
        return self._parts(changed)

    def _parts(self, names: Iterable[str]) -> dict[str, Part]:
        return {name: _written(self._open.get(name)) for name in names}

    def restore(self, parts: Mapping[str, Part]) -> None:
        for name, (order, values, ended, talking, offer, serving, in_queue) in parts.items():
            record = blank("", "", "")
            record |= dict(zip(record, values, strict=False))  # an older release knew fewer
            contact = OpenContact(
                record, order, ended, talking, offer, serving, record["visits"][-1] if in_queue else None
            )
            self._open[name] = contact
            if serving:
                self._serving[serving] = name
            if ended:
                self._ending[name] = record["ended_ms"]
            else:
                self.in_progress += 1
        self._open = dict(sorted(self._open.items(), key=lambda item: item[1].order))
        self._opened = max((contact.order for contact in self._open.values()), default=-1) + 1
        self._ending = dict(sorted(self._ending.items(), key=lambda item: item[1]))


def _written(contact: OpenContact | None) -> Part:
    if contact is None:
        return None
    visits = contact.record["visits"]
    in_queue = bool(visits) and visits[-1] is contact.visit
    values = list(contact.record.values())
    return [contact.order, values, contact.ended, contact.talking, contact.offer, contact.serving, in_queue]
