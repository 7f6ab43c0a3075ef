"""URIs: the tables of RFC 3261 §19.1, RFC 4475, RFC 5118."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sip.errors import ParseError
from sip.message.uri import OpaqueUri, SipUri, TelUri, escape_user, parse_uri


@pytest.mark.parametrize(
    "text",
    [
        # RFC 3261 §19.1.3
        "sip:alice@atlanta.com",
        "sip:alice:secretword@atlanta.com;transport=tcp",
        "sips:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:+1-212-555-1212:1234@gateway.com;user=phone",
        "sips:1212@gateway.com",
        "sip:alice@192.0.2.4",
        "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
        "sip:alice;day=tuesday@atlanta.com",
        # RFC 4475 §3.1.1
        "sip:sips%3Auser%40example.com@example.net",
        "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
        # RFC 5118
        "sip:user@[2001:db8::10]:5070",
        "sip:[2001:db8::10:5070]",
        "sip:user@[2001:db8:::192.0.2.1]",
        # in the wild
        "sip:*21#@pbx",
        "sip:a@b;lr=",
        "tel:+47-21-07-00-00;phone-context=+47",
        "tel:*21#",
        "urn:service:sos",
        "http://www.example.com/",
    ],
)
def test_uri_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_uri(text)) == text


def test_parts_of_a_uri() -> None:
    uri = SipUri.parse("SIPS:alice:pw@[2001:DB8::1]:5061;Transport=tcp;lr?subject=x&y=")
    assert (uri.scheme, uri.user, uri.password, uri.host, uri.port) == ("sips", "alice", "pw", "2001:DB8::1", 5061)
    assert (uri.param("transport"), uri.param("lr"), uri.param("ttl")) == ("tcp", "", None)
    assert (uri.headers, uri.host_port) == ((("subject", "x"), ("y", "")), "[2001:DB8::1]:5061")
    plain = SipUri.parse("sip:x.example")
    assert (plain.user, plain.port, plain.param("lr"), plain.host_port) == ("", None, None, "x.example")
    assert str(uri.with_params(())) == "sips:alice:pw@[2001:DB8::1]:5061?subject=x&y="


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "sip:@host",
        "sip:a b@host",
        "sip:a@",
        "sip:a@b@c",
        "sip:a%4@host",
        "sip:a%zz@host",
        "sip:2001:db8::10",
        "sip:a@[::1",
        "sip:a@h:65536",
        "sip:a@h:",
        "sip:a@h;",
        "sip:a@h;;lr",
        "sip:a@h; lr",
        "sip:a@h?",
        "sip:a@h\r\n",
        "sip:a@h\u0663",
        "sip:é@h",
        "<sip:a@h>",
        "SIP:a@",
        "tel:",
        "tel:12 34",
        "tel:x",
        "nothing",
        "1a:b",
        ":b",
        "a:",
    ],
)
def test_what_is_no_uri_is_refused(text: str) -> None:
    with pytest.raises(ParseError) as raised:
        parse_uri(text)
    assert raised.value.status == 400


def test_long_uri_is_read_and_quoted_short_when_refused() -> None:
    assert str(parse_uri("sip:" + "a" * 500 + "@h")) == "sip:" + "a" * 500 + "@h"
    with pytest.raises(ParseError, match="…' is no SIP URI"):
        SipUri.parse("sip:" + "a" * 500 + " ")


# RFC 3261 §19.1.4
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
    ],
)
def test_equivalent_uris_match(one: str, other: str) -> None:
    assert SipUri.parse(one).matches(parse_uri(other))
    assert SipUri.parse(other).matches(parse_uri(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:a@b", "sips:a@b"),
        ("sip:a@b", "tel:1"),
    ],
)
def test_different_uris_do_not_match(one: str, other: str) -> None:
    assert not SipUri.parse(one).matches(parse_uri(other))


def test_address_of_record_is_bare_and_unescaped() -> None:
    assert str(SipUri.parse("sip:%61lice:x@Atlanta.COM:5060;lr?a=b").aor) == "sip:alice@atlanta.com"
    assert str(SipUri.parse("sips:a%20b@h").aor) == "sips:a%20b@h"
    assert SipUri.parse("sip:a%20b@h").user_text == "a b"


def test_tel_uri_gives_its_digits() -> None:
    uri = parse_uri("TEL:+47(21)07.00-00")
    assert isinstance(uri, TelUri)
    assert (uri.digits, uri.number) == ("+4721070000", "+47(21)07.00-00")


def test_unknown_scheme_survives() -> None:
    assert parse_uri("soap.beep://192.0.2.103:3002") == OpaqueUri("soap.beep", "//192.0.2.103:3002")


@pytest.mark.parametrize(
    "make",
    [
        lambda: SipUri("a>b", "h"),
        lambda: SipUri("a", "h>"),
        lambda: SipUri("a", "[::1]\r\n"),
        lambda: SipUri("a", "h", params=(("a;b", None),)),
        lambda: SipUri("a", "h", params=(("a", "b>c"),)),
        lambda: TelUri("1>2"),
        lambda: OpaqueUri("urn", "a b"),
    ],
)
def test_uri_cannot_be_made_of_what_could_not_be_written(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError):
        make()


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_any_text_can_be_a_user_once_escaped(text: str) -> None:
    uri = SipUri(escape_user(text), "h")
    read = SipUri.parse(str(uri))
    assert (read, read.user_text) == (uri, text)


@settings(max_examples=300)
@given(st.text(max_size=60) | st.text("sip:@[]a1%;=?&.", max_size=30).map(lambda tail: "sip:" + tail))
def test_arbitrary_text_is_a_uri_or_a_parse_error(text: str) -> None:
    try:
        uri = parse_uri(text)
    except ParseError:
        return
    assert parse_uri(str(uri)) == uri


@pytest.mark.parametrize(("start", "unit"), [("sip:a@b", ";x=y"), ("tel:1", ";x"), ("sip:a@b?z=", "&x=y")])
def test_uri_has_so_many_parameters_and_headers(start: str, unit: str) -> None:
    assert str(parse_uri(start + unit * 64)) == start + unit * 64
    with pytest.raises(ParseError, match="more than 64"):
        parse_uri(start + unit * 65)
