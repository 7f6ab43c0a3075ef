from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sip.config import Address
from sip.message.uri import SipUri
from sip.resolution import (
    MOST_TARGETS,
    Naptr,
    Question,
    Record,
    Srv,
    Ways,
    in_order,
    is_name,
    literal,
    locate,
    needs_question,
)

ALL = Ways(("UDP", "TCP", "TLS"), (4, 6))
ZONE: dict[tuple[str, str], tuple[Record, ...]] = {
    ("carrier.example", "NAPTR"): (
        Naptr(20, 10, "s", "SIP+D2U", "_sip._udp.carrier.example"),
        Naptr(10, 20, "S", "SIP+D2T", "_sip._tcp.carrier.example."),
        Naptr(10, 10, "s", "sips+d2t", "_sips._tcp.carrier.example"),
        Naptr(5, 5, "u", "E2U+sip", ""),
        Naptr(1, 1, "s", "SIP+D2S", "_sip._sctp.carrier.example"),
    ),
    ("_sips._tcp.carrier.example", "SRV"): (Srv(0, 0, 5081, "tls.carrier.example"),),
    ("_sip._tcp.carrier.example", "SRV"): (Srv(0, 0, 5070, "a.carrier.example"),),
    ("_sip._udp.carrier.example", "SRV"): (Srv(2, 0, 5060, "b.carrier.example"), Srv(1, 0, 5066, "A.carrier.example.")),
    ("a.carrier.example", "A"): ("192.0.2.1",),
    ("b.carrier.example", "A"): ("192.0.2.2", "192.0.2.3"),
    ("b.carrier.example", "AAAA"): ("2001:db8::2",),
    ("tls.carrier.example", "A"): ("192.0.2.4",),
    ("plain.example", "A"): ("192.0.2.9",),
    ("plain.example", "AAAA"): ("2001:db8::9",),
    ("srv.example", "A"): ("192.0.2.8",),
    ("_sip._udp.srv.example", "SRV"): (Srv(0, 0, 5060, "srv.example"),),
    ("_sip._tcp.srv.example", "SRV"): (Srv(0, 0, 5060, "srv.example"),),
    ("_sip._udp.closed.example", "SRV"): (Srv(0, 0, 0, "."),),
    ("closed.example", "A"): ("192.0.2.7",),
    ("liar.example", "A"): ("224.0.0.1", "0.0.0.0", "127.0.0.1", "255.255.255.255", "::1", "no address", "192.0.2.66"),
    ("liar.example", "AAAA"): ("192.0.2.1", "fe80::1", "ff02::1", "::", "::1", "::ffff:192.0.2.1", "2001:db8::66"),
}


def answered(
    uri: str, ways: Ways = ALL, zone: dict[tuple[str, str], tuple[Record, ...]] = ZONE, chance: float = 0.0
) -> tuple[list[Address], list[Question]]:
    """The targets of a URI in a zone, and all that was asked."""
    asked: list[Question] = []
    asking = locate(SipUri.parse(uri), ways, lambda: chance)
    try:
        questions = next(asking)
        while True:
            asked += questions
            questions = asking.send({one: zone[one] for one in questions if one in zone})
    except StopIteration as stop:
        return stop.value, asked


def at(host: str, port: int = 5060, transport: str = "UDP") -> Address:
    return Address(host, port, transport)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("uri", "targets"),
    [
        ("sip:1@192.0.2.5", [at("192.0.2.5")]),
        ("sip:1@192.0.2.5:5070", [at("192.0.2.5", 5070)]),
        ("sip:1@192.0.2.5;transport=tcp", [at("192.0.2.5", 5060, "TCP")]),
        ("sip:1@192.0.2.5;transport=TLS", [at("192.0.2.5", 5061, "TLS")]),
        ("sips:1@192.0.2.5", [at("192.0.2.5", 5061, "TLS")]),
        ("sips:1@192.0.2.5;transport=tcp", [at("192.0.2.5", 5061, "TLS")]),
        ("sips:1@192.0.2.5;transport=udp", []),
        ("sip:1@192.0.2.5;transport=sctp", []),
        ("sip:1@[2001:db8::5]:5061;transport=tls", [at("2001:db8::5", 5061, "TLS")]),
        ("sip:1@carrier.example;maddr=192.0.2.6", [at("192.0.2.6")]),
        ("sip:1@192.0.2.999", []),
        ("sip:1@12345", []),
    ],
)
def test_address_in_the_uri_is_taken_without_a_question(uri: str, targets: list[Address]) -> None:
    assert answered(uri) == (targets, [])


@pytest.mark.parametrize(
    ("uri", "targets"),
    [
        # RFC 3263 §4.2: a port means that only addresses are asked for.
        ("sip:1@plain.example:5080", [at("192.0.2.9", 5080), at("2001:db8::9", 5080)]),
        ("sips:1@plain.example:5080", [at("192.0.2.9", 5080, "TLS"), at("2001:db8::9", 5080, "TLS")]),
        ("sip:1@plain.example:5080;transport=tcp", [at("192.0.2.9", 5080, "TCP"), at("2001:db8::9", 5080, "TCP")]),
        # §4.1, last paragraphs: nothing but addresses there.
        ("sip:1@Plain.Example.", [at("192.0.2.9"), at("2001:db8::9")]),
        ("sips:1@plain.example", [at("192.0.2.9", 5061, "TLS"), at("2001:db8::9", 5061, "TLS")]),
        # No NAPTR: every transport's SRV.
        ("sip:1@srv.example", [at("192.0.2.8"), at("192.0.2.8", 5060, "TCP")]),
        # A transport in the URI: its SRV alone.
        ("sip:1@srv.example;transport=tcp", [at("192.0.2.8", 5060, "TCP")]),
        ("sip:1@closed.example;transport=udp", []),
        ("sip:1@nowhere.example", []),
    ],
)
def test_name_leads_where_the_rfc_says(uri: str, targets: list[Address]) -> None:
    assert answered(uri)[0] == targets


