"""Decision records: the events that say why a contact was offered to whom, and why not, as rows to be kept."""

import json
from dataclasses import dataclass

from events.catalogue import CATALOGUE, Event
from events.codec import encode

MOST_ROWS = 200
"""Rows of one contact. Those that end a stay in a queue or a talk are kept up to MOST_WITH_ENDS."""
MOST_WITH_ENDS = 250
MOST_CONTACTS = 50_000

ENDS = frozenset({"contact_answered", "contact_left_queue", "contact_released", "partner_answered", "partner_released"})
KINDS = ENDS | {
    "contact_queued",
    "offer_withheld",
    "tier_opened",
    "offer_made",
    "offer_failed",
    "callback_promised",
    "callback_tried",
    "callback_ended",
    "transfer_begun",
    "transfer_ended",
}
"""What is kept of a contact. The agents' own states are not: the stream has them for a day."""

TYPES: frozenset[type[Event]] = frozenset(CATALOGUE[kind] for kind in KINDS)
_COLUMNS = ("kind", "tenant", "contact", "at_ms")
_as_json = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Decision:
    """A row of `metrics.records.DECISIONS`; `body` is the rest of the event as JSON."""

    tenant: str
    stream_id: str
    contact: str
    at_ms: int
    kind: str
    agent: str
    body: str


class Decisions:
    """Makes the rows. A contact has a bounded number of them; after a restart it may have as many again."""

    def __init__(self, *, most_rows: int = MOST_ROWS, most_with_ends: int = MOST_WITH_ENDS) -> None:
        self.left_out = 0
        self._most_rows = most_rows
        self._most_with_ends = most_with_ends
        self._rows: dict[str, int] = {}
        self._made: list[Decision] = []

    def note(self, stream_id: str, event: Event) -> None:
        """`event` is of one of TYPES, and has not been told before."""
        if not event.contact:
            return
        count = self._rows.get(event.contact, 0)
        if count >= (self._most_with_ends if event.kind in ENDS else self._most_rows):
            self.left_out += 1
            return
        if not count and len(self._rows) >= MOST_CONTACTS:
            del self._rows[next(iter(self._rows))]
        self._rows[event.contact] = count + 1
        rest = encode(event)
        for name in _COLUMNS:
            del rest[name]
        agent = getattr(event, "agent", "")
        body = _as_json(rest)
        self._made.append(Decision(event.tenant, stream_id, event.contact, event.at_ms, event.kind, agent, body))

    def take(self) -> list[Decision]:
        """The rows made since the last call."""
        made, self._made = self._made, []
        return made
