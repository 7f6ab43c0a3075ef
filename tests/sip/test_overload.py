from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.config import Address, CoreConfig, Limits, Trunk
from sip.message.message import Response, parse
from sip.overload import Governor, glimpse, stateless_tag, unavailable
from tests.sip.network import Network, Peer
from tests.sip.raw import PEER, answers, ask, raw, statuses

NEAR = Trunk("near", (ip_network("192.0.2.0/24"),))
HERE = Address("192.0.2.1", 5060)
CONTACT = "Contact: <sip:peer@192.0.2.9>"


def busy(calls_per_s: float = 1.0) -> Peer:
    """A core that takes one call, and has taken it."""
    peer = Network().join(HERE, CoreConfig(trunks=(NEAR,), limits=Limits(calls_per_s=calls_per_s)), name="busy")
    ask(peer, invite(call_id="first", branch="z9hG4bKfirst"))
    return peer


def invite(*headers: str, **changed: str) -> bytes:
    return raw("INVITE", CONTACT, *headers, **changed)


def answer(data: bytes) -> Response:
    message = parse(data)
    assert isinstance(message, Response)
    return message


HOSTS = st.sampled_from(["192.0.2.9", "192.0.2.77", "phone.example"])
RPORTS = st.sampled_from(["", ";rport", ";Rport;x=1"])
TEXT = st.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=12)


@given(HOSTS, st.sampled_from(["", ":5060", ":5077"]), RPORTS, TEXT, TEXT, st.integers(1, 99), st.booleans())
def test_a_refusal_from_bytes_is_the_one_that_the_parser_would_have_led_to(
    host: str, port: str, rport: str, branch: str, call_id: str, cseq: int, further: bool
) -> None:
    via = f"SIP/2.0/UDP {host}{port};branch=z9hG4bK{branch}{rport}"
    more = (
        ("Via: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKfar, SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKfarther",) if further else ()
    )
    data = invite(*more, via=via, call_id=call_id, cseq=str(cseq), from_='"A, B" <sip:a@x>;tag=1')
    folded = data.replace(b"\r\nContact:", b"\r\nSubject: left\r\n to the parser\r\nContact:")
    assert glimpse(data)
    assert not glimpse(folded)
    fast, slow = busy(), busy()
    results = []
    for peer, sending in ((fast, data), (slow, folded)):
        peer.core.receive(sending, PEER, 1000.0)
        ((sent, destination),) = peer.core.datagrams()
        results.append((answer(sent), destination))
    (one, to), (other, other_to) = results
    assert (one.status, to) == (503, other_to)
    assert one.headers.get("Retry-After") == other.headers.get("Retry-After") == "5"
    assert [(via.host, via.port, set(via.params)) for via in one.vias] == [
        (via.host, via.port, set(via.params)) for via in other.vias
    ]
    assert (str(one.from_), str(one.to), one.call_id, str(one.cseq)) == (
        str(other.from_), str(other.to), other.call_id, str(other.cseq),
    )  # fmt: skip
    assert fast.core.stats["refused"] == slow.core.stats["refused"]


