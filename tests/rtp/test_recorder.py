import pytest

from rtp.g711 import SILENCE_A, U_TO_A
from rtp.packet import RtpPacket
from rtp.recorder import MOST_BYTES, MOST_GAP, Recorder

QUIET = bytes([SILENCE_A])


def hear(recorder: Recorder, code: int, timestamp: int, *, ssrc: int = 1, size: int = 160) -> None:
    timestamp &= 0xFFFFFFFF
    recorder.voice(RtpPacket(8, 0, timestamp, ssrc, bytes([code]) * size).to_bytes(), timestamp, ssrc)


def test_voice_follows_voice_over_the_wrap_of_the_clock() -> None:
    recorder = Recorder("PCMA")
    for i in range(3):
        hear(recorder, i, 0xFFFFFFFF - 159 + 160 * i)
    assert recorder.take() == b"".join(bytes([i]) * 160 for i in range(3))
    assert recorder.waiting == 0
    assert recorder.recorded == 480


def test_a_gap_is_silence_and_a_late_packet_finds_its_place_in_it() -> None:
    recorder = Recorder("PCMA")
    hear(recorder, 1, 0)
    hear(recorder, 3, 320)
    hear(recorder, 2, 160)
    assert recorder.take() == bytes([1]) * 160 + bytes([2]) * 160 + bytes([3]) * 160
    hear(recorder, 5, 640)
    assert recorder.take() == QUIET * 160 + bytes([5]) * 160


def test_a_late_packet_whose_place_was_taken_away_is_left_out() -> None:
    recorder = Recorder("PCMA")
    hear(recorder, 1, 0)
    hear(recorder, 3, 320)
    recorder.take()
    hear(recorder, 2, 160)
    assert recorder.take() == b""


@pytest.mark.parametrize("jump", [MOST_GAP + 320, -9000, 0x80000000])
def test_another_clock_is_no_silence(jump: int) -> None:
    recorder = Recorder("PCMA")
    hear(recorder, 1, 0)
    hear(recorder, 2, jump)
    assert recorder.take() == bytes([1]) * 160 + bytes([2]) * 160


def test_another_source_follows_without_a_gap() -> None:
    recorder = Recorder("PCMA")
    hear(recorder, 1, 0)
    hear(recorder, 2, 50_000, ssrc=2)
    assert recorder.recorded == 320


def test_mu_law_is_recorded_as_a_law() -> None:
    recorder = Recorder("PCMU")
    hear(recorder, 0x10, 0)
    recorder.set_codec("PCMA")
    hear(recorder, 0x10, 160)
    assert recorder.take() == bytes([U_TO_A[0x10]]) * 160 + bytes([0x10]) * 160


def test_a_broken_packet_is_left_out() -> None:
    recorder = Recorder("PCMA")
    recorder.voice(b"\x8f" + bytes(11), 0, 1)
    assert recorder.recorded == 0


def test_a_recording_has_an_end() -> None:
    recorder = Recorder("PCMA")
    recorder.recorded = MOST_BYTES - 160
    hear(recorder, 1, 0)
    hear(recorder, 1, 160)
    assert recorder.recorded == MOST_BYTES
