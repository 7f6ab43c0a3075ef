"""The whole arrangement of boxes of one width: layers from left to right, and edges that touch no box."""

from collections.abc import Sequence
from dataclasses import dataclass

from ivr.picture.layers import Edge, Size, layers_of
from ivr.picture.ordering import Grid, grid_of, order
from ivr.picture.placing import tops
from ivr.picture.routing import MARGIN, TRACK, Run, assign_tracks, runs

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Arranged:
    """The corner of each box (left, top), the bends of each edge, and the size of all. `crossings` is a measure."""

    boxes: tuple[Point, ...]
    edges: tuple[tuple[Point, ...], ...]
    width: float
    height: float


def arrange(sizes: Sequence[Size], edges: Sequence[Edge], box_width: float) -> Arranged:
    """A place for everything. `edges` have no circle; the same input gives the same places."""
    if not sizes:
        return Arranged((), (), 0.0, 0.0)
    grid = grid_of(sizes, edges, layers_of(len(sizes), edges))
    order(grid)
    y = tops(grid)
    channels = _channels(grid, runs(grid, y))
    lefts, tracks, width = _columns(grid, channels, box_width)
    lines = _lines(grid, channels, lefts, tracks, box_width, len(edges))
    places = [(lefts[cell.layer], top) for cell, top in zip(grid.cells, y, strict=True) if cell.box is not None]
    height = max(top + cell.size.height for cell, top in zip(grid.cells, y, strict=True))
    return Arranged(tuple(places), lines, width, height)


def _channels(grid: Grid, all_runs: Sequence[Run]) -> list[list[Run]]:
    channels: list[list[Run]] = [[] for _ in grid.rows]
    for run in all_runs:
        channels[grid.cells[run.target].layer - 1].append(run)
    return channels


def _columns(grid: Grid, channels: Sequence[Sequence[Run]], box_width: float) -> tuple[list[float], list[float], float]:
    """The left of each column, where the tracks behind it begin, and the width of all."""
    lefts, tracks, x = [], [], 0.0
    for row, channel in zip(grid.rows, channels, strict=True):
        outside = max((grid.cells[cell].size.outside for cell in row), default=0.0)
        lefts.append(x)
        tracks.append(x + box_width + outside + MARGIN)
        count = assign_tracks(channel)
        x = tracks[-1] + max(count - 1, 0) * TRACK + MARGIN + 4
    last = max((grid.cells[cell].size.outside for cell in grid.rows[-1]), default=0.0)
    return lefts, tracks, lefts[-1] + box_width + last


def _lines(
    grid: Grid,
    channels: Sequence[Sequence[Run]],
    lefts: Sequence[float],
    tracks: Sequence[float],
    box_width: float,
    edges: int,
) -> tuple[tuple[Point, ...], ...]:
    """The bends of each edge, pieced together from its links, which stand in the edge's order."""
    by_link = {run.link: (run, layer) for layer, channel in enumerate(channels) for run in channel}
    lines: list[list[Point]] = [[] for _ in range(edges)]
    for at, link in enumerate(grid.links):
        run, layer = by_link[at]
        line = lines[link.edge]
        if not line:
            line.append((lefts[layer] + box_width, run.leaves))
        if not run.level:
            x = tracks[layer] + run.track * TRACK
            line += [(x, run.leaves), (x, run.arrives)]
        if grid.cells[run.target].box is not None:
            line.append((lefts[layer + 1], line[-1][1]))
    return tuple(tuple(line) for line in lines)
