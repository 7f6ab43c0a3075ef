import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtp.g711 import A_TO_U, DECODE_A, DECODE_U, SILENCE, encode_a
from rtp.jitter import DEPTH
from rtp.mixer import FIRST_SEATS, MOST_PACKET, Mixer
from rtp.tone import tone
from tests.rtp.hearing import contains

TONES = [tone((hz,), 0.4) for hz in (440, 1000, 1900, 2700)]
WAIT = DEPTH // 160


def speak(mixer: Mixer, seat: int, frame: bytes, number: int) -> None:
    mixer.speak(seat, frame, 160 * number, seat + 1, marker=False)


def conference(mixer: Mixer, codecs: list[str]) -> list[int]:
    seats = [mixer.take_seat(codec) for codec in codecs]
    for seat in seats:
        mixer.hear(seat, tuple(other for other in seats if other != seat))
    return seats


def run(mixer: Mixer, voices: dict[int, bytes], ticks: int = 20) -> dict[int, bytes]:
    """Each seat says its sound, a frame a tick; what each hears."""
    heard: dict[int, bytes] = {}
    for number in range(ticks):
        for seat, sound in voices.items():
            speak(mixer, seat, sound[160 * number : 160 * number + 160], number)
        for seat, frame in mixer.mix():
            heard[seat] = heard.get(seat, b"") + frame
    return heard


def a_law(sound: bytes, codec: str) -> bytes:
    return sound if codec == "PCMA" else encode_a(DECODE_U[np.frombuffer(sound, np.uint8)])


@pytest.mark.parametrize("codecs", [["PCMA"] * 3, ["PCMU"] * 3, ["PCMA", "PCMU", "PCMA"], ["PCMU", "PCMA", "PCMA"]])
def test_each_hears_the_others_and_not_itself(codecs: list[str]) -> None:
    mixer = Mixer()
    seats = conference(mixer, codecs)
    said = {seat: TONES[seat] if codecs[seat] == "PCMA" else TONES[seat].translate(A_TO_U) for seat in seats}
    heard = run(mixer, said)
    for seat in seats:
        sound = a_law(heard[seat], codecs[seat])
        for other in seats:
            fit = contains(sound, TONES[other])
            assert fit < 0.1 if other == seat else fit > 0.6, (seat, other)


@pytest.mark.parametrize("codec", ["PCMA", "PCMU"])
def test_one_who_speaks_is_heard_bit_by_bit_however_many_are_silent(codec: str) -> None:
    mixer = Mixer()
    seats = conference(mixer, [codec] * 5)
    sound = bytes(set(range(256)) - {0xD5 ^ 0x80, 0x7F} if codec == "PCMA" else set(range(256)) - {0x7F})
    sound = (sound * 13)[:3200]
    silence = SILENCE[codec] * 3200
    heard = run(mixer, {0: sound, 1: silence}, 20)
    for seat in seats[1:]:
        assert heard[seat] == SILENCE[codec] * DEPTH + sound[: 3200 - DEPTH]
    assert heard[0] == silence


def test_voices_too_loud_together_are_clipped_and_do_not_wrap() -> None:
    loud, deep = encode_a(np.full(160, 32000, np.int16)), encode_a(np.full(160, -32000, np.int16))
    for said, extreme in ((loud, DECODE_A.max()), (deep, DECODE_A.min())):
        mixer = Mixer()
        conference(mixer, ["PCMA"] * 4)
        heard = run(mixer, dict.fromkeys((0, 1, 2), said * 5), 5)
        assert DECODE_A[heard[3][-1]] == extreme


def test_who_hears_whom_is_as_arranged_from_the_next_frame_on() -> None:
    mixer = Mixer()
    caller, agent, supervisor = conference(mixer, ["PCMA"] * 3)
    said = {seat: TONES[seat] for seat in (caller, agent, supervisor)}
    mixer.hear(caller, (agent,))
    heard = run(mixer, said)
    assert heard[caller][DEPTH:] == TONES[agent][:-DEPTH]
    assert contains(heard[agent], TONES[supervisor]) > 0.6
    mixer.hear(agent, ())
    assert sorted(seat for seat, _ in mixer.mix()) == [caller, supervisor]


