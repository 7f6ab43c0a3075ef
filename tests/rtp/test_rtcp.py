import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtp.packet import PacketError
from rtp.rtcp import Bye, Other, Report, ReportBlock, build_bye, build_report, is_rtcp, ntp_time, parse_compound

word = st.integers(0, 0xFFFFFFFF)
blocks = st.builds(ReportBlock, word, st.integers(0, 255), st.integers(-0x800000, 0x7FFFFF), word, word, word, word)
reports = st.builds(
    Report, word, st.lists(blocks, max_size=31).map(tuple), st.integers(0, 2**64 - 1), word, word, word
) | st.builds(Report, word, st.lists(blocks, max_size=3).map(tuple))


@given(reports, st.text(max_size=20))
def test_reports_are_read_back_and_followed_by_the_cname(report: Report, cname: str) -> None:
    assert parse_compound(build_report(report, cname)) == (report, Other(202))


def test_bye_is_a_compound_packet() -> None:
    assert parse_compound(build_bye(7, "svar")) == (Report(7), Other(202), Bye((7,)))


def test_a_loss_beyond_24_bits_is_told_as_the_most_that_fits() -> None:
    report = Report(1, (ReportBlock(2, 255, 1 << 30, 0, 0),))
    read = parse_compound(build_report(report, "x"))[0]
    assert isinstance(read, Report)
    assert read.blocks[0].lost == 0x7FFFFF


def test_more_blocks_than_fit_are_refused() -> None:
    with pytest.raises(PacketError, match="32 report blocks"):
        build_report(Report(1, (ReportBlock(2, 0, 0, 0, 0),) * 32), "x")


def test_rtcp_is_told_from_rtp_by_its_second_byte() -> None:
    assert [byte for byte in range(128, 256) if is_rtcp(byte)] == list(range(192, 224))


def test_ntp_time_counts_from_1900() -> None:
    assert ntp_time(0.5) == (2_208_988_800 << 32) + (1 << 31)


@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda tail: b"\x81\xc8\x00\x06" + tail))
def test_any_bytes_give_packets_or_the_declared_error(data: bytes) -> None:
    try:
        parse_compound(data)
    except PacketError:
        pass


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x80\xc9", "2 bytes are left"),
        (b"\x40\xc9\x00\x00", "version 1"),
        (b"\x80\xc9\x00\x02\x00\x00\x00\x01", "12 bytes begins at byte 0 of 8"),
        (b"\x82\xcb\x00\x01\x00\x00\x00\x01", "BYE of 2"),
        (b"\x81\xc9\x00\x01\x00\x00\x00\x01", "report of 1"),
        (b"\x80\xc8\x00\x01\x00\x00\x00\x01", "report of 0"),
    ],
)
def test_what_is_no_rtcp_is_refused_with_the_reason(data: bytes, said: str) -> None:
    with pytest.raises(PacketError, match=said):
        parse_compound(data)


SHARED = Path(os.environ.get("SVAR_SHARED", Path(__file__).parents[3] / "shared"))
CORPUS = SHARED / "corpus" / "rtp-bin"


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")
def test_the_corpus_gives_packets_or_the_declared_error() -> None:
    for path in sorted(CORPUS.iterdir()):
        try:
            parse_compound(path.read_bytes())
        except PacketError:
            pass


def test_more_than_a_datagram_of_ours_is_not_read() -> None:
    assert len(parse_compound(bytes([0x80, 202, 0, 0]) * 375)) == 375
    with pytest.raises(PacketError, match="1504 bytes"):
        parse_compound(bytes([0x80, 202, 0, 0]) * 376)
