"""Edges between two layers: each goes out level, turns once up or down on a track of its own, and goes on level."""

from collections.abc import Sequence
from dataclasses import dataclass

from ivr.picture.ordering import Grid
from ivr.picture.placing import nearest

TRACK = 9.0
MARGIN = 14.0
APART = 9.0
INSET = 9.0
"""How far from the top and the bottom of a box an edge may enter."""
STRAIGHT = 0.6
"""Links whose ends differ less than this in height are level."""
_TRIES = 6


@dataclass(slots=True)
class Run:
    """A link with its heights: where it leaves, and where it arrives. `track` counts from the left."""

    link: int
    leaves: float
    arrives: float
    target: int
    track: int = -1

    @property
    def level(self) -> bool:
        return abs(self.leaves - self.arrives) < STRAIGHT


def runs(grid: Grid, tops: Sequence[float]) -> list[Run]:
    """Every link with its heights. Those that enter one box do so one below the other, as level as they can be."""
    found: list[Run] = []
    index = {id(link): at for at, link in enumerate(grid.links)}
    for cell, into in enumerate(grid.into):
        size, top = grid.cells[cell].size, tops[cell]
        leaves = sorted((tops[link.source] + grid.cells[link.source].size.ports[link.port], index[id(link)])
                        for link in into)  # fmt: skip
        if grid.cells[cell].box is None:
            arrives = [top + size.ports[0]] * len(leaves)
        else:
            arrives = entries([leave for leave, _ in leaves], top + INSET, top + size.height - INSET)
        found += [Run(link, leave, arrive, cell) for (leave, link), arrive in zip(leaves, arrives, strict=True)]
    return found


def entries(leaves: Sequence[float], top: float, bottom: float) -> list[float]:
    """Where edges that leave at those heights (in order) enter a box between `top` and `bottom`."""
    if not leaves:
        return []
    apart = min(APART, (bottom - top) / max(len(leaves) - 1, 1))
    least = [top + apart * at for at in range(len(leaves))]
    most = [bottom - apart * (len(leaves) - 1 - at) for at in range(len(leaves))]
    wishes = [min(max(wish, low), high) for wish, low, high in zip(leaves, least, most, strict=True)]
    placed = nearest(wishes, [1.0] * len(wishes), [apart] * (len(wishes) - 1))
    held = [min(max(place, low), high) for place, low, high in zip(placed, least, most, strict=True)]
    return [leave if abs(place - leave) < STRAIGHT else place for place, leave in zip(held, leaves, strict=True)]


def assign_tracks(some: Sequence[Run]) -> int:
    """Give every run that turns a track, so that few cross and none lie on each other; gives the number of tracks."""
    turning = [run for run in some if not run.level]
    turning.sort(key=lambda run: (run.arrives < run.leaves, _reading(run)))
    for _ in range(_TRIES):
        moved = False
        for at in range(len(turning) - 1):
            first, second = turning[at], turning[at + 1]
            if _cost(first, second) > _cost(second, first):
                turning[at], turning[at + 1] = second, first
                moved = True
        if not moved:
            break
    count = 0
    for at, run in enumerate(turning):
        run.track = max((other.track + 1 for other in turning[:at] if _apart(other, run)), default=0)
        count = max(count, run.track + 1)
    return count


def _reading(run: Run) -> float:
    """Of those that go down the lowest turns first, of those that go up the highest."""
    return -run.leaves if run.arrives > run.leaves else run.leaves


def _span(run: Run) -> tuple[float, float]:
    return min(run.leaves, run.arrives), max(run.leaves, run.arrives)


def _apart(left: Run, right: Run) -> bool:
    """Whether two runs may not share a track, or one has to stay left of the other."""
    low, high = _span(left)
    other_low, other_high = _span(right)
    return low - TRACK < other_high and other_low - TRACK < high


def _cost(left: Run, right: Run) -> int:
    """Crossings when `left` turns left of `right`; to lie on each other costs far more."""
    low, high = _span(left)
    cost = int(low < right.leaves < high)
    low, high = _span(right)
    cost += int(low < left.arrives < high)
    if abs(left.arrives - right.leaves) < STRAIGHT:
        cost += 100
    return cost
