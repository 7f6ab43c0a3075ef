"""Who read which record, when and why: a log that is written before anything is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from metrics.records.schema import ACCESSES

MOST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Access:
    """One look at records. `deed`: show, why, trace, export, erase, accesses; `subject` is the contact, or the stretch
    of time; `why` is what the reader said.
    """

    at_ms: int
    who: str
    deed: str
    subject: str
    why: str = ""


async def note(connection: AsyncConnection, tenant: str, access: Access) -> None:
    values = {name: getattr(access, name) for name in ("who", "deed", "subject", "why")}
    shortened = {name: value.replace("\0", "")[:MOST_TEXT] for name, value in values.items()}
    await connection.execute(insert(ACCESSES).values(tenant=tenant, at_ms=access.at_ms, **shortened))


async def noted(
    connection: AsyncConnection, tenant: str, since_ms: int, until_ms: int, subject: str, most: int
) -> Sequence[Access]:
    """The last ones first. With `subject` those of it alone."""
    columns = ACCESSES.c
    query = select(columns.at_ms, columns.who, columns.deed, columns.subject, columns.why)
    query = query.where(columns.tenant == tenant, columns.at_ms >= since_ms, columns.at_ms < until_ms)
    if subject:
        query = query.where(columns.subject == subject)
    found = await connection.execute(query.order_by(columns.at_ms.desc(), columns.id.desc()).limit(most))
    return [Access(*row) for row in found]
