import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtp.engine import Sides
from rtp.g711 import SILENCE_A, U_TO_A, decode_a, encode_a
from rtp.packet import RtpPacket
from rtp.recorder import FAR, HELD_BACK, MOST_ASTRAY, MOST_GAP, NEAR, RATE_HZ, Recorder, channels, combine

QUIET = bytes([SILENCE_A])


def recorder(sides: Sides = Sides.ONE, most_s: float = 3600.0) -> Recorder:
    return Recorder(sides, most_s, 0.0)


def hear(
    machine: Recorder,
    code: int,
    timestamp: int,
    *,
    side: int = NEAR,
    ssrc: int = 1,
    codec: str = "PCMA",
    now: float | None = None,
) -> None:
    """A packet of 20 ms; by default it comes as soon as its timestamp says that it was spoken."""
    at = (timestamp + 160) / RATE_HZ if now is None else now
    timestamp &= 0xFFFFFFFF
    data = RtpPacket(8, 0, timestamp, ssrc, bytes([code]) * 160).to_bytes()
    machine.voice(side, data, timestamp, ssrc, codec, at)


def sound(machine: Recorder) -> bytes:
    (one,) = machine.take()
    return one


def codes(track: bytes) -> list[int]:
    """The first code of each 20 ms."""
    return list(track[::160])


def test_voice_follows_voice_over_the_wrap_of_the_clock() -> None:
    machine = recorder()
    for i in range(3):
        hear(machine, i, 0xFFFFFFFF - 159 + 160 * i)
    assert machine.ready == 480
    assert sound(machine) == b"".join(bytes([i]) * 160 for i in range(3))
    assert (machine.ready, machine.recorded) == (0, 480)


def test_a_gap_is_silence_and_a_late_packet_finds_its_place_in_it() -> None:
    machine = recorder()
    hear(machine, 1, 0)
    hear(machine, 3, 320)
    hear(machine, 2, 160)
    assert sound(machine) == bytes([1]) * 160 + bytes([2]) * 160 + bytes([3]) * 160
    hear(machine, 5, 640)
    assert sound(machine) == QUIET * 160 + bytes([5]) * 160


def test_a_late_packet_whose_place_was_taken_away_is_left_out() -> None:
    machine = recorder()
    hear(machine, 1, 0)
    hear(machine, 3, 320)
    sound(machine)
    hear(machine, 2, 160)
    assert sound(machine) == b""


@pytest.mark.parametrize("jump", [MOST_GAP + 320, -9000, 0x80000000])
def test_another_clock_is_no_silence(jump: int) -> None:
    machine = recorder()
    hear(machine, 1, 0)
    hear(machine, 2, jump)
    assert sound(machine) == bytes([1]) * 160 + bytes([2]) * 160


def test_another_source_follows_without_a_gap() -> None:
    machine = recorder()
    hear(machine, 1, 0)
    hear(machine, 2, 50_000, ssrc=2)
    assert machine.recorded == 320


def test_mu_law_is_recorded_as_a_law() -> None:
    machine = recorder()
    hear(machine, 0x10, 0, codec="PCMU")
    hear(machine, 0x10, 160)
    assert sound(machine) == bytes([U_TO_A[0x10]]) * 160 + bytes([0x10]) * 160


def test_a_broken_packet_and_another_side_are_left_out() -> None:
    machine = recorder()
    machine.voice(NEAR, b"\x8f" + bytes(11), 0, 1, "PCMA", 0.0)
    hear(machine, 1, 0, side=FAR)
    assert machine.recorded == 0


def test_a_recording_has_an_end_which_is_told() -> None:
    machine = recorder(most_s=0.02)
    hear(machine, 1, 0)
    before = machine.full
    hear(machine, 2, 160)
    assert (before, machine.full) == (False, True)
    assert sound(machine) == bytes([1]) * 160


def test_a_pause_leaves_out_what_is_said_and_its_time() -> None:
    machine = recorder()
    hear(machine, 1, 0)
    machine.resume(0.02)
    machine.pause(0.02)
    machine.pause(0.5)
    hear(machine, 2, 160)
    machine.resume(5.0)
    hear(machine, 3, 40_000)
    assert codes(sound(machine)) == [1, 3]


def test_two_sides_lie_where_the_clock_puts_them() -> None:
    machine = recorder(Sides.STEREO)
    hear(machine, 1, 0)
    hear(machine, 2, 160)
    hear(machine, 7, 900_000, side=FAR, ssrc=2, now=0.06)
    hear(machine, 3, 320, now=0.07)
    near, far = machine.take(last=True)
    assert codes(near) == [1, 2, 3]
    assert codes(far) == [SILENCE_A, SILENCE_A, 7]


@pytest.mark.parametrize("sides", [Sides.ONE, Sides.STEREO])
def test_another_far_side_with_the_same_numbers_is_another_voice(sides: Sides) -> None:
    machine = recorder(sides)
    for code in (7, 8):
        hear(machine, code, 0, side=FAR, now=0.02)
        machine.change_far()
    hear(machine, 1, 0)
    parts = machine.take(last=True)
    assert [codes(part) for part in parts] == ([[1]] if sides is Sides.ONE else [[1, SILENCE_A], [7, 8]])


