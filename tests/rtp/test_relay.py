import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtp.dtmf import EVENT, event_packets
from rtp.engine import LegId
from rtp.g711 import A_TO_U, U_TO_A
from rtp.packet import HEADER, RtpPacket, parse
from rtp.relay import Relay
from rtp.sender import Outbound, RtpSender
from rtp.stream import Inbound, Patience, RtpStream

VOICE = bytes(range(160))


def sender(outbound: Outbound | None = None) -> RtpSender:
    return RtpSender(outbound or Outbound(8, 96), 99, 1000, 50_000, 0.0)


def passed(relay: Relay, packet: RtpPacket, now: float = 0.0) -> RtpPacket | None:
    data = packet.to_bytes()
    buffer = bytearray(data + b"rest of an older packet")
    header = HEADER.unpack_from(data)
    return parse(bytes(buffer[: len(data)])) if relay.rewrite(buffer, len(data), header, now) else None


def test_packets_continue_the_other_legs_stream_the_first_marked() -> None:
    to = sender()
    relay = Relay(to, "PCMA", "PCMA", 101)
    assert passed(relay, RtpPacket(8, 0xFFFF, 0xFFFFFFFF, 5, VOICE), 0.02) == RtpPacket(
        8, 1001, 50_160, 99, VOICE, marker=True
    )
    assert passed(relay, RtpPacket(8, 0, 159, 5, VOICE), 0.04) == RtpPacket(8, 1002, 50_320, 99, VOICE)
    assert to.due == 2


def test_loss_and_order_are_passed_on_as_they_are() -> None:
    relay = Relay(sender(), "PCMA", "PCMA", None)
    packets = [passed(relay, RtpPacket(8, n, 160 * n, 5, VOICE)) for n in (10, 13, 12)]
    assert [p.sequence if p else 0 for p in packets] == [1001, 1004, 1003]


def test_comfort_noise_is_not_passed_on_and_leaves_no_gap() -> None:
    relay = Relay(sender(), "PCMA", "PCMA", 101)
    types = {12: 13, 13: 13}
    packets = [passed(relay, RtpPacket(types.get(n, 8), n, 160 * n, 5, VOICE)) for n in range(10, 16)]
    assert [p and p.sequence for p in packets] == [1001, 1002, None, None, 1003, 1004]
    assert [p.timestamp for p in packets if p][-2:] == [50_160 + 640, 50_160 + 800]


def test_comfort_noise_out_of_order_moves_no_numbers() -> None:
    relay = Relay(sender(), "PCMA", "PCMA", None)
    packets = [
        passed(relay, RtpPacket(kind, n, 160 * n, 5, VOICE)) for n, kind in ((10, 8), (12, 8), (11, 13), (13, 8))
    ]
    assert [p and p.sequence for p in packets] == [1001, 1003, None, 1004]


def test_a_new_ssrc_is_rebased_and_marked() -> None:
    relay = Relay(sender(), "PCMA", "PCMA", None)
    passed(relay, RtpPacket(8, 10, 0, 5, VOICE), 0.02)
    assert passed(relay, RtpPacket(8, 40_000, 77, 6, VOICE), 1.02) == RtpPacket(8, 1002, 58_160, 99, VOICE, marker=True)


def test_a_telephone_event_gets_the_other_legs_number_and_keeps_its_marker() -> None:
    relay = Relay(sender(), "PCMA", "PCMU", 101)
    passed(relay, RtpPacket(8, 1, 0, 5, VOICE))
    event = passed(relay, RtpPacket(101, 2, 160, 5, EVENT.pack(5, 10, 160), marker=True))
    assert event == RtpPacket(96, 1002, 50_320, 99, EVENT.pack(5, 10, 160), marker=True)


def test_a_telephone_event_is_not_passed_to_a_leg_that_takes_none() -> None:
    relay = Relay(sender(Outbound(8, None)), "PCMA", "PCMA", 101)
    assert passed(relay, RtpPacket(101, 2, 160, 5, EVENT.pack(5, 10, 160))) is None


