import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtp.reception import MAX_DROPOUT, Reception


def received(*sequences: int) -> Reception:
    reception = Reception()
    for sequence in sequences:
        reception.arrived(sequence & 0xFFFF)
    return reception


@pytest.mark.parametrize(
    ("sequences", "lost", "highest"),
    [
        ((), 0, 0),
        ((5,), 0, 5),
        ((5, 6, 7), 0, 7),
        ((5, 7), 1, 7),
        ((5, 7, 6), 0, 7),
        ((5, 6, 6, 7), 0, 7),
        ((0xFFFE, 0xFFFF, 0, 1), 0, 0x10001),
        ((0xFFFE, 1), 2, 0x10001),
        ((5, 40000), 0, 5),
        ((5, 6, 40000, 40001, 40003), 1, 40003),
        ((5, 6, 40000, 7), 0, 7),
    ],
)
def test_loss_is_what_was_expected_less_what_came(sequences: tuple[int, ...], lost: int, highest: int) -> None:
    reception = received(*sequences)
    assert (reception.lost, reception.highest) == (lost, highest)


@given(st.integers(0, 0xFFFF), st.lists(st.booleans(), min_size=1, max_size=400))
def test_every_gap_counts(first: int, kept: list[bool]) -> None:
    sequences = [first + i for i, keep in enumerate([True, *kept, True]) if keep]
    assert received(*sequences).lost == kept.count(False)


def test_a_new_stretch_keeps_what_was_lost_before() -> None:
    reception = received(1, 3)
    reception.rebase()
    assert reception.lost == 1
    for sequence in (30_000, 30_001, 30_003):
        reception.arrived(sequence)
    assert reception.lost == 2


def test_jitter_of_an_even_stream_is_none_and_of_an_uneven_one_approaches_its_deviation() -> None:
    even, uneven = Reception(), Reception()
    for i in range(400):
        stamp = (0xFFFFF000 + 160 * i) & 0xFFFFFFFF
        even.timed(stamp, 100 + i * 0.02)
        uneven.timed(stamp, 100 + i * 0.02 + (0.004 if i % 2 else 0.0))
    assert even.jitter_ms == pytest.approx(0.0, abs=1e-6)
    assert uneven.jitter_ms == pytest.approx(4.0, abs=0.01)


def test_a_gap_in_sequence_up_to_the_dropout_counts_as_loss() -> None:
    assert received(0, MAX_DROPOUT - 1).lost == MAX_DROPOUT - 2
    assert received(0, MAX_DROPOUT).lost == 0
