"""How long rows are kept. They go in slices, so that nobody who writes waits long."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Delete, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from metrics.records.database import Database
from metrics.records.schema import ACCESSES, CALL_RECORDS, DECISIONS, HALF_HOURS

SLICE = 500
PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Expiring:
    """Rows of `table` that are older than something, by `key`. `since` is what an index has them in the order of."""

    table: Table
    key: str
    since: str
    before: str | int

    def slice_of(self, tenant: str, most: int) -> Delete:
        """So many keys, the oldest first: neither database looks at more rows than that."""
        columns = self.table.c
        key, since = columns[self.key], columns[self.since]
        old = select(key).where(columns.tenant == tenant, since < self.before).order_by(since).limit(most)
        if key.primary_key and len(self.table.primary_key) == 1:
            return delete(self.table).where(key.in_(old))
        return delete(self.table).where(columns.tenant == tenant, key.in_(old.distinct()))


def _expiring(before_ms: int) -> Iterator[Expiring]:
    yield Expiring(CALL_RECORDS, "contact", "started_ms", before_ms)
    # By their ids, which begin with their time and have an index; so many digits have all times from 2001 to 2286.
    yield Expiring(DECISIONS, "stream_id", "stream_id", f"{before_ms:013}")
    yield Expiring(HALF_HOURS, "start_ms", "start_ms", before_ms)
    yield Expiring(ACCESSES, "id", "at_ms", before_ms)


async def expire(
    database: Database, tenant: str, before_ms: int, *, slice_of: int = SLICE, pause_s: float = PAUSE_S
) -> dict[str, int]:
    """Delete what is older; gives how many rows went, by table. Raises RecordsError."""
    gone: dict[str, int] = {}
    for one in _expiring(before_ms):
        statement = one.slice_of(tenant, slice_of)

        async def take(connection: AsyncConnection, statement: Delete = statement) -> int:
            found: Any = await connection.execute(statement)
            return int(found.rowcount)

        while count := await database.write(take):
            gone[one.table.name] = gone.get(one.table.name, 0) + count
            await asyncio.sleep(pause_s)
    return gone
