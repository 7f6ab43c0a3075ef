import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtp.dtmf import DIGITS, END, EVENT, DtmfReceiver, Key, check_digits, event_packets


def heard(*packets: tuple[int, int, int, int]) -> list[Key]:
    """Keys told for packets of (event, end, duration, timestamp)."""
    receiver = DtmfReceiver()
    told = [receiver.receive(EVENT.pack(event, END * end, duration), stamp) for event, end, duration, stamp in packets]
    return [key for key in told if key is not None]


@given(st.text(DIGITS, max_size=12), st.integers(0, 0xFFFFFFFF))
def test_what_is_sent_is_heard_once_a_key_whatever_is_lost_or_repeated(digits: str, start: int) -> None:
    receiver, keys, stamp = DtmfReceiver(), [], start
    kept = 0
    for packet in event_packets(digits):
        stamp = (stamp + 160) & 0xFFFFFFFF
        if packet is None:
            continue
        kept += 1
        if kept % 3 == 2:
            continue
        for _ in range(1 + kept % 2):
            key = receiver.receive(packet.payload, (stamp - packet.age) & 0xFFFFFFFF)
            keys += [key.digit] if key else []
    assert "".join(keys) == digits


def test_a_key_lasts_100_ms_with_three_end_packets_and_a_gap() -> None:
    packets = list(event_packets("5"))
    assert [None if p is None else EVENT.unpack(p.payload)[1:] for p in packets] == [
        (10, 160),
        (10, 320),
        (10, 480),
        (10, 640),
        (138, 800),
        (138, 800),
        (138, 800),
        None,
    ]
    assert [p.age for p in packets if p] == [0, 160, 320, 480, 640, 800, 960]


def test_the_same_key_twice_is_told_twice() -> None:
    assert heard((2, 0, 160, 1000), (2, 1, 800, 1000), (2, 0, 160, 3000), (2, 1, 800, 3000)) == [
        Key("2", 20),
        Key("2", 20),
    ]


def test_a_key_whose_first_packets_were_lost_is_told_by_its_end() -> None:
    assert heard((11, 1, 800, 1000), (11, 1, 800, 1000)) == [Key("#", 100)]


def test_late_packets_of_an_earlier_key_tell_nothing() -> None:
    assert heard((1, 1, 800, 1000), (2, 0, 160, 3000), (1, 1, 800, 1000)) == [Key("1", 100), Key("2", 20)]


def test_a_long_press_in_segments_is_one_key() -> None:
    """RFC 4733 §2.5.1.3: after 8.2 s the next segment's timestamp is the last one's plus its duration."""
    long = 0xFFFF
    assert heard((9, 0, long, 0), (9, 0, 160, long), (9, 1, 800, long), (9, 1, 800, long)) == [Key("9", long // 8)]


def test_a_segment_that_is_heard_only_by_its_end_is_no_new_key() -> None:
    assert heard((9, 0, 0xFFFF, 0), (9, 1, 800, 0xFFFF)) == [Key("9", 0xFFFF // 8)]


def test_an_ended_key_has_no_segments() -> None:
    assert heard((9, 0, 640, 0), (9, 1, 800, 0), (9, 0, 160, 800)) == [Key("9", 80), Key("9", 20)]


@pytest.mark.parametrize("payload", [b"", b"\x01\x00\x00", EVENT.pack(16, 0, 160)], ids=["empty", "short", "flash"])
def test_what_is_no_key_tells_nothing(payload: bytes) -> None:
    assert DtmfReceiver().receive(payload, 0) is None


@given(st.lists(st.tuples(st.binary(max_size=6), st.integers(0, 0xFFFFFFFF)), max_size=20))
def test_any_payload_is_borne(packets: list[tuple[bytes, int]]) -> None:
    receiver = DtmfReceiver()
    for payload, stamp in packets:
        key = receiver.receive(payload, stamp)
        assert key is None or key.digit in DIGITS


def test_a_character_that_is_no_key_is_named() -> None:
    check_digits(DIGITS)
    with pytest.raises(ValueError, match="'x' is no key"):
        check_digits("1x")
