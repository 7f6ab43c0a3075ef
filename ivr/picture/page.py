"""Paper: which page a sheet is drawn on, and how large."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ivr.picture.sheet import Sheet

HEAD = 58.0
"""Room for the title above the sheet, in the sheet's units."""
LEGEND = 58.0
EDGE_MM = 8.0
_SIZES: Final = {
    "A4": (210.0, 297.0, 0.165),
    "A3": (297.0, 420.0, 0.145),
    "A2": (420.0, 594.0, 0.145),
    "A1": (594.0, 841.0, 0.145),
    "A0": (841.0, 1189.0, 0.0),
}
"""Millimetres, and the least scale (millimetres a unit) at which small print (11 units) is still read."""
PAGES: Final = tuple(_SIZES)
_LIKED: Final = (("A4", 1), ("A3", 1), ("A4", 9), ("A3", 9), ("A2", 1), ("A2", 9), ("A1", 9), ("A0", 9))
"""Pages, and how many bands at most on them, what is liked best first: a whole on A3 rather than pieces on A4."""
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
    """The page that is liked best of those on which a sheet can be read.

    On the page that is `wanted`, the sheet that is largest on it.
    """
    choices = list(sheets)
    if wanted:
        if wanted not in _SIZES:
            raise ValueError(f"there is no page {wanted!r}")
        return max((_upright_or_across(sheet, wanted) for sheet in choices), key=lambda page: page.scale)
    for name, bands in _LIKED:
        for sheet in choices:
            page = _upright_or_across(sheet, name)
            if sheet.bands <= bands and page.scale >= _SIZES[name][2]:
                return page
    raise AssertionError("A0 takes everything")


def _upright_or_across(sheet: Sheet, name: str) -> Page:
    short, long, _ = _SIZES[name]
    ways = [Page(sheet, name, *size, _scale(sheet, *size)) for size in ((long, short), (short, long))]
    return max(ways, key=lambda page: page.scale)


def _scale(sheet: Sheet, width: float, height: float) -> float:
    wide = (width - 2 * EDGE_MM) / max(sheet.width, 1.0)
    tall = (height - 2 * EDGE_MM) / (sheet.height + HEAD + LEGEND)
    return min(wide, tall, LARGEST)
