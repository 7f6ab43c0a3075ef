"""The sheet as SVG: text is text, every box has a title for those who cannot see it, the paper is white."""

import math
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from ivr.picture import words
from ivr.picture.arranging import Point
from ivr.picture.card import LABEL_LINE, LINE, PAD, PILL_AT, SMALL, WIDTH, Card, Pill, Way, count_text
from ivr.picture.graph import Graph, Mark
from ivr.picture.measure import width
from ivr.picture.page import EDGE_MM, HEAD, Page, on_page
from ivr.picture.shapes import LOOKS, inner, look_of, number, outline
from ivr.picture.sheet import Placed, Wire, sheets

CORNER = 6.0
STYLE = """
text{font-family:Helvetica,Arial,'Liberation Sans','DejaVu Sans',sans-serif;fill:#111}
.k{font-size:9.5px;fill:#333;letter-spacing:.4px}.t{font-size:13px;font-weight:700}.b{font-size:11px}
.q{font-size:11px;fill:#222;font-style:italic}.s{font-size:9.5px}.n{font-size:9.5px;font-weight:700}
.h{font-size:20px;font-weight:700}.m{font-size:11px;fill:#333}.w{fill:none;stroke:#333;stroke-linejoin:round}
.u{fill:none;stroke:#fff}.r{stroke:#999;stroke-width:.6}.x{fill:#a1001e}.g{font-size:13px;font-weight:700;fill:#fff}.l{font-size:9.5px;font-weight:700;fill:#a1001e}
.added{stroke:#0b6b2b}.removed{stroke:#b00020;stroke-dasharray:5 3}.changed{stroke:#7a5b00;stroke-dasharray:9 2 2 2}
a:focus,a:hover{outline:2px solid #1f4e8c}
"""
_SIGNS = {Mark.ADDED: ("+", "#0b6b2b"), Mark.REMOVED: ("−", "#b00020"), Mark.CHANGED: ("≠", "#7a5b00")}


def svg(graph: Graph, page: str = "") -> str:
    """The picture, on the smallest page on which it can be read, or on that page."""
    return "\n".join(_document(graph, on_page(sheets(graph), page))) + "\n"


def _document(graph: Graph, page: Page) -> Iterator[str]:
    scale, sheet = page.scale, page.sheet
    view = f"{number(page.width / scale)} {number(page.height / scale)}"
    edge = EDGE_MM / scale
    left = edge + max((page.width / scale - 2 * edge - sheet.width) / 2, 0)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{number(page.width)}mm" height="{number(page.height)}mm" '
        f'viewBox="0 0 {view}" lang="{graph.language}" aria-labelledby="title desc" role="group" '
        'style="color-scheme:light;background:#fff">'
    )
    yield f'<title id="title">{escape(graph.title)}</title>'
    yield f'<desc id="desc">{escape(description(graph))}</desc>'
    yield f"<style>{STYLE}@page{{size:{number(page.width)}mm {number(page.height)}mm;margin:0}}</style>"
    yield _markers()
    yield '<rect width="100%" height="100%" fill="#fff"/>'
    yield f'<text class="h" x="{number(edge)}" y="{number(edge + 20)}">{escape(graph.title)}</text>'
    yield f'<text class="m" x="{number(edge)}" y="{number(edge + 37)}">{escape(graph.remark)}</text>'
    yield f'<g transform="translate({number(left)} {number(edge + HEAD)})">'
    for wire in sheet.wires:
        yield from _wire(wire)
    if sheet.endings_at is not None:
        yield f'<text class="t" x="0" y="{number(sheet.endings_at)}">{words.plain("endings", graph.language)}</text>'
    for placed in sheet.placed:
        yield from _card(placed, graph)
    yield "</g>"
    yield from _legend(graph, edge, page.height / scale - edge - 34)
    yield "</svg>"


def description(graph: Graph) -> str:
    """The picture in words, step by step."""
    named = graph.named()
    told = []
    for box in graph.boxes:
        ways = [
            f"{port.label or words.plain('on', graph.language)}: "
            + (named[port.target].title if port.target in named else port.target or words.plain("ends", graph.language))
            for port in box.ports
        ]
        told.append(f"{box.kind} {box.title}" + (f" ({'; '.join(ways)})" if ways else ""))
    return ". ".join(told) + "."


def _markers() -> str:
    heads = (("a", "#333"), *((mark.value, colour) for mark, (_, colour) in _SIGNS.items()))
    made = "".join(
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 .5 7.5 4 0 7.5z" fill="{colour}"/></marker>'
        for name, colour in heads
    )
    return f"<defs>{made}</defs>"


