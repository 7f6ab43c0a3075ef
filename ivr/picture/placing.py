"""Heights: every cell as near as can be to what it is linked with, heavy links straight, nothing over another."""

from collections.abc import Sequence
from itertools import pairwise

from ivr.picture.ordering import Grid

GAP = 22.0
PASS_GAP = 8.0
ENTRY = 22.0
"""Where an edge would like to enter a box, below its top."""
ROUNDS = 40
NEARLY = 24.0


def tops(grid: Grid) -> list[float]:
    """The top of each cell; the least is 0."""
    y = [0.0] * len(grid.cells)
    for row in grid.rows:
        at = 0.0
        for cell in row:
            y[cell] = at
            at += grid.cells[cell].size.height + GAP
    for turn in range(ROUNDS):
        rows = grid.rows if turn % 2 == 0 else grid.rows[::-1]
        for row in rows:
            _settle(grid, row, y, both=turn > ROUNDS // 4, forward=turn % 2 == 0)
    least = min(y, default=0.0)
    whole = [float(round(top - least)) for top in y]
    for row in grid.rows:
        _straighten(grid, row, whole)
    return whole


def _straighten(grid: Grid, row: Sequence[int], y: list[float]) -> None:
    """Long edges that nearly go on level go on level, where nothing is in the way."""
    for at, cell in enumerate(row):
        if grid.cells[cell].box is not None:
            continue
        link = grid.into[cell][0]
        top = y[link.source] + grid.cells[link.source].size.ports[link.port] - _entry(grid, cell)
        clear = at == 0 or y[row[at - 1]] + _room(grid, row[at - 1], cell) <= top
        clear = clear and (at + 1 == len(row) or top + _room(grid, cell, row[at + 1]) <= y[row[at + 1]])
        if clear and abs(top - y[cell]) <= NEARLY:
            y[cell] = top


def _settle(grid: Grid, row: Sequence[int], y: list[float], *, both: bool, forward: bool) -> None:
    wishes, weights = [], []
    for cell in row:
        total = wish = 0.0
        if both or forward:
            for link in grid.into[cell]:
                port = y[link.source] + grid.cells[link.source].size.ports[link.port]
                wish += link.weight * (port - _entry(grid, cell))
                total += link.weight
        if both or not forward:
            for link in grid.out[cell]:
                goal = y[link.target] + _entry(grid, link.target)
                wish += link.weight * (goal - grid.cells[cell].size.ports[link.port])
                total += link.weight
        wishes.append(wish / total if total else y[cell])
        weights.append(total or 0.1)
    room = [_room(grid, above, below) for above, below in pairwise(row)]
    for cell, top in zip(row, nearest(wishes, weights, room), strict=True):
        y[cell] = top


def _entry(grid: Grid, cell: int) -> float:
    size = grid.cells[cell].size
    return ENTRY if grid.cells[cell].box is not None else size.ports[0]


def _room(grid: Grid, above: int, below: int) -> float:
    passing = grid.cells[above].box is None or grid.cells[below].box is None
    return grid.cells[above].size.height + (PASS_GAP if passing else GAP)


def nearest(wishes: Sequence[float], weights: Sequence[float], room: Sequence[float]) -> list[float]:
    """The places nearest to the wishes (by weighted squares) that keep `room` between neighbours, in their order."""
    if not wishes:
        return []
    ahead = [0.0]
    for each in room:
        ahead.append(ahead[-1] + each)
    pools: list[tuple[float, float, int]] = []
    for wish, weight, before in zip(wishes, weights, ahead, strict=True):
        pool = (wish - before, weight, 1)
        while pools and pools[-1][0] > pool[0]:
            place, heavy, count = pools.pop()
            total = heavy + pool[1]
            pool = ((place * heavy + pool[0] * pool[1]) / total, total, count + pool[2])
        pools.append(pool)
    flat = [place for place, _, count in pools for _ in range(count)]
    return [place + before for place, before in zip(flat, ahead, strict=True)]
