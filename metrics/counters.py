"""Plain counts of what happened, by the time it happened; Prometheus' text is made from them when it is asked for."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from events.callbacks import CallbackEnded, CallbackPromised, CallbackTried
from events.catalogue import (
    ContactAnswered,
    ContactEnded,
    ContactLeftQueue,
    ContactQueued,
    ContactReleased,
    ContactStarted,
    Deflected,
    Event,
    EventsLost,
    LookupDone,
    MediaReported,
    MediaTimedOut,
    OfferFailed,
    OfferMade,
    SurveyAnswered,
    TransferEnded,
    VoicemailLeft,
    WrapUpEnded,
)
from events.routing import PartnerAnswered, PartnerReleased
from metrics.call_record import CallRecord, partner_of
from metrics.fold import Part, Route

Labels = tuple[str, ...]
WAIT_BUCKETS_S = (5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 1800)
WAIT_BUCKETS_MS = tuple(s * 1000 for s in WAIT_BUCKETS_S)
BUCKET_NAMES = (*(f"{s}.0" for s in WAIT_BUCKETS_S), "+Inf")
OTHER = "(other)"
"""What is beyond a bound is counted under this; the brackets keep it apart from a queue that is called other."""


COUNTED = (
    "contacts_started",
    "contacts_ended",
    "offered",
    "answered",
    "lost",
    "flowed_out",
    "offers",
    "offers_failed",
    "talk_ms",
    "wrap_up_ms",
    "lookups",
    "lookup_ms",
    "deflections",
    "voicemails",
    "survey_answers",
    "media_sent",
    "media_received",
    "media_lost",
    "media_peer_lost",
    "media_jitter_ms",
    "media_jitter_legs",
    "media_round_trip_ms",
    "media_round_trip_legs",
    "media_timeouts",
    "events_lost",
    "transfers",
    "partner_offers",
    "partner_answered",
    "partner_failed",
    "partner_talk_ms",
    "units_met",
    "callbacks_promised",
    "callbacks_tried",
    "callbacks_ended",
)
MOST_WAITING = 50_000
WITHOUT_QUEUE = (
    "contacts_ended",
    "lookups",
    "lookup_ms",
    "deflections",
    "voicemails",
    "survey_answers",
    "media_jitter_ms",
    "media_jitter_legs",
    "transfers",
    "partner_offers",
    "partner_answered",
    "partner_failed",
    "partner_talk_ms",
    "units_met",
)
"""Series whose label is no queue."""
UNLABELLED = (
    "media_sent",
    "media_received",
    "media_lost",
    "media_peer_lost",
    "media_round_trip_ms",
    "media_round_trip_legs",
    "media_timeouts",
    "events_lost",
)
CALLER_HUNG_UP = "caller_hung_up"
OBSERVED = ("answer_wait", "total_wait", "lost_wait", "journey_wait")
MANY_UNITS = 4
"""So many units and more are counted together."""


class Names:
    """The values a label has taken so far, at most `most` of them."""

    __slots__ = ("known", "most")

    def __init__(self, most: int) -> None:
        self.known: set[str] = set()
        self.most = most

    def label(self, value: str) -> str:
        """`value`, or `(other)` when there are more names than the label may have."""
        if value not in self.known:
            if len(self.known) >= self.most:
                return OTHER
            self.known.add(value)
        return value


class Series:
    """One family of counts by labels. Past `most` sets of labels everything new is counted under `(other)`."""

    __slots__ = ("_changed", "counts", "most", "name")

    def __init__(self, name: str, changed: set[tuple[str, Labels]], most: int) -> None:
        self.name = name
        self.counts: dict[Labels, int] = {}
        self.most = most
        self._changed = changed

    def add(self, labels: Labels, count: int = 1) -> None:
        if labels not in self.counts and len(self.counts) >= self.most:
            labels = (OTHER,) * len(labels)
        self.counts[labels] = self.counts.get(labels, 0) + count
        self._changed.add((self.name, labels))


class Histogram:
    """Waits by queue: how many fell in each bucket (the last one is beyond all), and their sum in milliseconds."""

    __slots__ = ("buckets", "sums_ms")

    def __init__(self, name: str, changed: set[tuple[str, Labels]], most: int) -> None:
        self.buckets = Series(name + "_bucket", changed, most * (len(WAIT_BUCKETS_MS) + 1))
        self.sums_ms = Series(name + "_sum", changed, most)

    def observe(self, label: str, wait_ms: int) -> None:
        wait_ms = max(wait_ms, 0)
        self.buckets.add((label, BUCKET_NAMES[bisect_left(WAIT_BUCKETS_MS, wait_ms)]))
        self.sums_ms.add((label,), wait_ms)


class Counters:
    """The fold. Counts only grow, over restarts too, as its state is saved with the stream's checkpoint."""

    name = "counters.1"

    def __init__(self, *, queues: Iterable[str] = (), max_labels: int = 200) -> None:
        """`queues`, and what has no labels, are there from the start, at nought, so that the first one is a rise."""
        self._changed: set[tuple[str, Labels]] = set()
        self._queues = Names(max_labels)
        self._flows = Names(max_labels)
        self._waiting: dict[str, str] = {}
        self.series: dict[str, Series] = {name: Series(name, self._changed, max_labels * 8) for name in COUNTED}
        for queue in map(self._queues.label, queues):
            for name in ("offered", "answered"):
                self.series[name].counts[queue,] = 0
            self.series["lost"].counts[queue, CALLER_HUNG_UP] = 0
        for name in UNLABELLED:
            self.series[name].counts[()] = 0
        self.histograms = {name: Histogram(name, self._changed, max_labels + 1) for name in OBSERVED}
        for queue in self._queues.known:
            self.histograms["answer_wait"].sums_ms.counts[queue,] = 0

    @property
    def queues(self) -> AbstractSet[str]:
        """The queues that have labels of their own."""
        return self._queues.known

    def copy(self) -> dict[str, dict[Labels, int]]:
        """The counts by series and labels, which no later event changes."""
        return {name: dict(series.counts) for name, series in self._all().items()}

    def routes(self) -> Mapping[type[Event], Route]:
        return {
            ContactStarted: self._on_started,
            ContactEnded: self._on_ended,
            ContactQueued: self._on_queued,
            ContactAnswered: self._on_answered,
            ContactLeftQueue: self._on_left,
            ContactReleased: self._on_released,
            TransferEnded: self._on_transfer,
            CallbackPromised: self._on_promised,
            CallbackTried: self._on_tried,
            CallbackEnded: self._on_callback_ended,
            PartnerAnswered: self._on_partner_answered,
            PartnerReleased: self._on_partner_released,
            WrapUpEnded: self._on_wrap_up,
            OfferMade: self._on_offer,
            OfferFailed: self._on_offer_failed,
            LookupDone: self._on_lookup,
            Deflected: self._on_deflected,
            VoicemailLeft: self._on_voicemail,
            SurveyAnswered: self._on_survey,
            MediaReported: self._on_media,
            MediaTimedOut: self._on_media_timeout,
            EventsLost: self._on_events_lost,
        }

    def _on_started(self, event: ContactStarted) -> None:
        self.series["contacts_started"].add((self._flows.label(event.flow),))

    def _on_ended(self, event: ContactEnded) -> None:
        self.series["contacts_ended"].add((event.outcome,))

    def _on_queued(self, event: ContactQueued) -> None:
        """A contact that a store forgot is put back and told of again: still one offered. One that comes from a queue
        which told no end has flowed out of it.
        """
        was = self._waiting.pop(event.contact, "")
        if was and was != event.queue:
            self.series["flowed_out"].add((self._queues.label(was), "queue"))
        self._waiting[event.contact] = event.queue
        if len(self._waiting) > MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        if was != event.queue:
            self.series["offered"].add((self._queues.label(event.queue),))

    def _on_answered(self, event: ContactAnswered) -> None:
        self._waiting.pop(event.contact, None)
        queue = self._queues.label(event.queue)
        self.series["answered"].add((queue,))
        self.histograms["answer_wait"].observe(queue, event.waited_ms)

    def _on_left(self, event: ContactLeftQueue) -> None:
        self._waiting.pop(event.contact, None)
        queue = self._queues.label(event.queue)
        if event.disposition == "flowed_out":
            self.series["flowed_out"].add((queue, event.cause))
        else:
            self.series["lost"].add((queue, event.cause))
            self.histograms["lost_wait"].observe(queue, event.waited_ms)

    def _on_released(self, event: ContactReleased) -> None:
        self.series["talk_ms"].add((self._queues.label(event.queue),), max(event.talked_ms, 0))

    def _on_wrap_up(self, event: WrapUpEnded) -> None:
        self.series["wrap_up_ms"].add((self._queues.label(event.queue),), max(event.lasted_ms, 0))

    def _on_offer(self, event: OfferMade) -> None:
        self.series["offers"].add((self._queues.label(event.queue),))
        if partner := partner_of(event.agent):
            self.series["partner_offers"].add((partner,))

    def _on_offer_failed(self, event: OfferFailed) -> None:
        self.series["offers_failed"].add((self._queues.label(event.queue), event.cause))
        if partner := partner_of(event.agent):
            self.series["partner_failed"].add((partner, event.cause))

    def _on_transfer(self, event: TransferEnded) -> None:
        self.series["transfers"].add((event.how, event.target, event.outcome))

    def _on_promised(self, event: CallbackPromised) -> None:
        self.series["callbacks_promised"].add((self._queues.label(event.queue),))

    def _on_tried(self, event: CallbackTried) -> None:
        self.series["callbacks_tried"].add((self._queues.label(event.queue), event.cause))

    def _on_callback_ended(self, event: CallbackEnded) -> None:
        self.series["callbacks_ended"].add((self._queues.label(event.queue), event.outcome))

    def _on_partner_answered(self, event: PartnerAnswered) -> None:
        self.series["partner_answered"].add((event.partner,))

    def _on_partner_released(self, event: PartnerReleased) -> None:
        self.series["partner_talk_ms"].add((event.partner,), max(event.talked_ms, 0))

    def _on_lookup(self, event: LookupDone) -> None:
        self.series["lookups"].add((event.service, event.outcome))
        self.series["lookup_ms"].add((event.service,), max(event.lasted_ms, 0))

    def _on_deflected(self, event: Deflected) -> None:
        self.series["deflections"].add((event.to, event.outcome))

    def _on_voicemail(self, event: VoicemailLeft) -> None:
        self.series["voicemails"].add((event.mailbox,))

    def _on_survey(self, event: SurveyAnswered) -> None:
        self.series["survey_answers"].add((event.survey, event.question, str(event.answer)))

    def _on_media(self, event: MediaReported) -> None:
        self.series["media_sent"].add((), max(event.sent, 0))
        self.series["media_received"].add((), max(event.received, 0))
        self.series["media_lost"].add((), max(event.lost, 0))
        self.series["media_peer_lost"].add((), max(event.peer_lost, 0))
        if event.jitter_ms > 0:  # nothing was measured behind a closed gate
            self._jitter("here", event.jitter_ms)
        if event.peer_jitter_ms >= 0:
            self._jitter("phone", event.peer_jitter_ms)
        if event.round_trip_ms >= 0:
            self.series["media_round_trip_ms"].add((), round(event.round_trip_ms))
            self.series["media_round_trip_legs"].add(())

    def _jitter(self, side: str, jitter_ms: float) -> None:
        self.series["media_jitter_ms"].add((side,), round(jitter_ms))
        self.series["media_jitter_legs"].add((side,))

    def _on_media_timeout(self, _event: MediaTimedOut) -> None:
        self.series["media_timeouts"].add(())

    def _on_events_lost(self, event: EventsLost) -> None:
        self.series["events_lost"].add((), max(event.count, 0))

    def closed(self, record: CallRecord) -> None:
        """A call record is closed; it alone knows the first ring and the whole journey."""
        queue = self._queues.label(record["queue"]) if record["queue"] else ""
        if record["answered_ms"] and not record["callback_of"]:
            self.histograms["total_wait"].observe(queue, record["total_wait_ms"])
        if record["visits"]:
            self.histograms["journey_wait"].observe(queue, record["total_waited_ms"])
        if record["units"]:
            count = len(record["units"])
            self.series["units_met"].add((str(count) if count < MANY_UNITS else f"{MANY_UNITS} or more",))

    def transfer_answer_rates(self) -> dict[str, float]:
        """Overføringssvargrad by target: answered / transfers. A conference is none, and a queue has its svargrad."""
        answered, whole = dict[str, int](), dict[str, int]()
        outcomes = [(target, outcome, n) for (how, target, outcome), n in self.series["transfers"].counts.items()
                    if how != "conference" and outcome not in ("queued", "joined")]  # fmt: skip
        outcomes += [(partner, "answered", n) for (partner,), n in self.series["partner_answered"].counts.items()]
        outcomes += [(partner, cause, n) for (partner, cause), n in self.series["partner_failed"].counts.items()]
        for target, outcome, count in outcomes:
            whole[target] = whole.get(target, 0) + count
            answered[target] = answered.get(target, 0) + count * (outcome == "answered")
        return {target: answered[target] / count for target, count in whole.items()}

    # --- Saving

    def _all(self) -> dict[str, Series]:
        parts = [part for h in self.histograms.values() for part in (h.buckets, h.sums_ms)]
        return self.series | {series.name: series for series in parts}

    def snapshot(self) -> dict[str, Part]:
        counts = ((name, series.counts) for name, series in self._all().items())
        return self._parts((name, labels) for name, known in counts for labels, n in known.items() if n or labels)

    def changes(self) -> dict[str, Part]:
        parts = self._parts(self._changed)
        self._changed.clear()
        return parts

    def _parts(self, keys: Iterable[tuple[str, Labels]]) -> dict[str, Part]:
        series = self._all()
        return {"|".join((name, *labels)): [list(labels), series[name].counts[labels]] for name, labels in keys}

    def restore(self, parts: Mapping[str, Part]) -> None:
        series = self._all()
        for key, (labels, count) in parts.items():
            family = series.get(key.partition("|")[0])
            if family is not None:
                family.counts[tuple(labels)] = count
                if labels and labels[0] != OTHER and family.name not in WITHOUT_QUEUE:
                    (self._flows if family.name == "contacts_started" else self._queues).label(labels[0])
