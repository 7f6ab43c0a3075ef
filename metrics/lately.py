"""What became of those who arrived in the last half-hour, to the minute: the measures of now."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from events.catalogue import ContactAnswered, ContactLeftQueue, ContactQueued, Event
from metrics.fold import Part, Route
from metrics.service_level import DEFAULT_LIMITS, Limits

WINDOW_MIN = 30
KEPT_MIN = 90
"""Later answers still find the minute in which a contact arrived."""
MOST_OPEN = 50_000
_MINUTE_MS = 60_000
_CONTACT, _COUNT = "c|", "n|"


@dataclass(slots=True)
class Minute:
    """Of those who arrived in it: offered, answered, lost, answered within T; and the estimates that were made of their
    waits, `silent` ones among them.
    """

    offered: int = 0
    answered: int = 0
    lost: int = 0
    in_target: int = 0
    estimated: int = 0
    silent: int = 0

    def add(self, other: "Minute") -> None:
        self.offered += other.offered
        self.answered += other.answered
        self.lost += other.lost
        self.in_target += other.in_target
        self.estimated += other.estimated
        self.silent += other.silent


class Lately:
    """The fold. A contact belongs to the minute in which it came to its queue, whatever happens later."""

    name = "lately.1"

    def __init__(self, limits: Callable[[str], Limits] = lambda _: DEFAULT_LIMITS) -> None:
        self.limits = limits
        self._minutes: dict[int, dict[str, Minute]] = {}
        self._open: dict[str, tuple[str, int]] = {}
        self._changed: set[str] = set()

    def sums(self, now_ms: int) -> dict[str, Minute]:
        """By queue, of those who arrived in the last WINDOW_MIN minutes."""
        first = now_ms // _MINUTE_MS - WINDOW_MIN + 1
        found: dict[str, Minute] = {}
        for minute in range(first, first + WINDOW_MIN):
            for queue, one in self._minutes.get(minute, {}).items():
                found.setdefault(queue, Minute()).add(one)
        return found

    # --- Events

    def routes(self) -> Mapping[type[Event], Route]:
        return {ContactQueued: self._on_queued, ContactAnswered: self._on_answered, ContactLeftQueue: self._on_left}

    def _on_queued(self, event: ContactQueued) -> None:
        was = self._open.get(event.contact)
        if was is not None and was[0] == event.queue:
            return  # taken over by another node, or told twice: still the same entry
        minute = event.arrived_ms // _MINUTE_MS
        one = self._of(event.queue, minute)
        one.offered += 1
        if event.estimate_ms >= 0:
            one.estimated += 1
            one.silent += event.low_ms < 0
        self._open[event.contact] = (event.queue, minute)
        self._changed.add(_CONTACT + event.contact)
        if len(self._open) > MOST_OPEN:
            self._end(next(iter(self._open)))

    def _on_answered(self, event: ContactAnswered) -> None:
        one = self._end(event.contact)
        if one is not None:
            one[1].answered += 1
            one[1].in_target += event.waited_ms <= self.limits(one[0]).target_s * 1000

    def _on_left(self, event: ContactLeftQueue) -> None:
        one = self._end(event.contact)
        if one is not None and event.disposition != "flowed_out":
            one[1].lost += 1

    def _end(self, contact: str) -> tuple[str, Minute] | None:
        was = self._open.pop(contact, None)
        if was is None:
            return None
        self._changed.add(_CONTACT + contact)
        return was[0], self._of(*was)

    def _of(self, queue: str, minute: int) -> Minute:
        queues = self._minutes.get(minute)
        if queues is None:
            newest = max(self._minutes, default=minute)
            queues = self._minutes[minute] = {}
            for old in [one for one in self._minutes if one < max(newest, minute) - KEPT_MIN and one != minute]:
                self._changed |= {_key(old, name) for name in self._minutes.pop(old)}
        self._changed.add(_key(minute, queue))
        return queues.setdefault(queue, Minute())

    # --- Saving

    def snapshot(self) -> dict[str, Part]:
        keys = [_key(minute, queue) for minute, queues in self._minutes.items() for queue in queues]
        return self._parts([*keys, *(_CONTACT + contact for contact in self._open)])

    def changes(self) -> dict[str, Part]:
        changed, self._changed = self._changed, set()
        return self._parts(changed)

    def _parts(self, keys: Iterable[str]) -> dict[str, Part]:
        return {key: self._part(key) for key in keys}

    def _part(self, key: str) -> Part:
        if key.startswith(_CONTACT):
            was = self._open.get(key.removeprefix(_CONTACT))
            return None if was is None else list(was)
        minute, _, queue = key.removeprefix(_COUNT).partition("|")
        one = self._minutes.get(int(minute), {}).get(queue)
        return one and [one.offered, one.answered, one.lost, one.in_target, one.estimated, one.silent]

    def restore(self, parts: Mapping[str, Part]) -> None:
        for key, part in parts.items():
            if key.startswith(_CONTACT):
                queue, at = part
                self._open[key.removeprefix(_CONTACT)] = (queue, at)
            else:
                minute, _, queue = key.removeprefix(_COUNT).partition("|")
                self._minutes.setdefault(int(minute), {})[queue] = Minute(*part)


def _key(minute: int, queue: str) -> str:
    return f"{_COUNT}{minute}|{queue}"