@pytest.mark.parametrize(
    "data",
    [
        invite(to="<sip:600@192.0.2.1>;tag=x"),
        invite("Subject: two\r\n lines"),
        invite("Subject: two\n lines"),
        invite("To: <sip:again@192.0.2.1>"),
        invite(via="SIP/2.0/UDP [2001:db8::9];branch=z9hG4bK1"),
        invite(via="SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1;rport=7"),
        invite(via="SIP/2.0/UDP 192.0.2.9;branch=1"),
        invite(via="SIP/2.0/UDP 192.0.2.9:65536;branch=z9hG4bK1"),
        invite().replace(b"z9hG4bK1", b"z9hG4bK\xe6"),
        invite(from_="<sip:a\0b@x>;tag=1"),
        invite(via="SIP/2.0/UDP 192.0.2.9"),
        invite(via="SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b;branch=z9hG4bK2"),
        invite(via='SIP/2.0/UDP a;x="1;branch=z9hG4bK2"'),
        invite().replace(b"Call-ID: ", b"Call-Xd: "),
        invite().replace(b"Via: ", b"Vxa: "),
        invite().replace(b"\r\n\r\n", b"\r\n"),
        raw("OPTIONS"),
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(data: bytes) -> None:
    assert glimpse(data) is None


@given(st.integers(0, 400), st.binary(max_size=6), st.integers(0, 6))
def test_whatever_is_changed_in_an_invite_it_is_read_or_left_to_the_parser(at: int, inserted: bytes, cut: int) -> None:
    data = invite()
    changed = data[:at] + inserted + data[at + cut :]
    seen = glimpse(changed)
    if seen is not None:
        assert unavailable(seen, *PEER[:2], "t", 9).startswith(b"SIP/2.0 503 Service Unavailable\r\nVia: ")


def test_a_name_in_other_letters_is_no_hindrance() -> None:
    assert glimpse(invite(from_='"Bjørn" <sip:a@x>;tag=1'))


def test_compact_names_are_read() -> None:
    data = invite()
    for long, short in ((b"Via:", b"v:"), (b"From:", b"f:"), (b"To:", b"t:"), (b"Call-ID:", b"i:")):
        data = data.replace(b"\r\n" + long, b"\r\n" + short)
    seen = glimpse(data)
    assert seen is not None
    assert answer(unavailable(seen, *PEER[:2], "t", 9)).to.tag == "t"


def test_repeat_of_a_call_that_was_taken_is_not_refused() -> None:
    peer = busy()
    assert ask(peer, invite(call_id="first", branch="z9hG4bKfirst")) == []
    assert statuses(ask(peer, invite(call_id="second", branch="z9hG4bKsecond"))) == [503]
    assert peer.core.stats["sessions"] == 1


def test_repeats_of_a_refusal_are_alike_and_their_acks_are_dropped() -> None:
    peer = busy()
    data = invite(call_id="second", branch="z9hG4bKsecond")
    first, again = ask(peer, data)[0], ask(peer, data)[0]
    assert first.to.tag == again.to.tag
    before = peer.core.stats["parse_errors"]
    ack = raw("ACK", "no header at all", to=str(first.to), call_id="second", branch="z9hG4bKsecond")
    assert ask(peer, ack) == []
    assert peer.core.stats["parse_errors"] == before


def test_a_stranger_is_not_answered_from_bytes() -> None:
    peer = busy()
    far = Address("203.0.113.7", 5060)
    assert statuses(ask(peer, invite(call_id="s", branch="z9hG4bKs"), far)) == [403]


def test_tags_of_refusals_tell_calls_and_nodes_apart() -> None:
    tags = {stateless_tag(mark, call, branch) for mark in ("a-", "b-") for call in "xy" for branch in "12"}
    assert len(tags) == 8
    assert all(tag[:2] in ("a-", "b-") for tag in tags)


def beats(governor: Governor, late_s: float, seconds: float, now: float = 0.0) -> None:
    for beat in range(int(50 * seconds)):
        governor.observe(late_s, now + beat / 50)


def test_a_node_that_runs_late_takes_fewer_calls_and_then_all_again() -> None:
    governor = Governor(1000.0)
    beats(governor, 0.06, 5.0)
    assert governor.per_s == 100.0
    beats(governor, 0.0, 20.0, now=10.0)
    assert governor.per_s == 1000.0


@pytest.mark.parametrize(("late_of_ten", "after"), [(0, 1000.0), (2, 950.0), (5, 850.0)])
def test_the_more_often_late_the_fewer(late_of_ten: int, after: float) -> None:
    governor = Governor(1000.0)
    for beat in range(1000):
        governor.observe(0.03 if beat % 10 < late_of_ten else 0.0, -1e9)
    governor.per_s = 1000.0
    governor.observe(0.0, 1.0)
    assert governor.per_s == after


def test_a_node_that_is_late_at_times_stays_at_its_rate() -> None:
    governor = Governor(1000.0)
    governor.observe(0.0, -1e9)
    governor.per_s = 500.0
    for beat in range(2000):
        governor.observe(0.03 if beat % 14 == 0 else 0.0, -1e9)
    assert not governor.observe(0.0, 1.0)
    assert governor.per_s == 500.0


def test_a_node_that_takes_few_calls_anyway_is_not_slowed() -> None:
    governor = Governor(40.0)
    beats(governor, 0.5, 5.0)
    assert governor.per_s == 40.0


def test_one_pause_does_not_show() -> None:
    governor = Governor(1000.0)
    beats(governor, 0.001, 1.0)
    governor.observe(0.3, 1.01)
    beats(governor, 0.001, 1.0, now=1.2)
    assert governor.per_s == 1000.0


def test_a_late_node_refuses_calls_that_it_took_before() -> None:
    peer = Network().join(HERE, CoreConfig(trunks=(NEAR,), limits=Limits(calls_per_s=200)), name="late")

    def taken(now: float) -> int:
        for number in range(50):
            peer.core.receive(invite(call_id=f"{now}-{number}", branch=f"z9hG4bK{now}-{number}"), PEER, now)
        return 50 - statuses(answers(peer)).count(503)

    assert taken(1000.0) == 40
    for beat in range(250):
        peer.core.late(0.1, 1001.0 + beat / 50)
    assert taken(1006.0) == 40
    assert taken(1006.305) == 30
    for beat in range(500):
        peer.core.late(0.0, 1011.0 + beat / 50)
    assert taken(1030.0) == 40
