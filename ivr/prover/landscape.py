"""What is the same for every caller of a flow: the flows within reach, what they ask, and which values matter."""

from collections.abc import Iterable, Mapping
from functools import cached_property

from ivr.book import FlowBook
from ivr.files.flow import Flow
from ivr.language.expression import Expression, Scalar
from ivr.language.unknowns import names, values_of
from ivr.language.ways import Known
from ivr.nodes import Node

Place = tuple[str, str]
"""A flow and a node of it."""

_SUBFLOW = "flow"


class Landscape:
    """One flow that callers ring, and the flows that it calls."""

    def __init__(self, book: FlowBook, root: Flow, settings: Mapping[str, Scalar]) -> None:
        self.book = book
        self.root = root
        self.settings = settings
        self.flows = self._within_reach()
        self._values: dict[tuple[str, str], tuple[Known, ...]] = {}
        self._kept: dict[str, frozenset[str]] = {}
        self._types = {name: flow.types() for name, flow in self.flows.items()}

    def _within_reach(self) -> dict[str, Flow]:
        found: dict[str, Flow] = {}
        ahead = [self.root]
        while ahead:
            flow = ahead.pop()
            if flow.flow not in found:
                found[flow.flow] = flow
                ahead += [self.book.by_name[name] for name in called_by(flow) if name in self.book.by_name]
        return found

    @cached_property
    def calendars(self) -> frozenset[str]:
        """The calendars that are asked."""
        needs = (need for node in self._nodes() for need in node.needs().values())
        return frozenset(name for kind, name in needs if kind == "calendar" and name in self.book.calendars)

    @cached_property
    def instants(self) -> frozenset[int]:
        """The moments of the epoch, in milliseconds, from which on some node does something else."""
        return frozenset(at_ms for node in self._nodes() for at_ms in node.changes_at())

    def _nodes(self) -> Iterable[Node]:
        return (node for flow in self.flows.values() for node in flow.nodes.values())

    @cached_property
    def minds_time(self) -> frozenset[Place]:
        """The nodes from which a caller may come to one that asks what time it is, in its flow or a called one."""
        asking = {place for place, node in self._places() if _asks(node)}
        before = self._before()
        ahead = list(asking)
        while ahead:
            for place in before.get(ahead.pop(), ()):
                if place not in asking:
                    asking.add(place)
                    ahead.append(place)
        return frozenset(asking)

    def _before(self) -> dict[Place, list[Place]]:
        before: dict[Place, list[Place]] = {}
        for place, node in self._places():
            after = [(place[0], target) for target in node.targets().values()]
            for kind, name in node.needs().values():
                if kind == _SUBFLOW and name in self.flows:
                    after.append((name, self.flows[name].start))
            for each in after:
                before.setdefault(each, []).append(place)
        return before

    def _places(self) -> Iterable[tuple[Place, Node]]:
        return (((flow.flow, name), node) for flow in self.flows.values() for name, node in flow.nodes.items())

    def kept(self, flow: str) -> frozenset[str]:
        """The variables of a flow that change where its callers get; the others are not followed."""
        if flow not in self._kept:
            asked = {name for expression in self._expressions(flow) for name in names(expression)}
            taken = {theirs for node in self._nodes() for theirs in getattr(node, "take", {}).values() if _word(theirs)}
            self._kept[flow] = frozenset(asked | taken | {"language", "crisis"})
        return self._kept[flow]

    def types(self, flow: str) -> Mapping[str, type]:
        """The types of a flow's variables."""
        return self._types[flow]

    def values(self, flow: str, variable: str, kind: type) -> tuple[Known, ...]:
        """The values that a variable may get, such that every condition on it is seen both ways."""
        key = (flow, variable)
        if key not in self._values:
            self._values[key] = values_of(variable, kind, self._expressions(flow))
        return self._values[key]

    def _expressions(self, flow: str) -> list[Expression]:
        found: list[Expression] = []
        for node in self.flows[flow].nodes.values():
            for expressions in (node.conditions(), node.expressions(), node.assigns()):
                found += expressions.values()
        return found


def called_by(flow: Flow) -> set[str]:
    """The names of the flows that it calls."""
    needs = (need for node in flow.nodes.values() for need in node.needs().values())
    return {name for kind, name in needs if kind == _SUBFLOW}


def _asks(node: Node) -> bool:
    return bool(node.changes_at()) or any(kind == "calendar" for kind, _ in node.needs().values())


def _word(given: object) -> bool:
    return isinstance(given, str)
