"""The database of the records: a SQLite file of this node's, or a PostgreSQL that nodes share."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

CONNECT_S = 5.0
STATEMENT_S = 30.0
LOOKED_AT = 400
"""Rows of an index that tell SQLite what it is like."""
BUSY_MS = 5_000
"""How long SQLite waits for another writer: a command beside the node."""
_FAULTS = (SQLAlchemyError, OSError, TimeoutError)
"""And those of asyncpg, which SQLAlchemy leaves as they are where no connection comes about."""
_URLS = ("postgresql", "postgresql+asyncpg")


class RecordsError(Exception):
    """The records' database cannot be opened, read or written; the message names the place and the cause."""


class Database:
    """Transactions, and faults in words: without passwords, and without what stands in the rows."""

    def __init__(self, engine: AsyncEngine, place: str, path: Path | None) -> None:
        self.place = place
        self._path = path
        self._engine = engine
        self._writing = engine.execution_options(writing=True)

    @property
    def shared(self) -> bool:
        """Whether other nodes write it too."""
        return self._path is None

    async def open(self, make: Callable[[Connection], None]) -> None:
        """Raises RecordsError."""
        with self._told("open"):
            if self._path is not None:
                await asyncio.to_thread(self._path.touch, 0o600)
            async with self._writing.begin() as connection:
                await connection.run_sync(make)

    async def read(self, work: Work[T], *, snapshot: bool = False) -> T:
        """What `work` gives. With `snapshot` all that it reads is of one moment. Raises RecordsError."""
        with self._told("read"):
            async with self._engine.connect() as connection:
                if snapshot and self.shared:
                    await connection.execution_options(isolation_level="REPEATABLE READ")
                return await work(connection)

    async def write(self, work: Work[T]) -> T:
        """One transaction, on disk when this returns. Raises RecordsError.

        Who is cancelled meanwhile is so when it is done: one cut off would hold a file until its connection is
        collected, and whoever writes next would find it locked.
        """
        writing = asyncio.ensure_future(self._write(work))
        try:
            return await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait({writing})
            raise

    async def _write(self, work: Work[T]) -> T:
        with self._told("write"):
            async with self._writing.begin() as connection:
                return await work(connection)

    async def tidy(self) -> None:
        """Let SQLite look at a few rows of each index (PostgreSQL does so by itself): without that it thinks a tenant
        had ten rows, and goes through all of them. Raises RecordsError.
        """
        if self.shared:
            return

        async def look(connection: AsyncConnection) -> None:
            await connection.exec_driver_sql(f"PRAGMA analysis_limit={LOOKED_AT}")
            await connection.exec_driver_sql("ANALYZE")

        await self.write(look)

    async def forget(self) -> None:
        """Leave nothing of what was overwritten in the file's log. Raises RecordsError.

        A reader may keep some of it until the next time; PostgreSQL sees to its own.
        """
        if self.shared:
            return
        with self._told("write"):
            async with self._engine.connect() as connection:
                raw = await connection.get_raw_connection()
                assert raw.driver_connection is not None
                await raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        await self._engine.dispose()

    @contextmanager
    def _told(self, deed: str) -> Iterator[None]:
        try:
            yield
        except RecordsError:
            raise
        except Exception as error:
            if not isinstance(error, _FAULTS) and not type(error).__module__.startswith("asyncpg"):
                raise
            # Only the first line: those after it, and SQLAlchemy's own text, have what stands in the row.
            cause = str(getattr(error, "orig", None) or error).partition("\n")[0] or type(error).__name__
            hint = "is it there, and may we?" if self.shared else "is the disk full or read-only?"
            raise RecordsError(f"cannot {deed} the call records in {self.place}: {cause}; {hint}") from None


def database(place: Path | str, password: str = "", tls: ssl.SSLContext | None = None) -> Database:
    """That of a path or a URL (`postgresql://USER@HOST/NAME`). Raises RecordsError for one that cannot be."""
    if isinstance(place, Path):
        engine = create_async_engine(f"sqlite+aiosqlite:///{place}", hide_parameters=True)
        event.listen(engine.sync_engine, "connect", _set_up)
        event.listen(engine.sync_engine, "begin", _begin)
        return Database(engine, str(place), place)
    try:
        url = make_url(place)
    except (ArgumentError, ValueError):
        raise RecordsError(_NO_URL) from None
    if url.drivername not in _URLS:
        raise RecordsError(_NO_URL)
    url = url.set(drivername=_URLS[-1], password=password or url.password)
    given: dict[str, Any] = {"timeout": CONNECT_S, "command_timeout": STATEMENT_S}
    given |= {"ssl": tls} if tls is not None else {}
    engine = create_async_engine(
        url, connect_args=given, hide_parameters=True, pool_pre_ping=True, pool_size=2, max_overflow=2
    )
    return Database(engine, url.set(drivername=_URLS[0]).render_as_string(hide_password=True), None)


_NO_URL = "[records] url is no address of a PostgreSQL: expected postgresql://USER@HOST:PORT/DATABASE"


def _set_up(connection: Any, _record: Any) -> None:
    """Readers do not hinder the writer, and a commit is on disk before the stream may be trimmed behind it.

    Transactions are begun by `_begin`, not by the library when it thinks fit.
    """
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Who will write says so at once: one who reads first and is overtaken would fail instead of waiting."""
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
