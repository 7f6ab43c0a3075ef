import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtp.packet import RtpPacket
from rtp.rtcp import Report, build_report
from rtp.srtp import MOST_SOURCES, WINDOW, Protection, SrtpReceiver, SrtpSender, Window
from sdp.crypto import Crypto, Secured, Suite

SUITES = list(Suite)
REPORT = build_report(Report(0x1234), "phone")


def crypto(suite: Suite = Suite.AES_128_SHA1_80, *, first: int = 0, mki: bytes = b"") -> Crypto:
    return Crypto(1, suite, bytes(range(first, first + suite.key_bytes)), None, mki)


def packet(sequence: int, *, ssrc: int = 0x1234, payload: bytes = b"hello" * 32) -> bytes:
    return RtpPacket(8, sequence & 0xFFFF, 160 * sequence & 0xFFFFFFFF, ssrc, payload).to_bytes()


def protected(sender: SrtpSender, data: bytes) -> bytes:
    sealed = sender.protect(data)
    assert sealed is not None
    return sealed


def opened(receiver: SrtpReceiver, data: bytes) -> bytes:
    """Empty if it was dropped; the buffer is longer than the packet, as the engine's is."""
    buffer = bytearray(data + b"rest")
    return bytes(buffer[: receiver.unprotect(buffer, len(data))])


def with_mki(data: bytes, mki: bytes, tag_bytes: int) -> bytes:
    end = len(data) - tag_bytes
    return data[:end] + mki + data[end:]


@pytest.mark.parametrize("suite", SUITES)
def test_what_is_protected_is_secret_and_opens_as_it_was(suite: Suite) -> None:
    sender, receiver = SrtpSender(crypto(suite)), SrtpReceiver(crypto(suite))
    for sequence in (3, 4, 6):
        sealed = protected(sender, packet(sequence))
        assert b"hello" not in sealed
        assert sealed[:12] == packet(sequence)[:12]
        assert opened(receiver, sealed) == packet(sequence)
    for _ in range(3):
        assert receiver.unprotect_rtcp(sender.protect_rtcp(REPORT)) == REPORT


@pytest.mark.parametrize("suite", SUITES)
def test_another_key_opens_nothing_and_changes_nothing(suite: Suite) -> None:
    stranger, sender, receiver = (
        SrtpSender(crypto(suite, first=1)),
        SrtpSender(crypto(suite)),
        SrtpReceiver(crypto(suite)),
    )
    for sequence in (1, 40_000, 65_535):
        assert opened(receiver, protected(stranger, packet(sequence))) == b""
        assert receiver.unprotect_rtcp(stranger.protect_rtcp(REPORT)) is None
    assert opened(receiver, protected(sender, packet(1))) == packet(1)
    assert receiver.unprotect_rtcp(sender.protect_rtcp(REPORT)) == REPORT


def test_a_packet_counts_once() -> None:
    sender, receiver = SrtpSender(crypto()), SrtpReceiver(crypto())
    sealed = protected(sender, packet(9))
    assert opened(receiver, sealed)
    assert opened(receiver, sealed) == b""
    report = sender.protect_rtcp(REPORT)
    assert receiver.unprotect_rtcp(report)
    assert receiver.unprotect_rtcp(report) is None


def test_what_is_late_is_heard_once_and_what_is_too_late_never() -> None:
    sender, receiver = SrtpSender(crypto()), SrtpReceiver(crypto())
    sealed = [protected(sender, packet(100 + at)) for at in range(WINDOW + 1)]
    assert opened(receiver, sealed[WINDOW])
    assert opened(receiver, sealed[0]) == b""
    assert opened(receiver, sealed[1]) == packet(101)
    assert opened(receiver, sealed[1]) == b""


def test_numbers_roll_over_on_both_sides_also_out_of_order_and_with_loss() -> None:
    sender, receiver = SrtpSender(crypto()), SrtpReceiver(crypto())
    for start in range(65_000, 5 * 65_536, 20_000):
        order = (start, start + 2, start + 1, start + 600)
        sealed = [protected(sender, packet(sequence)) for sequence in order]
        assert [opened(receiver, data) for data in sealed[:3]] == [packet(sequence) for sequence in order[:3]]


@pytest.mark.parametrize(("resumed", "most"), [(False, 1), (True, 15)])
@pytest.mark.parametrize("suite", [Suite.AES_128_SHA1_80, Suite.AES_128_GCM])
def test_a_source_that_rolled_over_before_it_is_heard_is_understood(suite: Suite, resumed: bool, most: int) -> None:
    key = crypto(suite)
    sender = SrtpSender(key)
    for sequence in range(0, 17 * 65_536, 20_000):
        sealed = protected(sender, packet(sequence))
        receiver = Protection(Secured(key, key), resumed=resumed).receiver
        following = protected(sender, packet(sequence + 1))
        known = sequence >> 16 <= most
        assert (opened(receiver, sealed) == packet(sequence)) == known
        assert (opened(receiver, following) == packet(sequence + 1)) == (sequence + 1 >> 16 <= most)


