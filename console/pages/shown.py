"""Figures as people read them; `static/figures.js` writes the same."""

from datetime import datetime
from zoneinfo import ZoneInfo

NONE = "–"


def percent(value: float | None, language: str = "nb") -> str:
    """A ratio: `71,6 %`, in English `71.6%`; a dash when there is none."""
    if value is None:
        return NONE
    text = f"{value * 100:.1f}"
    return f"{text.replace('.', ',')} %" if language == "nb" else f"{text}%"


def whole_percent(value: float | None, language: str = "nb") -> str:
    """For a screen on a wall: `72 %`."""
    if value is None:
        return NONE
    return f"{value * 100:.0f}{' ' if language == 'nb' else ''}%"


def number(value: float | str | None, language: str = "nb") -> str:
    """Thousands apart."""
    if value is None:
        return NONE
    return f"{int(value):,}".replace(",", " " if language == "nb" else ",")


def waited(since_ms: int, now_ms: int) -> str:
    """Minutes and seconds since then; a dash where nobody waits (0)."""
    if not since_ms:
        return NONE
    seconds = max(now_ms - since_ms, 0) // 1000
    if seconds >= 3600:
        return f"{seconds // 3600}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    return f"{seconds // 60}:{seconds % 60:02d}"


def clock(at_ms: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, zone):%H:%M}"


def when(at_ms: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m-%d %H:%M}"
