"""Taking a caller out of the records: what is left points to nobody, and the figures stand.

The record stays without number, pseudonym and message; so do its decisions, in which there never was a number.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from events.catalogue import ContactStarted
from metrics.cdr import CallRecords
from metrics.records.database import Database
from metrics.records.schema import CALL_RECORDS, DECISIONS, FOLD_PARTS

SLICE = 200
MOST = 100_000
"""Contacts of one caller."""


@dataclass(frozen=True, slots=True)
class Whom:
    """The caller: `same` says whether a number as it was sent is theirs, `end` is how all of these end."""

    end: str
    same: Callable[[str], bool]
    pseudonyms: Collection[str]


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of the caller: contacts, names of their messages, contacts in progress, and figures in the making
    that would know the caller again.
    """

    contacts: tuple[str, ...]
    recordings: tuple[str, ...]
    in_progress: int
    figures: int


async def find(database: Database, tenant: str, whom: Whom) -> Found:
    """Raises RecordsError."""
    columns = CALL_RECORDS.c
    theirs: list[ColumnElement[bool]] = [columns.pseudonym.in_(whom.pseudonyms)]
    if whom.end:
        theirs.append(columns.pii_caller.endswith(whom.end, autoescape=True))
    query = select(columns.contact, columns.recording, columns.pii_caller, columns.pseudonym)
    query = query.where(columns.tenant == tenant, or_(*theirs)).order_by(columns.contact).limit(MOST)

    async def look(connection: AsyncConnection) -> Found:
        rows = [
            (contact, recording)
            for contact, recording, pii_caller, pseudonym in await connection.execute(query)
            if pseudonym in whom.pseudonyms or whom.same(pii_caller)
        ]
        return Found(
            tuple(contact for contact, _ in rows),
            tuple(recording for _, recording in rows if recording),
            *await _unfinished(connection, tenant, whom),
        )

    return await database.read(look)


async def _unfinished(connection: AsyncConnection, tenant: str, whom: Whom) -> tuple[int, int]:
    columns = FOLD_PARTS.c
    named = [columns.body.contains(text, autoescape=True) for text in (whom.end, *whom.pseudonyms) if text]
    if not named:
        return 0, 0
    query = select(columns.fold, func.count()).where(columns.tenant == tenant, or_(*named)).group_by(columns.fold)
    counts = {str(fold): int(count) for fold, count in await connection.execute(query)}
    contacts = counts.pop(CallRecords.name, 0)
    return contacts, sum(counts.values())


async def erase(database: Database, tenant: str, contacts: Collection[str]) -> None:
    """A slice in one transaction, so that who writes waits no longer than for one. Raises RecordsError."""
    names = list(contacts)
    for at in range(0, len(names), SLICE):
        part = names[at : at + SLICE]

        async def blank(connection: AsyncConnection, part: list[str] = part) -> None:
            if connection.dialect.name == "sqlite":
                # What was there is overwritten, not only left to be.
                await connection.exec_driver_sql("PRAGMA secure_delete=ON")
            mine = CALL_RECORDS.c.tenant == tenant, CALL_RECORDS.c.contact.in_(part)
            nothing = {"pii_caller": "", "pseudonym": "", "recording": ""}
            await connection.execute(update(CALL_RECORDS).where(*mine).values(nothing))
            await _blank_starts(connection, tenant, part)

        await database.write(blank)
    await database.forget()


async def _blank_starts(connection: AsyncConnection, tenant: str, contacts: Collection[str]) -> None:
    """A contact's start is kept among the decisions, with the pseudonym, for reports that are made again."""
    columns = DECISIONS.c
    starts = columns.tenant == tenant, columns.contact.in_(contacts), columns.kind == ContactStarted.kind
    for stream_id, body in (await connection.execute(select(columns.stream_id, columns.body).where(*starts))).all():
        blanked = json.dumps(json.loads(body) | {"pseudonym": ""}, separators=(",", ":"))
        this = columns.tenant == tenant, columns.stream_id == stream_id
        await connection.execute(update(DECISIONS).where(*this).values(body=blanked))
