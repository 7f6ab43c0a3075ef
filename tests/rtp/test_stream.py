import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtp.dtmf import EVENT
from rtp.engine import DtmfReceived, LegId, MediaEvent, Relatched, RtpTimeout
from rtp.latch import Address
from rtp.packet import RtpPacket
from rtp.stream import Inbound, Patience, RtpStream

LEG = LegId("a")
NAMED, OTHER = ("192.0.2.1", 4000), ("198.51.100.7", 5000)


def stream(*, trusted: bool = True, receives: bool = True, now: float = 0.0) -> RtpStream:
    return RtpStream(LEG, NAMED, Inbound(8, 101, receives), Patience(trusted, 30.0, 10.0), now)


def voice(sequence: int, ssrc: int = 7, payload_type: int = 8) -> bytes:
    return RtpPacket(payload_type, sequence, 160 * sequence, ssrc, bytes(160)).to_bytes()


def key(event: int, stamp: int, ssrc: int = 7, sequence: int = 1) -> bytes:
    return RtpPacket(101, sequence, stamp, ssrc, EVENT.pack(event, 10, 160)).to_bytes()


def say(machine: RtpStream, count: int, source: Address | None = NAMED, *, now: float = 0.0, first: int = 1) -> int:
    """How many of `count` voice packets were heard."""
    heard = [machine.receive(voice(first + i), source, now + 0.02 * i) for i in range(count)]
    return sum(header is not None for header in heard)


def test_voice_is_heard_and_its_header_given() -> None:
    machine = stream()
    assert machine.receive(voice(3), NAMED, 0.0) == (0x80, 8, 3, 480, 7)
    assert machine.received == 1


@pytest.mark.parametrize(
    "data",
    [b"", voice(1)[:11], b"\x00" + voice(1)[1:], voice(1, payload_type=0), b"\x80\xc8" * 14],
    ids=["empty", "short", "STUN", "other codec", "RTCP"],
)
def test_what_was_not_agreed_is_not_heard_and_does_not_latch(data: bytes) -> None:
    machine = stream()
    assert machine.receive(data, NAMED, 0.0) is None
    assert machine.latch.source is None


def test_comfort_noise_is_a_sign_of_life_and_no_loss() -> None:
    machine = stream()
    machine.open_gate()
    say(machine, 2)
    assert machine.receive(voice(3, payload_type=13), NAMED, 29.0) == (0x80, 13, 3, 480, 7)
    machine.handle_timeout(30.0)
    assert say(machine, 1, now=30.0, first=4) == 1
    assert (machine.received, machine.reception.lost, machine.events()) == (4, 0, ())


def test_comfort_noise_of_another_source_is_not_heard() -> None:
    machine = stream()
    say(machine, 1)
    assert machine.receive(voice(2, payload_type=13), OTHER, 0.0) is None


def test_injected_packets_of_another_source_are_not_heard() -> None:
    machine = stream()
    assert say(machine, 1) == 1
    assert say(machine, 50, OTHER) == 0
    assert machine.receive(key(1, 160), OTHER, 0.0) is None
    assert machine.events() == ()


def test_on_a_connected_socket_the_source_is_not_asked_again() -> None:
    machine = stream()
    say(machine, 1)
    assert say(machine, 5, None) == 5


def test_a_leg_that_does_not_receive_hears_nothing() -> None:
    assert say(stream(receives=False), 3) == 0


def test_a_key_is_told_once() -> None:
    machine = stream()
    for _ in range(3):
        machine.receive(key(5, 160), NAMED, 0.0)
    assert machine.events() == [DtmfReceived(LEG, "5", 20)]
    assert machine.events() == ()


def test_a_new_ssrc_begins_with_its_own_keys() -> None:
    machine = stream()
    machine.receive(key(5, 160, ssrc=1), NAMED, 0.0)
    machine.receive(key(5, 160, ssrc=2), NAMED, 0.0)
    assert [event.digit for event in machine.events() if isinstance(event, DtmfReceived)] == ["5", "5"]


def test_a_broken_telephone_event_tells_nothing() -> None:
    machine = stream()
    assert machine.receive(b"\xa0" + key(5, 160)[1:-1] + b"\xff", NAMED, 0.0) is not None
    assert machine.events() == ()


