import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtp.engine import LegId
from rtp.packet import RtpPacket
from rtp.reporting import COMPENSATION, Reporter, Told, interval_s
from rtp.rtcp import Bye, Other, Report, ReportBlock, RtcpPacket, build_bye, build_report, ntp_time, parse_compound
from rtp.sender import Outbound, RtpSender
from rtp.stream import Inbound, Patience, RtpStream

WALL_S = 1_700_000_000.0
OURS, THEIRS = 99, 7


def made() -> tuple[Reporter, RtpSender, RtpStream]:
    stream = RtpStream(LegId("a"), ("192.0.2.1", 4000), Inbound(8, 101), Patience(), 0.0)
    stream.open_gate()
    return Reporter("x", WALL_S, 1.0), RtpSender(Outbound(8), OURS, 0, 1000, 0.0), stream


def hear(stream: RtpStream, *sequences: int, ssrc: int = THEIRS) -> None:
    for sequence in sequences:
        packet = RtpPacket(8, sequence & 0xFFFF, 160 * sequence & 0xFFFFFFFF, ssrc, bytes(160))
        stream.receive(packet.to_bytes(), ("192.0.2.1", 4000), sequence * 0.02)


def read(data: bytes) -> Report:
    first, *rest = parse_compound(data)
    assert isinstance(first, Report)
    assert rest == [Other(202)]
    return first


def block(lost: int = 3, jitter: int = 80, stamp: int = 0, delay: int = 0, *, ssrc: int = OURS) -> ReportBlock:
    return ReportBlock(ssrc, 0, lost, 500, jitter, stamp, delay)


def middle(now: float) -> int:
    return ntp_time(now + WALL_S) >> 16 & 0xFFFFFFFF


@pytest.mark.parametrize(
    ("chance", "first", "s"), [(0.5, False, 5.0), (0.0, False, 2.5), (1.0, False, 7.5), (0.5, True, 2.5)]
)
def test_reports_are_five_seconds_apart_less_at_first_with_chance_and_compensation(
    chance: float, first: bool, s: float
) -> None:
    assert interval_s(chance, first=first) == pytest.approx(s / COMPENSATION)


def test_a_leg_that_neither_sent_nor_heard_makes_an_empty_receiver_report() -> None:
    reporter, sender, stream = made()
    assert read(reporter.report(sender, stream, 0.5, 10.0)) == Report(OURS)
    assert reporter.deadline == 10.0 + interval_s(0.5)


def test_a_sender_report_tells_time_stamp_packets_and_octets() -> None:
    reporter, sender, stream = made()
    sender.play(1, iter(((bytes(160),) * 3,)), 0.0)
    for _ in range(3):
        next(sender.datagrams)
    report = read(reporter.report(sender, stream, 0.5, 10.0))
    assert report == Report(OURS, (), ntp_time(WALL_S + 10.0), sender.timestamp, 3, 480)


def test_two_intervals_after_the_last_packet_a_sender_is_one_no_longer() -> None:
    reporter, sender, stream = made()
    sender.relayed(1, 1160, 172, 0.0)
    kinds = [read(reporter.report(sender, stream, 0.5, now)).ntp is not None for now in (5.0, 10.0, 15.0)]
    assert kinds == [True, True, False]


def test_loss_is_told_of_the_interval_and_in_all() -> None:
    reporter, sender, stream = made()
    hear(stream, 1, 2, 4)
    (first,) = read(reporter.report(sender, stream, 0.5, 1.0)).blocks
    assert (first.ssrc, first.fraction_lost, first.lost, first.highest) == (THEIRS, 64, 1, 4)
    hear(stream, 5, 6)
    (second,) = read(reporter.report(sender, stream, 0.5, 2.0)).blocks
    assert (second.fraction_lost, second.lost, second.highest) == (0, 1, 6)
    hear(stream, 3, 7)
    (third,) = read(reporter.report(sender, stream, 0.5, 3.0)).blocks
    assert (third.fraction_lost, third.lost) == (0, 0)
    assert read(reporter.report(sender, stream, 0.5, 4.0)).blocks == ()


def test_of_a_new_source_only_its_own_loss_is_told() -> None:
    reporter, sender, stream = made()
    hear(stream, 1, 5)
    reporter.report(sender, stream, 0.5, 1.0)
    hear(stream, 100, 102, ssrc=8)
    (told,) = read(reporter.report(sender, stream, 0.5, 2.0)).blocks
    assert (told.ssrc, told.lost, told.highest) == (8, 1, 102)


