"""Who came to a queue later and was answered before, and why: from the decisions on all of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from events.catalogue import ContactAnswered, ContactLeftQueue, ContactQueued, Event, OfferMade
from events.routing import PartnerAnswered
from metrics.reasons import Sentence, length

MOST_NAMED = 5
Answer = ContactAnswered | PartnerAnswered
_ENDS = (ContactAnswered, ContactLeftQueue, PartnerAnswered)


@dataclass(frozen=True, slots=True)
class Stay:
    """One contact's wait in one queue; `end` is None while it lasts."""

    queued: ContactQueued
    end: Event | None
    total_ms: int = 0
    offered_ms: int = 0

    @property
    def order_ms(self) -> int:
        """Its place in the order: when the wait of the whole journey began, less the head start."""
        queued = self.queued
        began_ms = self.offered_ms - self.total_ms if self.offered_ms else queued.since_ms or queued.arrived_ms
        return began_ms - self.queued.priority_s * 1000


def stays(events: Iterable[Event]) -> list[Stay]:
    """The stays of one contact, in order."""
    found: list[Stay] = []
    for event in events:
        if isinstance(event, ContactQueued):
            found.append(Stay(event, None))
        elif found and found[-1].end is None:
            last = found[-1]
            if isinstance(event, OfferMade):
                total_ms = max(event.total_waited_ms, event.waited_ms)
                found[-1] = Stay(last.queued, None, total_ms, event.at_ms)
            elif isinstance(event, _ENDS):
                found[-1] = Stay(last.queued, event, last.total_ms, last.offered_ms)
    return found


def served_before(mine: Stay, others: Mapping[str, Sequence[Event]], now_ms: int) -> Sentence:
    """Of `others`, by contact, those who came later and were answered while this one waited, each with the reason."""
    end_ms = mine.end.at_ms if mine.end is not None else now_ms
    queue = mine.queued.queue
    before = [
        (stay, stay.end)
        for contact, events in others.items()
        for stay in stays(events)
        if contact != mine.queued.contact and stay.queued.queue == queue and mine.queued.at_ms < stay.queued.at_ms
        if isinstance(stay.end, ContactAnswered | PartnerAnswered) and stay.end.at_ms < end_ms
    ]
    event = mine.end or mine.queued
    if not before:
        return Sentence(end_ms, f"nobody who came to {queue} later was answered before", event)
    reasons = [_reason(mine, stay, end) for stay, end in before[:MOST_NAMED]]
    more = f"; and {len(before) - MOST_NAMED} others" if len(before) > MOST_NAMED else ""
    text = f"{len(before)} who came to {queue} later were answered before: {'; '.join(reasons)}{more}"
    return Sentence(end_ms, text, event)


def _reason(mine: Stay, other: Stay, end: Answer) -> str:
    who = f"{other.queued.contact} by {end.partner if isinstance(end, PartnerAnswered) else end.agent}"
    if other.queued.priority_s > mine.queued.priority_s and other.order_ms <= mine.order_ms:
        return f"{who} (had a head start of {length(other.queued.priority_s * 1000)})"
    if other.order_ms <= mine.order_ms:
        return f"{who} (had waited longer over its whole journey)"
    return f"{who} (who was not open to this caller then, or was waited for first)"
