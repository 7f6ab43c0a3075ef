"""How svar logs: a fixed message with values beside it, personal data masked."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

_KEPT = 2


def mask(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Whatever stands under a key that begins with `pii_` keeps its last two characters only."""
    for key, value in event.items():
        if key.startswith("pii_"):
            text = str(value)
            event[key] = "*" * max(0, len(text) - _KEPT) + text[-_KEPT:] if len(text) > 2 * _KEPT else "***"
    return event


def configure(*, json: bool, debug: bool = False, stream: TextIO | None = None) -> None:
    """JSON lines for machines, or colourless text for people, to `stream` (standard error)."""
    out = stream or sys.stderr
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            mask,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=True,
    )
