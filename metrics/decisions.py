"""Decision records: the events that say why a contact was offered to whom, and why not, as rows to be kept."""

import json
from dataclasses import dataclass, fields

from events.catalogue import CATALOGUE, AgentStateChanged, Event
from metrics.call_record import partner_of

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
"""What is told of a contact by `svar why`."""

FURTHER = frozenset({"contact_started", "contact_ended", "wrap_up_ended", "agent_state_changed"})
"""What reports are made of besides, so that they can be made again (`svar report --rebuild`). Of a caller nothing is
kept here but what stands for them, and of agents' states no name: only the site, which state ended and how long it was.
"""

TYPES: frozenset[type[Event]] = frozenset(CATALOGUE[kind] for kind in KINDS | FURTHER)
WORKING = ("ready", "talking", "wrap_up")
_COLUMNS = ("tenant", "contact", "at_ms")
_FIELDS = {
    type_: tuple(f.name for f in fields(type_) if f.name not in _COLUMNS and not f.name.startswith("pii_"))
    for type_ in TYPES
}
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
        if isinstance(event, AgentStateChanged):
            if event.previous in WORKING and not partner_of(event.agent):
                self._made.append(_nobodys(stream_id, event))
            return
        if not event.contact:
            return
        count = self._rows.get(event.contact, 0)
        if count >= (self._most_with_ends if event.kind in ENDS | FURTHER else self._most_rows):
            self.left_out += 1
            return
        if not count and len(self._rows) >= MOST_CONTACTS:
            del self._rows[next(iter(self._rows))]
        self._rows[event.contact] = count + 1
        self._made.append(_row(stream_id, event))

    def take(self) -> list[Decision]:
        """The rows made since the last call."""
        made, self._made = self._made, []
        return made


def _row(stream_id: str, event: Event) -> Decision:
    body: dict[str, str] = {"v": str(event.version)}
    for name in _FIELDS[type(event)]:
        value = getattr(event, name)
        body[name] = str(int(value)) if value is True or value is False else str(value)
    agent = getattr(event, "agent", "")
    return Decision(event.tenant, stream_id, event.contact, event.at_ms, event.kind, agent, _as_json(body))


def _nobodys(stream_id: str, event: AgentStateChanged) -> Decision:
    """How long somebody at the site was in the state that ended."""
    body = dict.fromkeys(_FIELDS[AgentStateChanged], "")
    body |= {"v": str(event.version), "site": event.site, "previous": event.previous, "lasted_ms": str(event.lasted_ms)}
    return Decision(event.tenant, stream_id, "", event.at_ms, event.kind, "", _as_json(body))
