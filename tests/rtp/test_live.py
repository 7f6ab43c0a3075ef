import itertools

import pytest

from rtp.dtmf import event_packets
from rtp.live import LiveSender
from rtp.packet import RtpPacket, parse
from rtp.sender import Outbound, RtpSender

FRAMES = [bytes([n]) * 160 for n in range(12)]


def sender(outbound: Outbound | None = None) -> RtpSender:
    return RtpSender(outbound or Outbound(8, 101), 99, 1000, 50_000, 0.0)


def heard(live: LiveSender, frames: list[bytes], *, begin_s: float = 0.0) -> list[RtpPacket]:
    return [parse(p) for n, frame in enumerate(frames) for p in live.packets(frame, begin_s + 0.02 * n)]


def test_a_mix_is_the_legs_own_stream_the_first_packet_marked() -> None:
    to = sender()
    packets = heard(LiveSender(to), FRAMES, begin_s=1.0)
    assert packets[0] == RtpPacket(8, 1001, 58_000, 99, FRAMES[0], marker=True)
    assert packets[1] == RtpPacket(8, 1002, 58_160, 99, FRAMES[1])
    assert (to.sent, to.octets, to.clock(1.24)) == (12, 1920, packets[-1].timestamp + 160)


@pytest.mark.parametrize("length_ms", [10, 30, 40])
def test_packets_are_as_long_as_the_peer_asks_for(length_ms: int) -> None:
    to = sender(Outbound(8, packet_ms=length_ms))
    packets = heard(LiveSender(to), FRAMES)
    assert {len(packet.payload) for packet in packets} == {8 * length_ms}
    assert b"".join(packet.payload for packet in packets) == b"".join(FRAMES)
    assert {b.timestamp - a.timestamp for a, b in itertools.pairwise(packets)} == {8 * length_ms}
    assert [p.sequence for p in packets] == list(range(1001, 1001 + len(packets)))
    assert to.octets == 160 * 12
    assert to.timestamp + 160 == packets[-1].timestamp + 8 * length_ms


def test_what_is_played_is_heard_in_place_of_the_mix_which_then_goes_on_the_same_clock() -> None:
    to = sender()
    live = LiveSender(to)
    before = heard(live, FRAMES[:2])
    to.press(event_packets("1"), 0.04)
    assert heard(live, FRAMES[2:4], begin_s=0.04) == []
    pressed = [parse(p) for p in to.datagrams if p is not None]
    assert next(to.datagrams, None) is None
    to.ended(0.2)
    after = heard(live, FRAMES[4:6], begin_s=0.2)
    assert [p.sequence for p in (*before, *pressed, *after)] == list(range(1001, 1001 + 11))
    assert after[0].marker
    assert after[0].timestamp - before[-1].timestamp == 160 * 9


def test_a_peer_on_hold_is_sent_nothing() -> None:
    to = sender(Outbound(8, sends=False))
    assert heard(LiveSender(to), FRAMES) == []
    assert to.due == 0


def test_frames_left_over_are_sent_first_when_the_peer_asks_for_other_packets() -> None:
    to = sender(Outbound(8, packet_ms=40))
    live = LiveSender(to)
    assert heard(live, FRAMES[:1]) == []
    to.update(Outbound(8))
    assert [p.payload for p in heard(live, FRAMES[1:2])] == FRAMES[:2]


def test_frames_that_are_not_coming_count_as_unsent_and_the_clock_goes_on() -> None:
    to = sender()
    live = LiveSender(to)
    live.skip(3)
    assert to.due == 0
    first = heard(live, FRAMES[:1])[0]
    live.skip(3)
    assert (to.due, to.sent) == (4, 1)
    assert heard(live, FRAMES[1:2])[0].timestamp == first.timestamp + 4 * 160
