"""The order of boxes within their layers: few crossings, and the order in which people read where that costs none."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field

from ivr.picture.layers import Edge, Size

SWEEPS = 24


@dataclass(slots=True)
class Cell:
    """A box, or the place where a long edge passes a layer (`box` None). Two cells of one chain are in a line."""

    layer: int
    size: Size
    box: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A piece of an edge from one layer to the next, between cells by index."""

    source: int
    port: int
    target: int
    edge: int
    weight: float


@dataclass(slots=True)
class Grid:
    """Cells by layer in their order from the top, and the links between neighbouring layers."""

    cells: list[Cell]
    rows: list[list[int]]
    links: list[Link]
    out: list[list[Link]] = field(default_factory=list)
    into: list[list[Link]] = field(default_factory=list)


PASS = Size(10.0, (5.0,))
"""The room that an edge takes where it passes a layer."""


def grid_of(sizes: Sequence[Size], edges: Sequence[Edge], layer: Sequence[int]) -> Grid:
    """Long edges cut at each layer that they pass; the rows in the order in which the boxes are reached."""
    cells = [Cell(layer[box], size, box) for box, size in enumerate(sizes)]
    links: list[Link] = []
    for index, edge in enumerate(edges):
        before, port = edge.source, edge.port
        for passed in range(layer[edge.source] + 1, layer[edge.target]):
            cells.append(Cell(passed, PASS))
            links.append(Link(before, port, len(cells) - 1, index, edge.weight + 2.0))
            before, port = len(cells) - 1, 0
        links.append(Link(before, port, edge.target, index, edge.weight + (1.0 if before >= len(sizes) else 0.0)))
    grid = Grid(cells, [[] for _ in range(max(layer, default=0) + 1)], links)
    grid.out, grid.into = [[] for _ in cells], [[] for _ in cells]
    for link in links:
        grid.out[link.source].append(link)
        grid.into[link.target].append(link)
    for cell in _as_reached(grid):
        grid.rows[cells[cell].layer].append(cell)
    return grid


def _as_reached(grid: Grid) -> list[int]:
    seen: dict[int, None] = {}
    for root in range(len(grid.cells)):
        stack = [root]
        while stack:
            cell = stack.pop()
            if cell not in seen and (cell != root or not grid.into[cell] or root == 0):
                seen[cell] = None
                stack += [link.target for link in sorted(grid.out[cell], key=lambda link: -link.port)]
    return [*seen, *(cell for cell in range(len(grid.cells)) if cell not in seen)]


def order(grid: Grid) -> None:
    """Sort the rows: sweeps by medians, then swaps of neighbours, and the best that was seen is kept."""
    best, fewest = [list(row) for row in grid.rows], crossings(grid)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        down = sweep % 2 == 0
        for row in grid.rows[1:] if down else reversed(grid.rows[:-1]):
            _sort_by_median(grid, row, down=down)
        _swap(grid)
        now = crossings(grid)
        if now < fewest:
            best, fewest = [list(row) for row in grid.rows], now
    grid.rows = best


def _places(grid: Grid) -> list[int]:
    place = [0] * len(grid.cells)
    for row in grid.rows:
        for at, cell in enumerate(row):
            place[cell] = at
    return place


def _ends(grid: Grid, cell: int, place: Sequence[int], *, down: bool) -> list[float]:
    """Where the neighbours of a cell are, ports in between."""
    if down:
        return sorted(_from(grid, link, place) for link in grid.into[cell])
    return sorted(float(place[link.target]) for link in grid.out[cell])


def _from(grid: Grid, link: Link, place: Sequence[int]) -> float:
    ports = len(grid.cells[link.source].size.ports)
    return place[link.source] + (link.port + 1) / (ports + 2)


def _sort_by_median(grid: Grid, row: list[int], *, down: bool) -> None:
    place = _places(grid)
    wish: dict[int, float] = {}
    for at, cell in enumerate(row):
        ends = _ends(grid, cell, place, down=down)
        half = len(ends) // 2
        wish[cell] = at if not ends else ends[half] if len(ends) % 2 else (ends[half - 1] + ends[half]) / 2
    movable = [cell for cell in row if _ends(grid, cell, place, down=down)]
    ranked = iter(sorted(movable, key=lambda cell: wish[cell]))
    row[:] = [next(ranked) if cell in set(movable) else cell for cell in row]


def _swap(grid: Grid) -> None:
    """Neighbours change places where that takes crossings away, until it takes none."""
    for _ in range(4):
        place, better = _places(grid), False
        for row in grid.rows:
            for at in range(len(row) - 1):
                first, second = row[at], row[at + 1]
                if _between(grid, first, second, place) > _between(grid, second, first, place):
                    row[at], row[at + 1] = second, first
                    place[first], place[second] = place[second], place[first]
                    better = True
        if not better:
            return


def _between(grid: Grid, first: int, second: int, place: Sequence[int]) -> int:
    """Crossings of the links of two neighbours when `first` stands above `second`."""
    count = 0
    for down in (True, False):
        above = _ends(grid, first, place, down=down)
        below = _ends(grid, second, place, down=down)
        count += sum(bisect_left(below, end) for end in above)
    return count


def crossings(grid: Grid) -> int:
    """How many pairs of links cross, in all."""
    place, count = _places(grid), 0
    for row in grid.rows:
        links = [link for cell in row for link in grid.out[cell]]
        links.sort(key=lambda link: (_from(grid, link, place), place[link.target]))
        seen: list[int] = []
        for link in links:
            end = place[link.target]
            count += len(seen) - bisect_left(seen, end + 1)
            insort(seen, end)
    return count
