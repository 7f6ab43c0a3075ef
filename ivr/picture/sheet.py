"""A sheet: the cards of a flow in one band or more, its endings below, cut so that it fits a page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from ivr.picture import words
from ivr.picture.arranging import arrange
from ivr.picture.blocks import Block, Placed, Wire, below, beside
from ivr.picture.card import WIDTH, Card, Pill, Way, card_of, pill
from ivr.picture.graph import Box, Graph
from ivr.picture.layers import Edge, going_back, layers_of

SHARED_ENDING = 3
"""A step that ends the call is drawn aside when so many ways lead to it."""
HUB = 7
"""To a step to which so many ways lead only the first is drawn as a line."""
BAND_GAP = 46.0
CARD_GAP = 18.0
STRAIGHT = 6.0
MOST_BANDS = 6
MOST_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything with its place. `endings_at` is where the heading of the endings stands; None without any."""

    placed: tuple[Placed, ...]
    wires: tuple[Wire, ...]
    width: float
    height: float
    endings_at: float | None
    bands: int = 1


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which boxes stand in which band, and which ways are lines; the others are pills."""

    bands: tuple[tuple[Box, ...], ...]
    endings: tuple[Box, ...]
    lines: frozenset[tuple[str, int]]


def sheets(graph: Graph) -> Iterable[Sheet]:
    """The graph in one band, in two, and so on; and what hangs together in each band in one column, in two, ..."""
    depth = 1
    for bands in range(1, MOST_BANDS + 1):
        if bands > depth:
            return
        plan, depth = _plan(graph, bands)
        bands_of_blocks = _blocks(graph, plan)
        for columns in range(1, min(MOST_COLUMNS, max(map(len, bands_of_blocks))) + 1):
            yield _laid_out(plan, [beside(blocks, columns) for blocks in bands_of_blocks])


def _plan(graph: Graph, bands: int) -> tuple[_Plan, int]:
    """The plan, and how many layers there are in all."""
    endings = _endings(graph)
    boxes = [box for box in graph.boxes if box.name not in endings]
    at = {box.name: index for index, box in enumerate(boxes)}
    lines = _lines(boxes, at)
    edges = [Edge(at[name], port, at[str(boxes[at[name]].ports[port].target)]) for name, port in lines]
    back = going_back(len(boxes), edges)
    edges = [edge for index, edge in enumerate(edges) if index not in back]
    layer = layers_of(len(boxes), edges)
    depth = max(layer, default=0) + 1
    each = -(-depth // bands)
    band = [of // each for of in layer]
    kept = frozenset((boxes[edge.source].name, edge.port) for edge in edges if band[edge.source] == band[edge.target])
    rows = tuple(tuple(box for box, of in zip(boxes, band, strict=True) if of == row) for row in range(max(band) + 1))
    aside = tuple(box for box in graph.boxes if box.name in endings)
    return _Plan(rows, aside, kept), depth


def _incoming(boxes: Iterable[Box]) -> dict[str, int]:
    count: dict[str, int] = {}
    for target in chain.from_iterable((port.target for port in box.ports) for box in boxes):
        if target is not None:
            count[target] = count.get(target, 0) + 1
    return count


def _endings(graph: Graph) -> frozenset[str]:
    incoming = _incoming(graph.boxes)
    return frozenset(box.name for box in graph.boxes if not box.ports and incoming.get(box.name, 0) >= SHARED_ENDING)


def _lines(boxes: Sequence[Box], at: Mapping[str, int]) -> list[tuple[str, int]]:
    """The ports from which lines go, in the order in which a caller comes to them."""
    incoming, drawn = _incoming(boxes), set[str]()
    found: list[tuple[str, int]] = []
    for box in _as_reached(boxes, at):
        for port, way in enumerate(box.ports):
            if way.target is None or way.target not in at:
                continue
            if incoming[way.target] < HUB or way.target not in drawn:
                found.append((box.name, port))
            drawn.add(way.target)
    return found


def _as_reached(boxes: Sequence[Box], at: Mapping[str, int]) -> list[Box]:
    seen: dict[int, None] = {}
    for root in range(len(boxes)):
        waiting = [root] if root not in seen else []
        for index in waiting:
            if index not in seen:
                seen[index] = None
                waiting += [
                    at[port.target] for port in boxes[index].ports if port.target is not None and port.target in at
                ]
    return [boxes[index] for index in seen]


def _blocks(graph: Graph, plan: _Plan) -> list[list[Block]]:
    """What hangs together, arranged, by band."""
    known = graph.named()
    return [
        [_block([_card(box, known, plan, graph.language) for box in part], plan.lines) for part in _parts(boxes, plan)]
        for boxes in plan.bands
    ]


def _laid_out(plan: _Plan, bands: Sequence[Block]) -> Sheet:
    whole = below(bands, BAND_GAP)
    if not plan.endings:
        return Sheet(whole.placed, whole.wires, whole.width, whole.height, None, len(bands))
    endings_at = whole.height + BAND_GAP
    aside, width, height = _in_rows([card_of(box, ()) for box in plan.endings], whole.width, endings_at + 14.0)
    return Sheet((*whole.placed, *aside), whole.wires, max(whole.width, width), height, endings_at, len(bands))


def _parts(boxes: Sequence[Box], plan: _Plan) -> list[list[Box]]:
    """The boxes that lines hold together, part by part in the order of their first boxes."""
    of = {box.name: at for at, box in enumerate(boxes)}
    for box in boxes:
        for port, way in enumerate(box.ports):
            if (box.name, port) in plan.lines and way.target in of:
                one, other = sorted((of[box.name], of[way.target]))
                of = {name: one if part == other else part for name, part in of.items()}
    parts: dict[int, list[Box]] = {}
    for box in boxes:
        parts.setdefault(of[box.name], []).append(box)
    return list(parts.values())


def _card(box: Box, known: Mapping[str, Box], plan: _Plan, language: str) -> Card:
    return card_of(box, tuple(_pill(box, port, known, plan, language) for port in range(len(box.ports))))


def _pill(box: Box, port: int, known: Mapping[str, Box], plan: _Plan, language: str) -> Pill | None:
    target = box.ports[port].target
    if (box.name, port) in plan.lines:
        return None
    if target is None:
        return pill(words.plain("ends", language), "end", None)
    goal = known.get(target)
    if goal is None:
        return pill(words.pretty(target), "on", None)
    if goal in plan.endings:
        return pill(goal.title, "end", target)
    back = any(goal in band and _before(goal, box, plan) for band in plan.bands)
    return pill(goal.title, "back" if back else "on", target)


def _before(goal: Box, box: Box, plan: _Plan) -> bool:
    """Whether `goal` leads to `box` by lines, or stands in an earlier band: who goes there goes back."""
    order = {one.name: row for row, band in enumerate(plan.bands) for one in band}
    if order[goal.name] != order[box.name]:
        return order[goal.name] < order[box.name]
    by_name = {one.name: one for band in plan.bands for one in band}
    seen, waiting = {goal.name}, [goal.name]
    for name in waiting:
        for port, way in enumerate(by_name[name].ports):
            if (name, port) in plan.lines and way.target is not None and way.target not in seen:
                seen.add(way.target)
                waiting.append(way.target)
    return box.name in seen


def _block(cards: Sequence[Card], drawn: frozenset[tuple[str, int]]) -> Block:
    at = {card.box.name: index for index, card in enumerate(cards)}
    ports = [tuple(i for i in range(len(card.ways)) if (card.box.name, i) in drawn) for card in cards]
    edges: list[Edge] = []
    ways: list[tuple[Card, Way]] = []
    hottest = max((way.port.count or 0 for card in cards for way in card.ways), default=0)
    for index, card in enumerate(cards):
        for place, port in enumerate(ports[index]):
            way = card.ways[port]
            straight = (way.port.count or 0) / hottest if hottest else float(not place)
            edges.append(Edge(index, place, at[str(way.port.target)], 1.0 + STRAIGHT * straight))
            ways.append((card, way))
    arranged = arrange([card.size(of) for card, of in zip(cards, ports, strict=True)], edges, WIDTH)
    placed = tuple(Placed(card, x, y) for card, (x, y) in zip(cards, arranged.boxes, strict=True))
    wires = tuple(
        Wire(card.box.name, str(way.port.target), way, points)
        for (card, way), points in zip(ways, arranged.edges, strict=True)
    )
    return Block(placed, wires, arranged.width, arranged.height)


def _in_rows(cards: Sequence[Card], wide: float, top: float) -> tuple[list[Placed], float, float]:
    """Cards beside each other, in as many rows as it takes."""
    placed: list[Placed] = []
    x = width = tall = 0.0
    for card in cards:
        if x and x + WIDTH > max(wide, WIDTH):
            x, top, tall = 0.0, top + tall + CARD_GAP, 0.0
        placed.append(Placed(card, x, top))
        width, tall = max(width, x + WIDTH), max(tall, card.height)
        x += WIDTH + CARD_GAP
    return placed, width, top + tall


__all__ = ["Placed", "Sheet", "Wire", "sheets"]
