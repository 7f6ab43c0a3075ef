import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtp.jitter import DEPTH, MOST_AHEAD, MOST_MISFITS, PERIOD, JitterBuffer

SSRC = 7


def started(timestamp: int = 0, at: int = 0) -> JitterBuffer:
    buffer = JitterBuffer()
    assert buffer.place(timestamp, SSRC, at, marker=False) == at + DEPTH
    return buffer


@given(st.integers(0, 0xFFFFFFFF), st.integers(0, 1 << 40), st.integers(-DEPTH, MOST_AHEAD - DEPTH))
def test_packets_keep_the_distances_of_their_timestamps(first: int, at: int, later: int) -> None:
    buffer = started(first, at)
    assert buffer.place((first + later) & 0xFFFFFFFF, SSRC, at, marker=False) == at + DEPTH + later


def test_a_packet_that_is_40_ms_late_is_just_in_time() -> None:
    buffer = started()
    assert buffer.place(160, SSRC, 480, marker=False) == 480
    assert buffer.place(320, SSRC, 641, marker=False) is None


def test_a_packet_that_is_too_early_has_no_place() -> None:
    buffer = started()
    assert buffer.place(MOST_AHEAD - DEPTH, SSRC, 0, marker=False) == MOST_AHEAD
    assert buffer.place(MOST_AHEAD - DEPTH + 1, SSRC, 0, marker=False) is None


def test_a_new_source_begins_at_full_depth() -> None:
    buffer = started()
    assert buffer.place(99_999, SSRC + 1, 160, marker=False) == 160 + DEPTH


def test_a_talkspurt_that_does_not_fit_begins_at_full_depth_and_one_that_fits_stays() -> None:
    buffer = started()
    assert buffer.place(160, SSRC, 160, marker=True) == 160 + DEPTH
    assert buffer.place(320, SSRC, 1600, marker=True) == 1600 + DEPTH


def test_a_burst_after_a_stall_does_not_make_the_delay_longer() -> None:
    buffer = started()
    at = 160 * 14
    burst = [buffer.place(160 * n, SSRC, at, marker=False) for n in range(1, 15)]
    assert burst == [None] * 11 + [at, at + 160, at + 320]


@pytest.mark.parametrize("jump", [-5000, 50_000])
def test_a_clock_that_jumped_is_followed_after_100_ms(jump: int) -> None:
    buffer = started()
    places = [buffer.place((160 * n + jump) & 0xFFFFFFFF, SSRC, 160 * n, marker=False) for n in range(1, 7)]
    assert places == [None] * (MOST_MISFITS - 1) + [160 * 5 + DEPTH, 160 * 6 + DEPTH]


def test_misfits_far_apart_are_no_other_clock() -> None:
    buffer = started()
    for n in range(1, 4 * MOST_MISFITS):
        at = n * PERIOD // 2
        assert buffer.place(at + 2000, SSRC, at, marker=False) is None
        assert buffer.place(at, SSRC, at, marker=False) == at + DEPTH