def test_behind_a_closed_gate_nothing_is_told_and_the_highest_number_never_falls() -> None:
    reporter, sender, stream = made()
    hear(stream, 0xFFFF, 0x10000)
    (before,) = read(reporter.report(sender, stream, 0.5, 1.0)).blocks
    stream.close_gate()
    hear(stream, 0x10040)
    assert read(reporter.report(sender, stream, 0.5, 2.0)).blocks == ()
    stream.open_gate()
    hear(stream, 0x10080, 0x10081)
    (after,) = read(reporter.report(sender, stream, 0.5, 3.0)).blocks
    assert (before.highest, after.highest, after.lost) == (0x10000, 0x10081, 0)


def test_the_peers_report_is_answered_with_its_stamp_and_how_long_it_lay() -> None:
    reporter, sender, stream = made()
    hear(stream, 1, 2)
    stamp = ntp_time(1_600_000_000.25)
    assert reporter.receive(build_report(Report(THEIRS, (), stamp), "y"), OURS, THEIRS, 1.0)
    (told,) = read(reporter.report(sender, stream, 0.5, 3.5)).blocks
    assert (told.last_sender_report, told.delay) == (stamp >> 16 & 0xFFFFFFFF, round(2.5 * 65536))
    hear(stream, 9, ssrc=8)
    (other,) = read(reporter.report(sender, stream, 0.5, 4.0)).blocks
    assert (other.last_sender_report, other.delay) == (0, 0)


def test_loss_jitter_and_round_trip_come_from_the_peers_report() -> None:
    reporter, _, _ = made()
    told = build_report(Report(THEIRS, (block(stamp=middle(10.0), delay=2 * 65536),)), "y")
    assert reporter.receive(told, OURS, THEIRS, 12.05)
    assert reporter.told is not None
    assert (reporter.told.lost, reporter.told.jitter_ms) == (3, 10.0)
    assert reporter.told.round_trip_ms == pytest.approx(50, abs=0.1)
    assert reporter.receive(build_report(Report(THEIRS, (block(-4, 8),)), "y"), OURS, THEIRS, 13.0)
    assert reporter.told == Told(0, 1.0, reporter.told.round_trip_ms)


@pytest.mark.parametrize(("stamp_s", "delay_s"), [(10.0, 5), (12.0, 9), (0.5, 0)])
def test_an_impossible_round_trip_is_none(stamp_s: float, delay_s: int) -> None:
    reporter, _, _ = made()
    told = build_report(Report(THEIRS, (block(stamp=middle(stamp_s), delay=delay_s * 65536),)), "y")
    reporter.receive(told, OURS, THEIRS, 12.05)
    assert reporter.told == Told(3, 10.0, None)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80\xc8", build_report(Report(5, (block(ssrc=6),), 1), "y"), build_bye(THEIRS, "y")],
    ids=["empty", "broken", "of others", "bye"],
)
def test_what_does_not_speak_of_this_leg_changes_nothing(data: bytes) -> None:
    reporter, _, _ = made()
    assert not reporter.receive(data, OURS, THEIRS, 1.0)
    assert reporter.told is None


def test_bye_is_said_only_by_who_has_reported() -> None:
    reporter, sender, stream = made()
    assert reporter.bye(OURS) is None
    reporter.report(sender, stream, 0.5, 1.0)
    packets: tuple[RtcpPacket, ...] = parse_compound(reporter.bye(OURS) or b"")
    assert packets == (Report(OURS), Other(202), Bye((OURS,)))


@given(st.lists(st.builds(ReportBlock, st.just(OURS), *[st.integers(0, 255)] * 2, *[st.integers(0, 2**32 - 1)] * 4)))
def test_no_report_gives_a_negative_or_endless_figure(blocks: list[ReportBlock]) -> None:
    reporter, _, _ = made()
    for told in blocks:
        reporter.receive(build_report(Report(THEIRS, (told,)), "y"), OURS, THEIRS, 100.0)
        assert reporter.told is not None
        assert reporter.told.lost >= 0
        assert 0 <= (reporter.told.round_trip_ms or 0) <= 10_000
