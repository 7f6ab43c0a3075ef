import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtp.packetization import by_tick, packet_ms, ticks_a_frame

A, B, C, D = (bytes([code]) * 160 for code in (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("asked", "sent"), [(1, 10), (10, 10), (15, 10), (20, 20), (29, 20), (30, 30), (40, 40), (60, 40), (200, 40)]
)
def test_what_is_asked_for_is_never_exceeded_where_that_can_be(asked: int, sent: int) -> None:
    assert packet_ms(asked) == sent


@pytest.mark.parametrize(
    ("length", "ticks"),
    [
        (10, [A[:80], A[80:], B[:80], B[80:], C[:80], C[80:], D[:80], D[80:]]),
        (20, [A, B, C, D]),
        (30, [A + B[:80], B[80:] + C, None, D]),
        (40, [A + B, None, C + D, None]),
    ],
)
def test_packets_last_what_was_asked_for_in_the_time_of_their_frames(length: int, ticks: list[bytes | None]) -> None:
    assert list(by_tick((A, B, C, D), length)) == ticks
    assert ticks_a_frame(length) == (2 if length == 10 else 1)


@given(st.integers(0, 13), st.sampled_from([10, 20, 30, 40]))
def test_no_sound_is_lost_and_none_is_late(count: int, length: int) -> None:
    frames = [bytes([code]) * 160 for code in range(count)]
    sound, sent = b"".join(frames), b""
    for tick, payload in enumerate(by_tick(frames, length)):
        assert len(sent) >= min(len(sound), tick * 160 // ticks_a_frame(length))
        sent += payload or b""
    assert sent == sound
