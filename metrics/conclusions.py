"""Avslutningsgrad, first-contact conclusion: answered contacts that their agent concluded with a topic, over A.

A contact that was transferred, or left with a callback to come, was not concluded, whatever the agent said. It counts
in the half-hour in which it entered the queue, and once for each queue out of which an agent answered it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from events.catalogue import CallbackPromised, ContactAnswered, ContactReleased, Event, TransferEnded, WrapUpEnded
from metrics.counters import OTHER, Labels
from metrics.fold import Part, Route
from metrics.service_level import INTERVAL_MS

MOST_OPEN = 50_000
"""Answered contacts that may still be concluded; the oldest is let go for another (one without a wrap-up stays)."""
MOST_INTERVALS = 20_000
MOST_QUEUES = 200
MOVED = ("answered", "queued")
"""Outcomes of a transfer after which somebody else has the contact."""


@dataclass(slots=True)
class Answered:
    """A contact with an agent, or in wrap-up: `moved` once it went on to somebody else."""

    queue: str
    start_ms: int
    moved: bool = False


class Conclusions:
    """The fold. Implements `metrics.fold.Fold`."""

    name = "conclusions.1"

    def __init__(self, *, most_open: int = MOST_OPEN, most_intervals: int = MOST_INTERVALS) -> None:
        self.counts: dict[tuple[str, int], tuple[int, int]] = {}
        self.concluded: dict[str, int] = {}
        self._open: dict[str, Answered] = {}
        self._bounds = (most_open, most_intervals)
        self._changed: set[str] = set()

    def routes(self) -> Mapping[type[Event], Route]:
        return {
            ContactAnswered: self._on_answered,
            ContactReleased: self._on_released,
            TransferEnded: self._on_transfer,
            CallbackPromised: self._on_promise,
            WrapUpEnded: self._on_wrap_up,
        }

    # --- Reading

    def avslutningsgrad(self, since_ms: int) -> dict[str, float]:
        """Concluded / A by queue, of those who came since `since_ms`; queues without any are left out."""
        sums: dict[str, tuple[int, int]] = {}
        for (queue, start_ms), (answered, concluded) in self.counts.items():
            if start_ms >= since_ms:
                was = sums.get(queue, (0, 0))
                sums[queue] = (was[0] + answered, was[1] + concluded)
        return {queue: concluded / answered for queue, (answered, concluded) in sums.items() if answered}

    def by_queue(self) -> dict[Labels, int]:
        """How many were concluded in all, by queue."""
        return {(queue,): count for queue, count in self.concluded.items()}

    # --- Events

    def _on_answered(self, event: ContactAnswered) -> None:
        if len(self._open) >= self._bounds[0]:
            self._forget(next(iter(self._open)))
        arrived_ms = event.at_ms - max(event.waited_ms, 0)
        start_ms = arrived_ms - arrived_ms % INTERVAL_MS
        self._open.pop(event.contact, None)
        self._open[event.contact] = Answered(event.queue, start_ms)
        self._changed.add(f"c|{event.contact}")
        self._count(event.queue, start_ms, 1, 0)

    def _on_released(self, event: ContactReleased) -> None:
        if event.cause == "transferred":
            self._move(event.contact)

    def _on_transfer(self, event: TransferEnded) -> None:
        if event.outcome in MOVED and event.agent:
            self._move(event.contact)

    def _on_promise(self, event: CallbackPromised) -> None:
        for contact in (event.contact, event.first):
            self._move(contact)

    def _move(self, contact: str) -> None:
        answered = self._open.get(contact)
        if answered is not None:
            answered.moved = True
            self._changed.add(f"c|{contact}")

    def _on_wrap_up(self, event: WrapUpEnded) -> None:
        answered = self._open.get(event.contact)
        if answered is None or answered.queue != event.queue:
            return  # it is with the next agent already
        self._forget(event.contact)
        if event.concluded == "yes" and event.topic and not answered.moved:
            self._count(answered.queue, answered.start_ms, 0, 1)
            queue = self._label(answered.queue)
            self.concluded[queue] = self.concluded.get(queue, 0) + 1
            self._changed.add(f"q|{queue}")

    def _forget(self, contact: str) -> None:
        del self._open[contact]
        self._changed.add(f"c|{contact}")

    def _label(self, queue: str) -> str:
        return queue if queue in self.concluded or len(self.concluded) < MOST_QUEUES else OTHER

    def _count(self, queue: str, start_ms: int, answered: int, concluded: int) -> None:
        key = (queue, start_ms)
        if key not in self.counts and len(self.counts) >= self._bounds[1]:
            oldest = min(self.counts, key=lambda k: (k[1], k[0]))
            del self.counts[oldest]
            self._changed.add(f"i|{oldest[1]}|{oldest[0]}")
        was = self.counts.get(key, (0, 0))
        self.counts[key] = (was[0] + answered, was[1] + concluded)
        self._changed.add(f"i|{start_ms}|{queue}")

    # --- Saving

    def snapshot(self) -> dict[str, Part]:
        keys = [f"c|{contact}" for contact in self._open] + [f"q|{queue}" for queue in self.concluded]
        return self._parts([*keys, *(f"i|{start_ms}|{queue}" for queue, start_ms in self.counts)])

    def changes(self) -> dict[str, Part]:
        changed, self._changed = self._changed, set()
        return self._parts(changed)

    def _parts(self, keys: Iterable[str]) -> dict[str, Part]:
        return {key: self._part(key) for key in keys}

    def _part(self, key: str) -> Part:
        kind, _, rest = key.partition("|")
        if kind == "c":
            found = self._open.get(rest)
            return found and [found.queue, found.start_ms, int(found.moved)]
        if kind == "q":
            return self.concluded.get(rest)
        start, _, queue = rest.partition("|")
        counts = self.counts.get((queue, int(start)))
        return counts and list(counts)

    def restore(self, parts: Mapping[str, Part]) -> None:
        for key, part in parts.items():
            kind, _, rest = key.partition("|")
            if kind == "c":
                self._open[rest] = Answered(part[0], part[1], bool(part[2]))
            elif kind == "q":
                self.concluded[rest] = part
            else:
                start, _, queue = rest.partition("|")
                self.counts[queue, int(start)] = (part[0], part[1])
        self._open = dict(sorted(self._open.items(), key=lambda item: item[1].start_ms))
