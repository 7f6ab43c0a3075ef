"""Moments as people write them in flows: 2026-11-23 08:00, Norway's time."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from ivr.language.calendar import OSLO

_WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}\Z")


def moment_text(at_ms: int) -> str:
    """As it is written in a flow."""
    return datetime.fromtimestamp(at_ms / 1000, OSLO).strftime("%Y-%m-%d %H:%M")


def _read(given: object) -> int:
    try:
        if not _WRITTEN.match(str(given)):
            raise ValueError
        written = datetime.strptime(str(given), "%Y-%m-%d %H:%M").replace(tzinfo=OSLO)
    except ValueError:
        raise PydanticCustomError("moment", "a moment is written 2026-11-23 08:00, in Norway's time") from None
    return round(written.timestamp()) * 1000


MomentMs = Annotated[
    int,
    PlainValidator(_read),
    PlainSerializer(moment_text),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}$"}),
]
"""Milliseconds since the epoch."""