def thickness(count: int | None) -> float:
    """How thick the line of so many callers is."""
    return 1.3 if count is None else 0.8 if not count else min(1.2 + 1.5 * math.log10(count + 1), 9.0)


def _wire(wire: Wire) -> Iterator[str]:
    mark, thick = wire.way.port.mark, thickness(wire.way.port.count)
    thick += 1.4 if mark is Mark.ADDED else 0.4 if mark else 0.0
    path = _path(wire.points)
    dim = ' stroke-opacity=".55"' if wire.way.port.count == 0 else ""
    yield f'<path class="u" d="{path}" stroke-width="{number(thick + 4)}"/>'
    yield (
        f'<path class="w {mark.value}" d="{path}" stroke-width="{number(thick)}"{dim} '
        f'marker-end="url(#{mark.value or "a"})"/>'
    )


def _path(points: tuple[Point, ...]) -> str:
    """Level and upright lines with rounded corners."""
    path = f"M{number(points[0][0])} {number(points[0][1])}"
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        r = min(CORNER, _distance(before, here) / 2, _distance(here, after) / 2)
        entry, leave = _towards(here, before, r), _towards(here, after, r)
        path += f"L{number(entry[0])} {number(entry[1])}Q{number(here[0])} {number(here[1])} "
        path += f"{number(leave[0])} {number(leave[1])}"
    return path + f"L{number(points[-1][0])} {number(points[-1][1])}"