def test_a_number_is_sent_once() -> None:
    sender = SrtpSender(crypto())
    assert sender.protect(packet(500))
    assert sender.protect(packet(500, payload=b"other")) is None
    assert sender.protect(packet(499))
    assert sender.protect(packet(500 - WINDOW)) is None


def test_each_source_has_numbers_of_its_own_and_there_is_a_bound() -> None:
    sender, receiver = SrtpSender(crypto()), SrtpReceiver(crypto())
    for ssrc in range(MOST_SOURCES):
        assert opened(receiver, protected(sender, packet(7, ssrc=ssrc))) == packet(7, ssrc=ssrc)
    assert sender.protect(packet(7, ssrc=99)) is None
    other = SrtpSender(crypto())
    assert opened(receiver, protected(other, packet(7, ssrc=99))) == b""
    assert opened(receiver, protected(other, packet(8, ssrc=0))) == packet(8, ssrc=0)


@pytest.mark.parametrize("suite", [Suite.AES_128_SHA1_80, Suite.AES_128_GCM])
def test_the_key_that_the_peer_names_in_its_packets_is_looked_at(suite: Suite) -> None:
    sender, receiver = SrtpSender(crypto(suite)), SrtpReceiver(crypto(suite, mki=b"\x01\x02"))
    after = 0 if suite is Suite.AES_128_GCM else 10
    sealed = protected(sender, packet(1))
    report = sender.protect_rtcp(REPORT)
    assert opened(receiver, sealed) == b""
    assert opened(receiver, with_mki(sealed, b"\x01\x03", after)) == b""
    assert opened(receiver, with_mki(sealed, b"\x01\x02", after)) == packet(1)
    assert receiver.unprotect_rtcp(with_mki(report, b"\x01\x02", after)) == REPORT
    assert opened(receiver, b"\x80") == b""


@pytest.mark.parametrize(
    ("first", "between"), [(0x82, bytes(8)), (0x90, b"\xbe\xde\0\1abcd"), (0x91, bytes(4) + b"\0\0\0\0")]
)
def test_sources_and_extensions_stay_in_the_clear(first: int, between: bytes) -> None:
    plain = bytes([first]) + packet(1)[1:12] + between + b"secret"
    sealed = protected(SrtpSender(crypto()), plain)
    assert sealed.startswith(plain[:-6])
    assert b"secret" not in sealed
    assert opened(SrtpReceiver(crypto()), sealed) == plain


def test_a_header_that_is_longer_than_its_packet_is_neither_sent_nor_heard() -> None:
    plain = b"\x90" + packet(1)[1:12] + b"\0\0\0\7secret"
    assert SrtpSender(crypto()).protect(plain) is None
    assert opened(SrtpReceiver(crypto()), plain + bytes(10)) == b""


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=60), st.sampled_from([b"", b"\x80\x08", b"\x9f\x08", b"\x80\xc8\0\1"]), st.sampled_from(SUITES)
)
def test_any_bytes_are_dropped(data: bytes, start: bytes, suite: Suite) -> None:
    for receiver in (SrtpReceiver(crypto(suite)), SrtpReceiver(crypto(suite, mki=b"12"))):
        assert opened(receiver, start + data) == b""
        assert receiver.unprotect_rtcp(start + data) is None


# Appendix A of RFC 3711, and §3.3.2


@pytest.mark.parametrize(
    ("highest", "sequence", "index"),
    [
        (5, 4, 4),
        (5, 65_530, 65_530),
        (0x10005, 0xFFFA, 0xFFFA),
        (0x10005, 0x8005, 0x18005),
        (0x10005, 0x8006, 0x8006),
        (0x1FFFA, 3, 0x20003),
        (0x19000, 0x1000, 0x11000),
        (0x19000, 0x0FFF, 0x20FFF),
    ],
)
def test_the_index_is_the_likeliest(highest: int, sequence: int, index: int) -> None:
    window = Window()
    assert window.index(sequence) == sequence
    window.take(highest)
    assert window.index(sequence) == index


@given(st.lists(st.integers(0, 400), max_size=60))
def test_a_window_knows_what_it_has_seen(indices: list[int]) -> None:
    window, seen = Window(), set[int]()
    for index in indices:
        old = bool(seen) and index <= max(seen) - WINDOW
        assert window.is_new(index) == (index not in seen and not old)
        if window.is_new(index):
            window.take(index)
            seen.add(index)


# Both directions, over the life of a leg


def test_the_same_keys_go_on_and_new_ones_begin_anew() -> None:
    ours, theirs = crypto(), crypto(first=1)
    protection = Protection(Secured(ours, theirs))
    sender, receiver = protection.sender, protection.receiver
    protection.agree(Secured(Crypto(9, ours.suite, ours.key), theirs))
    assert (protection.sender, protection.receiver) == (sender, receiver)
    actives = []
    for secured in (None, Secured(ours, crypto(first=2))):
        protection.agree(secured)
        actives.append(protection.active)
    assert actives == [False, True]
    assert protection.sender is sender
    assert protection.receiver is not receiver
    protection.agree(Secured(crypto(first=3), crypto(first=2)))
    assert protection.sender is not sender
