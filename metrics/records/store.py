"""`Records`: what the pipeline, the commands and the pages ask for, each done in a room of its own."""

import ssl
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.catalogue import Event
from metrics.call_record import CallRecord
from metrics.decisions import Decision
from metrics.half_hour_rows import Key
from metrics.positions import START
from metrics.records import accesses, erasure, half_hours, reading, retention, schema, writing
from metrics.records.accesses import Access
from metrics.records.database import Database, RecordsError, database
from metrics.records.erasure import Found, Whom
from metrics.records.schema import CHECKPOINTS, FOLD_PARTS, HALF_HOURS
from metrics.sums import Sums

FOREVER_MS = 2**62


class Records:
    """The store of `metrics.pipeline.Folds`. One process writes a file, many a PostgreSQL; any number may read.

    Whatever asks the database raises RecordsError.
    """

    def __init__(self, place: Path | str, *, password: str = "", tls: ssl.SSLContext | None = None) -> None:
        """Those in the file, or in the PostgreSQL that a URL names; `prepare` before anything else.

        Raises RecordsError for an address that cannot be one.
        """
        self.database: Database = database(place, password, tls)
        self._written: dict[str, str] = {}

    @classmethod
    async def open(cls, place: Path | str, *, password: str = "", tls: ssl.SSLContext | None = None) -> "Records":
        """Ready to be used."""
        records = cls(place, password=password, tls=tls)
        try:
            await records.prepare()
        except RecordsError:
            await records.close()
            raise
        return records

    async def prepare(self) -> None:
        """Make the file, readable for its owner only, and the tables, or give those of an older version what is new."""
        await self.database.open(schema.make)

    async def load(self, tenant: str) -> tuple[str, dict[str, dict[str, str]]]:
        """The checkpoint (`0-0` when there is none) and the saved parts by fold, as they belong together."""
        wanted = select(FOLD_PARTS.c.fold, FOLD_PARTS.c.part, FOLD_PARTS.c.body).where(FOLD_PARTS.c.tenant == tenant)
        parts: dict[str, dict[str, str]] = {}

        async def read(connection: AsyncConnection) -> str:
            where = CHECKPOINTS.c.tenant == tenant
            checkpoint = await connection.scalar(select(CHECKPOINTS.c.stream_id).where(where))
            for fold, part, body in await connection.execute(wanted):
                parts.setdefault(fold, {})[part] = body
            if rows := await half_hours.lately(connection, tenant, checkpoint or START):
                parts[HALF_HOURS.name] = rows
            return checkpoint or START

        self._written[tenant] = written = await self.database.read(read, snapshot=True)
        return written, parts

    async def commit(
        self,
        tenant: str,
        checkpoint: str,
        records: Sequence[CallRecord],
        parts: Mapping[tuple[str, str], str | None],
        decisions: Sequence[Decision] = (),
    ) -> None:
        """One transaction, on disk when this returns; nothing where the database has this checkpoint or a later one.

        Who is cancelled meanwhile is so when it is done.
        """
        since = self._written.get(tenant, START)
        batch = writing.Batch(tenant, checkpoint, records, parts, decisions, since)
        self._written[tenant] = await self.database.write(lambda connection: writing.commit(connection, batch))

    def rows(
        self, tenant: str, since_ms: int, until_ms: int, *, queue: str = "", slice_of: int = reading.SLICE
    ) -> AsyncIterator[CallRecord]:
        """The records of contacts that began in [since_ms, until_ms), the first first; with `queue` those that were
        in it. `slice_of` of them are in memory at once.
        """
        return reading.rows(self.database, tenant, since_ms, until_ms, queue=queue, slice_of=slice_of)

    def half_hours(self, tenant: str, since_ms: int, until_ms: int) -> AsyncIterator[tuple[Key, Sums]]:
        """The half-hours that began in [since_ms, until_ms), the first first."""
        return half_hours.half_hours(self.database, tenant, since_ms, until_ms)

    def kept_events(self, tenant: str, since_ms: int, until_ms: int) -> AsyncIterator[tuple[str, Event]]:
        """The events that figures are made of, with their ids, as the stream had them from `since_ms` to `until_ms`."""
        return half_hours.kept_events(self.database, tenant, since_ms, until_ms)

    async def find(self, contact: str) -> CallRecord | None:
        """The record of `contact`, its lists as lists."""
        return await self.database.read(lambda connection: reading.find(connection, contact))

    async def decided(self, tenant: str, contact: str, most: int = 10_000) -> dict[str, list[Event]]:
        """The decisions on contacts whose id begins with `contact`, by contact, the first one first."""
        return await self.database.read(lambda connection: reading.decided(connection, tenant, contact, most))

    async def decided_among(
        self, tenant: str, queue: str, since_ms: int, until_ms: int, most: int = 2_000
    ) -> dict[str, list[Event]]:
        """The decisions on contacts that came to the queue in between, by contact."""
        return await self.database.read(
            lambda connection: reading.decided_among(connection, tenant, queue, since_ms, until_ms, most)
        )

    async def promised(self, tenant: str, contact: str, at_ms: int) -> list[Event]:
        """What the contact was promised at about that time: the promises are other contacts'."""
        return await self.database.read(lambda connection: reading.promised(connection, tenant, contact, at_ms))

    async def expire(self, tenant: str, before_ms: int) -> dict[str, int]:
        """Delete the records, decisions and accesses that are older; gives how many rows went, by table."""
        return await retention.expire(self.database, tenant, before_ms)

    async def found(self, tenant: str, whom: Whom) -> Found:
        """What there is of a caller."""
        return await erasure.find(self.database, tenant, whom)

    async def erase(self, tenant: str, contacts: Collection[str]) -> None:
        """Take the callers out of the records of these contacts."""
        await erasure.erase(self.database, tenant, contacts)

    async def tidy(self) -> None:
        """Keep questions quick as the tables grow; now and then."""
        await self.database.tidy()

    async def note(self, tenant: str, access: Access) -> None:
        """Write down who looks at what; before it is shown."""
        await self.database.write(lambda connection: accesses.note(connection, tenant, access))

    async def noted(
        self, tenant: str, since_ms: int = 0, until_ms: int = FOREVER_MS, *, subject: str = "", most: int = 1_000
    ) -> Sequence[Access]:
        """Who looked at what in [since_ms, until_ms), the last ones first; with `subject` at that alone."""
        return await self.database.read(
            lambda connection: accesses.noted(connection, tenant, since_ms, until_ms, subject, most)
        )

    async def count(self) -> int:
        """How many records there are."""
        return await self.database.read(reading.count)

    async def close(self) -> None:
        await self.database.close()
