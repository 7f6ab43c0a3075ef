"""Call records and the folds' state in SQL, written together: a restart counts nothing twice and loses nothing."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text, event, func, inspect, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from events.catalogue import CallbackPromised, ContactQueued, Event
from events.codec import EventError, decode
from metrics.cdr import CallRecord, blank
from metrics.decisions import Decision

METADATA = MetaData()
JSON_COLUMNS = ("visits", "offers", "transfers", "units")
PROMISED_MS = 60_000
"""A promise is made so close to the end of the wait that it takes the place of."""
LAST = "\U0010ffff"
"""Behind every text that goes on from a beginning."""


def _column(name: str, value: Any) -> Column[Any]:
    if name == "contact":
        return Column(name, Text, primary_key=True)
    return Column(name, BigInteger if isinstance(value, int) else Text, nullable=False)


CALL_RECORDS = Table("call_records", METADATA, *(_column(name, value) for name, value in blank("", "", "").items()))
"""One row a contact. `visits` and `offers` are JSON lists; times in milliseconds, `_ms` of a moment since the epoch."""

DECISIONS = Table(
    "decisions",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("stream_id", Text, primary_key=True),
    Column("contact", Text, nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("decisions_of_agents", "agent", "at_ms"),
    sqlite_with_rowid=False,
)
"""One row an event of distribution (`metrics.decisions`), kept as long as the records."""

FOLD_PARTS = Table(
    "fold_parts",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("fold", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("body", Text, nullable=False),
    sqlite_with_rowid=False,
)
CHECKPOINTS = Table(
    "checkpoints",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("stream_id", Text, nullable=False),
    Column("written", Integer, nullable=False),
)

_ADD_RECORD = insert(CALL_RECORDS).on_conflict_do_nothing()
# As text, since these go by the thousand and SQLAlchemy takes longer for a row's names than SQLite for the row.
_PUT_PART = "INSERT INTO fold_parts VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body"
_ADD_DECISION = "INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_DROP_PART = "DELETE FROM fold_parts WHERE tenant = ? AND fold = ? AND part = ?"
_row = attrgetter(*(column.name for column in DECISIONS.columns))
_PUT_CHECKPOINT = insert(CHECKPOINTS)
_PUT_CHECKPOINT = _PUT_CHECKPOINT.on_conflict_do_update(
    index_elements=["tenant"],
    set_={"stream_id": _PUT_CHECKPOINT.excluded.stream_id, "written": CHECKPOINTS.c.written + 1},
)


class RecordsError(Exception):
    """The records' database cannot be opened, read or written; the message names the file and the cause."""


