"""The half-hours in memory: those that may still be corrected, and which of them are to be written to their table."""

from collections.abc import Mapping

from events.catalogue import Event
from metrics.fold import Part, Route
from metrics.service_level import INTERVAL_MS
from metrics.sums import Counts, Sums, read

Key = tuple[str, str, int]
"""Queue, site and beginning (epoch ms) of a half-hour; the queue and the site are empty where there is none."""

MOST_NAMES = 100
"""Targets, causes and outcomes that one half-hour tells apart."""
OTHER = "(other)"
BETWEEN = "\x1f"
"""Between the parts of a name, in none of which it can be."""


class Rows:
    """Sums by queue, site and half-hour. A half-hour that was let go is never begun anew: its row is in the table."""

    def __init__(self, most: int) -> None:
        self.there: dict[Key, Sums] = {}
        self.oldest_ms = 0
        self._most = most
        self._changed: dict[Key, Sums] = {}

    def start(self, at_ms: int) -> int:
        """The half-hour of this moment, or the oldest one that can still be corrected."""
        return max(at_ms - at_ms % INTERVAL_MS, self.oldest_ms)

    def of(self, key: Key) -> Sums:
        """The sums to be changed. What is too old for its own half-hour counts in the oldest one."""
        row = self.there.get(key)
        if row is None:
            if key[2] < self.oldest_ms:
                return self.of((key[0], key[1], self.oldest_ms))
            if len(self.there) >= self._most:
                self.let_go(min(start_ms for _, _, start_ms in self.there) + INTERVAL_MS)
                return self.of(key)
            row = self.there[key] = Sums()
        self._changed[key] = row
        return row

    def let_go(self, before_ms: int) -> None:
        """Half-hours that began before stay as they are in the table."""
        self.oldest_ms = max(self.oldest_ms, before_ms)
        for key in [key for key in self.there if key[2] < self.oldest_ms]:
            del self.there[key]

    def take(self) -> dict[Key, Sums]:
        """The half-hours that changed since the last call, whole, to be written to their table."""
        taken, self._changed = self._changed, {}
        return taken

    def begin(self, key: Key, row: Sums) -> None:
        """With what is in the table, unless it was let go."""
        if key[2] >= self.oldest_ms:
            self.there[key] = row


class HalfHourTable:
    """The rows as parts of a fold of the table's name, which a store keeps there: all of them that ever were, where
    only those that may still be corrected are read again.

    Implements `metrics.fold.Fold`; to be restored after whoever counts.
    """

    name = "half_hours"

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def routes(self) -> Mapping[type[Event], Route]:
        return {}

    def snapshot(self) -> dict[str, Part]:
        return _parts(self._rows.there)

    def changes(self) -> dict[str, Part]:
        return _parts(self._rows.take())

    def restore(self, parts: Mapping[str, Part]) -> None:
        for name, written in parts.items():
            start_ms, site, queue = name.split(BETWEEN)
            self._rows.begin((queue, site, int(start_ms)), read(written))


def _parts(rows: Mapping[Key, Sums]) -> dict[str, Part]:
    return {BETWEEN.join((str(start_ms), site, queue)): row.written() for (queue, site, start_ms), row in rows.items()}


def count(counts: Counts, name: str) -> str:
    """The name under which it is counted."""
    if name not in counts and len(counts) >= MOST_NAMES:
        name = OTHER
    counts[name] = counts.get(name, 0) + 1
    return name
