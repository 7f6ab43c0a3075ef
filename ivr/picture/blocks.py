"""Blocks of arranged cards, put beside and below each other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ivr.picture.arranging import Point
from ivr.picture.card import Card, Way

COLUMN_GAP = 44.0
PART_GAP = 30.0


@dataclass(frozen=True, slots=True)
class Placed:
    """A card and its corner."""

    card: Card
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Wire:
    """An edge as its bends; `way` is the port that it leaves."""

    source: str
    target: str
    way: Way
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Cards and wires with their places from (0, 0) on."""

    placed: tuple[Placed, ...]
    wires: tuple[Wire, ...]
    width: float
    height: float

    def moved(self, right: float, down: float) -> "Block":
        placed = tuple(replace(one, x=one.x + right, y=one.y + down) for one in self.placed)
        wires = tuple(replace(one, points=tuple((x + right, y + down) for x, y in one.points)) for one in self.wires)
        return Block(placed, wires, self.width, self.height)


def below(blocks: Sequence[Block], gap: float) -> Block:
    """One below the other."""
    down, moved = 0.0, []
    for block in blocks:
        moved.append(block.moved(0.0, down))
        down += block.height + gap
    return _one(moved, max((block.width for block in blocks), default=0.0), max(down - gap, 0.0))


def beside(blocks: Sequence[Block], columns: int) -> Block:
    """In columns of about the same height, read from the top of the first to the foot of the last."""
    share = sum(block.height + PART_GAP for block in blocks) / columns
    rows: list[list[Block]] = [[]]
    filled = 0.0
    for block in blocks:
        if rows[-1] and len(rows) < columns and filled + block.height / 2 > share * len(rows):
            rows.append([])
        rows[-1].append(block)
        filled += block.height + PART_GAP
    right, moved = 0.0, []
    stacks = [below(row, PART_GAP) for row in rows]
    for stack in stacks:
        moved.append(stack.moved(right, 0.0))
        right += stack.width + COLUMN_GAP
    return _one(moved, right - COLUMN_GAP, max(stack.height for stack in stacks))


def _one(blocks: Sequence[Block], width: float, height: float) -> Block:
    placed = tuple(one for block in blocks for one in block.placed)
    return Block(placed, tuple(one for block in blocks for one in block.wires), width, height)
