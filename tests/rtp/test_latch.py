import pytest

from rtp.latch import DOUBTED, MOST_CANDIDATES, PROBATION, PROBATION_LEFT, Address, Latch

NAMED, OTHER, THIRD = ("192.0.2.1", 4000), ("198.51.100.7", 5000), ("203.0.113.9", 6000)


def feed(latch: Latch, source: Address, count: int, *, ssrc: int = 1, first: int = 0xFFFE) -> list[bool]:
    return [latch.admits(source, ssrc, (first + i) & 0xFFFF) for i in range(count)]


def test_the_named_address_is_believed_at_once_and_then_nobody_else() -> None:
    latch = Latch(NAMED)
    assert latch.target == NAMED
    assert feed(latch, NAMED, 2) == [True, True]
    assert feed(latch, OTHER, 100) == [False] * 100
    assert latch.source == NAMED


def test_a_source_behind_nat_is_believed_after_packets_in_sequence() -> None:
    latch = Latch(NAMED)
    assert feed(latch, OTHER, PROBATION) == [False] * (PROBATION - 1) + [True]
    assert latch.target == OTHER
    assert not latch.relatched


@pytest.mark.parametrize("step", [0, 2, 7])
def test_packets_out_of_sequence_prove_nothing(step: int) -> None:
    latch = Latch(NAMED)
    assert not any(latch.admits(OTHER, 1, i * step) for i in range(100))


def test_packets_of_changing_ssrc_prove_nothing() -> None:
    latch = Latch(NAMED)
    assert not any(latch.admits(OTHER, i, i) for i in range(100))


def test_many_sprayed_sources_take_bounded_room_and_leave_the_named_one_its_place() -> None:
    latch = Latch(NAMED)
    for i in range(10 * MOST_CANDIDATES):
        assert not latch.admits(("198.51.100.1", i), 1, i)
    assert len(latch._candidates) <= MOST_CANDIDATES
    assert latch.admits(NAMED, 1, 1)


def test_after_a_time_out_the_old_source_and_the_named_one_are_believed_and_another_must_prove_itself() -> None:
    for source, probation in ((OTHER, 1), (NAMED, 1), (THIRD, PROBATION)):
        latch = Latch(NAMED)
        feed(latch, OTHER, PROBATION)
        latch.reopen()
        assert latch.source is None
        assert latch.target == OTHER
        assert feed(latch, source, probation)[-1]
        assert latch.relatched == (source != OTHER)


def test_reopening_twice_forgets_nobody() -> None:
    latch = Latch(NAMED)
    feed(latch, OTHER, PROBATION)
    latch.reopen()
    latch.reopen()
    assert feed(latch, OTHER, 1) == [True]


def test_after_a_move_the_last_packets_of_the_old_source_do_not_win() -> None:
    latch = Latch(NAMED)
    feed(latch, NAMED, 1)
    latch.move(THIRD)
    assert latch.target == THIRD
    assert feed(latch, NAMED, PROBATION_LEFT - 1) == [False] * (PROBATION_LEFT - 1)
    assert feed(latch, THIRD, 1) == [True]
    assert latch.relatched


def test_an_sdp_without_address_leaves_it_to_the_packets() -> None:
    latch = Latch(None)
    assert latch.target is None
    assert feed(latch, OTHER, PROBATION)[-1]


def test_who_speaks_before_the_named_address_gives_way_to_it() -> None:
    latch = Latch(NAMED)
    feed(latch, OTHER, PROBATION)
    assert not latch.settles()
    assert feed(latch, THIRD, 100) == [False] * 100
    assert feed(latch, NAMED, 1) == [True]
    assert latch.relatched
    assert latch.settles()
    assert feed(latch, OTHER, 100) == [False] * 100
    assert latch.target == NAMED


def test_a_source_behind_nat_is_settled_when_the_named_one_was_never_heard() -> None:
    latch = Latch(NAMED)
    assert not latch.settles()
    feed(latch, OTHER, PROBATION)
    assert [latch.settles() for _ in range(DOUBTED)] == [False] * (DOUBTED - 1) + [True]
    assert feed(latch, NAMED, 1) == [False]


def test_nobody_can_be_waited_for_where_the_sdp_names_no_address() -> None:
    latch = Latch(None)
    feed(latch, OTHER, PROBATION)
    assert latch.settles()


def test_doubts_end_with_the_latch_that_they_were_about() -> None:
    latch = Latch(NAMED)
    feed(latch, OTHER, PROBATION)
    latch.reopen()
    assert feed(latch, OTHER, 1) == [True]
    assert latch.settles()
    latch.move(THIRD)
    assert feed(latch, THIRD, 1) == [True]
    assert latch.settles()
