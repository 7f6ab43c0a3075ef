"""A commit: records, decisions and the folds' parts with the checkpoint, all of it or nothing, in either dialect.

Rows go as text statements, since they come by the thousand and SQLAlchemy takes longer for a row's names than a
database for the row; to PostgreSQL as one array a column, which is one round trip for all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy import BigInteger, Column, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from metrics.call_record import CallRecord
from metrics.decisions import Decision
from metrics.half_hour_rows import BETWEEN
from metrics.positions import START, position
from metrics.records.database import RecordsError
from metrics.records.schema import CALL_RECORDS, CHECKPOINTS, DECISIONS, FOLD_PARTS, HALF_HOURS, as_row

CHUNK = 200
"""Rows made and sent in one go."""
_LOST = (
    "the database is at {written} and had {since} before: it was put back, or a standby took over without its newest; "
    "start svar again, which makes from the stream what is missing"
)
_LEAST, _MOST = -(2**63), 2**63 - 1

Row = tuple[Any, ...]
Parts = Mapping[tuple[str, str], str | None]


@dataclass(frozen=True, slots=True)
class Batch:
    """What the folds made of the stream up to `until`, since the batch before, which ended at `since`."""

    tenant: str
    until: str
    records: Sequence[CallRecord]
    parts: Parts
    decisions: Sequence[Decision]
    since: str = START


@dataclass(frozen=True, slots=True)
class Statements:
    """One dialect's. Those for many rows take a list of rows, or a row of columns where `by_column`."""

    by_column: bool
    lock: str
    add_record: str
    add_decision: str
    put_part: str
    drop_part: str
    put_half_hour: str
    put_checkpoint: str


def _inserting(table: Table, conflict: str, *, by_column: bool) -> str:
    names = ", ".join(column.name for column in table.columns)
    into = f"INSERT INTO {table.name} ({names})"
    if not by_column:
        return f"{into} VALUES ({', '.join('?' for _ in table.columns)}) ON CONFLICT {conflict}"
    return f"{into} SELECT * FROM unnest({_arrays(table.columns)}) ON CONFLICT {conflict}"


def _arrays(columns: Iterable[Column[Any]]) -> str:
    kinds = ("bigint" if isinstance(column.type, BigInteger) else "text" for column in columns)
    return ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(kinds, 1))


_HALF_HOUR = ", ".join(column.name for column in HALF_HOURS.primary_key)


def _statements(*, by_column: bool) -> Statements:
    first, second, third = ("$1", "$2", "$3") if by_column else ("?", "?", "?")
    key = ", ".join(column.name for column in FOLD_PARTS.primary_key)
    given = f"SELECT * FROM unnest({_arrays(FOLD_PARTS.primary_key)})"
    return Statements(
        by_column,
        f"SELECT stream_id FROM checkpoints WHERE tenant = {first}" + (" FOR UPDATE" if by_column else ""),
        _inserting(CALL_RECORDS, "DO NOTHING", by_column=by_column),
        _inserting(DECISIONS, "DO NOTHING", by_column=by_column),
        _inserting(FOLD_PARTS, f"({key}) DO UPDATE SET body = excluded.body", by_column=by_column),
        f"DELETE FROM fold_parts WHERE ({key}) IN ({given})"
        if by_column
        else "DELETE FROM fold_parts WHERE tenant = ? AND fold = ? AND part = ?",
        _inserting(HALF_HOURS, f"({_HALF_HOUR}) DO UPDATE SET body = excluded.body", by_column=by_column),
        f"INSERT INTO {CHECKPOINTS.name} (tenant, stream_id, written) VALUES ({first}, {second}, {third})"
        " ON CONFLICT (tenant) DO UPDATE SET stream_id = excluded.stream_id, written = checkpoints.written + 1",
    )


_SQLITE, _POSTGRESQL = _statements(by_column=False), _statements(by_column=True)
_decided = attrgetter(*(column.name for column in DECISIONS.columns))
_recorded = itemgetter(*(column.name for column in CALL_RECORDS.columns))


async def commit(connection: AsyncConnection, batch: Batch) -> str:
    """Write the batch, unless it is written already: another node was faster, or an answer was lost on its way.

    A contact that has its record keeps it. Gives up to where the database has the stream now. Raises RecordsError for
    one that has lost what it had: going on would leave a gap that nobody sees.
    """
    use = _POSTGRESQL if connection.dialect.name == "postgresql" else _SQLITE
    if use.by_column:
        # A row that is not there cannot be locked.
        await connection.exec_driver_sql(
            "INSERT INTO checkpoints (tenant, stream_id, written) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING",
            (batch.tenant, START),
        )
    written = str((await connection.exec_driver_sql(use.lock, (batch.tenant,))).scalar() or START)
    if position(written) < position(batch.since):
        raise RecordsError(_LOST.format(written=written, since=batch.since))
    if position(written) >= position(batch.until):
        return written
    await _many(connection, use, use.add_record, (_recorded(as_row(record)) for record in batch.records))
    await _many(connection, use, use.add_decision, map(_decided, batch.decisions))
    tenant, parts = batch.tenant, batch.parts.items()
    half_hours = (_half_hour(tenant, part, body) for (fold, part), body in parts if fold == HALF_HOURS.name)
    await _many(connection, use, use.put_half_hour, half_hours)
    kept = ((tenant, fold, part, body) for (fold, part), body in parts if body is not None and fold != HALF_HOURS.name)
    await _many(connection, use, use.put_part, kept)
    gone = ((tenant, fold, part) for (fold, part), body in parts if body is None)
    await _many(connection, use, use.drop_part, gone)
    await connection.exec_driver_sql(use.put_checkpoint, (batch.tenant, batch.until, 1))
    return batch.until


def _half_hour(tenant: str, part: str, body: str | None) -> Row:
    start_ms, site, queue = part.split(BETWEEN)
    return tenant, int(start_ms), site, queue, body


async def _many(connection: AsyncConnection, use: Statements, statement: str, rows: Iterable[Row]) -> None:
    """In chunks, made one by one, so that a node's calls have their turn in between."""
    rest = iter(rows)
    while chunk := [tuple(map(_storable, row)) for row in islice(rest, CHUNK)]:
        given: Any = tuple(map(list, zip(*chunk, strict=True))) if use.by_column else chunk
        await connection.exec_driver_sql(statement, given)


def _storable(value: Any) -> Any:
    """What a caller's phone sent may be no text for a database: it must not hold up all others' records."""
    if isinstance(value, int):
        return min(max(value, _LEAST), _MOST)
    if not isinstance(value, str) or (value.isascii() and "\0" not in value):
        return value
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