def test_conferences_at_one_mixer_do_not_hear_each_other() -> None:
    mixer = Mixer()
    conferences = [conference(mixer, ["PCMA"] * 2) for _ in range(FIRST_SEATS)]
    assert mixer.seats == 2 * FIRST_SEATS
    said = {seat: TONES[n % 4] for n, pair in enumerate(conferences) for seat in pair[:1]}
    heard = run(mixer, said)
    for n, (_, listener) in enumerate(conferences):
        assert heard[listener][DEPTH:] == TONES[n % 4][:-DEPTH]


def test_a_seat_that_was_left_is_silent_for_who_takes_it_next() -> None:
    mixer = Mixer()
    first, second, third = conference(mixer, ["PCMA"] * 3)
    speak(mixer, first, TONES[0][:160], 0)
    mixer.leave(first)
    assert mixer.seats == 2
    again = mixer.take_seat("PCMU")
    assert again == first
    mixer.hear(second, (again, third))
    assert all(frame == SILENCE["PCMA"] * 160 for _ in range(20) for _, frame in mixer.mix())


def test_an_empty_mixer_and_one_where_nobody_listens_mix_nothing() -> None:
    mixer = Mixer()
    assert list(mixer.mix()) == []
    mixer.take_seat("PCMA")
    assert list(mixer.mix()) == []


@pytest.mark.parametrize("codec", ["PCMA", "PCMU"])
def test_what_does_not_come_is_silence(codec: str) -> None:
    mixer = Mixer()
    conference(mixer, [codec] * 2)
    sound = bytes([1]) * 160
    for number in (0, 2):
        speak(mixer, 0, sound, number)
    frames = [dict(mixer.mix())[1] for _ in range(40)]
    silence = SILENCE[codec] * 160
    assert frames == [silence] * WAIT + [sound, silence, sound] + [silence] * (37 - WAIT)


@given(st.lists(st.sampled_from([80, 160, 240, 480, 960, MOST_PACKET]), min_size=1, max_size=8))
@settings(max_examples=50)
def test_packets_of_any_length_are_put_together(sizes: list[int]) -> None:
    mixer = Mixer()
    conference(mixer, ["PCMA"] * 2)
    said, heard, now, timestamp = b"", b"", 0, 0
    for n, size in enumerate(sizes):
        payload = bytes([n + 1]) * size
        mixer.speak(0, payload, timestamp, 9, marker=n == 0)
        said += payload
        timestamp += size
        while now + 160 <= timestamp:
            heard += dict(mixer.mix())[1]
            now += 160
    for _ in range(20):
        heard += dict(mixer.mix())[1]
    assert heard.strip(SILENCE["PCMA"]) == said


def test_a_packet_longer_than_any_is_left_out() -> None:
    mixer = Mixer()
    conference(mixer, ["PCMA"] * 2)
    mixer.speak(0, bytes(MOST_PACKET + 1), 0, 9, marker=False)
    assert {dict(mixer.mix())[1] for _ in range(20)} == {SILENCE["PCMA"] * 160}


def test_a_codec_that_changes_is_decoded_and_encoded_anew() -> None:
    mixer = Mixer()
    conference(mixer, ["PCMA"] * 2)
    mixer.describe(0, "PCMU")
    heard = run(mixer, {0: TONES[1].translate(A_TO_U), 1: TONES[2]})
    assert contains(heard[1], TONES[1]) > 0.95
    assert contains(a_law(heard[0], "PCMU"), TONES[2]) > 0.95


def test_time_that_is_skipped_is_lost_and_what_comes_after_is_heard() -> None:
    mixer = Mixer()
    conference(mixer, ["PCMA"] * 2)
    speak(mixer, 0, bytes([1]) * 160, 0)
    mixer.skip(10)
    for number in (10, 11):
        speak(mixer, 0, bytes([2]) * 160, number)
    frames = [dict(mixer.mix())[1] for _ in range(20)]
    assert [frame[0] for frame in frames if frame != SILENCE["PCMA"] * 160] == [2, 2]
