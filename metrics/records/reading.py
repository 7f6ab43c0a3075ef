"""Reading records and decisions."""

import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from events.catalogue import CallbackPromised, ContactQueued, Event
from events.codec import EventError, decode
from metrics.call_record import CallRecord
from metrics.decisions import KINDS
from metrics.records.database import Database
from metrics.records.schema import CALL_RECORDS, DECISIONS, as_record

PROMISED_MS = 60_000
"""A promise is made so close to the end of the wait that it takes the place of."""
LAST = "\U0010ffff"
"""Behind every text that goes on from a beginning."""
SLICE = 500
"""Records read in one go: so many are in memory at once, and no transaction outlives them."""


async def rows(
    database: Database, tenant: str, since_ms: int, until_ms: int, *, queue: str = "", slice_of: int = SLICE
) -> AsyncIterator[CallRecord]:
    """The records of contacts that began in [since_ms, until_ms), in the order of their beginning."""
    columns = CALL_RECORDS.c
    wanted = select(CALL_RECORDS).where(columns.tenant == tenant, columns.started_ms < until_ms)
    if queue:
        wanted = wanted.where(columns.visits.contains(_named("queue", queue), autoescape=True))
    wanted = wanted.order_by(columns.started_ms, columns.contact).limit(slice_of)
    after = (since_ms, "")
    while True:
        query = wanted.where(tuple_(columns.started_ms, columns.contact) > tuple_(*after))
        found = await database.read(partial(_records, query))
        for record in found:
            if not queue or any(visit["queue"] == queue for visit in record["visits"]):
                yield record
        if len(found) < slice_of:
            return
        after = (found[-1]["started_ms"], found[-1]["contact"])


async def _records(query: Select[Any], connection: AsyncConnection) -> list[CallRecord]:
    return [as_record(row) for row in (await connection.execute(query)).mappings()]


def _named(key: str, value: str) -> str:
    """As it stands in JSON. SQLite compares letters of ASCII whatever their case: what is found is looked at again."""
    return f"{json.dumps(key)}:{json.dumps(value)}"


async def find(connection: AsyncConnection, contact: str) -> CallRecord | None:
    found = await connection.execute(select(CALL_RECORDS).where(CALL_RECORDS.c.contact == contact))
    row = found.mappings().first()
    return None if row is None else as_record(row)


async def count(connection: AsyncConnection) -> int:
    return await connection.scalar(select(func.count()).select_from(CALL_RECORDS)) or 0


async def decided(connection: AsyncConnection, tenant: str, beginning: str, most: int) -> dict[str, list[Event]]:
    contact = DECISIONS.c.contact
    return await _decided(connection, tenant, (contact >= beginning) & (contact <= beginning + LAST), most)


async def decided_among(
    connection: AsyncConnection, tenant: str, queue: str, since_ms: int, until_ms: int, most: int
) -> dict[str, list[Event]]:
    columns = DECISIONS.c
    came = (columns.agent == "") & columns.at_ms.between(since_ms, until_ms) & (columns.kind == ContactQueued.kind)
    there = columns.body.contains(_named("queue", queue), autoescape=True)
    query = select(columns.contact).where(columns.tenant == tenant, came, there).order_by(columns.at_ms).limit(most)
    # By name: SQLite would go through all decisions for those of a question within the question.
    contacts = [contact for (contact,) in await connection.execute(query)]
    found = await _decided(connection, tenant, columns.contact.in_(contacts), 10 * most) if contacts else {}

    def came_there(event: Event) -> bool:
        return isinstance(event, ContactQueued) and event.queue == queue and since_ms <= event.at_ms <= until_ms

    return {contact: events for contact, events in found.items() if any(map(came_there, events))}


async def promised(connection: AsyncConnection, tenant: str, contact: str, at_ms: int) -> list[Event]:
    columns = DECISIONS.c
    then = columns.at_ms.between(at_ms - PROMISED_MS, at_ms + PROMISED_MS)
    made = (columns.agent == "") & then & (columns.kind == CallbackPromised.kind)
    there = columns.body.contains(_named("first", contact), autoescape=True)
    found = await _decided(connection, tenant, made & there, 10)
    of_it = (event for events in found.values() for event in events)
    return [event for event in of_it if isinstance(event, CallbackPromised) and event.first == contact]


async def _decided(connection: AsyncConnection, tenant: str, wanted: Any, most: int) -> dict[str, list[Event]]:
    columns = DECISIONS.c
    query = select(columns.contact, columns.at_ms, columns.kind, columns.body).where(
        columns.tenant == tenant, columns.kind.in_(KINDS), wanted
    )
    order = columns.at_ms, func.length(columns.stream_id), columns.stream_id
    found: dict[str, list[Event]] = {}
    for contact, at_ms, kind, body in await connection.execute(query.order_by(*order).limit(most)):
        event = as_event(tenant, contact, at_ms, kind, body)
        if event is not None:
            found.setdefault(contact, []).append(event)
    return found


def as_event(tenant: str, contact: str, at_ms: int, kind: str, body: str) -> Event | None:
    """None for what a newer version wrote and this one does not know."""
    try:
        return decode(json.loads(body) | {"tenant": tenant, "contact": contact, "at_ms": str(at_ms), "kind": kind})
    except (EventError, ValueError):
        return None
