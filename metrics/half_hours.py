"""The figures of reports: what came of the contacts of each queue, site and half-hour in which they arrived.

A contact belongs to the half-hour (UTC) in which it entered the queue, and to its caller's own site; what agents did
for it is counted in the same half-hour, at the agents' site. Agents' time in a state goes by the clock, without a
queue; how contacts ended, and what was passed on before any queue, without queue and site, by their first ring.

Half-hours of the last KEPT_MS are in memory, and what is told late corrects them; each is written to a table of its own
whenever it changes. Nothing refers to older ones: no contact is followed for longer.
"""

from collections.abc import Callable, Iterable, Mapping

from events.callbacks import CallbackEnded, CallbackPromised
from events.catalogue import (
    AgentStateChanged,
    ContactAnswered,
    ContactEnded,
    ContactLeftQueue,
    ContactQueued,
    ContactReleased,
    ContactStarted,
    Event,
    OfferFailed,
    OfferMade,
    TransferEnded,
    WrapUpEnded,
)
from events.routing import PartnerAnswered
from metrics.call_record import partner_of
from metrics.fold import Fold, Part, Route
from metrics.followed import LATE_MS, LONGEST_MS, Contact, Loss, Losses, Work
from metrics.followed import read as read_contact
from metrics.half_hour_rows import HalfHourTable, Key, Rows, count
from metrics.service_level import DEFAULT_LIMITS, INTERVAL_MS, LONGEST_BUCKET_S, Limits
from metrics.sums import Sums

KEPT_MS = 2 * LONGEST_MS
MOST_OPEN = 50_000
MOST_ROWS = 50_000
CALLER_LEFT = "caller_left"
MOVED = ("answered", "queued")
STAFF = {"talking": "talking_ms", "wrap_up": "wrap_up_ms", "ready": "ready_ms"}


def pseudonym(event: ContactStarted) -> str:
    """What stands for the caller (docs/records.md), where pseudonyms are kept."""
    return event.pseudonym


