"""Paper: which page a sheet is drawn on, and how large."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from ivr.picture.sheet import Sheet

HEAD = 58.0
"""Room for the title above the sheet, in the sheet's units."""
LEGEND = 58.0
EDGE_MM = 8.0
_PAGES: Final = (
    ("A4", 210.0, 297.0, 0.165),
    ("A3", 297.0, 420.0, 0.145),
    ("A2", 420.0, 594.0, 0.145),
    ("A1", 594.0, 841.0, 0.145),
    ("A0", 841.0, 1189.0, 0.0),
)
"""Name, millimetres, and the least scale (millimetres a unit) at which small print (11 units) is still read."""
PAGES: Final = tuple(name for name, *_ in _PAGES)
LARGEST = 0.3
"""A small flow isn't blown up beyond this."""


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet on its page. `scale` is millimetres a unit; widths and heights are millimetres."""

    sheet: Sheet
    name: str
    width: float
    height: float
    scale: float


def on_page(sheets: Iterable[Sheet], wanted: str = "") -> Page:
    """The smallest page on which one of the sheets can be read; the first of these, which has the fewest bands.

    On the page that is `wanted`, whatever is largest on it.
    """
    choices = list(sheets)
    for name, short, long, least in _PAGES:
        if wanted not in ("", name):
            continue
        ways = [_larger(sheet, name, short, long) for sheet in choices]
        readable = [way for way in ways if way.scale >= least]
        if wanted or readable:
            return readable[0] if readable else max(ways, key=lambda way: way.scale)
    raise ValueError(f"there is no page {wanted!r}")


def _larger(sheet: Sheet, name: str, short: float, long: float) -> Page:
    across, upright = Page(sheet, name, long, short, 0.0), Page(sheet, name, short, long, 0.0)
    ways = [replace(way, scale=_scale(sheet, way.width, way.height)) for way in (across, upright)]
    return max(ways, key=lambda way: way.scale)


def _scale(sheet: Sheet, width: float, height: float) -> float:
    wide = (width - 2 * EDGE_MM) / max(sheet.width, 1.0)
    tall = (height - 2 * EDGE_MM) / (sheet.height + HEAD + LEGEND)
    return min(wide, tall, LARGEST)
