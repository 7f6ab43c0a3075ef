"""Call records as CSV, a slice at a time."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from metrics.call_record import CallRecord, blank
from svar.logs import mask

_PERSONAL = ("pii_caller", "pseudonym")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
COLUMNS = ("started", *blank("", "", ""))
_LINES = 200


async def as_csv(records: AsyncIterator[CallRecord], zone: ZoneInfo, *, with_callers: bool) -> AsyncIterator[str]:
    """A row a contact, first the names of the columns. Lists are JSON; `started` is the local time."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    waiting = 0
    async for record in records:
        writer.writerow(_row(record, zone, with_callers=with_callers))
        waiting += 1
        if waiting == _LINES:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
            waiting = 0
    yield text.getvalue()


def shown(record: CallRecord, *, with_callers: bool) -> CallRecord:
    """Without what tells who called, unless that is asked for."""
    if with_callers:
        return record
    masked = dict(mask(None, "", {"pii_caller": record["pii_caller"]})) if record["pii_caller"] else {}
    return record | masked | {"pseudonym": ""}


def _row(record: CallRecord, zone: ZoneInfo, *, with_callers: bool) -> list[Any]:
    started = datetime.fromtimestamp(record["started_ms"] / 1000, zone).isoformat(timespec="milliseconds")
    values = shown(record, with_callers=with_callers)
    return [started, *(_cell(values[name]) for name in COLUMNS[1:])]


def _cell(value: Any) -> Any:
    """A caller chooses what stands in some of them: a spreadsheet must not take it for a formula."""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return "'" + value
    return value
