"""The outline and the colours of each kind of step. The outline alone tells them apart in black and white."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Outline(StrEnum):
    """What a box looks like."""

    STADIUM = "stadium"
    ROUND = "round"
    SQUARE = "square"
    CHAMFER = "chamfer"
    BARRED = "barred"
    DOUBLE = "double"
    SLANTED = "slanted"
    FOLDED = "folded"


@dataclass(frozen=True, slots=True)
class Look:
    """`fill` is a tint on which black text stands out; `stroke` dark enough to read as a line."""

    outline: Outline
    fill: str
    stroke: str


_SPOKEN = Look(Outline.ROUND, "#e9f1fb", "#1f4e8c")
_ASKED = Look(Outline.SQUARE, "#e6f4ea", "#1e6b3a")
_DECIDED = Look(Outline.CHAMFER, "#fff6d8", "#6f5200")
_HANDED = Look(Outline.FOLDED, "#e3f3f4", "#0d5c63")
_SILENT = Look(Outline.SLANTED, "#f1f1f1", "#4a4a4a")
_ENDED = Look(Outline.STADIUM, "#f9e8eb", "#8c1d34")

LOOKS: Final = {
    "entry": Look(Outline.STADIUM, "#ffffff", "#1a1a1a"),
    "say": _SPOKEN,
    "message": _SPOKEN,
    "menu": _ASKED,
    "digits": _ASKED,
    "language": _ASKED,
    "survey": _ASKED,
    "returning": _ASKED,
    "hours": _DECIDED,
    "branch": _DECIDED,
    "set": _SILENT,
    "lookup": _SILENT,
    "queue": Look(Outline.BARRED, "#fdecdd", "#8f4300"),
    "callback": _HANDED,
    "voicemail": _HANDED,
    "transfer": _HANDED,
    "deflect": _HANDED,
    "subflow": Look(Outline.DOUBLE, "#f1eafa", "#54307f"),
    "return": _ENDED,
    "hangup": _ENDED,
}
_OTHER = Look(Outline.SQUARE, "#ffffff", "#4a4a4a")


def look_of(type_: str) -> Look:
    """A type that is not in the table gets a plain box."""
    return LOOKS.get(type_, _OTHER)


def outline(shape: Outline, x: float, y: float, width: float, height: float) -> str:
    """The path (SVG `d`) of a box."""
    right, bottom = x + width, y + height
    if shape in (Outline.STADIUM, Outline.ROUND):
        return _rounded(x, y, right, bottom, min(22.0, height / 2) if shape is Outline.STADIUM else 9.0)
    if shape is Outline.CHAMFER:
        c = min(12.0, height / 3)
        points = [(x + c, y), (right - c, y), (right, y + c), (right, bottom - c), (right - c, bottom), (x + c, bottom),
                  (x, bottom - c), (x, y + c)]  # fmt: skip
    elif shape is Outline.SLANTED:
        points = [(x + 9, y), (right, y), (right, bottom - 9), (right - 9, bottom), (x, bottom), (x, y + 9)]
    elif shape is Outline.FOLDED:
        points = [(x, y), (right - 14, y), (right, y + 14), (right, bottom), (x, bottom)]
    else:
        points = [(x, y), (right, y), (right, bottom), (x, bottom)]
    return "M" + "L".join(f"{number(a)} {number(b)}" for a, b in points) + "Z"


def inner(shape: Outline, x: float, y: float, width: float, height: float) -> str:
    """The lines inside a box that are part of its outline; empty for most."""
    right, bottom = number(x + width), number(y + height)
    if shape is Outline.BARRED:
        return "".join(f"M{number(x + bar)} {number(y)}V{bottom}" for bar in (3.0, 6.0))
    if shape is Outline.DOUBLE:
        return outline(Outline.SQUARE, x + 3.5, y + 3.5, width - 7, height - 7)
    if shape is Outline.FOLDED:
        return f"M{number(x + width - 14)} {number(y)}V{number(y + 14)}H{right}"
    return ""


def _rounded(x: float, y: float, right: float, bottom: float, r: float) -> str:
    a = f"A{number(r)} {number(r)} 0 0 1 "
    return (
        f"M{number(x + r)} {number(y)}H{number(right - r)}{a}{number(right)} {number(y + r)}V{number(bottom - r)}"
        f"{a}{number(right - r)} {number(bottom)}H{number(x + r)}{a}{number(x)} {number(bottom - r)}"
        f"V{number(y + r)}{a}{number(x + r)} {number(y)}Z"
    )


def number(value: float) -> str:
    """At most one decimal, so that small changes stay small in the file."""
    return f"{value:.1f}".removesuffix(".0")
