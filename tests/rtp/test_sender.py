from collections.abc import Iterator

import pytest

from rtp.dtmf import EVENT, event_packets
from rtp.g711 import A_TO_U
from rtp.packet import RtpPacket, parse
from rtp.sender import Outbound, RtpSender

A, B = bytes([1]) * 160, bytes([2]) * 160


def sender(**outbound: object) -> RtpSender:
    settings = {"voice_type": 8, "event_type": 101, "sends": True} | outbound
    return RtpSender(Outbound(**settings), 7, 0xFFFE, 0xFFFFFFFF - 159, 0.0)  # type: ignore[arg-type]


def frames(*stretches: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
    return iter(stretches)


def ticks(machine: RtpSender, count: int) -> list[RtpPacket | None]:
    datagrams = [next(machine.datagrams, None) for _ in range(count)]
    return [None if datagram is None else parse(datagram) for datagram in datagrams]


def test_frames_go_out_in_sequence_the_first_marked() -> None:
    machine = sender()
    machine.play(1, frames((A,), (B, A)), 0.0)
    assert ticks(machine, 3) == [
        RtpPacket(8, 0xFFFF, 0, 7, A, marker=True),
        RtpPacket(8, 0, 160, 7, B),
        RtpPacket(8, 1, 320, 7, A),
    ]
    assert machine.due == 3


def test_the_end_of_a_play_is_told_once_a_tick_after_its_last_frame() -> None:
    machine = sender()
    machine.play(4, frames((A,)), 0.0)
    ticks(machine, 1)
    assert not machine.idle
    assert machine.ended(0.02) == 0
    assert ticks(machine, 1) == [None]
    assert machine.ended(0.04) == 4
    assert machine.ended(0.04) == 0
    assert machine.idle


def test_a_play_replaces_the_one_before_which_is_not_told_of() -> None:
    machine = sender()
    machine.play(1, frames((A, A, A)), 0.0)
    ticks(machine, 1)
    machine.play(2, frames((B,)), 0.02)
    packets = ticks(machine, 2)
    assert [p.payload if p else None for p in packets] == [B, None]
    assert machine.ended(0.1) == 2


def test_a_stopped_play_sends_nothing_and_is_not_told_of() -> None:
    machine = sender()
    machine.play(1, frames((A, A)), 0.0)
    ticks(machine, 1)
    machine.stop(0.02)
    assert machine.idle
    assert ticks(machine, 1) == [None]
    assert machine.ended(0.04) == 0
    machine.stop(0.04)


def test_the_clock_goes_on_in_silence_and_the_next_talkspurt_is_marked() -> None:
    machine = sender()
    machine.play(1, frames((A,)), 0.0)
    ticks(machine, 2)
    machine.ended(0.02)
    machine.play(2, frames((B,)), 1.02)
    (packet,) = ticks(machine, 1)
    assert packet == RtpPacket(8, 0, 8000, 7, B, marker=True)


def test_keys_share_the_timestamp_of_their_beginning_and_the_play_pauses() -> None:
    machine = sender()
    machine.play(1, frames((A, B)), 0.0)
    ticks(machine, 1)
    machine.press(event_packets("5"), 0.02)
    packets = ticks(machine, 9)
    events = [p for p in packets[:7] if p]
    assert [p.sequence for p in events] == [0, 1, 2, 3, 4, 5, 6]
    assert {(p.payload_type, p.timestamp) for p in events} == {(101, 160)}
    assert [p.marker for p in events] == [True] + [False] * 6
    assert EVENT.unpack(events[-1].payload) == (5, 138, 800)
    assert packets[7] is None
    assert packets[8] == RtpPacket(8, 7, 160 * 9, 7, B, marker=True)


def test_keys_pressed_during_keys_follow_them() -> None:
    machine = sender()
    machine.press(event_packets("1"), 0.0)
    ticks(machine, 2)
    machine.press(event_packets("2"), 0.04)
    keys = [EVENT.unpack(p.payload)[0] for p in ticks(machine, 20) if p]
    assert keys == [1] * 5 + [2] * 7
    assert machine.idle


def test_stopping_a_play_lets_keys_go_on() -> None:
    machine = sender()
    machine.play(1, frames((A,)), 0.0)
    machine.press(event_packets("1"), 0.0)
    machine.stop(0.0)
    assert not machine.idle
    assert len([p for p in ticks(machine, 10) if p]) == 7
    assert machine.ended(0.2) == 0


@pytest.mark.parametrize("outbound", [{"sends": False}, {"event_type": None}])
def test_keys_are_not_sent_where_they_are_not_taken(outbound: dict[str, object]) -> None:
    machine = sender(**outbound)
    machine.press(event_packets("1"), 0.0)
    assert ticks(machine, 9) == [None] * 9
    assert machine.idle


def test_on_hold_a_play_runs_on_unheard_and_comes_to_its_end() -> None:
    machine = sender(sends=False)
    machine.play(1, frames((A, A)), 0.0)
    assert ticks(machine, 3) == [None] * 3
    assert machine.ended(0.1) == 1
    assert machine.due == 0


def test_after_hold_the_play_is_heard_where_it_has_come_to() -> None:
    machine = sender(sends=False)
    machine.play(1, frames((A, A, B), (A,)), 0.0)
    ticks(machine, 2)
    machine.update(Outbound(0, None))
    assert ticks(machine, 2) == [RtpPacket(0, 0xFFFF, 320, 7, B, marker=True), RtpPacket(0, 0, 480, 7, A)]


def test_a_new_codec_translates_the_rest_of_the_play() -> None:
    machine = sender()
    machine.play(1, frames((A, B), (A,)), 0.0)
    ticks(machine, 1)
    machine.update(Outbound(0), A_TO_U)
    assert [p.payload if p else None for p in ticks(machine, 3)] == [B.translate(A_TO_U), A.translate(A_TO_U), None]


@pytest.mark.parametrize(
    ("length", "sizes"), [(10, [80] * 6), (20, [160, 160, 160]), (30, [240, 240, 0]), (40, [320, 0, 160, 0])]
)
def test_packets_last_what_the_peer_wants_and_their_stamps_follow_their_sizes(length: int, sizes: list[int]) -> None:
    machine = sender(packet_ms=length)
    machine.play(3, frames((A, B), (A,)), 0.0)
    packets = ticks(machine, len(sizes))
    assert [len(p.payload) if p else 0 for p in packets] == sizes
    sent = [p for p in packets if p]
    assert b"".join(p.payload for p in sent) == A + B + A
    assert [p.timestamp for p in sent] == [sum(len(p.payload) for p in sent[:i]) for i in range(len(sent))]
    assert [p.sequence for p in sent] == [(0xFFFF + i) & 0xFFFF for i in range(len(sent))]
    assert [p.marker for p in sent] == [True] + [False] * (len(sent) - 1)
    assert (machine.due, machine.octets) == (len(sent), 480)
    assert ticks(machine, 1) == [None]
    assert machine.ended(0.1) == 3


def test_a_length_that_changes_goes_on_with_the_clock() -> None:
    machine = sender(packet_ms=40)
    machine.play(1, frames((A, B, A, B)), 0.0)
    (first, _) = ticks(machine, 2)
    machine.update(Outbound(8, 101, packet_ms=10))
    (second,) = ticks(machine, 1)
    assert first is not None
    assert second == RtpPacket(8, 0, first.timestamp + 320, 7, A[:80], marker=True)


def test_on_hold_long_packets_run_on_unheard() -> None:
    machine = sender(sends=False, packet_ms=40)
    machine.play(1, frames((A, A)), 0.0)
    assert ticks(machine, 3) == [None] * 3
    assert (machine.due, machine.ended(0.1)) == (0, 1)


def test_keys_are_as_long_where_ticks_are_ten_ms() -> None:
    machine = sender(packet_ms=10)
    machine.press(event_packets("5"), 0.0)
    sent = [p is not None for p in ticks(machine, 18)]
    assert sent == [True, False] * 7 + [False] * 4
    assert machine.octets == 28
    assert machine.idle


@pytest.mark.parametrize(("length", "packets"), [(10, 20), (20, 10), (40, 5)])
def test_skipped_ticks_are_due_by_their_packets(length: int, packets: int) -> None:
    machine = sender(packet_ms=length)
    machine.skip(10)
    assert (machine.due, machine.unsent, machine.sent) == (packets, packets, 0)


def test_octets_are_those_of_the_payloads() -> None:
    machine = sender()
    machine.relayed(1, 0, 12 + 240, 0.0)
    machine.relayed(2, 240, 12 + 80, 0.03)
    assert (machine.sent, machine.octets) == (2, 320)


def test_the_stamp_of_the_moment_goes_on_in_silence() -> None:
    machine = sender()
    machine.relayed(1, 8000, 172, 1.0)
    assert machine.stamp(2.0) == 16_000
    machine.play(1, frames((A, B)), 2.0)
    (packet,) = ticks(machine, 1)
    assert packet is not None
    assert machine.stamp(2.0) == packet.timestamp == 16_000


def test_skipped_ticks_are_due_and_unsent() -> None:
    machine = sender()
    machine.play(1, frames((A, B)), 0.0)
    ticks(machine, 1)
    machine.skip(10)
    assert (machine.due, machine.unsent) == (11, 10)
    (packet,) = ticks(machine, 1)
    assert packet is not None
    assert packet.timestamp == 160 * 11


def test_skipped_ticks_do_not_tear_a_key_in_two() -> None:
    machine = sender()
    machine.press(event_packets("1"), 0.0)
    first = ticks(machine, 1)
    machine.skip(10)
    assert {p.timestamp for p in first + ticks(machine, 5) if p} == {0}


def test_what_a_relay_sent_is_continued_and_an_older_packet_moves_nothing() -> None:
    machine = sender()
    machine.relayed(3, 8000, 172, 1.0)
    machine.relayed(2, 7840, 172, 1.0)
    assert machine.due == 2
    assert machine.clock(1.02) == 8160
    machine.play(1, frames((A,)), 1.02)
    assert ticks(machine, 1) == [RtpPacket(8, 4, 8160, 7, A, marker=True)]
