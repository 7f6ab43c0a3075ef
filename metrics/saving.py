"""What the folds have made and the store has not got yet: written together, and kept while the store is away."""

import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from metrics.call_record import CallRecord
from metrics.decisions import Decision
from metrics.fold import Fold
from metrics.health import Ailing
from metrics.positions import START

_log = structlog.get_logger(__name__)

PATIENCE_S = 5.0
"""How long a batch waits for the store. Then figures go on without it."""
RETRY_S = 1.0
LONGEST_RETRY_S = 15.0
MOST_WAITING = 20_000
"""Rows kept in memory while the store is away, some 60 MB. What comes then stays in the stream."""

_as_json = json.JSONEncoder(separators=(",", ":")).encode


class Store(Protocol):
    """Where records and the folds' state are kept; see `metrics.records`."""

    async def load(self, tenant: str) -> tuple[str, dict[str, dict[str, str]]]:
        """The checkpoint (`0-0` when there is none) and the saved parts by fold, each as JSON."""

    async def commit(
        self,
        tenant: str,
        checkpoint: str,
        records: Sequence[CallRecord],
        parts: Mapping[tuple[str, str], str | None],
        decisions: Sequence[Decision] = (),
    ) -> None:
        """Write all of it or nothing. A part that is None is taken away."""


class Full(Exception):
    """The store is away, and as much waits for it as may; the stream keeps the rest."""


@dataclass(slots=True)
class Waiting:
    """What is to be written, made of the stream up to `until`."""

    until: str = START
    records: list[CallRecord] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    parts: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.records or self.decisions or self.parts)

    def __len__(self) -> int:
        return len(self.records) + len(self.decisions)

    def take(self) -> "Waiting":
        """All of it; nothing waits then."""
        taken = Waiting(self.until, self.records, self.decisions, self.parts)
        self.records, self.decisions, self.parts = [], [], {}
        return taken

    def put_back(self, earlier: "Waiting") -> None:
        self.records = earlier.records + self.records
        self.decisions = earlier.decisions + self.decisions
        self.parts = earlier.parts | self.parts


class Writer:
    """Writes what waits, batch by batch. What fails is tried again, less and less often, and nobody waits for it."""

    def __init__(self, tenant: str, store: Store, patience_s: float = PATIENCE_S, retry_s: float = RETRY_S) -> None:
        self.waiting = Waiting()
        self.saved = START
        self.saved_at = -math.inf
        self.failures = 0
        self.away = ""
        self.away_since = 0.0
        self._to = (tenant, store)
        self._waits = (patience_s, retry_s)
        self._under_way: Waiting | None = None
        self._task: asyncio.Task[None] | None = None
        self._told = asyncio.Event()

    def __len__(self) -> int:
        """Rows that the store has not got."""
        return len(self.waiting) + (len(self._under_way) if self._under_way is not None else 0)

    async def load(self) -> dict[str, dict[str, str]]:
        """The saved parts by fold; `saved` is their checkpoint. Raises what the store raises."""
        tenant, store = self._to
        self.saved, parts = await store.load(tenant)
        return parts

    async def write(self) -> None:
        """What waits is written when this returns, or the store is away: then it will be, when it is there again."""
        if self._task is None or self._task.done():
            if not self.waiting:
                self.saved = self.waiting.until
                return
            self._told.clear()
            self._task = asyncio.create_task(self._run(), name="writing records")
        if self.away:
            return
        patience_s, _ = self._waits
        try:
            async with asyncio.timeout(patience_s):
                await self._told.wait()
        except TimeoutError:
            self._is_away(f"no answer within {patience_s:g} s")

    async def close(self) -> None:
        """What is not written by then is left to the next start, which reads it from the stream again."""
        if self._task is None or self._task.done():
            return
        if not self.away:
            await asyncio.wait({self._task}, timeout=self._waits[0])
        self._task.cancel()
        await asyncio.wait({self._task}, timeout=self._waits[0])
        if len(self):
            _log.warning("call records are left to the next start, which makes them again", rows=len(self))

    async def _run(self) -> None:
        tenant, store = self._to
        retry_s = self._waits[1]
        while self.waiting:
            batch = self._under_way = self.waiting.take()
            try:
                await store.commit(tenant, batch.until, batch.records, batch.parts, batch.decisions)
            except BaseException as error:
                self._put_back(batch)
                if not isinstance(error, Exception):
                    raise
                self.failures += 1
                self._is_away(str(error) or type(error).__name__)
                self._told.set()
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, LONGEST_RETRY_S)
                continue
            self._under_way = None
            self.saved = batch.until
            self.saved_at = asyncio.get_running_loop().time()
            if self.away:
                _log.info("the call records are written again", rows=len(batch))
                self.away, retry_s = "", self._waits[1]
        self._told.set()

    def _put_back(self, batch: Waiting) -> None:
        self.waiting.put_back(batch)
        self._under_way = None

    def _is_away(self, why: str) -> None:
        if not self.away:
            self.away_since = asyncio.get_running_loop().time()
            _log.error("the call records cannot be written and wait", error=why, rows=len(self))
        self.away = why


class Saver:
    """Hands on what the folds make, with the checkpoint that it belongs to.

    A batch smaller than half of the biggest has nothing waiting behind it, so the commit may wait for company.
    `records` and `decisions` are what was made since the last `save`.
    """

    def __init__(self, writer: Writer, every_s: float, most: int = MOST_WAITING) -> None:
        self.records: list[CallRecord] = []
        self.decisions: list[Decision] = []
        self.writer = writer
        self._every_s = every_s
        self._most = most
        self._biggest = 0

    async def load(self, folds: Sequence[Fold]) -> str:
        """Raises what the store raises."""
        saved = await self.writer.load()
        for fold in folds:
            fold.restore({key: json.loads(text) for key, text in saved.get(fold.name, {}).items()})
        return self.writer.saved

    async def save(self, checkpoint: str, folds: Sequence[Fold], events: int) -> None:
        """What was folded is written when this returns, or waits since the store is away. Raises Full."""
        self._biggest = max(self._biggest, events)
        due_in_s = self.writer.saved_at + self._every_s - asyncio.get_running_loop().time()
        if due_in_s > 0 and events * 2 < self._biggest:
            await asyncio.sleep(due_in_s)
        waiting = self.writer.waiting
        waiting.until = checkpoint
        waiting.records += self.records
        waiting.decisions += self.decisions
        self.records, self.decisions = [], []
        for fold in folds:
            for key, part in fold.changes().items():
                waiting.parts[fold.name, key] = None if part is None else _as_json(part)
        await self.writer.write()
        if self.writer.away and len(self.writer) >= self._most:
            raise Full(f"{len(self.writer)} rows wait, and the stream keeps the rest: {self.writer.away}")

    # --- What is seen of it

    def figures(self) -> dict[str, float]:
        """For Prometheus: rows that wait, for how many seconds the store has been away, and how often it failed."""
        writer = self.writer
        away_s = asyncio.get_running_loop().time() - writer.away_since if writer.away else 0.0
        return {"waiting": len(writer), "away_seconds": away_s, "failures_total": writer.failures}

    async def check(self) -> str:
        """A check for `metrics.health`."""
        if self.writer.away:
            raise Ailing(f"{len(self.writer)} rows wait to be written: {self.writer.away}")
        return f"written up to {self.writer.saved}"
