"""The graph as a Mermaid flowchart, for pages that draw Mermaid themselves."""

import re
from collections.abc import Iterator
from typing import Final

from ivr.picture import words
from ivr.picture.graph import Graph, Mark, Port
from ivr.picture.measure import cut
from ivr.picture.shapes import LOOKS, Outline, look_of

_BRACKETS: Final = {
    Outline.STADIUM: ("([", "])"),
    Outline.ROUND: ("(", ")"),
    Outline.CHAMFER: ("{{", "}}"),
    Outline.BARRED: ("[(", ")]"),
    Outline.DOUBLE: ("[[", "]]"),
    Outline.SLANTED: ("[/", "/]"),
    Outline.FOLDED: (">", "]"),
    Outline.SQUARE: ("[", "]"),
}
_UNSAFE = re.compile(r"[^\w .,:;!?/()+*=·…«»'-]")
_WORDS = 620.0


def mermaid(graph: Graph) -> str:
    """The flowchart. Labels are quoted, and every character that means something to Mermaid or HTML is an entity."""
    return "\n".join(_lines(graph)) + "\n"


def escaped(text: str) -> str:
    """The text as it may stand between the quotes of a label."""
    return _UNSAFE.sub(lambda match: f"#{ord(match[0])};", " ".join(text.split()))


def _lines(graph: Graph) -> Iterator[str]:
    ids = {box.name: f"n{at}" for at, box in enumerate(graph.boxes)}
    yield f"%% {_UNSAFE.sub(' ', graph.title)}: {_UNSAFE.sub(' ', graph.remark)}"
    yield "flowchart LR"
    for box in graph.boxes:
        begin, end = _BRACKETS[look_of(box.type).outline]
        parts = [f"{box.kind}: {box.title}", *box.facts, cut(box.said, 11.0, _WORDS)]
        if box.left:
            parts.append(f"{box.left} {words.plain('left', graph.language)}")
        yield f'  {ids[box.name]}{begin}"{"<br/>".join(escaped(part) for part in parts if part)}"{end}'
    wide: list[str] = []
    count = ends = 0
    for box in graph.boxes:
        for port in box.ports:
            target = ids.get(port.target) if port.target is not None else None
            if target is None:
                ends += 1
                target = f'x{ends}(("{escaped(port.target or words.plain("ends", graph.language))}"))'
            yield f"  {ids[box.name]} {_arrow(port)} {target}"
            wide += [f"  linkStyle {count} stroke-width:{min(1 + len(str(port.count)), 9)}px"] if port.count else []
            count += 1
    yield from wide
    for at, (type_, look) in enumerate(LOOKS.items()):
        members = [ids[box.name] for box in graph.boxes if box.type == type_]
        if members:
            yield f"  classDef c{at} fill:{look.fill},stroke:{look.stroke},color:#111111"
            yield f"  class {','.join(members)} c{at}"


def _arrow(port: Port) -> str:
    label = port.label if port.count is None else f"{port.label} ({port.count})".strip()
    line = {Mark.ADDED: "==>", Mark.REMOVED: "-.->"}.get(port.mark, "-->")
    return f'{line}|"{escaped(label)}"|' if label else line
