"""Every measure of the registry, of today's half-hours, for Prometheus: by queue, and of all queues together.

Adding up a day takes longer than a scrape may hold up the loop: it is done beside, some half-hours at a time, and a
scrape shows what was found last.
"""

import asyncio
from collections.abc import Callable, Mapping

from metrics.counters import Labels
from metrics.half_hour_rows import Key
from metrics.measures import MEASURES, Unit
from metrics.prometheus import Labelled
from metrics.sums import Sums

ALL = "(all)"
"""Stands for the queue where it is all of them, with what belongs to none; the brackets keep it apart from a name."""
EVERY_S = 15.0
SLICE = 50
MOST_QUEUES = 200
UNITS = tuple(unit for unit in Unit if any(one.unit is unit for one in MEASURES))
NAMES = {Unit.SHARE: "ratio"}
"""Prometheus' words for units that have others here."""


class Measured:
    """`rows`: the half-hours in memory; `since_ms`: when today began (epoch)."""

    def __init__(
        self, rows: Callable[[], Mapping[Key, Sums]], since_ms: Callable[[], int], *, every_s: float = EVERY_S
    ) -> None:
        self._rows = rows
        self._since_ms = since_ms
        self._every_s = every_s
        self._found: dict[Unit, dict[Labels, float]] = {unit: {} for unit in UNITS}

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Add them up now."""
        since_ms = self._since_ms()
        whole, queues = Sums(), dict[str, Sums]()
        rows = [(key, row) for key, row in self._rows().items() if key[2] >= since_ms]
        for at, ((queue, _, _), row) in enumerate(rows, start=1):
            if queue in queues or (queue and len(queues) < MOST_QUEUES):
                queues.setdefault(queue, Sums()).add(row)
            else:
                whole.add(row)
            if at % SLICE == 0:
                await asyncio.sleep(0)
        for sums in queues.values():
            whole.add(sums)
            await asyncio.sleep(0)
        found: dict[Unit, dict[Labels, float]] = {unit: {} for unit in UNITS}
        for queue, sums in {ALL: whole, **queues}.items():
            for one in MEASURES:
                value = one.of(sums)
                if value is not None:
                    found[one.unit][queue, one.key, str(one.version)] = value
        self._found = found

    def labelled(self) -> list[Labelled]:
        """One family for each unit; a measure that has nothing to divide by is left out."""
        return [self._family(unit) for unit in UNITS]

    def _family(self, unit: Unit) -> Labelled:
        name = NAMES.get(unit, unit.value)
        return Labelled(
            f"measure_today_{name}",
            f"Dagens mål ({name}): measures of the registry, of today's arrivals, as reports have them",
            ("queue", "measure", "version"),
            lambda: self._found[unit],
            (MOST_QUEUES + 1) * len(MEASURES),
            shared=True,
        )
