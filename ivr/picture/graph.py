"""A flow as boxes with ports: what a picture says, before anything has a place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ivr.files.flow import Flow
from ivr.language.calendar import Calendar
from ivr.language.prompting import Said
from ivr.language.ways import Kind, Way
from ivr.nodes import Node
from ivr.picture import words
from ivr.picture.hours import week_lines

ENTRY = ""
"""The name of the box where callers come in; no step is called so."""


class Mark(StrEnum):
    """What became of a thing since another version."""

    NONE = ""
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Port:
    """A way out of a box, or several to one place. `target` None: the call ends there."""

    label: str
    target: str | None
    mark: Mark = Mark.NONE
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A step. `said` are the first words of what is heard there, `facts` what else counts, `left` who hung up there."""

    name: str
    type: str
    title: str
    kind: str
    facts: tuple[str, ...] = ()
    said: str = ""
    note: str = ""
    ports: tuple[Port, ...] = ()
    mark: Mark = Mark.NONE
    left: int | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """All boxes, the entry first. `remark` stands below the title."""

    title: str
    language: str
    boxes: tuple[Box, ...]
    remark: str = ""

    def named(self) -> dict[str, Box]:
        return {box.name: box for box in self.boxes}


@dataclass(frozen=True, slots=True)
class Traffic:
    """How many callers went from step to step (from "" where they came in), and how many hung up at each."""

    went: Mapping[tuple[str, str], int]
    left: Mapping[str, int] = field(default_factory=dict)
    ended: Mapping[str, int] = field(default_factory=dict)
    period: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a flow and helps to read it: calendars, and people's names for queues and the like."""

    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    titles: Mapping[tuple[str, str], str] = field(default_factory=dict)


NOTHING_AROUND = Around()


def graph_of(
    flow: Flow, language: str = "nb", around: Around = NOTHING_AROUND, traffic: Traffic | None = None
) -> Graph:
    """The flow's graph in words of `language`."""
    boxes = [_entry(flow, language, around)]
    boxes += [box_of(name, node, language, around) for name, node in flow.nodes.items()]
    remark = f"{words.plain('flow', language)} {flow.flow} · {words.plain('version', language)} {flow.version}"
    if traffic is None:
        return Graph(flow.title, language, tuple(boxes), remark)
    counted = tuple(_counted(box, traffic) for box in boxes)
    known = {(box.name, port.target) for box in counted for port in box.ports}
    lost = sum(count for way, count in traffic.went.items() if way not in known)
    remark += f" · {words.plain('counts', language)} {traffic.period}" if traffic.period else ""
    remark += f" · {lost} {words.plain('uncounted', language)}" if lost else ""
    return Graph(flow.title, language, counted, remark)


def box_of(name: str, node: Node, language: str, around: Around = NOTHING_AROUND, mark: Mark = Mark.NONE) -> Box:
    """A step as a box; ways to the same place share a port."""
    facts = [_need(kind, what, language, around) for kind, what in node.needs().values()]
    facts += [f"{variable} = {value.text}" for variable, value in node.assigns().items()]
    return Box(
        name,
        node.type,
        words.pretty(name),
        words.of_type(node.type, language),
        tuple(dict.fromkeys(facts)),
        first_words(node.texts(), language),
        node.note,
        ports_of(node.ways(), language),
        mark,
    )


def ports_of(ways: Iterable[Way], language: str) -> tuple[Port, ...]:
    """One port a target, in the order of the ways."""
    by_target: dict[str | None, list[Way]] = {}
    for way in ways:
        by_target.setdefault(way.target, []).append(way)
    return tuple(Port(_label(some, language), target) for target, some in by_target.items())


def _label(ways: list[Way], language: str) -> str:
    return "" if all(way.kind is Kind.NEXT for way in ways) else words.of_ways(ways, language)


def first_words(texts: Mapping[tuple[str | int, ...], Said], language: str) -> str:
    """What is heard first at a step: its `say`, a queue's welcome, all choices of a language, or what comes first."""
    choices = [said.text(language)[1] for where, said in texts.items() if where[0] == "choices" and said.texts]
    if choices:
        return " ".join(choices)
    for where in (("say",), ("waiting", "welcome"), *texts):
        said = texts.get(where)
        if said is not None and said.texts:
            return said.text(language)[1]
    return ""


def _need(kind: str, name: str, language: str, around: Around) -> str:
    return f"{words.of_need(kind, language)}: {around.titles.get((kind, name), name)}"


def _entry(flow: Flow, language: str, around: Around) -> Box:
    numbers = ", ".join(flow.numbers[:6]) + (" ..." if len(flow.numbers) > 6 else "")
    facts = [f"{words.plain('numbers', language)} {numbers}" if numbers else words.plain("no_number", language)]
    asked = {name for node in flow.nodes.values() for kind, name in node.needs().values() if kind == "calendar"}
    for name in sorted(asked & set(around.calendars)):
        facts += week_lines(around.calendars[name], language)
    facts.append(" · ".join(flow.languages))
    ports = (Port("", flow.start),)
    return Box(ENTRY, "entry", flow.title, words.of_type("entry", language), tuple(facts), "", "", ports)


def _counted(box: Box, traffic: Traffic) -> Box:
    ports = tuple(
        Port(port.label, port.target, port.mark, _count(box.name, port.target, traffic)) for port in box.ports
    )
    return Box(
        box.name, box.type, box.title, box.kind, box.facts, box.said, box.note, ports, box.mark,
        traffic.left.get(box.name),
    )  # fmt: skip


def _count(name: str, target: str | None, traffic: Traffic) -> int:
    return traffic.ended.get(name, 0) if target is None else traffic.went.get((name, target), 0)