class Records:
    """The store of `metrics.pipeline.Folds`. One process writes a file; any number may read it."""

    def __init__(self, engine: AsyncEngine, place: str) -> None:
        self._engine = engine
        self._place = place

    @classmethod
    async def open(cls, path: Path) -> "Records":
        """Open or make the file, readable for its owner only. Raises RecordsError."""
        engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
        event.listen(engine.sync_engine, "connect", _set_up)
        records = cls(engine, str(path))
        try:
            await asyncio.to_thread(path.touch, 0o600)
            async with engine.begin() as connection:
                await connection.run_sync(METADATA.create_all)
                await connection.run_sync(_add_columns)
        except (SQLAlchemyError, OSError) as error:
            await engine.dispose()
            raise records._fault("open", error) from error
        return records

    def _fault(self, deed: str, error: Exception) -> RecordsError:
        cause = getattr(error, "orig", None) or error
        return RecordsError(f"cannot {deed} the call records in {self._place}: {cause}; is the disk full or read-only?")

    async def load(self, tenant: str) -> tuple[str, dict[str, dict[str, str]]]:
        """The checkpoint (`0-0` when there is none) and the saved parts by fold. Raises RecordsError."""
        wanted = select(FOLD_PARTS.c.fold, FOLD_PARTS.c.part, FOLD_PARTS.c.body).where(FOLD_PARTS.c.tenant == tenant)
        parts: dict[str, dict[str, str]] = {}
        try:
            async with self._engine.connect() as connection:
                where = CHECKPOINTS.c.tenant == tenant
                checkpoint = await connection.scalar(select(CHECKPOINTS.c.stream_id).where(where))
                for fold, part, body in await connection.execute(wanted):
                    parts.setdefault(fold, {})[part] = body
        except SQLAlchemyError as error:
            raise self._fault("read", error) from error
        return checkpoint or "0-0", parts

    async def commit(
        self,
        tenant: str,
        checkpoint: str,
        records: Sequence[CallRecord],
        parts: Mapping[tuple[str, str], str | None],
        decisions: Sequence[Decision] = (),
    ) -> None:
        """One transaction, on disk when this returns. A contact that has its record keeps it. Raises RecordsError.

        Who is cancelled meanwhile is so when it is done: one cut off would hold the file until its connection is
        collected, and whoever writes next would find it locked.
        """
        writing = asyncio.ensure_future(self._commit(tenant, checkpoint, records, parts, decisions))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait({writing})
            raise

    async def _commit(
        self,
        tenant: str,
        checkpoint: str,
        records: Sequence[CallRecord],
        parts: Mapping[tuple[str, str], str | None],
        decisions: Sequence[Decision],
    ) -> None:
        rows = [r | {name: json.dumps(r[name], separators=(",", ":")) for name in JSON_COLUMNS} for r in records]
        kept = [(tenant, fold, part, body) for (fold, part), body in parts.items() if body is not None]
        gone = [(tenant, fold, part) for (fold, part), body in parts.items() if body is None]
        decided = [_row(decision) for decision in decisions]
        try:
            async with self._engine.begin() as connection:
                await connection.run_sync(_write, rows, kept, gone, decided)
                await connection.execute(_PUT_CHECKPOINT, {"tenant": tenant, "stream_id": checkpoint, "written": 1})
        except SQLAlchemyError as error:
            raise self._fault("write", error) from error

    async def find(self, contact: str) -> CallRecord | None:
        """The record of `contact`, its lists as lists."""
        async with self._engine.connect() as connection:
            found = await connection.execute(select(CALL_RECORDS).where(CALL_RECORDS.c.contact == contact))
            row = found.mappings().first()
        return None if row is None else dict(row) | {name: json.loads(row[name]) for name in JSON_COLUMNS}

    async def decided(self, tenant: str, contact: str, most: int = 10_000) -> dict[str, list[Event]]:
        """The decisions on contacts whose id begins with `contact`, by contact, the first one first.

        Raises RecordsError.
        """
        wanted = DECISIONS.c.contact.between(contact, contact + LAST)
        return await self._decided(tenant, wanted, most)

    async def decided_among(
        self, tenant: str, queue: str, since_ms: int, until_ms: int, most: int = 2_000
    ) -> dict[str, list[Event]]:
        """The decisions on contacts that came to the queue in between, by contact. Raises RecordsError."""
        columns = DECISIONS.c
        came = (columns.agent == "") & columns.at_ms.between(since_ms, until_ms) & (columns.kind == ContactQueued.kind)
        there = func.json_extract(columns.body, "$.queue") == queue
        query = select(columns.contact).where(columns.tenant == tenant, came, there).order_by(columns.at_ms).limit(most)
        return await self._decided(tenant, columns.contact.in_(query), 10 * most)

    async def promised(self, tenant: str, contact: str, at_ms: int) -> list[Event]:
        """What the contact was promised at about that time: the promises are other contacts'. Raises RecordsError."""
        columns = DECISIONS.c
        then = columns.at_ms.between(at_ms - PROMISED_MS, at_ms + PROMISED_MS)
        made = (columns.agent == "") & then & (columns.kind == CallbackPromised.kind)
        found = await self._decided(tenant, made & (func.json_extract(columns.body, "$.first") == contact), 10)
        return [event for events in found.values() for event in events]

    async def _decided(self, tenant: str, wanted: Any, most: int) -> dict[str, list[Event]]:
        columns = DECISIONS.c
        query = select(columns.contact, columns.at_ms, columns.kind, columns.body).where(
            columns.tenant == tenant, wanted
        )
        order = columns.at_ms, func.length(columns.stream_id), columns.stream_id
        found: dict[str, list[Event]] = {}
        try:
            async with self._engine.connect() as connection:
                for contact, at_ms, kind, body in await connection.execute(query.order_by(*order).limit(most)):
                    event = _as_event(tenant, contact, at_ms, kind, body)
                    if event is not None:
                        found.setdefault(contact, []).append(event)
        except SQLAlchemyError as error:
            raise self._fault("read", error) from error
        return found

    async def count(self) -> int:
        """How many records there are."""
        async with self._engine.connect() as connection:
            return await connection.scalar(select(func.count()).select_from(CALL_RECORDS)) or 0

    async def close(self) -> None:
        await self._engine.dispose()


def _write(
    connection: Connection,
    rows: list[CallRecord],
    kept: Sequence[tuple[str, ...]],
    gone: Sequence[tuple[str, ...]],
    decided: Sequence[tuple[Any, ...]],
) -> None:
    if rows:
        connection.execute(_ADD_RECORD, rows)
    if kept:
        connection.exec_driver_sql(_PUT_PART, list(kept))
    if gone:
        connection.exec_driver_sql(_DROP_PART, list(gone))
    if decided:
        connection.exec_driver_sql(_ADD_DECISION, list(decided))


def _as_event(tenant: str, contact: str, at_ms: int, kind: str, body: str) -> Event | None:
    """None for what a newer version wrote and this one does not know."""
    try:
        return decode(json.loads(body) | {"tenant": tenant, "contact": contact, "at_ms": str(at_ms), "kind": kind})
    except (EventError, ValueError):
        return None


def _add_columns(connection: Connection) -> None:
    """A file that an older version made gets the columns that have come since, with what a blank record has there."""
    there = {column["name"] for column in inspect(connection).get_columns(CALL_RECORDS.name)}
    for name, value in blank("", "", "").items():
        if name not in there:
            kind = "BIGINT" if isinstance(value, int) else "TEXT"
            default = json.dumps(value) if name in JSON_COLUMNS else str(value)
            statement = f"ALTER TABLE call_records ADD COLUMN {name} {kind} NOT NULL DEFAULT '{default}'"
            connection.exec_driver_sql(statement)


def _set_up(connection: Any, _record: Any) -> None:
    """Readers do not hinder the writer, and a commit is on disk before the stream may be trimmed behind it."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
