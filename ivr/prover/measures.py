"""Circles, and the longest ways through a graph without them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ivr.prover.explore import Edge, Graph
from ivr.prover.state import State

Follow = Callable[[Edge], bool]


@dataclass(frozen=True, slots=True)
class Longest:
    """By state: the greatest sum from it on, and the move to take for it (None where there is no move)."""

    value: Sequence[float]
    by: Sequence[Edge | None]

    def way(self, state: int, follow: Follow) -> Iterator[Edge]:
        """The moves that make the greatest sum from `state` on."""
        edge = self.by[state]
        while edge is not None:
            yield edge
            edge = self.by[edge.target] if edge.target is not None and follow(edge) else None


class Measures:
    """What can be measured of one graph. A move is free when the caller meets it without doing anything."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    @cached_property
    def loops(self) -> list[list[int]]:
        """Circles in which a caller may turn who does nothing, and to whom nobody talks: the states of each."""
        found = []
        for states in components(self._graph, _idle):
            first = states[0]
            if len(states) > 1 or any(edge.target == first and _idle(edge) for edge in self._graph.moves[first]):
                found.append(sorted(states))
        return sorted(found)

    @cached_property
    def _round(self) -> list[int]:
        """By state: the circle that it is in, counting those that need keys or a talk."""
        return _numbered(len(self._graph.states), components(self._graph, lambda edge: True))

    @cached_property
    def _place_round(self) -> list[int]:
        """The same as if time stood still: who comes back to a question by a key an hour later comes back."""
        states = self._graph.states
        places: dict[State, int] = {}
        at = [places.setdefault(replace(state, moment=None, reached=None), len(places)) for state in states]
        merged = Graph(moves=[[] for _ in places], states=list(places))
        for edge in self._graph.edges():
            target = None if edge.target is None else at[edge.target]
            merged.moves[at[edge.source]].append(replace(edge, source=at[edge.source], target=target))
        number = _numbered(len(places), components(merged, lambda edge: True))
        return [number[place] for place in at]

    def onward(self, edge: Edge) -> bool:
        """Whether it is counted as going on: not where it closes a circle (by a key, a talk, or a fault)."""
        if edge.target is None:
            return False
        if edge.chosen and self._place_round[edge.source] == self._place_round[edge.target]:
            return False
        same = self._round[edge.source] == self._round[edge.target]
        return not same or (_idle(edge) and not self.loops)

    @cached_property
    def beginnings(self) -> list[int]:
        """The states where time is counted from: calls' beginnings, and where a circle begins again."""
        again = {edge.target for edge in self._graph.edges() if edge.target is not None and not self.onward(edge)}
        return sorted({*range(self._graph.starts), *again})

    @cached_property
    def circles(self) -> int:
        """How many moves close a circle."""
        return sum(edge.target is not None and not self.onward(edge) for edge in self._graph.edges())

    @cached_property
    def time(self) -> Longest:
        """Seconds of speech and silence to the end, waits in queues left out."""
        return longest(self._graph, lambda edge: edge.takes_s, self.onward)

    @cached_property
    def speech(self) -> Longest:
        """Seconds of speech until something can be chosen, a queue is entered or the call ends."""
        return longest(self._graph, lambda edge: self._heard(edge).speech_s, self.unasked, chosen=True)

    @cached_property
    def texts(self) -> Longest:
        """Texts until something can be chosen, a queue is entered or the call ends."""
        return longest(self._graph, lambda edge: float(len(self._heard(edge).move.said)), self.unasked, chosen=True)

    @cached_property
    def steps(self) -> Longest:
        """Steps in a row in which the caller does nothing and waits for nobody."""
        return longest(self._graph, lambda edge: 1.0, lambda edge: self.onward(edge) and not _progress(edge))

    @cached_property
    def paths(self) -> int:
        """The ways from all beginnings to all ends, each circle once."""
        counted = [0] * len(self._graph.states)
        for state in _ends_first(self._graph, self.onward):
            counted[state] = sum(
                counted[edge.target] if edge.target is not None and self.onward(edge) else 1
                for edge in self._graph.moves[state]
            )
        return sum(counted[: self._graph.starts])

    def unasked(self, edge: Edge) -> bool:
        """Whether a caller goes on by it without having been asked for anything."""
        return self.onward(edge) and not self._asked(edge) and not _progress(edge)

    def _heard(self, edge: Edge) -> Edge:
        """What is heard before one may choose: of a question's moves the one that is made at once."""
        asked = self._asked(edge)
        return min(asked, key=lambda each: each.speech_s) if asked else edge

    def _asked(self, edge: Edge) -> list[Edge]:
        return self._questions[edge.source]

    @cached_property
    def _questions(self) -> list[list[Edge]]:
        """By state: the moves that the caller may choose."""
        return [[edge for edge in moves if edge.chosen] for moves in self._graph.moves]


def _numbered(count: int, components: list[list[int]]) -> list[int]:
    """By state: the number of its component."""
    number = [0] * count
    for index, states in enumerate(components):
        for state in states:
            number[state] = index
    return number


def _idle(edge: Edge) -> bool:
    return not edge.chosen and not edge.talked and not edge.ages


def _progress(edge: Edge) -> bool:
    """Whether the interpreter counts its steps anew after it."""
    return (
        edge.chosen or edge.move.queued_s > 0 or any(act.kind in ("agent", "nobody", "full") for act in edge.move.acts)
    )


def longest(graph: Graph, weight: Callable[[Edge], float], follow: Follow, *, chosen: bool = False) -> Longest:
    """The greatest sums of `weight`; the moves that `follow` lets through close no circle.

    Of equals the one that the caller has `chosen`, or not.
    """
    value = [0.0] * len(graph.states)
    by: list[Edge | None] = [None] * len(graph.states)
    for state in _ends_first(graph, follow):
        for edge in graph.moves[state]:
            whole = weight(edge) + (value[edge.target] if edge.target is not None and follow(edge) else 0.0)
            before = by[state]
            if before is None or (whole, edge.chosen is chosen) > (value[state], before.chosen is chosen):
                value[state], by[state] = whole, edge
    return Longest(value, by)


def _ends_first(graph: Graph, follow: Follow) -> Iterator[int]:
    """All states, each after those that follow it."""
    for states in components(graph, follow):
        yield from states


def components(graph: Graph, follow: Follow) -> list[list[int]]:
    """Tarjan's strongly connected components over the moves that `follow` lets through, ends first."""
    count = len(graph.states)
    low, number = [0] * count, [0] * count
    open_, found = [False] * count, []
    trail: list[int] = []
    serial = 0
    for root in range(count):
        if number[root]:
            continue
        ahead: list[tuple[int, Iterator[Edge]]] = []
        state: int | None = root
        while state is not None or ahead:
            if state is not None:
                serial += 1
                low[state] = number[state] = serial
                open_[state] = True
                trail.append(state)
                ahead.append((state, iter(graph.moves[state])))
            at, edges = ahead[-1]
            state = None
            for edge in edges:
                target = edge.target
                if target is None or not follow(edge):
                    continue
                if not number[target]:
                    state = target
                    break
                if open_[target]:
                    low[at] = min(low[at], number[target])
            if state is None:
                ahead.pop()
                if ahead:
                    low[ahead[-1][0]] = min(low[ahead[-1][0]], low[at])
                if low[at] == number[at]:
                    found.append(_closed(trail, at, open_))
    return found


def _closed(trail: list[int], root: int, open_: list[bool]) -> list[int]:
    states = []
    while True:
        state = trail.pop()
        open_[state] = False
        states.append(state)
        if state == root:
            return states