@pytest.mark.parametrize(("source", "target", "table"), [("PCMA", "PCMU", A_TO_U), ("PCMU", "PCMA", U_TO_A)])
def test_voice_is_translated_between_the_laws(source: str, target: str, table: bytes) -> None:
    packet = passed(Relay(sender(), source, target, 101), RtpPacket(0, 1, 0, 5, VOICE))
    assert packet is not None
    assert packet.payload == VOICE.translate(table)


def test_translation_leaves_the_bytes_behind_the_packet_alone() -> None:
    data = RtpPacket(0, 1, 0, 5, VOICE).to_bytes()
    buffer = bytearray(data + b"tail")
    assert Relay(sender(), "PCMU", "PCMA", 101).rewrite(buffer, len(data), HEADER.unpack_from(data), 0.0)
    assert len(buffer) == len(data) + 4
    assert buffer.endswith(b"tail")


def test_voice_whose_payload_cannot_be_found_is_not_translated() -> None:
    relay = Relay(sender(), "PCMU", "PCMA", None)
    data = bytearray(b"\x8f" + RtpPacket(0, 1, 0, 5, b"").to_bytes()[1:])
    assert not relay.rewrite(data, len(data), HEADER.unpack_from(data), 0.0)


def test_a_held_leg_is_sent_nothing_and_continues_marked_after_hold() -> None:
    to = sender()
    relay = Relay(to, "PCMA", "PCMA", 101)
    passed(relay, RtpPacket(8, 1, 0, 5, VOICE), 0.02)
    to.update(Outbound(8, 96, sends=False))
    assert passed(relay, RtpPacket(8, 2, 160, 5, VOICE), 0.04) is None
    to.update(Outbound(8, 96))
    assert passed(relay, RtpPacket(8, 3, 320, 5, VOICE), 0.06) == RtpPacket(8, 1002, 50_480, 99, VOICE, marker=True)


def test_what_is_played_or_pressed_to_a_leg_silences_its_peer() -> None:
    to = sender()
    relay = Relay(to, "PCMA", "PCMA", 101)
    to.press(event_packets("1"), 0.0)
    assert passed(relay, RtpPacket(8, 1, 0, 5, VOICE)) is None
    for _ in range(9):
        next(to.datagrams, None)
    assert passed(relay, RtpPacket(8, 2, 160, 5, VOICE)) is not None


@given(
    st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.integers(0, 2)), max_size=30),
    st.integers(0, 0xFFFF),
)
def test_differences_of_sequence_and_timestamp_survive(packets: list[tuple[int, int, int]], start: int) -> None:
    relay = Relay(RtpSender(Outbound(8), 99, start, 0xFFFFFF00, 0.0), "PCMA", "PCMA", None)
    before: tuple[RtpPacket, RtpPacket] | None = None
    for sequence, timestamp, ssrc in packets:
        packet = RtpPacket(8, sequence, timestamp, ssrc, b"x")
        got = passed(relay, packet)
        assert got is not None
        if before is not None and before[0].ssrc == ssrc:
            assert (got.sequence - before[1].sequence - sequence + before[0].sequence) % 0x10000 == 0
            assert (got.timestamp - before[1].timestamp - timestamp + before[0].timestamp) % 0x100000000 == 0
        before = (packet, got)


class Bridge:
    """One direction as a leg runs it, with the short cut or without."""

    def __init__(self, *, short: bool, target: str = "PCMA", first: int = 1000) -> None:
        self.short = short
        self.followed = 0
        self.stream = RtpStream(LegId("a"), None, Inbound(8, 101), Patience(), 0.0)
        self.stream.latch.source = ("10.0.0.1", 4000)
        self.stream.open_gate()
        self.sender = RtpSender(Outbound(8 if target == "PCMA" else 0, 96), 99, first, 50_000, 0.0)
        self.relay = Relay(self.sender, "PCMA", target, 101)

    def hears(self, datagram: bytes, now: float) -> bytes | None:
        buffer = bytearray(datagram.ljust(200, b"x"))
        size = len(datagram)
        if self.short and self.relay.follow(buffer, size, self.stream, now):
            self.followed += 1
            return bytes(buffer[:size])
        header = self.stream.receive(memoryview(buffer)[:size], None, now)
        self.stream.events()
        if header is None or not self.relay.rewrite(buffer, size, header, now):
            return None
        return bytes(buffer[:size])

    @property
    def told(self) -> tuple[object, ...]:
        """All that anybody can learn of the two legs."""
        reception, sender = self.stream.reception, self.sender
        counts = (self.stream.received, self.stream.deadline, reception.lost, reception.expected, reception.highest)
        sent = (sender.sent, sender.octets, sender.sequence, sender.timestamp, sender.last_at)
        return (*counts, reception.jitter_ms, *sent)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["voice"] * 12 + ["key", "noise", "other", "marked", "extended", "short", "play", "update", "gate"]
        ),
        st.sampled_from([1] * 12 + [0, 2, 4000, -1]),
        st.integers(0, 60),
        st.sampled_from([160] * 4 + [80, 40, 0]),
    ),
    min_size=1,
    max_size=60,
)


