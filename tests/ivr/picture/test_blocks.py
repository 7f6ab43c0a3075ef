"""Blocks beside and below each other."""

from ivr.picture.blocks import Block, Placed, below, beside
from ivr.picture.card import card_of
from ivr.picture.graph import Box

CARD = card_of(Box("a", "say", "A", "Says"), ())


def block(height: float) -> Block:
    return Block((Placed(CARD, 0.0, 0.0),), (), 100.0, height)


def corners(whole: Block) -> list[tuple[float, float]]:
    return [(one.x, one.y) for one in whole.placed]


def test_blocks_stand_below_each_other_with_a_gap() -> None:
    whole = below([block(50), block(70)], 10)
    assert corners(whole) == [(0, 0), (0, 60)]
    assert (whole.width, whole.height) == (100, 130)


def test_columns_are_filled_in_order_and_about_alike() -> None:
    whole = beside([block(100), block(100), block(100), block(100)], 2)
    assert corners(whole) == [(0, 0), (0, 130), (144, 0), (144, 130)]
    assert (whole.width, whole.height) == (244, 230)


def test_one_column_is_all_below_each_other() -> None:
    assert corners(beside([block(50), block(50)], 1)) == [(0, 0), (0, 80)]
