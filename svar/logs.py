"""How svar logs: a fixed message with values beside it, personal data masked."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

_KEPT = 2
# What a terminal obeys, and what makes text look like other text: C0, DEL, C1, ends of lines, and directions.
_OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def mask(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Whatever stands under a key that begins with `pii_` keeps its last two characters only."""
    for key, value in event.items():
        if key.startswith("pii_"):
            text = str(value)
            event[key] = "*" * max(0, len(text) - _KEPT) + text[-_KEPT:] if len(text) > 2 * _KEPT else "***"
    return event


def harmless(_: Any, __: str, text: str) -> str:
    """A written line with what came from outside made visible; further lines of an exception are set in, so that none
    of them can pass for an entry of its own.
    """
    text = _OBEYED.sub(lambda found: ascii(found[0])[1:-1], text)
    return text.replace("\n", "\n    ")


def configure(*, json: bool, debug: bool = False, stream: TextIO | None = None) -> None:
    """JSON lines for machines, or colourless text for people, to `stream` (standard error)."""
    out = stream or sys.stderr
    renderers: list[Any] = [structlog.processors.JSONRenderer()]
    if not json:
        renderers = [structlog.dev.ConsoleRenderer(colors=False), harmless]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            mask,
            structlog.processors.format_exc_info,
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=True,
    )