def datagram(kind: str, sequence: int, payload: bytes) -> bytes:
    ssrc = 6 if kind == "other" else 5
    payload_type = {"key": 101, "noise": 13}.get(kind, 8)
    if kind == "key":
        payload = bytes([5, 10, 0, 160])
    data = RtpPacket(
        payload_type, sequence, 160 * sequence & 0xFFFFFFFF, ssrc, payload, marker=kind == "marked"
    ).to_bytes()
    if kind == "extended":
        return bytes([data[0] | 0x10]) + data[1:12] + b"\xbe\xde\x00\x00" + data[12:]
    return data[:9] if kind == "short" else data


@given(STEPS, st.sampled_from(["PCMA", "PCMU"]), st.sampled_from([1000, 65_530]))
def test_the_short_cut_sends_and_counts_what_the_long_way_would(
    steps: list[tuple[str, int, int, int]], target: str, first: int
) -> None:
    long, short = Bridge(short=False, target=target, first=first), Bridge(short=True, target=target, first=first)
    sequence, now = 65_520, 100.0
    for number, (kind, ahead, late_ms, size) in enumerate(steps):
        now += late_ms / 1000
        for bridge in (long, short):
            if kind == "play":
                bridge.sender.play(number + 1, iter([[VOICE]]), now)
                next(bridge.sender.datagrams)
                if number % 2:
                    bridge.sender.stop(now)
            elif kind == "update":
                bridge.sender.update(Outbound(bridge.sender.outbound.voice_type, None, sends=number % 3 != 0))
            elif kind == "gate":
                bridge.stream.open_gate()
        if kind not in ("play", "update", "gate"):
            sequence = (sequence + ahead) & 0xFFFF
            heard = datagram(kind, sequence, VOICE[:size])
            assert short.hears(heard, now) == long.hears(heard, now)
        assert short.told == long.told


def test_voice_in_order_takes_the_short_cut_from_its_second_packet_on() -> None:
    bridge = Bridge(short=True)
    for n in range(0xFFF0, 0x10020):
        sent = bridge.hears(datagram("voice", n & 0xFFFF, VOICE), n / 50)
        assert sent is not None
        assert parse(sent).sequence == 1001 + n - 0xFFF0
    assert bridge.followed == 0x30 - 1


def test_a_clock_that_goes_round_takes_the_long_way_once() -> None:
    bridge = Bridge(short=True)
    stamps = (0xFFFFFF00, 0xFFFFFFA0, 0x40, 0xE0)
    for n, timestamp in enumerate(stamps):
        assert bridge.hears(RtpPacket(8, n, timestamp, 5, VOICE).to_bytes(), n / 50)
    assert bridge.followed == len(stamps) - 2
    assert bridge.stream.reception.jitter_ms < 0.001


def test_what_was_played_between_two_relayed_packets_moves_the_numbers_on() -> None:
    bridge = Bridge(short=True)
    bridge.hears(datagram("voice", 10, VOICE), 0.02)
    bridge.sender.play(1, iter([[VOICE, VOICE]]), 0.04)
    assert [data[2:4] for data in bridge.sender.datagrams if data] == [b"\x03\xea", b"\x03\xeb"]
    bridge.sender.ended(0.08)
    after = bridge.hears(datagram("voice", 11, VOICE), 0.10)
    assert after is not None
    assert (parse(after).sequence, parse(after).marker) == (1004, True)
