"""Which boxes stand in which layer: circles are opened, and every edge goes on to a later layer."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """A box: its height, the place of each port below its top, and the room that is needed right of it."""

    height: float
    ports: tuple[float, ...] = ()
    outside: float = 0.0


@dataclass(frozen=True, slots=True)
class Edge:
    """From a port of one box to another, all by index. A heavy edge is drawn straight rather than a light one."""

    source: int
    port: int
    target: int
    weight: float = 1.0


def going_back(count: int, edges: Sequence[Edge]) -> frozenset[int]:
    """The indices of edges that lead back to a box on the way from the first box, and so close a circle."""
    after: list[list[int]] = [[] for _ in range(count)]
    for index, edge in enumerate(edges):
        after[edge.source].append(index)
    back: set[int] = set()
    seen, on_way = [False] * count, [False] * count
    for root in range(count):
        if seen[root]:
            continue
        seen[root] = on_way[root] = True
        stack = [(root, iter(after[root]))]
        while stack:
            at, rest = stack[-1]
            index = next(rest, -1)
            if index < 0:
                on_way[at] = False
                stack.pop()
                continue
            target = edges[index].target
            if on_way[target]:
                back.add(index)
            elif not seen[target]:
                seen[target] = on_way[target] = True
                stack.append((target, iter(after[target])))
    return frozenset(back)


def layers_of(count: int, edges: Sequence[Edge]) -> list[int]:
    """The layer of each box, by the longest path to it; then boxes come nearer to what they lead to.

    `edges` have no circle.
    """
    into: list[list[int]] = [[] for _ in range(count)]
    out: list[list[int]] = [[] for _ in range(count)]
    for edge in edges:
        into[edge.target].append(edge.source)
        out[edge.source].append(edge.target)
    layer = [0] * count
    order = _sorted(count, into, out)
    for box in order:
        layer[box] = max((layer[before] + 1 for before in into[box]), default=0)
    for box in reversed(order):
        if len(out[box]) > len(into[box]):
            layer[box] = max(layer[box], min(layer[after] for after in out[box]) - 1)
    for box in order:
        if not into[box] and out[box]:
            layer[box] = min(layer[after] for after in out[box]) - 1
    return layer


def _sorted(count: int, into: Sequence[Sequence[int]], out: Sequence[Sequence[int]]) -> list[int]:
    lacking = [len(each) for each in into]
    ready = [box for box in range(count) if not lacking[box]]
    for box in ready:
        for after in out[box]:
            lacking[after] -= 1
            if not lacking[after]:
                ready.append(after)
    return ready
