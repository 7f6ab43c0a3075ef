"""O = A + L + F + W per queue and arrival cohort, and the measures made of them (`docs/glossary.md`).

A contact belongs to the half-hour in which it arrived, whatever happens later, so a cohort's figures move until its
last contact has been answered or lost.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from events.catalogue import ContactAnswered, ContactLeftQueue, ContactQueued, Event
from metrics.fold import Part, Route

INTERVAL_MS = 1_800_000
LONGEST_BUCKET_S = 7_200
"""Waits beyond this count as this much in the median (not in the mean), which bounds what a cohort keeps."""


@dataclass(frozen=True, slots=True)
class Limits:
    """T and s of the definitions: the target, and the wait under which a lost call was a short one."""

    target_s: int = 45
    short_s: int = 10


DEFAULT_LIMITS = Limits()


@dataclass(slots=True)
class Tally:
    """What became of a set of contacts. `waits` counts the answered by whole seconds waited."""

    offered: int = 0
    answered: int = 0
    lost: int = 0
    flowed_out: int = 0
    answered_in_target: int = 0
    lost_in_target: int = 0
    lost_short: int = 0
    answered_wait_ms: int = 0
    waits: dict[int, int] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        """W."""
        return self.offered - self.answered - self.lost - self.flowed_out

    def answer(self, wait_ms: int, limits: Limits) -> None:
        """One of those who wait is answered."""
        wait_ms = max(wait_ms, 0)
        self.answered += 1
        self.answered_wait_ms += wait_ms
        wait_s = min(wait_ms // 1000, LONGEST_BUCKET_S)
        self.waits[wait_s] = self.waits.get(wait_s, 0) + 1
        if wait_ms <= limits.target_s * 1000:
            self.answered_in_target += 1

    def lose(self, wait_ms: int, limits: Limits) -> None:
        """One of those who wait is lost."""
        self.lost += 1
        if wait_ms <= limits.target_s * 1000:
            self.lost_in_target += 1
        if wait_ms < limits.short_s * 1000:
            self.lost_short += 1

    def add(self, other: "Tally") -> None:
        self.offered += other.offered
        self.answered += other.answered
        self.lost += other.lost
        self.flowed_out += other.flowed_out
        self.answered_in_target += other.answered_in_target
        self.lost_in_target += other.lost_in_target
        self.lost_short += other.lost_short
        self.answered_wait_ms += other.answered_wait_ms
        for wait_s, count in other.waits.items():
            self.waits[wait_s] = self.waits.get(wait_s, 0) + count


def ratio(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def svargrad(t: Tally) -> float | None:
    """Answer rate, A / (A + L). None, as in every measure here, while there is nothing to divide by."""
    return ratio(t.answered, t.answered + t.lost)


def servicegrad_45(t: Tally) -> float | None:
    """Service level, A within T / (A + L)."""
    return ratio(t.answered_in_target, t.answered + t.lost)


def servicegrad_of_answered(t: Tally) -> float | None:
    """A within T / A."""
    return ratio(t.answered_in_target, t.answered)


def servicegrad_with_lost(t: Tally) -> float | None:
    """(A within T + L within T) / (A + L)."""
    return ratio(t.answered_in_target + t.lost_in_target, t.answered + t.lost)


def servicegrad_without_short(t: Tally) -> float | None:
    """A within T / (A + L - L under s)."""
    return ratio(t.answered_in_target, t.answered + t.lost - t.lost_short)


def servicegrad_of_offered(t: Tally) -> float | None:
    """A within T / O."""
    return ratio(t.answered_in_target, t.offered)


SERVICEGRAD = {
    "servicegrad_45": servicegrad_45,
    "of_answered": servicegrad_of_answered,
    "with_lost": servicegrad_with_lost,
    "without_short": servicegrad_without_short,
    "of_offered": servicegrad_of_offered,
}
"""The measure by definition, and the four variants shown beside it."""


def svartid_mean_s(t: Tally) -> float | None:
    """Mean speed of answer, from entering the queue."""
    return t.answered_wait_ms / t.answered / 1000 if t.answered else None


def svartid_median_s(t: Tally) -> float | None:
    """Median speed of answer, each wait cut to whole seconds."""
    return median_s(t.waits, t.answered)


def median_s(waits: Mapping[int, int], total: int) -> float | None:
    """The median of `total` waits, counted by their seconds."""
    if not total:
        return None
    low, high = (total + 1) // 2, total // 2 + 1
    seen, first = 0, None
    for wait_s in sorted(waits):
        seen += waits[wait_s]
        if first is None and seen >= low:
            first = wait_s
        if first is not None and seen >= high:
            return (first + wait_s) / 2
    return None  # pragma: no cover - the waits always sum to the answered


@dataclass(frozen=True, slots=True)
class Waiting:
    """One who waits: the cohort that it is counted in, and since when (epoch)."""

    queue: str
    start_ms: int
    arrived_ms: int


class ServiceLevel:
    """The fold. Keeps at most `max_cohorts` cohorts and `max_waiting` contacts; the oldest make way.

    A contact that makes way is counted as lost (`evicted`): its end was never seen.
    """

    name = "service_level.1"

    def __init__(
        self, limits: Mapping[str, Limits] | None = None, *, max_cohorts: int = 20_000, max_waiting: int = 50_000
    ) -> None:
        self.cohorts: dict[tuple[str, int], Tally] = {}
        self.evicted = 0
        self._limits = dict(limits or {})
        self._waiting: dict[str, Waiting] = {}
        self._by_queue: dict[str, dict[str, int]] = {}
        self._max_cohorts = max_cohorts
        self._max_waiting = max_waiting
        self._changed: set[tuple[str, int] | str] = set()

    # --- Reading

    def learn(self, limits: Mapping[str, Limits]) -> None:
        """The queues have these limits from now on; what was counted before stays as it was."""
        self._limits = dict(limits)

    def queues(self) -> list[str]:
        """The queues that have limits, whether anybody came or not, and those where somebody came."""
        return sorted(self._by_queue.keys() | self._limits.keys())

    def waiting(self, queue: str) -> Mapping[str, int]:
        """Who waits in `queue`, with when each arrived (epoch ms)."""
        return self._by_queue.get(queue, {})

    def balances(self) -> dict[str, int]:
        """O - A - L - F - W of all cohorts, by queue: always 0, or these figures are wrong."""
        sums = {queue: -len(self.waiting(queue)) for queue in self.queues()}
        for (queue, _), cohort in self.cohorts.items():
            sums[queue] += cohort.waiting
        return sums

    def tally(self, queue: str | None = None, *, since_ms: int = 0, until_ms: int | None = None) -> Tally:
        """The cohorts that began within [since_ms, until_ms), of one queue or of all."""
        total = Tally()
        for (name, start_ms), cohort in self.cohorts.items():
            if (queue is None or name == queue) and start_ms >= since_ms and (until_ms is None or start_ms < until_ms):
                total.add(cohort)
        return total

    # --- Events

    def routes(self) -> Mapping[type[Event], Route]:
        return {
            ContactQueued: self._on_queued,
            ContactAnswered: self._on_answered,
            ContactLeftQueue: self._on_left,
        }

    def _on_queued(self, event: ContactQueued) -> None:
        was = self._waiting.get(event.contact)
        if was is not None:
            if was.queue == event.queue:
                return  # taken over by another node, or told twice: still the same entry
            self._flow_out(event.contact, was)
        elif len(self._waiting) >= self._max_waiting:
            self._evict()
        start_ms = event.arrived_ms - event.arrived_ms % INTERVAL_MS
        self._cohort(event.queue, start_ms).offered += 1
        self._waiting[event.contact] = Waiting(event.queue, start_ms, event.arrived_ms)
        self._by_queue.setdefault(event.queue, {})[event.contact] = event.arrived_ms
        self._changed.add(event.contact)

    def _on_answered(self, event: ContactAnswered) -> None:
        was = self._waiting.get(event.contact)
        if was is None:
            return
        self._end(event.contact, was).answer(event.waited_ms, self.limits(was.queue))

    def _on_left(self, event: ContactLeftQueue) -> None:
        was = self._waiting.get(event.contact)
        if was is None:
            return
        if event.disposition == "flowed_out":
            self._flow_out(event.contact, was)
        else:
            self._lose(event.contact, was, event.waited_ms)

    def limits(self, queue: str) -> Limits:
        return self._limits.get(queue, DEFAULT_LIMITS)

    def _lose(self, contact: str, was: Waiting, wait_ms: int) -> None:
        self._end(contact, was).lose(wait_ms, self.limits(was.queue))

    def _flow_out(self, contact: str, was: Waiting) -> None:
        self._end(contact, was).flowed_out += 1

    def _evict(self) -> None:
        contact, was = next(iter(self._waiting.items()))
        self.evicted += 1
        self._lose(contact, was, self.limits(was.queue).target_s * 1000 + 1)

    def _end(self, contact: str, was: Waiting) -> Tally:
        del self._waiting[contact]
        del self._by_queue[was.queue][contact]
        self._changed.add(contact)
        return self._cohort(was.queue, was.start_ms)

    def _cohort(self, queue: str, start_ms: int) -> Tally:
        key = (queue, start_ms)
        self._changed.add(key)
        tally = self.cohorts.get(key)
        if tally is None:
            if len(self.cohorts) >= self._max_cohorts:
                self._forget(min(self.cohorts, key=lambda k: (k[1], k[0])))
            tally = self.cohorts[key] = Tally()
        return tally

    def _forget(self, key: tuple[str, int]) -> None:
        """Drops a cohort whole, its waiting contacts with it, so that O = A + L + F + W holds for all that are left."""
        del self.cohorts[key]
        self._changed.add(key)
        for contact in [c for c, w in self._waiting.items() if (w.queue, w.start_ms) == key]:
            del self._waiting[contact]
            del self._by_queue[key[0]][contact]
            self._changed.add(contact)

    # --- Saving

    def snapshot(self) -> dict[str, Part]:
        return self._parts([*self.cohorts, *self._waiting])

    def changes(self) -> dict[str, Part]:
        changed, self._changed = self._changed, set()
        return self._parts(changed)

    def _parts(self, keys: Iterable[tuple[str, int] | str]) -> dict[str, Part]:
        parts: dict[str, Part] = {}
        for key in keys:
            if isinstance(key, str):
                who = self._waiting.get(key)
                parts["w|" + key] = who and [who.queue, who.start_ms, who.arrived_ms]
            else:
                parts[f"c|{key[1]}|{key[0]}"] = _written(self.cohorts.get(key))
        return parts

    def restore(self, parts: Mapping[str, Part]) -> None:
        for key, part in parts.items():
            kind, _, rest = key.partition("|")
            if kind == "w":
                queue, start_ms, arrived_ms = part
                self._waiting[rest] = Waiting(queue, start_ms, arrived_ms)
                self._by_queue.setdefault(queue, {})[rest] = arrived_ms
            else:
                start, _, queue = rest.partition("|")
                counts, waits = part
                tally = self.cohorts[queue, int(start)] = Tally(*counts)
                tally.waits = {int(wait_s): count for wait_s, count in waits.items()}
                self._by_queue.setdefault(queue, {})
        self._waiting = dict(sorted(self._waiting.items(), key=lambda item: item[1].arrived_ms))


def _written(t: Tally | None) -> Part:
    if t is None:
        return None
    counts = [t.offered, t.answered, t.lost, t.flowed_out, t.answered_in_target, t.lost_in_target]
    return [[*counts, t.lost_short, t.answered_wait_ms], dict(t.waits)]
