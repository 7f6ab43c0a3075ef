"""A box with its text cut into lines and a place for each of its ports; a card, as it is drawn."""

from dataclasses import dataclass, replace
from typing import Literal

from ivr.picture.graph import Box, Port
from ivr.picture.layers import Size
from ivr.picture.measure import BOLD, cut, width, wrap
from ivr.picture.placing import ENTRY

WIDTH = 216.0
PAD = 11.0
SMALL, BODY, TITLE = 9.5, 11.0, 13.0
LINE = 14.0
ROW = 18.0
LABEL_LINE = 13.0
PILL_MOST = 116.0
PILL_AT = 16.0
"""How far right of the box a pill begins."""
PILL_PAD = 18.0
MOST_FACTS = 10

Role = Literal["end", "back", "on"]


@dataclass(frozen=True, slots=True)
class Pill:
    """What stands in the place of an edge: the end of the call, or the name of a box that is drawn elsewhere."""

    text: str
    role: Role
    target: str | None

    @property
    def width(self) -> float:
        return width(self.text, SMALL) + PILL_PAD


@dataclass(frozen=True, slots=True)
class Way:
    """A port on the card: `labels` are lines, `y` is below the card's top. Without a pill an edge begins here."""

    port: Port
    labels: tuple[str, ...]
    y: float
    pill: Pill | None = None

    @property
    def height(self) -> float:
        return ROW + LABEL_LINE * max(len(self.labels) - 1, 0)


@dataclass(frozen=True, slots=True)
class Card:
    """All that stands on a box. `rows_at` is where the rows of ports begin, below the top."""

    box: Box
    title: tuple[str, ...]
    facts: tuple[str, ...]
    said: tuple[str, ...]
    ways: tuple[Way, ...]
    height: float
    rows_at: float

    def size(self, ports: tuple[int, ...]) -> Size:
        """The card for the arrangement; `ports` are the ways from which edges begin."""
        outside = max((PILL_AT + way.pill.width + _count_room(way.port) for way in self.ways if way.pill), default=0.0)
        beside = max((_count_room(way.port) for way in self.ways), default=0.0)
        return Size(self.height, tuple(self.ways[at].y for at in ports), max(outside, beside))


def _count_room(port: Port) -> float:
    return width(count_text(port.count), SMALL) + 8 if port.count else 0.0


def count_text(count: int) -> str:
    """Thousands apart."""
    return f"{count:,}".replace(",", " ")


def pill(text: str, role: Role, target: str | None) -> Pill:
    return Pill(cut(text, SMALL, PILL_MOST), role, target)


def card_of(box: Box, pills: tuple[Pill | None, ...]) -> Card:
    """The box as a card; `pills` stand beside its ports, in their order."""
    room = WIDTH - 2 * PAD
    title = wrap(box.title, TITLE * BOLD, room - (14 if box.mark else 0), 2)
    facts = [line for fact in box.facts[:MOST_FACTS] for line in wrap(fact, BODY, room, 2)]
    said = wrap(f"«{box.said}»", BODY, room, 3) if box.said else []
    y = 20.0 + 16.0 * len(title) + LINE * (len(facts) + len(said)) + (5.0 if facts or said else 2.0)
    rows_at = y
    lone = len(box.ports) == 1 and not box.ports[0].label
    ways = []
    for port, beside in zip(box.ports, pills, strict=True):
        if lone:
            ways.append(Way(port, (), ENTRY, beside))
        else:
            way = Way(port, tuple(wrap(_signed(port), BODY, room, 3)), 0.0, beside)
            ways.append(replace(way, y=y + way.height / 2))
            y += way.height
    if box.left:
        y = max(y, rows_at + ROW)
    return Card(box, tuple(title), tuple(facts), tuple(said), tuple(ways), max(y + 5.0, 46.0), rows_at)


def _signed(port: Port) -> str:
    sign = {"added": "+ ", "removed": "− ", "changed": "≠ "}.get(port.mark, "")
    return sign + port.label