class HalfHours:
    """The fold. Implements `metrics.fold.Fold`."""

    name = "half_hours.1"

    def __init__(
        self,
        limits: Mapping[str, Limits] | None = None,
        *,
        caller_of: Callable[[ContactStarted], str] = pseudonym,
        most_open: int = MOST_OPEN,
        most_rows: int = MOST_ROWS,
    ) -> None:
        """`caller_of` is the same for the same caller and names nobody; empty where the caller is not known."""
        self._rows = Rows(most_rows)
        self._limits = dict(limits or {})
        self._contacts: dict[str, Contact] = {}
        self._losses = Losses(most_open)
        self._ending: dict[str, int] = {}
        self._caller_of = caller_of
        self._most_open = most_open
        self.stream_ms = 0
        """When the event that comes next was told, by the stream's one clock: nodes' own may be wrong. 0: not known."""
        self._now_ms = self._next_ms = self._saved_ms = 0
        self._changed: set[str] = set()

    # --- Reading

    @property
    def rows(self) -> Mapping[Key, Sums]:
        """The half-hours in memory; not to be changed."""
        return self._rows.there

    def learn(self, limits: Mapping[str, Limits]) -> None:
        """The queues have these limits from now on; what was counted before stays as it was."""
        self._limits = dict(limits)

    def balances(self) -> dict[str, int]:
        """O - A - L - F - W of the half-hours in memory, by queue: always 0, or reports are wrong."""
        sums: dict[str, int] = {}
        for (queue, _, _), row in self._rows.there.items():
            if queue:
                sums[queue] = sums.get(queue, 0) + row.arrivals.waiting
        for contact in self._contacts.values():
            if contact.waits and contact.entry is not None and contact.entry in self._rows.there:
                sums[contact.entry[0]] -= 1
        return sums

    def take(self) -> dict[Key, Sums]:
        """The half-hours that changed since the last call; for whoever does not save them."""
        return self._rows.take()

    @property
    def table(self) -> Fold:
        """The half-hours themselves, to be saved and restored after this fold."""
        return HalfHourTable(self._rows)

    # --- Events

    def routes(self) -> Mapping[type[Event], Route]:
        return {
            ContactStarted: self._on_started,
            ContactQueued: self._on_queued,
            ContactAnswered: self._on_answered,
            ContactLeftQueue: self._on_left,
            OfferMade: self._on_offer,
            OfferFailed: self._on_offer_failed,
            ContactReleased: self._on_released,
            WrapUpEnded: self._on_wrap_up,
            TransferEnded: self._on_transfer,
            PartnerAnswered: self._on_partner_answered,
            CallbackPromised: self._on_promised,
            CallbackEnded: self._on_callback_ended,
            ContactEnded: self._on_ended,
            AgentStateChanged: self._on_agent,
        }

    def _on_started(self, event: ContactStarted) -> None:
        contact = self._begin(event)
        contact.started_ms = min(event.at_ms, self._now_ms)
        contact.caller = self._caller_of(event)

    def _on_queued(self, event: ContactQueued) -> None:
        contact = self._begin(event)
        if contact.waits and contact.entry is not None:
            if contact.entry[0] == event.queue:
                return  # taken over by another node, or told twice: still the same entry
            self._flow_out(contact.entry, "queue")
        arrived_ms = max(event.arrived_ms, event.at_ms - LONGEST_MS)
        contact.entry = (event.queue, event.site, self._rows.start(arrived_ms))
        contact.waits = True
        told = (event.at_ms, event.estimate_ms, event.low_ms, event.high_ms)
        contact.told = told if event.estimate_ms >= 0 else None
        self._rows.of(contact.entry).arrivals.offered += 1

    def _on_answered(self, event: ContactAnswered) -> None:
        contact = self._find(event.contact)
        if contact is None or contact.entry is None or not contact.waits:
            return
        contact.waits = False
        row = self._rows.of(contact.entry)
        row.arrivals.answer(event.waited_ms, self._limits_of(contact.entry[0]))
        self._tell_told(contact, event.at_ms, answered=True)
        if not contact.answered and contact.started_ms:
            total_ms = max(event.at_ms - contact.started_ms, 0)
            row.whole.first_answers += 1
            row.whole.first_ring_ms += total_ms
            waits, wait_s = row.whole.first_ring_waits, min(total_ms // 1000, LONGEST_BUCKET_S)
            waits[wait_s] = waits.get(wait_s, 0) + 1
        contact.answered = True
        contact.meet(contact.entry[0])
        key = (contact.entry[0], event.site, contact.entry[2])
        contact.works.pop(event.agent, None)
        contact.works[event.agent] = Work(key)
        self._rows.of(key).work.answered += 1
        for loss in self._losses.answered(event.contact, contact.caller, contact.started_ms or event.at_ms):
            self._undo(loss)

    def _on_left(self, event: ContactLeftQueue) -> None:
        contact = self._find(event.contact)
        if contact is None or contact.entry is None or not contact.waits:
            return
        contact.waits = False
        if event.disposition == "flowed_out":
            self._tell_told(contact, event.at_ms, answered=False)
            self._flow_out(contact.entry, event.cause)
        else:
            self._lose(event.contact, contact, event.at_ms, event.waited_ms, event.cause)

    def _on_offer(self, event: OfferMade) -> None:
        if not partner_of(event.agent):
            self._rows.of(self._offered_at(event)).work.offers += 1

    def _on_offer_failed(self, event: OfferFailed) -> None:
        if partner := partner_of(event.agent):
            self._pass_on(self._offered_at(event), partner, answered=False)
        elif event.cause != CALLER_LEFT:
            self._rows.of(self._offered_at(event)).work.missed += 1

    def _on_released(self, event: ContactReleased) -> None:
        contact = self._find(event.contact)
        work = contact.works.get(event.agent) if contact is not None else None
        if work is not None:
            self._rows.of(work.key).work.talk_ms += max(event.talked_ms, 0)
            work.moved = work.moved or event.cause == "transferred"

    def _on_wrap_up(self, event: WrapUpEnded) -> None:
        contact = self._find(event.contact)
        work = contact.works.pop(event.agent, None) if contact is not None else None
        if work is not None:
            row = self._rows.of(work.key).work
            row.wrap_up_ms += max(event.lasted_ms, 0)
            row.concluded += event.concluded == "yes" and bool(event.topic) and not work.moved

    def _on_transfer(self, event: TransferEnded) -> None:
        contact = self._begin(event)
        work = contact.works.get(event.agent)
        if event.outcome in MOVED and work is not None:
            work.moved = True
        if event.outcome == "answered" and event.to == "destination":
            contact.meet(event.target)
        if event.how != "conference" and event.outcome not in ("queued", "joined"):
            key = work.key if work is not None else contact.entry or self._nowhere(contact)
            self._pass_on(key, event.target, answered=event.outcome == "answered")

    def _on_partner_answered(self, event: PartnerAnswered) -> None:
        contact = self._begin(event)
        contact.meet(event.partner)
        self._pass_on(contact.entry or self._nowhere(contact), event.partner, answered=True)

    def _on_promised(self, event: CallbackPromised) -> None:
        for name in (event.contact, event.first):
            contact = self._find(name)
            for work in contact.works.values() if contact is not None else ():
                work.moved = True
        self._count_callback(event.queue, event.at_ms, "promised")

    def _on_callback_ended(self, event: CallbackEnded) -> None:
        self._count_callback(event.queue, event.at_ms, event.outcome)
        if event.outcome == "reached" and (loss := self._losses.take(event.first)) is not None:
            self._undo(loss)

    def _on_ended(self, event: ContactEnded) -> None:
        self._turn(event.at_ms)
        self._settle()
        contact = self._find(event.contact)
        if contact is None or contact.ended_ms:
            return
        contact.ended_ms = self._now_ms
        self._ending[event.contact] = self._now_ms
        if contact.started_ms:
            count(self._rows.of(self._nowhere(contact)).whole.outcomes, event.outcome)

    def _on_agent(self, event: AgentStateChanged) -> None:
        """The state that is over, in each half-hour its part."""
        name = STAFF.get(event.previous)
        if name is None or partner_of(event.agent):
            return
        self._turn(event.at_ms)
        at_ms = max(event.at_ms - max(event.lasted_ms, 0), self._rows.oldest_ms)
        while at_ms < event.at_ms:
            start_ms = at_ms - at_ms % INTERVAL_MS
            until_ms = min(start_ms + INTERVAL_MS, event.at_ms)
            staff = self._rows.of(("", event.site, start_ms)).staff
            setattr(staff, name, getattr(staff, name) + until_ms - at_ms)
            at_ms = until_ms

    # --- Counting

    def _lose(self, name: str, contact: Contact, at_ms: int, waited_ms: int, cause: str) -> None:
        assert contact.entry is not None
        limits = self._limits_of(contact.entry[0])
        row = self._rows.of(contact.entry)
        row.arrivals.lose(waited_ms, limits)
        count(row.passed.lost_by, cause)
        self._tell_told(contact, at_ms, answered=False)
        long = waited_ms >= limits.short_s * 1000
        if long and self._losses.add(name, Loss(contact.caller, contact.entry, at_ms)):
            row.whole.really_lost += 1
            row.whole.unknown += not contact.caller

    def _undo(self, loss: Loss) -> None:
        whole = self._rows.of(loss.key).whole
        whole.really_lost -= 1
        whole.unknown -= not loss.caller

    def _flow_out(self, entry: Key, cause: str) -> None:
        row = self._rows.of(entry)
        row.arrivals.flowed_out += 1
        count(row.passed.flowed_by, cause)

    def _tell_told(self, contact: Contact, at_ms: int, *, answered: bool) -> None:
        if contact.told is None or contact.entry is None:
            return
        told_ms, *estimate = contact.told
        contact.told = None
        self._rows.of(contact.entry).told.count(at_ms - told_ms, *estimate, answered=answered)

    def _pass_on(self, key: Key, target: str, *, answered: bool) -> None:
        passed = self._rows.of(key).passed
        target = count(passed.transfers, target)
        if answered:
            count(passed.transfers_answered, target)

    def _count_callback(self, queue: str, at_ms: int, what: str) -> None:
        """By the clock: a promise may be kept days later."""
        self._turn(at_ms)
        count(self._rows.of((queue, "", self._rows.start(at_ms))).passed.callbacks, what)

    # --- What they have in common

    def _limits_of(self, queue: str) -> Limits:
        return self._limits.get(queue, DEFAULT_LIMITS)

    def _nowhere(self, contact: Contact) -> Key:
        return "", "", self._rows.start(contact.started_ms or contact.opened_ms)

    def _offered_at(self, event: OfferMade | OfferFailed) -> Key:
        contact = self._contacts.get(event.contact)
        start_ms = (
            contact.entry[2] if contact is not None and contact.entry is not None else self._rows.start(event.at_ms)
        )
        return event.queue, event.site, start_ms

    def _find(self, name: str) -> Contact | None:
        contact = self._contacts.get(name)
        if contact is not None:
            self._changed.add(name)
        return contact

    def _begin(self, event: Event) -> Contact:
        self._turn(event.at_ms)
        contact = self._find(event.contact)
        if contact is None:
            while self._contacts:
                oldest, one = next(iter(self._contacts.items()))
                if len(self._contacts) < self._most_open and self._now_ms - one.opened_ms < LONGEST_MS:
                    break
                self._close(oldest)
            contact = self._contacts[event.contact] = Contact(self._now_ms)
            self._changed.add(event.contact)
        return contact

    def _settle(self) -> None:
        while self._ending:
            name, ended_ms = next(iter(self._ending.items()))
            if self._now_ms - ended_ms < LATE_MS:
                return
            self._close(name)

    def _close(self, name: str) -> None:
        """Nothing more is told of this contact; one that waits still was never said to have left."""
        contact = self._contacts.pop(name)
        self._ending.pop(name, None)
        self._changed.add(name)
        if contact.waits and contact.entry is not None:
            waited_ms = (contact.ended_ms or self._now_ms) - contact.opened_ms
            self._lose(name, contact, self._now_ms, waited_ms, "not_told")
        if contact.units:
            units = self._rows.of(contact.entry or self._nowhere(contact)).whole.units
            units[contact.units] = units.get(contact.units, 0) + 1

    def _turn(self, at_ms: int) -> None:
        """Time goes on, and never back: some events are told late. Once a half-hour, what is too old is let go."""
        at_ms = self.stream_ms or at_ms
        if at_ms <= self._now_ms:
            return
        self._now_ms = at_ms
        if at_ms < self._next_ms:
            return
        self._next_ms = at_ms - at_ms % INTERVAL_MS + INTERVAL_MS
        for name, contact in list(self._contacts.items()):
            if at_ms - contact.opened_ms < LONGEST_MS:
                break
            self._close(name)
        self._losses.forget(at_ms - LONGEST_MS)
        self._rows.let_go(self._next_ms - KEPT_MS)

    # --- Saving

    def snapshot(self) -> dict[str, Part]:
        return self._parts(self._contacts, self._losses.parts())

    def changes(self) -> dict[str, Part]:
        (changed, self._changed), losses = (self._changed, set()), self._losses.changes()
        if not (changed or losses or self._now_ms > self._saved_ms):
            return {}
        self._saved_ms = self._now_ms
        return self._parts(changed, losses)

    def _parts(self, names: Iterable[str], losses: Mapping[str, Part]) -> dict[str, Part]:
        parts: dict[str, Part] = {f"l|{name}": part for name, part in losses.items()}
        for name in names:
            contact = self._contacts.get(name)
            parts[f"c|{name}"] = contact and contact.written()
        return parts | {"turn": [self._rows.oldest_ms, self._next_ms, self._now_ms]}

    def restore(self, parts: Mapping[str, Part]) -> None:
        kinds: dict[str, dict[str, Part]] = {"c": {}, "l": {}, "turn": {}}
        for name, part in parts.items():
            kind, _, rest = name.partition("|")
            kinds[kind][rest] = part
        self._losses.restore(kinds["l"])
        self._rows.oldest_ms, self._next_ms, self._now_ms = kinds["turn"].get("", (0, 0, 0))
        self._saved_ms = self._now_ms
        contacts = [(name, read_contact(part)) for name, part in kinds["c"].items()]
        self._contacts = dict(sorted(contacts, key=lambda item: item[1].opened_ms))
        ending = ((name, contact.ended_ms) for name, contact in contacts if contact.ended_ms)
        self._ending = dict(sorted(ending, key=lambda item: item[1]))