def test_loss_and_jitter_count_only_while_the_gate_is_open() -> None:
    machine = stream()
    for sequence in (64, 128, 192):
        machine.receive(voice(sequence), NAMED, 0.0)
    assert machine.reception.lost == 0
    machine.open_gate()
    for sequence in (200, 201, 203):
        machine.receive(voice(sequence), NAMED, sequence * 0.02)
    machine.receive(key(1, 203 * 160, sequence=204), NAMED, 4.1)
    machine.close_gate()
    for sequence in (256, 320):
        machine.receive(voice(sequence), NAMED, 0.0)
    assert machine.reception.lost == 1
    assert machine.reception.jitter_ms == pytest.approx(0.0, abs=0.001)


def ran(machine: RtpStream, now: float) -> list[MediaEvent]:
    """Whatever the machine tells when its deadline, which must lie at `now`, has passed."""
    assert machine.deadline == pytest.approx(now)
    machine.handle_timeout(now - 0.001)
    assert machine.events() == ()
    machine.handle_timeout(now)
    return list(machine.events())


def test_silence_after_voice_is_told_once_until_voice_comes_again() -> None:
    machine = stream()
    assert machine.deadline is None
    say(machine, 1, now=100.0)
    assert ran(machine, 130.0) == [RtpTimeout(LEG, 30_000)]
    assert machine.deadline is None
    assert machine.may_send
    say(machine, 1, now=200.0)
    assert ran(machine, 230.0) == [RtpTimeout(LEG, 30_000)]


def test_a_trusted_leg_that_sends_keys_alone_may_stay_silent() -> None:
    machine = stream()
    machine.receive(key(5, 160), NAMED, 1.0)
    assert machine.deadline is None


def test_keys_count_as_life_once_voice_was_heard() -> None:
    machine = stream()
    say(machine, 1, now=100.0)
    machine.receive(key(5, 160), NAMED, 110.0)
    assert machine.deadline == 140.0


def test_a_stranger_that_never_sends_is_sent_to_for_a_bounded_time_and_told_of() -> None:
    machine = stream(trusted=False, now=50.0)
    assert ran(machine, 60.0) == []
    assert not machine.may_send
    assert ran(machine, 80.0) == [RtpTimeout(LEG, 30_000)]


def test_a_stranger_that_sends_is_sent_to_again() -> None:
    machine = stream(trusted=False)
    machine.handle_timeout(10.0)
    say(machine, 1, now=11.0)
    assert machine.may_send
    assert machine.deadline == 41.0


@pytest.mark.parametrize("held", [Inbound(8, 101, receives=False), Inbound(8, 101, watched=False)])
def test_a_held_leg_does_not_time_out(held: Inbound) -> None:
    machine = stream()
    say(machine, 1)
    machine.update(NAMED, held, 5.0)
    assert machine.deadline is None
    machine.handle_timeout(500.0)
    assert machine.events() == ()
    machine.update(NAMED, Inbound(8, 101), 500.0)
    assert machine.deadline == 530.0


def test_another_source_is_heard_after_a_time_out_only() -> None:
    machine = stream()
    say(machine, 1)
    assert say(machine, 10, OTHER) == 0
    machine.handle_timeout(30.0)
    assert say(machine, 10, OTHER, now=31.0) == 7
    assert machine.events() == [RtpTimeout(LEG, 30_000), Relatched(LEG)]


def test_after_an_update_that_names_the_same_address_another_source_may_prove_itself() -> None:
    """A phone behind NAT may be seen at another address after its re-INVITE, and still name its inner one."""
    machine = stream()
    say(machine, 1)
    machine.update(NAMED, Inbound(8, 101), 1.0)
    assert say(machine, 10, OTHER) == 7
    assert machine.events() == [Relatched(LEG)]


def test_another_source_is_heard_after_an_update_that_names_it() -> None:
    machine = stream()
    machine.update(NAMED, Inbound(8, 101), 0.0)
    say(machine, 1)
    machine.update(OTHER, Inbound(8, 101), 1.0)
    assert say(machine, 3) == 0
    assert say(machine, 3, OTHER) == 3
    assert machine.events() == [Relatched(LEG)]


@given(st.lists(st.tuples(st.binary(max_size=40), st.sampled_from([NAMED, OTHER, None])), max_size=30))
def test_any_bytes_are_borne(datagrams: list[tuple[bytes, Address | None]]) -> None:
    machine = stream()
    machine.open_gate()
    for data, source in datagrams:
        machine.receive(b"\x80\x65" + data, source, 0.0)
        machine.receive(data, source, 0.0)
    assert all(isinstance(event, DtmfReceived) for event in machine.events())