def test_port_asks_for_addresses_alone() -> None:
    assert {one.kind for one in answered("sip:1@carrier.example:5060")[1]} == {"A", "AAAA"}


def test_naptr_decides_over_transports_by_order_and_preference() -> None:
    targets, asked = answered("sip:1@carrier.example")
    assert asked[0] == Question("carrier.example", "NAPTR")
    assert targets == [
        at("192.0.2.4", 5081, "TLS"),
        at("192.0.2.1", 5070, "TCP"),
        at("192.0.2.1", 5066),
        at("192.0.2.2"),
        at("192.0.2.3"),
        at("2001:db8::2"),
    ]


def test_sips_uri_never_leaves_tls() -> None:
    assert answered("sips:1@carrier.example")[0] == [at("192.0.2.4", 5081, "TLS")]
    assert answered("sips:1@carrier.example", Ways())[0] == []


def test_transports_and_families_that_we_lack_are_left_out() -> None:
    assert answered("sip:1@carrier.example", Ways(("UDP",), (6,)))[0] == [at("2001:db8::2")]
    assert answered("sip:1@192.0.2.1", Ways(("UDP",), (6,)))[0] == []
    assert answered("sip:1@192.0.2.1;transport=tcp", Ways())[0] == []


def test_lies_lead_neither_to_many_nor_to_nobody_nor_to_ourselves() -> None:
    assert answered("sip:1@liar.example")[0] == [at("192.0.2.66"), at("2001:db8::66")]
    home = Ways(("UDP",), (4,), loopback=True)
    assert answered("sip:1@liar.example", home)[0] == [at("127.0.0.1"), at("192.0.2.66")]


def test_no_answer_makes_more_than_so_many_questions_and_targets() -> None:
    zone: dict[tuple[str, str], tuple[Record, ...]] = {
        ("_sip._udp.big.example", "SRV"): tuple(Srv(0, 1, 5060, f"h{n}.big.example") for n in range(500)),
        **{(f"h{n}.big.example", "A"): tuple(f"192.0.2.{one}" for one in range(1, 200)) for n in range(500)},
    }
    targets, asked = answered("sip:1@big.example", Ways(("UDP",)), zone)
    assert len(targets) == MOST_TARGETS
    assert len(asked) == 2 + MOST_TARGETS


def test_records_of_another_kind_are_overlooked() -> None:
    zone: dict[tuple[str, str], tuple[Record, ...]] = {
        ("odd.example", "NAPTR"): ("192.0.2.1", Naptr(1, 1, "s", "SIP+D2U", "bad name")),
        ("_sip._udp.odd.example", "SRV"): ("192.0.2.1",),
        ("odd.example", "A"): (Srv(0, 0, 1, "x.example"), "192.0.2.2"),
    }
    assert answered("sip:1@odd.example", Ways(), zone)[0] == [at("192.0.2.2")]


def test_unanswered_questions_are_answered_by_nothing() -> None:
    targets, asked = answered("sip:1@carrier.example", zone={})
    assert targets == []
    assert len(asked) == 1 + 3 + 2


@pytest.mark.parametrize("name", ["a", "a.b", "_sip._udp.a-b.example.", "x" * 63 + ".no", "sip.7.example"])
def test_names_that_may_be_asked_for(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "1.2.3.4", "127.1", "a..b", "-a.no", "a b.no", "x" * 64 + ".no", "a." * 130 + "no", "a.1"]
)
def test_what_is_no_name_is_not_asked_for(name: str) -> None:
    assert not is_name(name)


def test_name_is_no_address() -> None:
    assert literal(SipUri.parse("sip:a@x.example"), ALL) == []
    assert needs_question(SipUri.parse("sip:a@x.example"))
    assert not needs_question(SipUri.parse("sip:a@x.example;maddr=192.0.2.1"))


def test_priority_comes_before_weight() -> None:
    first, second = Srv(1, 0, 1, "a.example"), Srv(2, 1000, 1, "b.example")
    assert in_order([second, first], lambda: 0.99) == [first, second]


def draws(seed: int) -> Iterator[float]:
    """A plain congruential sequence: tests bring no chance of their own."""
    while True:
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        yield (seed >> 11) / 2**53


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 50), min_size=2, max_size=5), st.integers(1, 2**32))
def test_the_first_is_drawn_by_weight(weights: list[int], seed: int) -> None:
    services = [Srv(0, weight, port, "a.example") for port, weight in enumerate(weights)]
    numbers, rounds = draws(seed), 3000
    firsts = Counter(in_order(services, lambda: next(numbers))[0].port for _ in range(rounds))
    for port, weight in enumerate(weights):
        # The lightest gets the one chance more that RFC 2782's "0 to the sum" leaves.
        assert abs(firsts[port] / rounds - weight / sum(weights)) < 0.05 + 1 / sum(weights)


@given(
    st.lists(st.builds(Srv, st.integers(0, 3), st.integers(0, 65535), st.just(1), st.just("a.example"))),
    st.floats(0, 1, exclude_max=True),
)
def test_order_loses_and_invents_nothing(services: list[Srv], chance: float) -> None:
    ordered = in_order(services, lambda: chance)
    assert Counter(ordered) == Counter(services)
    assert [one.priority for one in ordered] == sorted(one.priority for one in services)
