"""A difference as a picture: the new flow with what is new, and what is gone drawn into it."""

from dataclasses import replace

from ivr.difference.phrases import Phrases
from ivr.difference.steps import Pair
from ivr.difference.traits import print_of, ways_of
from ivr.files.flow import Flow
from ivr.language.ways import Way
from ivr.picture.graph import Around, Box, Graph, Mark, Port, box_of, graph_of, ports_of

GONE = "−"
"""Before the name of a step that is gone, so that a new one may have its name."""


def graph_of_difference(old: Flow, new: Flow, phrases: Phrases, around: Around, remark: str = "") -> Graph:
    """The union of both flows; every box and way is marked by what became of it."""
    pair = Pair.of(old, new, phrases)
    language = phrases.language
    drawn = graph_of(new, language, around)
    entry = drawn.boxes[0]
    ports = [Port("", new.start)]
    if pair.found.get(old.start) != new.start:
        ports = [Port("", new.start, Mark.ADDED), Port("", _name(pair, old.start), Mark.REMOVED)]
    boxes = [replace(entry, ports=tuple(ports))]
    came_from = {now: name for name, now in pair.found.items()}
    boxes += [_box(pair, box, came_from.get(box.name)) for box in drawn.boxes[1:]]
    boxes += [_gone(pair, name, around) for name in old.nodes if name not in pair.found]
    return Graph(new.title, language, tuple(boxes), remark or drawn.remark)


def _name(pair: Pair, old: str) -> str:
    return pair.found.get(old, GONE + old)


def _gone(pair: Pair, name: str, around: Around) -> Box:
    box = box_of(name, pair.old.nodes[name], pair.phrases.language, around, Mark.REMOVED)
    ports = tuple(
        Port(port.label, None if port.target is None else _name(pair, port.target), Mark.REMOVED) for port in box.ports
    )
    return replace(box, name=GONE + name, ports=ports)


def _box(pair: Pair, box: Box, name: str | None) -> Box:
    """A step of the new flow; `name` is what it was called before, None where it is new."""
    if name is None:
        return replace(box, mark=Mark.ADDED, ports=tuple(replace(port, mark=Mark.ADDED) for port in box.ports))
    before, after = pair.old.nodes[name], pair.new.nodes[box.name]
    old, new = ways_of(before), ways_of(after)
    kept, came = list[Way](), list[Way]()
    for key, way in new.items():
        stayed = key in old and pair.same_goal(old[key].target, way.target)
        (kept if stayed else came).append(way)
    went = [
        Way(way.where, None if way.target is None else _name(pair, way.target), way.kind, way.detail)
        for key, way in old.items()
        if key not in new or not pair.same_goal(way.target, new[key].target)
    ]
    language = pair.phrases.language
    ports = list(ports_of(kept, language))
    ports += [replace(port, mark=Mark.ADDED) for port in ports_of(came, language)]
    ports += [replace(port, mark=Mark.REMOVED) for port in ports_of(went, language)]
    changed = print_of(before) != print_of(after)
    return replace(box, ports=tuple(ports), mark=Mark.CHANGED if changed else Mark.NONE)
