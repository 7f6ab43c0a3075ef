"""A contact's story for the console: from the stream of events, the records, and nodes that have its SIP messages."""

from collections.abc import Sequence
from dataclasses import dataclass

from acd.distributor import Unavailable
from acd.nodes import Nodes
from acd.orders import Orders
from acd.trail import Trail
from console.contacts_seen import ContactRow, ContactSeen, Ladder, Leg, Rung, Told
from events.catalogue import Event, StepEntered
from ivr.over_sip.telephony import Identity
from ivr.simulator.story import Moment, line_of
from metrics.reasons import told
from metrics.records import Access, Records, RecordsError
from svar import ladders_in_service, tier_words
from svar.ladder_lines import LadderSeen
from svar.logs import mask

LEFT_OUT = ("visits", "offers", "transfers", "legs", "pii_caller", "pseudonym")
"""Of the record: the story tells them, or they are the caller's (docs/records.md)."""


@dataclass(frozen=True, slots=True)
class ContactsTold:
    """`console.contacts_seen.Contacts` on what the node has at hand."""

    identity: Identity
    trail: Trail
    records: Records
    orders: Orders
    nodes: Nodes

    async def recent(self, most: int) -> Sequence[ContactRow]:
        """The last ones first. Raises Unavailable."""
        rows = []
        for began, ended in await self.trail.recent(most):
            outcome, cause, ms = (ended.outcome, ended.cause, ended.duration_ms) if ended else ("", "", 0)
            rows.append(ContactRow(began.contact, began.at_ms, began.number, began.flow, outcome, cause, ms))
        return rows

    async def of(self, contact: str, who: str) -> ContactSeen | None:
        """Raises Unavailable, also where the look cannot be written down."""
        try:
            return await self._of(contact, who)
        except RecordsError as error:
            raise Unavailable(str(error)) from error

    async def _of(self, contact: str, who: str) -> ContactSeen | None:
        tenant, now_ms = self.identity.tenant, self.identity.now_ms()
        await self.records.note(tenant, Access(now_ms, who, "console", contact, ""))
        events = await self.trail.of(contact)
        record = await self.records.find(contact)
        if record is not None and record["tenant"] != tenant:
            record = None
        kept = (await self.records.decided(tenant, contact)).get(contact, []) if record is not None else []
        if not events and not kept and record is None:
            return None
        known = set(events)
        decided = sorted([*(one for one in kept if one not in known), *events], key=lambda event: event.at_ms)
        reasons = [Told(one.at_ms, one.text) for one in told(decided, tier_words.named(await self.trail.tiers()))]
        seen = await ladders_in_service.asked(self.orders, self.nodes, contact, f"console:{who}", now_ms)
        shown = mask(None, "", dict(record)) if record is not None else {}
        facts = [(name, str(value)) for name, value in shown.items() if value and name not in LEFT_OUT]
        return ContactSeen(contact, facts, _story(events or decided), reasons, [_ladder(one) for one in seen])


def _story(events: Sequence[Event]) -> list[Told]:
    first = next((event.flow for event in events if isinstance(event, StepEntered)), "")
    story = []
    for event in events:
        line = line_of(Moment(0.0, event), first)
        if line is not None:
            story.append(Told(event.at_ms, line.text, line.step))
    return story


def _ladder(seen: LadderSeen) -> Ladder:
    legs = [Leg(one.leg, one.peer, one.whom) for one in seen.legs]
    return Ladder(seen.node, legs, [Rung(one.at_ms, one.leg, one.way == "in", one.what) for one in seen.rungs])