def test_a_pause_leaves_both_sides_in_step() -> None:
    machine = recorder(Sides.STEREO)
    hear(machine, 1, 0)
    machine.pause(0.02)
    hear(machine, 2, 160)
    hear(machine, 2, 160, side=FAR)
    machine.resume(10.02)
    hear(machine, 3, 80_160)
    hear(machine, 4, 80_320)
    hear(machine, 8, 80_320, side=FAR)
    near, far = machine.take(last=True)
    assert (codes(near), codes(far)) == ([1, 3, 4], [SILENCE_A, SILENCE_A, 8])


def test_what_is_written_lags_a_second_for_the_side_that_comes_later() -> None:
    machine = recorder(Sides.STEREO)
    for i in range(60):
        hear(machine, 1, 160 * i)
    hear(machine, 2, 0, side=FAR, now=0.02)
    assert machine.ready == 60 * 160 - HELD_BACK
    assert [len(part) for part in machine.take()] == [1600, 1600]
    assert machine.ready == 0
    hear(machine, 3, 160 * 10, side=FAR, now=1.2)
    _, far = machine.take(last=True)
    assert codes(far)[:2] == [3, SILENCE_A]


def test_one_side_alone_is_written_beside_silence() -> None:
    machine = recorder(Sides.STEREO)
    hear(machine, 1, 0, side=FAR)
    assert machine.take(last=True) == (QUIET * 160, bytes([1]) * 160)
    assert machine.take(last=True) == (b"", b"")


def test_a_side_whose_clock_is_slow_or_fast_is_put_back_after_a_second() -> None:
    slow, fast = recorder(Sides.STEREO), recorder(Sides.STEREO)
    hear(slow, 1, 0)
    hear(slow, 2, 160, now=0.04 + (MOST_ASTRAY + 160) / RATE_HZ)
    assert slow.recorded == 320 + MOST_ASTRAY + 160
    for i in range(100):
        hear(fast, 1, 160 * i, now=0.02)
    assert fast.recorded == MOST_ASTRAY + 160
    hear(fast, 2, 160 * 100, now=0.04)
    assert fast.recorded == MOST_ASTRAY + 320


def test_a_long_silence_of_both_sides_is_shortened_and_they_stay_in_step() -> None:
    machine = recorder(Sides.STEREO)
    hear(machine, 1, 0)
    hear(machine, 2, RATE_HZ * 3600)
    hear(machine, 7, 5, side=FAR, ssrc=2, now=3600.02)
    assert machine.recorded == 160 + MOST_GAP + 160
    near, far = machine.take(last=True)
    assert (near[-1], far[-1], far[-161]) == (2, 7, SILENCE_A)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([NEAR, FAR]),
            st.integers(0, 2**32 - 1) | st.integers(0, 4000),
            st.integers(1, 2),
            st.sampled_from([0.0, 0.02, 1.5, 100.0]),
        ),
        max_size=30,
    )
)
def test_two_sides_are_always_equally_long_and_bounded(packets: list[tuple[int, int, int, float]]) -> None:
    machine = recorder(Sides.STEREO, most_s=120.0)
    now, written = 0.0, 0
    for side, timestamp, ssrc, later in packets:
        now += later
        hear(machine, 1, timestamp, side=side, ssrc=ssrc, now=now)
        near, far = machine.take()
        assert len(near) == len(far)
        written += len(near)
    near, far = machine.take(last=True)
    assert len(near) == len(far)
    assert written + len(near) == machine.recorded <= 120 * RATE_HZ


def test_sides_are_combined_side_by_side_or_added_up() -> None:
    one, two = bytes([0x90, 0x81]), bytes([0xA5, 0x81])
    assert combine(Sides.ONE, (one,)) == one
    assert combine(Sides.STEREO, (one, two)) == bytes([0x90, 0xA5, 0x81, 0x81])
    mixed = decode_a(combine(Sides.MIXED, (one, two)))
    wanted = np.minimum(decode_a(one).astype(int) + decode_a(two), 32767)
    assert np.all(np.abs(mixed - wanted) <= np.maximum(16, np.abs(wanted) // 16))
    assert [channels(sides) for sides in Sides] == [1, 2, 1]
    assert combine(Sides.MIXED, (b"", b"")) == combine(Sides.STEREO, (b"", b"")) == b""


def test_who_speaks_is_told_from_who_only_breathes() -> None:
    machine = recorder()
    hear(machine, SILENCE_A, 0)
    assert (machine.heard_at, machine.spoken) == (0.0, 0)
    loud = int(encode_a(np.full(1, 3000, np.int16))[0])
    hear(machine, loud, 160)
    assert (machine.heard_at, machine.spoken) == (0.04, 320)
    faint = int(encode_a(np.full(1, -300, np.int16))[0])
    for at in range(320, 8000, 160):
        hear(machine, faint, at)
    assert (machine.heard_at, machine.spoken, machine.recorded) == (0.04, 320, 8000)


def test_a_pause_is_no_silence() -> None:
    machine = recorder()
    machine.pause(1.0)
    machine.resume(61.0)
    assert machine.heard_at == 61.0