def _distance(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _towards(here: Point, other: Point, r: float) -> Point:
    far = _distance(here, other) or 1.0
    return here[0] + (other[0] - here[0]) * r / far, here[1] + (other[1] - here[1]) * r / far


def _card(placed: Placed, graph: Graph) -> Iterator[str]:
    card, x, y = placed.card, placed.x, placed.y
    box, look = card.box, look_of(card.box.type)
    label = escape(" · ".join(filter(None, (f"{box.kind}: {box.title}", *box.facts, box.said, box.note))))
    yield f"<g id={quoteattr('step-' + box.name)}><title>{label}</title>"
    colour = f'fill="{look.fill}" stroke="{look.stroke}" stroke-width="{1.4 if not box.mark else 1}"'
    yield f'<path d="{outline(look.outline, x, y, WIDTH, card.height)}" {colour}/>'
    if lines := inner(look.outline, x, y, WIDTH, card.height):
        yield f'<path d="{lines}" fill="none" stroke="{look.stroke}" stroke-width="1.2"/>'
    if box.mark:
        yield from _mark(placed, graph.language)
    yield from _text(card, x, y)
    for way in card.ways:
        yield from _way(way, x, y)
    if box.left:
        yield from _left(box.left, x, y + card.height, graph.language)
    yield "</g>"


def _mark(placed: Placed, language: str) -> Iterator[str]:
    box = placed.card.box
    sign, colour = _SIGNS[box.mark]
    x, y, h = placed.x, placed.y, placed.card.height
    d = outline(look_of(box.type).outline, x - 3, y - 3, WIDTH + 6, h + 6)
    yield f'<path class="w {box.mark.value}" d="{d}" stroke-width="{3 if box.mark is Mark.ADDED else 2.2}"/>'
    at = number(x + WIDTH - 14), number(y + 13)
    yield f'<circle cx="{at[0]}" cy="{at[1]}" r="8" fill="{colour}"/>'
    yield (
        f'<text class="g" x="{at[0]}" y="{number(y + 17.5)}" text-anchor="middle">{sign}'
        f"<title>{words.plain(box.mark.value, language)}</title></text>"
    )


def _text(card: Card, x: float, y: float) -> Iterator[str]:
    left = number(x + PAD)
    yield f'<text class="k" x="{left}" y="{number(y + 15)}">{escape(card.box.kind.upper())}</text>'
    at = y + 16.0
    for line in card.title:
        at += 16.0
        yield f'<text class="t" x="{left}" y="{number(at - 1)}">{escape(line)}</text>'
    for css, lines in (("b", card.facts), ("q", card.said)):
        for line in lines:
            at += LINE
            yield f'<text class="{css}" x="{left}" y="{number(at)}">{escape(line)}</text>'


def _way(way: Way, x: float, y: float) -> Iterator[str]:
    right, at = x + WIDTH, y + way.y
    if way.labels:
        yield f'<path class="r" d="M{number(x + PAD)} {number(at - way.height / 2)}H{number(right - PAD)}"/>'
    colour = f' style="fill:{_SIGNS[way.port.mark][1]};font-weight:700"' if way.port.mark else ""
    first = at + 4 - LABEL_LINE * (len(way.labels) - 1) / 2
    for line, label in enumerate(way.labels):
        place = f'x="{number(right - PAD)}" y="{number(first + LABEL_LINE * line)}"'
        yield f'<text class="b" {place} text-anchor="end"{colour}>{escape(label)}</text>'
    beside = 0.0
    if way.port.count:
        told = count_text(way.port.count)
        beside = width(told, SMALL) + 8
        above = number(at - 4 - thickness(way.port.count) / 2)
        yield f'<text class="n" x="{number(right + 5)}" y="{above}">{told}</text>'
    if way.pill is not None:
        yield from _pill(way, way.pill, right, at, beside)


def _pill(way: Way, pill: Pill, right: float, at: float, beside: float) -> Iterator[str]:
    x, mark = right + PILL_AT + beside, way.port.mark
    thick = number(thickness(way.port.count) + (1.2 if mark is Mark.ADDED else 0))
    yield f'<path class="w {mark.value}" d="M{number(right)} {number(at)}H{number(x)}" stroke-width="{thick}"/>'
    filled = "#8c1d34" if pill.role == "end" else "#333"
    ends = "1.2" if pill.role == "end" else "1"
    shape = outline(LOOKS["hangup"].outline, x, at - 7.5, pill.width, 15)
    drawn = f'<path d="{shape}" fill="#fff" stroke="{filled}" stroke-width="{ends}"/>'
    symbol = {
        "end": f"M{number(x + 5)} {number(at - 3)}h6v6h-6z",
        "back": f"M{number(x + 5)} {number(at)}l4.5 -3.5v2.3h3v2.4h-3v2.3z",
        "on": f"M{number(x + 12.5)} {number(at)}l-4.5 -3.5v2.3h-3v2.4h3v2.3z",
    }[pill.role]
    drawn += f'<path d="{symbol}" fill="{filled}"/>'
    drawn += f'<text class="s" x="{number(x + 14.5)}" y="{number(at + 3.3)}">{escape(pill.text)}</text>'
    yield f"<a href={quoteattr('#step-' + pill.target)}>{drawn}</a>" if pill.target else drawn


def _left(count: int, x: float, bottom: float, language: str) -> Iterator[str]:
    at = bottom - 11
    yield f'<circle class="x" cx="{number(x + PAD + 6)}" cy="{number(at)}" r="5"/>'
    cross = f"M{number(x + PAD + 4)} {number(at - 2)}l4 4m0 -4l-4 4"
    yield f'<path d="{cross}" stroke="#fff" stroke-width="1.3"/>'
    told = f"{count_text(count)} {words.plain('left', language)}"
    yield f'<text class="l" x="{number(x + PAD + 15)}" y="{number(at + 3.3)}">{escape(told)}</text>'


def _legend(graph: Graph, x: float, y: float) -> Iterator[str]:
    kinds = dict.fromkeys((box.type, box.kind) for box in graph.boxes)
    by_look: dict[tuple[str, str], list[str]] = {}
    for type_, kind in kinds:
        look = look_of(type_)
        by_look.setdefault((look.outline.value, look.fill), []).append(kind)
    types = {(look_of(type_).outline.value, look_of(type_).fill): type_ for type_, _ in reversed(kinds)}
    yield f'<g><text class="k" x="{number(x)}" y="{number(y)}">{words.plain("legend", graph.language).upper()}</text>'
    at = x
    for key, names in by_look.items():
        look = look_of(types[key])
        yield f'<path d="{outline(look.outline, at, y + 8, 34, 20)}" fill="{look.fill}" stroke="{look.stroke}"/>'
        if lines := inner(look.outline, at, y + 8, 34, 20):
            yield f'<path d="{lines}" fill="none" stroke="{look.stroke}"/>'
        told = ", ".join(names)
        yield f'<text class="s" x="{number(at + 40)}" y="{number(y + 21)}">{escape(told)}</text>'
        at += 40 + width(told, SMALL) + 18
    for mark, (sign, colour) in _SIGNS.items():
        if any(box.mark is mark or any(port.mark is mark for port in box.ports) for box in graph.boxes):
            told = f"{sign} {words.plain(mark.value, graph.language)}"
            yield f'<path class="w {mark.value}" d="M{number(at)} {number(y + 18)}h34" stroke-width="2.5"/>'
            yield f'<text class="n" x="{number(at + 40)}" y="{number(y + 21)}" style="fill:{colour}">{told}</text>'
            at += 40 + width(told, SMALL) + 18
    yield "</g>"
