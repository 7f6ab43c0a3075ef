"""All folds over one tenant's stream of events, counted once each however often the stream is told."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from events.catalogue import Event
from metrics.cdr import CallRecords
from metrics.counters import Counters
from metrics.decisions import TYPES, Decisions
from metrics.estimates import Estimates
from metrics.fold import Fold, Route
from metrics.half_hours import HalfHours
from metrics.positions import START as START
from metrics.positions import position as position
from metrics.routing_version import RoutingVersion
from metrics.saving import Saver, Store, Writer
from metrics.service_level import Limits, ServiceLevel
from metrics.wallboard import Board, Wallboard

Batch = Sequence[tuple[str, Event]]
"""Events with their ids in the stream (`milliseconds-sequence`), in the stream's order."""

SLICE = 25
"""Events folded in one go: a whole batch of a busy node held up its calls for 10 ms and more."""


Further = tuple[Estimates, HalfHours, *tuple[Fold, ...]]


class Folds:
    """Drives the folds of one tenant. Call it with batches in order; what was told before is left out by its id.

    When the call returns, the batch is on disk together with the checkpoint, unless the store is away: then it waits
    in memory, and `saved` says up to where the stream is not needed any more. When it raises, too much waits: tell the
    batch again. The figures in memory have it already, and count it once.
    """

    def __init__(
        self,
        tenant: str,
        store: Store | None = None,
        *,
        limits: Mapping[str, Limits] | None = None,
        keep_callers: bool = False,
        taps: Sequence[Callable[[Event], None]] = (),
        further: Sequence[Fold] = (),
        commit_every_s: float = 0.5,
    ) -> None:
        """`further` are folds of others, driven and saved with these."""
        self.tenant = tenant
        self.checkpoint = START
        self.service_level = ServiceLevel(limits)
        self.wallboard = Wallboard(self.service_level)
        routing = RoutingVersion()
        self.call_records = CallRecords(keep_callers=keep_callers, routing=routing)
        self.counters = Counters(queues=limits or ())
        self.decisions = Decisions()
        self._taps = tuple(taps)
        half_hours = HalfHours(limits)
        beside: tuple[Fold, ...] = (half_hours.table, routing, *further)
        self._further: Further = (Estimates(), half_hours, *beside)
        self._routes = self._gather_routes()
        self._saver = Saver(Writer(tenant, store), commit_every_s) if store is not None else None
        self._one_at_a_time = asyncio.Lock()

    @property
    def estimates(self) -> Estimates:
        """How good the estimated waits were."""
        return self._further[0]

    @property
    def half_hours(self) -> HalfHours:
        """The figures of reports."""
        return self._further[1]

    def learn(self, limits: Mapping[str, Limits]) -> None:
        """The queues have these limits from now on; what was counted before stays as it was."""
        self.service_level.learn(limits)
        self.half_hours.learn(limits)

    def balances(self) -> dict[str, int]:
        """O - A - L - F - W by queue, where W is who waits: of the wallboard's cohorts or, where that is 0, of
        the reports' half-hours, which are counted apart. Always 0, or these figures are wrong.
        """
        reports = self.half_hours.balances()
        return {queue: off or reports.get(queue, 0) for queue, off in self.service_level.balances().items()}

    def _folds(self) -> tuple[Fold, ...]:
        return self.service_level, self.wallboard, self.call_records, self.counters, *self._further

    def _gather_routes(self) -> dict[type[Event], tuple[Route, ...]]:
        routes: dict[type[Event], tuple[Route, ...]] = {}
        for fold in self._folds():
            for type_, route in fold.routes().items():
                routes[type_] = (*routes.get(type_, ()), route)
        return routes

    async def load(self) -> None:
        """Go on from what is saved; once, before the first batch. The stream is to be read from `checkpoint`."""
        if self._saver is not None:
            self.checkpoint = await self._saver.load(self._folds())

    @property
    def saved(self) -> str:
        """Up to where everything is on disk; in memory alone, up to where it was counted."""
        return self._saver.writer.saved if self._saver is not None else self.checkpoint

    @property
    def saver(self) -> Saver | None:
        """What writes it down, if anything does."""
        return self._saver

    async def close(self) -> None:
        """For an orderly end, before the store is closed."""
        if self._saver is not None:
            await self._saver.writer.close()

    async def __call__(self, batch: Batch) -> None:
        """Raises `metrics.saving.Full`. May hold back for `commit_every_s`, so that a commit serves many events."""
        async with self._one_at_a_time:
            for at in range(0, len(batch), SLICE):
                self.apply(batch[at : at + SLICE])
                await asyncio.sleep(0)
            if self._saver is not None:
                await self._saver.save(self.checkpoint, self._folds(), len(batch))

    def apply(self, batch: Batch) -> int:
        """Fold the events that are new; gives their number."""
        last, half_hours = position(self.checkpoint), self.half_hours
        count = 0
        for id_, event in batch:
            here = position(id_)
            if here <= last:
                continue
            last = here
            self.checkpoint = id_
            count += 1
            half_hours.stream_ms = here[0]
            for route in self._routes.get(type(event), ()):
                route(event)
            if type(event) in TYPES:
                self.decisions.note(id_, event)
            for tap in self._taps:
                tap(event)
        self._take_records()
        return count

    def _take_records(self) -> None:
        records = self.call_records.take()
        for record in records:
            self.counters.closed(record)
        decisions = self.decisions.take()
        if self._saver is not None:
            self._saver.records += records
            self._saver.decisions += decisions

    def board(self, since_ms: int) -> Board:
        """The wallboard, with the measures of all who arrived since `since_ms` (see `day_start_ms`)."""
        return self.wallboard.board(since_ms=since_ms, contacts=self.call_records.in_progress)


def day_start_ms(now_ms: int, zone: ZoneInfo) -> int:
    """When the day of `now_ms` (epoch) began in `zone`: midnight there."""
    local = datetime.fromtimestamp(now_ms / 1000, zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return int(midnight.timestamp() * 1000)
