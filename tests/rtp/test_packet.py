import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtp.packet import PacketError, RtpPacket, parse, payload_bounds

packets = st.builds(
    RtpPacket,
    st.integers(0, 127),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.binary(max_size=200),
    st.booleans(),
)


@given(packets)
def test_what_is_written_is_read_back(packet: RtpPacket) -> None:
    assert parse(packet.to_bytes()) == packet


@given(st.binary(max_size=64) | st.binary(min_size=11, max_size=40).map(lambda tail: b"\xbf" + tail))
def test_any_bytes_give_a_packet_or_the_declared_error(data: bytes) -> None:
    try:
        packet = parse(data)
    except PacketError:
        return
    assert len(packet.payload) <= len(data) - 12


FIXED = bytes([0, 8, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7])


def rtp(first: int, rest: bytes) -> bytes:
    return bytes([first]) + FIXED[1:] + rest


@pytest.mark.parametrize(
    ("data", "payload"),
    [
        (rtp(0x80, b"abc"), b"abc"),
        (rtp(0x82, b"11112222abc"), b"abc"),
        (rtp(0x90, b"\xbe\xde\x00\x01eeeeabc"), b"abc"),
        (rtp(0xA0, b"abc\x00\x00\x03"), b"abc"),
        (rtp(0xB1, b"1111\xbe\xde\x00\x00abc\x01"), b"abc"),
        (rtp(0xA0, b"\x00\x00\x03"), b""),
    ],
    ids=["plain", "csrcs", "extension", "padding", "all", "only padding"],
)
def test_payload_is_found_between_csrcs_extension_and_padding(data: bytes, payload: bytes) -> None:
    assert parse(data).payload == payload


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "0 bytes"),
        (FIXED[:11], "too few"),
        (rtp(0x40, b""), "version 1"),
        (rtp(0x81, b"111"), "begin at byte 16"),
        (rtp(0x90, b"\xbe\xde\x00"), "extension begins at byte 12"),
        (rtp(0x90, b"\xbe\xde\x00\x02eeee"), "begin at byte 24"),
        (rtp(0xA0, b"abc\x00"), "padding of no bytes"),
        (rtp(0xA0, b"abc\x09"), "end at 7"),
    ],
)
def test_what_is_no_packet_is_refused_with_the_reason(data: bytes, said: str) -> None:
    with pytest.raises(PacketError, match=said):
        payload_bounds(data)


@pytest.mark.parametrize(
    "packet",
    [RtpPacket(128, 0, 0, 0, b""), RtpPacket(0, 0x10000, 0, 0, b""), RtpPacket(0, 0, -1, 0, b"")],
    ids=["payload type", "sequence", "timestamp"],
)
def test_a_field_that_does_not_fit_is_refused(packet: RtpPacket) -> None:
    with pytest.raises(PacketError, match=r"RtpPacket|payload type"):
        packet.to_bytes()
