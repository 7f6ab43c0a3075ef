"""What callers could be told of their wait as they came, against what came of it (docs/estimates.md)."""

from collections.abc import Iterable, Mapping

from events.catalogue import ContactAnswered, ContactLeftQueue, ContactQueued, Event
from metrics.counters import Labels, Names, Series
from metrics.fold import Part, Route

MOST_OPEN = 50_000
SERIES = ("estimates", "estimate_short_ms", "estimate_long_ms")
OUTCOMES = ("within", "sooner", "later", "left", "silent")
"""Answered within what was told, before or after it; left before its end, which shows nothing; nothing was told."""

Open = tuple[str, int, int, int, int]
"""Queue, moment of the entry, estimate, low and high in milliseconds."""


class Estimates:
    """The fold. Implements `metrics.fold.Fold`. Who gave up after the end of what was told counts as `later`."""

    name = "estimates.1"

    def __init__(self, *, most_open: int = MOST_OPEN, max_labels: int = 200) -> None:
        self._changed: set[tuple[str, Labels]] = set()
        self._touched: set[str] = set()
        self._queues = Names(max_labels)
        self._open: dict[str, Open] = {}
        self._most_open = most_open
        self.series = {name: Series(name, self._changed, max_labels * 8) for name in SERIES}

    def routes(self) -> Mapping[type[Event], Route]:
        return {ContactQueued: self._on_queued, ContactAnswered: self._on_answered, ContactLeftQueue: self._on_left}

    def copy(self) -> dict[str, dict[Labels, int]]:
        """The counts by series and labels, which no later event changes."""
        return {name: dict(series.counts) for name, series in self.series.items()}

    def coverage(self) -> dict[str, float]:
        """The share that came true, of all that was told and of which something is known, by queue."""
        counts = self.series["estimates"].counts
        shares: dict[str, float] = {}
        for queue in {labels[0] for labels in counts}:
            within, *others = (counts.get((queue, outcome), 0) for outcome in OUTCOMES[:3])
            if within + sum(others):
                shares[queue] = within / (within + sum(others))
        return shares

    def bias_s(self) -> dict[str, float]:
        """By how many seconds the answered waited longer than estimated, on average, by queue; below 0: shorter."""
        counts = self.series["estimates"].counts
        short, long = self.series["estimate_short_ms"].counts, self.series["estimate_long_ms"].counts
        found: dict[str, float] = {}
        for (queue,) in {*short, *long}:
            answered = sum(counts.get((queue, outcome), 0) for outcome in (*OUTCOMES[:3], "silent"))
            if answered:
                found[queue] = (short.get((queue,), 0) - long.get((queue,), 0)) / answered / 1000
        return found

    # --- Events

    def _on_queued(self, event: ContactQueued) -> None:
        """A contact that a store forgot, and that is put back, keeps what it was told first."""
        was = self._open.get(event.contact)
        if event.estimate_ms < 0 or (was is not None and was[0] == event.queue):
            return
        queue = self._queues.label(event.queue)
        self._open[event.contact] = (queue, event.at_ms, event.estimate_ms, event.low_ms, event.high_ms)
        self._touched.add(event.contact)
        if len(self._open) > self._most_open:
            self._close(next(iter(self._open)))

    def _on_answered(self, event: ContactAnswered) -> None:
        told = self._close(event.contact)
        if told is None:
            return
        queue, at_ms, estimate_ms, low_ms, high_ms = told
        waited_ms = event.at_ms - at_ms
        self._count(queue, _outcome(waited_ms, low_ms, high_ms))
        error_ms = waited_ms - estimate_ms
        self.series["estimate_short_ms" if error_ms > 0 else "estimate_long_ms"].add((queue,), abs(error_ms))

    def _on_left(self, event: ContactLeftQueue) -> None:
        told = self._close(event.contact)
        if told is not None and told[3] >= 0:
            queue, at_ms, _, _, high_ms = told
            self._count(queue, "later" if 0 <= high_ms < event.at_ms - at_ms else "left")

    def _count(self, queue: str, outcome: str) -> None:
        self.series["estimates"].add((queue, outcome))

    def _close(self, contact: str) -> Open | None:
        told = self._open.pop(contact, None)
        if told is not None:
            self._touched.add(contact)
        return told

    # --- Saving

    def snapshot(self) -> dict[str, Part]:
        keys = [(name, labels) for name, series in self.series.items() for labels in series.counts]
        return {**self._counts(keys), **{f"contact|{contact}": list(told) for contact, told in self._open.items()}}

    def changes(self) -> dict[str, Part]:
        touched: dict[str, Part] = {}
        for contact in self._touched:
            told = self._open.get(contact)
            touched[f"contact|{contact}"] = None if told is None else list(told)
        parts = {**self._counts(self._changed), **touched}
        self._changed.clear()
        self._touched.clear()
        return parts

    def _counts(self, keys: Iterable[tuple[str, Labels]]) -> dict[str, Part]:
        return {"|".join((name, *labels)): [list(labels), self.series[name].counts[labels]] for name, labels in keys}

    def restore(self, parts: Mapping[str, Part]) -> None:
        for key, part in parts.items():
            name, _, contact = key.partition("|")
            if name == "contact":
                queue, at_ms, estimate_ms, low_ms, high_ms = part
                self._open[contact] = (queue, at_ms, estimate_ms, low_ms, high_ms)
            elif name in self.series:
                labels, count = part
                self.series[name].counts[tuple(labels)] = count
                self._queues.label(labels[0])


def _outcome(waited_ms: int, low_ms: int, high_ms: int) -> str:
    if low_ms < 0:
        return "silent"
    if waited_ms < low_ms:
        return "sooner"
    return "later" if 0 <= high_ms < waited_ms else "within"
