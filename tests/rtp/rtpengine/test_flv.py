from rtp.g711 import SILENCE_A
from rtp.rtpengine.flv import container


def tags(data: bytes) -> list[tuple[int, int, bytes]]:
    """Kind, time in ms and body of each tag, by the format's own lengths."""
    assert data[:9] == b"FLV\x01\x04\x00\x00\x00\x09"
    found: list[tuple[int, int, bytes]] = []
    at, last = 9, 0
    while True:
        assert int.from_bytes(data[at : at + 4], "big") == last
        at += 4
        if at == len(data):
            return found
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        ms = int.from_bytes(data[at + 4 : at + 7], "big") + (data[at + 7] << 24)
        found.append((data[at], ms, data[at + 11 : at + 11 + size]))
        last = 11 + size
        at += last


def test_each_20_ms_are_a_packet_and_the_last_is_filled_up() -> None:
    found = tags(container(b"\x01" * 160 + b"\x02" * 100))
    assert found == [(8, 0, b"\x72" + b"\x01" * 160), (8, 20, b"\x72" + b"\x02" * 100 + bytes([SILENCE_A]) * 60)]


def test_times_beyond_24_bits_are_right() -> None:
    *_, (kind, at_ms, _) = tags(container(bytes(160) * (1 << 20)))
    assert (kind, at_ms) == (8, ((1 << 20) - 1) * 20)


def test_nothing_is_a_file_without_packets() -> None:
    assert tags(container(b"")) == []
