"""Via: RFC 3261 §20.42, RFC 3581, RFC 5118 §4.5."""

import pytest
import sipmessage
from hypothesis import given, settings
from hypothesis import strategies as st

from sip.errors import ParseError
from sip.message.via import Via


def one(text: str) -> Via:
    (via,) = Via.parse_list(text)
    return via


@pytest.mark.parametrize(
    ("text", "transport", "host", "port", "branch"),
    [
        ("SIP/2.0/UDP erlang.bell.com:5060;branch=z9hG4bK87asdks7", "UDP", "erlang.bell.com", 5060, 1),
        ("SIP/2.0/UDP 192.0.2.1:5060 ;received=192.0.2.207 ;branch=z9hG4bK77asjd", "UDP", "192.0.2.1", 5060, 1),
        ("SIP / 2.0 / UDP first.com: 4000;ttl=16\t;maddr=224.2.0.1 ;branch=z9hG4bKa7", "UDP", "first.com", 4000, 1),
        ("SIP/2.0/tls [2001:db8::9:1]", "TLS", "2001:db8::9:1", None, 0),
        ("sip/7.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en", "UNKNOWN", "t4.example.com", None, 1),
    ],
)  # fmt: skip
def test_via_reads_as_its_parts_and_comes_back(
    text: str, transport: str, host: str, port: int | None, branch: int
) -> None:
    via = one(text)
    assert (via.transport, via.host, via.port, via.branch is not None) == (transport, host, port, bool(branch))
    assert one(str(via)) == via


def test_hops_stand_in_order_over_lines_and_commas() -> None:
    vias = Via.parse_list(["SIP/2.0/TCP a ; branch = 1 , SIP/2.0/UDP b;branch=\t2", "SIP/2.0/UDP c"])
    assert [(via.host, via.branch) for via in vias] == [("a", "1"), ("b", "2"), ("c", None)]
    assert Via.parse_list([]) == []


def test_parameters_have_names_and_ipv6_comes_without_brackets() -> None:
    via = one("SIP/2.0/UDP h;received=[2001:db8::1];rport=5070;ttl=16;maddr=[ff02::1];x")
    assert (via.received, via.rport, via.ttl, via.maddr, via.param("x")) == ("2001:db8::1", 5070, 16, "ff02::1", "")
    assert one("SIP/2.0/UDP h;received=2001:db8::9:255").received == "2001:db8::9:255"
    bare = one("SIP/2.0/UDP h;rport;ttl=999999")
    assert (bare.received, bare.rport, bare.rport_asked, bare.ttl, bare.maddr) == (None, None, True, None, None)
    assert not one("SIP/2.0/UDP h").rport_asked


def test_server_notes_where_a_request_came_from() -> None:
    asked = one("SIP/2.0/UDP 10.1.1.1:4540;rport;branch=z9hG4bKkjshdyff")
    # RFC 3581 §4
    assert str(asked.with_received("192.0.2.1", 9988)) == (
        "SIP/2.0/UDP 10.1.1.1:4540;rport=9988;branch=z9hG4bKkjshdyff;received=192.0.2.1"
    )
    assert asked.with_received("10.1.1.1", 4540).received == "10.1.1.1"
    plain = one("SIP/2.0/UDP 10.1.1.1:4540;branch=1")
    assert plain.with_received("10.1.1.1", 9988) is plain
    assert plain.with_received("2001:db8::1", 9988).received == "2001:db8::1"


@pytest.mark.parametrize(
    "text",
    ["", "UDP h", "SIP/2.0/UDP", "SIP/2.0/UDP h:65536", "SIP/2.0/UDP 2001:db8::1", "SIP/2.0/UDP h;;,;,,",
     "SIP/2.0/UDP h;branch=", "SIP/2.0/UDP h,", "SIP/2.0/UDP h x", "SIP/2.0 UDP h"],
)  # fmt: skip
def test_malformed_via_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Via.parse_list([text])


def test_way_back_is_salvaged_from_a_malformed_via() -> None:
    assert str(Via.salvage("SIP/2.0/UDP 192.0.2.15;;,;,,")) == "SIP/2.0/UDP 192.0.2.15"
    assert str(Via.salvage("SIP/2.0/UDP h:1;;Branch = z9hG4bK1;\0")) == "SIP/2.0/UDP h:1;branch=z9hG4bK1"
    with pytest.raises(ParseError):
        Via.salvage("UDP h")


def test_independent_reader_agrees() -> None:
    text = "SIP/2.0/WSS [::1]:5061;branch=z9hG4bKx;rport;received=192.0.2.1"
    theirs = sipmessage.Via.parse(str(one(text)))
    assert (theirs.transport, theirs.port, theirs.parameters["branch"]) == ("WSS", 5061, "z9hG4bKx")


VIAS = st.builds(
    Via,
    st.sampled_from(["UDP", "TCP", "WSS"]),
    st.sampled_from(["h.example", "192.0.2.1", "2001:db8::1"]),
    st.none() | st.integers(0, 65535),
    st.lists(st.tuples(st.text("abc", min_size=1), st.none() | st.text("xyz:.", min_size=1)), max_size=3).map(tuple),
)


@given(st.lists(VIAS, min_size=1, max_size=3))
def test_what_is_written_reads_back_the_same(vias: list[Via]) -> None:
    assert Via.parse_list(",".join(map(str, vias))) == vias


@settings(max_examples=300)
@given(st.text(max_size=60) | st.text('h;=,: "[]1', max_size=30).map(lambda tail: "SIP/2.0/UDP " + tail))
def test_arbitrary_text_is_a_via_or_a_parse_error(text: str) -> None:
    try:
        vias = Via.parse_list(text)
    except ParseError:
        return
    assert Via.parse_list(",".join(map(str, vias))) == vias


def test_message_has_so_many_hops() -> None:
    assert len(Via.parse_list(["SIP/2.0/UDP a"] * 128)) == 128
    with pytest.raises(ParseError, match="more than 128"):
        Via.parse_list(",".join(["SIP/2.0/UDP a"] * 129))
