"""The tables, the same in SQLite and PostgreSQL, and how those of an older version become these."""

import json
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text, inspect, text
from sqlalchemy.engine import Connection

from metrics.call_record import CallRecord, blank

METADATA = MetaData()
JSON_COLUMNS = tuple(name for name, value in blank("", "", "").items() if isinstance(value, list))

TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Compared by code point: what begins with something lies between two texts, in every locale."""

_LOCK = "SELECT pg_advisory_xact_lock(1937138034)"
"""Nodes that start together make the tables one after the other. The number is ours alone: `svar` in ASCII."""


def _column(name: str, value: Any) -> Column[Any]:
    """With what it has where a node of an older version writes that does not know it."""
    if name == "contact":
        return Column(name, TEXT, primary_key=True)
    if isinstance(value, int):
        return Column(name, BigInteger, nullable=False, server_default=text(str(value)))
    return Column(name, TEXT, nullable=False, server_default=json.dumps(value) if isinstance(value, list) else value)


CALL_RECORDS = Table(
    "call_records",
    METADATA,
    *(_column(name, value) for name, value in blank("", "", "").items()),
    Index("call_records_by_start", "tenant", "started_ms", "contact"),
)
"""One row a contact. JSON_COLUMNS are lists; times in milliseconds, `_ms` of a moment since the epoch."""

DECISIONS = Table(
    "decisions",
    METADATA,
    Column("tenant", TEXT, primary_key=True),
    Column("stream_id", TEXT, primary_key=True),
    Column("contact", TEXT, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("agent", TEXT, nullable=False),
    Column("body", TEXT, nullable=False),
    # Each begins with the tenant: SQLite would rather go through all of a tenant than use one that does not.
    Index("decisions_of_contacts", "tenant", "contact"),
    Index("decisions_in_time", "tenant", "agent", "at_ms"),
    sqlite_with_rowid=False,
)
"""One row an event of distribution (`metrics.decisions`), kept as long as the records."""

FOLD_PARTS = Table(
    "fold_parts",
    METADATA,
    Column("tenant", TEXT, primary_key=True),
    Column("fold", TEXT, primary_key=True),
    Column("part", TEXT, primary_key=True),
    Column("body", TEXT, nullable=False),
    sqlite_with_rowid=False,
)
HALF_HOURS = Table(
    "half_hours",
    METADATA,
    Column("tenant", TEXT, primary_key=True),
    Column("start_ms", BigInteger, primary_key=True),
    Column("site", TEXT, primary_key=True),
    Column("queue", TEXT, primary_key=True),
    Column("body", TEXT, nullable=False),
    sqlite_with_rowid=False,
)
"""One row a queue, site and half-hour (`metrics.half_hours`); `body` is `metrics.sums.Sums.written` as JSON. Rows come
as parts of a fold with the table's name, and replace the one that was.
"""

ACCESSES = Table(
    "accesses",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("tenant", TEXT, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", TEXT, nullable=False),
    Column("deed", TEXT, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("why", TEXT, nullable=False),
    Index("accesses_by_time", "tenant", "at_ms"),
    Index("accesses_by_subject", "tenant", "subject"),
)
"""One row a look at records (`metrics.records.accesses`)."""

CHECKPOINTS = Table(
    "checkpoints",
    METADATA,
    Column("tenant", TEXT, primary_key=True),
    Column("stream_id", TEXT, nullable=False),
    Column("written", Integer, nullable=False),
)


_GONE = ("ix_decisions_contact", "decisions_of_agents")
"""Indexes of older versions."""


def make(connection: Connection) -> None:
    """Make what is not there, and give the tables of an older version what has come since."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_LOCK)
    METADATA.create_all(connection)
    _add_columns(connection)
    for table in METADATA.tables.values():
        for index in table.indexes:
            index.create(connection, checkfirst=True)
    for name in _GONE:
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {name}")


def as_row(record: CallRecord) -> dict[str, Any]:
    """As it is stored: lists as JSON."""
    return record | {name: json.dumps(record[name], separators=(",", ":")) for name in JSON_COLUMNS}


def as_record(row: Any) -> CallRecord:
    """As it was before `as_row`."""
    return dict(row) | {name: json.loads(row[name]) for name in JSON_COLUMNS}


def _add_columns(connection: Connection) -> None:
    """With what a blank record has there."""
    there = {column["name"] for column in inspect(connection).get_columns(CALL_RECORDS.name)}
    for name, value in blank("", "", "").items():
        if name not in there:
            kind = "BIGINT" if isinstance(value, int) else CALL_RECORDS.c[name].type.compile(connection.dialect)
            default = json.dumps(value) if name in JSON_COLUMNS else str(value)
            statement = f"ALTER TABLE call_records ADD COLUMN {name} {kind} NOT NULL DEFAULT '{default}'"
            connection.exec_driver_sql(statement)
