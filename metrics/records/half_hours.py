"""Reading half-hours, and the events that they are made of."""

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from functools import partial
from itertools import groupby
from typing import Any

from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from events.catalogue import Event
from metrics.half_hour_rows import BETWEEN, Key
from metrics.half_hours import KEPT_MS
from metrics.positions import position
from metrics.records.database import Database
from metrics.records.reading import LAST, as_event
from metrics.records.schema import DECISIONS, HALF_HOURS
from metrics.service_level import INTERVAL_MS
from metrics.sums import Sums, read

SLICE = 5_000
"""Rows read in one go: so many are in memory at once, and no transaction outlives them."""


async def half_hours(
    database: Database, tenant: str, since_ms: int, until_ms: int, slice_of: int = SLICE
) -> AsyncIterator[tuple[Key, Sums]]:
    """Those that began in [since_ms, until_ms), in the order of their beginning, then by site and queue."""
    columns = HALF_HOURS.c
    wanted = select(columns.start_ms, columns.site, columns.queue, columns.body)
    wanted = wanted.where(columns.tenant == tenant, columns.start_ms < until_ms)
    wanted = wanted.order_by(columns.start_ms, columns.site, columns.queue).limit(slice_of)
    place = tuple_(columns.start_ms, columns.site, columns.queue)
    after = (since_ms - 1, LAST, LAST)
    while True:
        found = await database.read(partial(_rows, wanted.where(place > tuple_(*after))))
        for start_ms, site, queue, body in found:
            yield (queue, site, start_ms), read(json.loads(body))
        if len(found) < slice_of:
            return
        after = found[-1][:3]


async def lately(connection: AsyncConnection, tenant: str, checkpoint: str) -> dict[str, str]:
    """Those that a fold which was here may still correct, as its parts."""
    columns = HALF_HOURS.c
    since_ms = position(checkpoint)[0] - KEPT_MS - INTERVAL_MS
    wanted = select(columns.start_ms, columns.site, columns.queue, columns.body)
    rows = await connection.execute(wanted.where(columns.tenant == tenant, columns.start_ms >= since_ms))
    return {BETWEEN.join((str(start_ms), site, queue)): body for start_ms, site, queue, body in rows}


async def kept_events(
    database: Database, tenant: str, since_ms: int, until_ms: int, slice_of: int = SLICE
) -> AsyncIterator[tuple[str, Event]]:
    """What is kept of the stream's part from `since_ms` to `until_ms`, each event with its id, in their order."""
    columns = DECISIONS.c
    wanted = select(columns.stream_id, columns.contact, columns.at_ms, columns.kind, columns.body)
    wanted = wanted.where(columns.tenant == tenant, columns.stream_id < f"{until_ms}-")
    wanted = wanted.order_by(columns.stream_id).limit(slice_of)
    after, rest = f"{since_ms}-", list[Any]()
    while True:
        found = await database.read(partial(_rows, wanted.where(columns.stream_id > after)))
        more = len(found) == slice_of
        ready, rest = _whole_milliseconds([*rest, *found], more=more)
        for stream_id, contact, at_ms, kind, body in ready:
            event = as_event(tenant, contact, at_ms, kind, body)
            if event is not None:
                yield stream_id, event
        if not more:
            return
        after = found[-1][0]


async def _rows(query: Select[Any], connection: AsyncConnection) -> list[Any]:
    return [tuple(row) for row in await connection.execute(query)]


def _whole_milliseconds(rows: list[Any], *, more: bool) -> tuple[list[Any], list[Any]]:
    """Rows in the order of the stream, and those of the last millisecond, of which there may be more.

    The database compares ids as text, which is right but for the tenth event of a millisecond and those after it.
    """
    by_ms = [sorted(group, key=lambda row: position(row[0])) for _, group in groupby(rows, _millisecond)]
    rest = by_ms.pop() if more and by_ms else []
    return list(_flat(by_ms)), rest


def _millisecond(row: Any) -> str:
    return str(row[0]).partition("-")[0]


def _flat(groups: Iterable[list[Any]]) -> Iterator[Any]:
    for group in groups:
        yield from group
