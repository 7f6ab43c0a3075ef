"""How many callers went from step to step of each flow, by day and version, and where they hung up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from events.catalogue import ContactEnded, ContactStarted, Event, StepEntered
from metrics.counters import Labels, Series
from metrics.fold import Part, Route

KEPT_DAYS = 400
MOST_OPEN = 50_000
MOST_PARTS = 100_000
"""Steps times days times versions; past this the oldest day is let go."""
MOST_FRAMES = 10

ENDED, LEFT = "", "!"
"""In the place of a next step: the call was over here in order; the caller hung up here and had reached nobody."""
LEFT_BY = frozenset({"abandoned", "menu_ended"})

_CONTACT, _COUNT, _TOTAL = "c|", "n|", "t|"

MOST_STEPS = 1_000
TOTALS = ("entered", "left", "ended")
"""Steps that callers came to; those at which they hung up and had reached nobody; those at which the call was over in
order. By flow and step; in a sub-flow a call ends once, at its own step.
"""


@dataclass(slots=True)
class Walker:
    """A contact on its way: the day and version that it counts for, and the last step in each flow it is in."""

    day: str
    version: str
    frames: list[list[str]]


class StepCounts:
    """The fold. A step is counted on the day on which the contact began, so that what comes in goes out.

    `totals` are of all days and versions, for Prometheus: they only grow.
    """

    name = "steps.1"

    def __init__(self, zone: ZoneInfo, *, most_parts: int = MOST_PARTS) -> None:
        self._zone = zone
        self._most_parts = most_parts
        self._open: dict[str, Walker] = {}
        self._counts: dict[str, dict[str, int]] = {}
        self._days: dict[str, int] = {}
        self._changed: set[str] = set()
        self._grown: set[tuple[str, Labels]] = set()
        self.totals = {name: Series(name, self._grown, MOST_STEPS) for name in TOTALS}

    def routes(self) -> Mapping[type[Event], Route]:
        return {ContactStarted: self._on_started, StepEntered: self._on_step, ContactEnded: self._on_ended}

    def here(self, flow: str) -> dict[str, int]:
        """How many are at each step of a flow now; who is in a sub-flow is at the step that led there too."""
        counts: dict[str, int] = {}
        for walker in self._open.values():
            for name, step in walker.frames:
                if name == flow and step:
                    counts[step] = counts.get(step, 0) + 1
        return counts

    def counted(self) -> list[str]:
        """The names of all counts, to be looked through elsewhere (`names_of`): there may be many."""
        return list(self._counts)

    def parts(self, names: Iterable[str]) -> dict[str, Part]:
        """Those counts as they are now, for `walked`."""
        return {name: dict(self._counts[name]) for name in names if name in self._counts}

    def _on_started(self, event: ContactStarted) -> None:
        if event.contact in self._open:
            return
        if len(self._open) >= MOST_OPEN:
            self._forget(next(iter(self._open)))
        day = datetime.fromtimestamp(event.at_ms / 1000, self._zone).date().isoformat()
        self._open[event.contact] = Walker(day, event.flow_version, [[event.flow, ""]])
        self._changed.add(_CONTACT + event.contact)

    def _on_step(self, event: StepEntered) -> None:
        walker = self._open.get(event.contact)
        if walker is None:
            return
        frames = walker.frames
        at = next((at for at in range(len(frames) - 1, -1, -1) if frames[at][0] == event.flow), None)
        if at is not None:
            del frames[at + 1 :]
        elif len(frames) < MOST_FRAMES:
            frames.append([event.flow, ""])
        else:
            return
        self._count(walker, frames[-1], event.step)
        self.totals["entered"].add((event.flow, event.step))
        frames[-1][1] = event.step
        self._changed.add(_CONTACT + event.contact)

    def _on_ended(self, event: ContactEnded) -> None:
        walker = self._open.get(event.contact)
        if walker is not None:
            how = LEFT if event.outcome in LEFT_BY else ENDED
            for frame in walker.frames:
                self._count(walker, frame, how)
            last = tuple(walker.frames[-1])
            self.totals["left" if how == LEFT else "ended"].add(last)
            self._forget(event.contact)

    def _forget(self, contact: str) -> None:
        del self._open[contact]
        self._changed.add(_CONTACT + contact)

    def _count(self, walker: Walker, frame: list[str], to: str) -> None:
        key = f"{_COUNT}{walker.day}|{frame[0]}|{walker.version}|{frame[1]}"
        counts = self._counts.get(key)
        if counts is None:
            counts = self._counts[key] = {}
            if walker.day not in self._days:
                self._days[walker.day] = 0
                self._drop_old(walker.day)
            self._days[walker.day] += 1
            if len(self._counts) > self._most_parts:
                self._drop(min(self._days))
        counts[to] = counts.get(to, 0) + 1
        self._changed.add(key)

    def _drop_old(self, day: str) -> None:
        oldest = (date.fromisoformat(day) - timedelta(days=KEPT_DAYS)).isoformat()
        for old in [known for known in self._days if known < oldest]:
            self._drop(old)

    def _drop(self, day: str) -> None:
        begin = f"{_COUNT}{day}|"
        for key in [key for key in self._counts if key.startswith(begin)]:
            del self._counts[key]
            self._changed.add(key)
        del self._days[day]

    def snapshot(self) -> dict[str, Part]:
        keys = [(name, labels) for name, series in self.totals.items() for labels in series.counts]
        return self._parts([*(_CONTACT + contact for contact in self._open), *self._counts]) | self._totals(keys)

    def changes(self) -> dict[str, Part]:
        changed, self._changed = self._changed, set()
        parts = self._parts(changed) | self._totals(self._grown)
        self._grown.clear()
        return parts

    def _totals(self, keys: Iterable[tuple[str, Labels]]) -> dict[str, Part]:
        return {_TOTAL + "|".join((name, *of)): [name, *of, self.totals[name].counts[of]] for name, of in keys}

    def _parts(self, keys: Iterable[str]) -> dict[str, Part]:
        return {key: self._part(key) for key in keys}

    def _part(self, key: str) -> Part:
        if key.startswith(_COUNT):
            return self._counts.get(key)
        walker = self._open.get(key.removeprefix(_CONTACT))
        return None if walker is None else [walker.day, walker.version, walker.frames]

    def restore(self, parts: Mapping[str, Part]) -> None:
        for key, part in parts.items():
            if key.startswith(_COUNT):
                self._counts[key] = part
                day = key.split("|", 2)[1]
                self._days[day] = self._days.get(day, 0) + 1
            elif key.startswith(_TOTAL):
                name, flow, step, count = part
                self.totals[name].counts[flow, step] = count
            else:
                day, version, frames = part
                self._open[key.removeprefix(_CONTACT)] = Walker(day, version, frames)


@dataclass(slots=True)
class Walked:
    """The counts of one flow over some days: from step to step (from "" where callers came in), and how they ended."""

    went: dict[tuple[str, str], int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    versions: set[str] = field(default_factory=set)


def names_of(counted: Iterable[str], flow: str, day: date) -> list[str]:
    """Which of the counts are a flow's of that day."""
    begin = f"{_COUNT}{day.isoformat()}|{flow}|"
    return [name for name in counted if name.startswith(begin)]


def walked(parts: Mapping[str, Part], flow: str, first: date, last: date) -> Walked:
    """What the saved parts of `StepCounts` say of a flow, both days included."""
    found = Walked()
    for key, counts in parts.items():
        if not key.startswith(_COUNT):
            continue
        day, of, version, step = key.removeprefix(_COUNT).split("|", 3)
        if of != flow or not first.isoformat() <= day <= last.isoformat():
            continue
        found.versions.add(version)
        for to, count in counts.items():
            if to == LEFT:
                found.left[step] = found.left.get(step, 0) + count
            elif to == ENDED:
                found.ended[step] = found.ended.get(step, 0) + count
            else:
                found.went[step, to] = found.went.get((step, to), 0) + count
    return found
