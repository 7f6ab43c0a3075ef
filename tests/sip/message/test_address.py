"""From, To, Contact: the forms of RFC 3261 §20.10 and §20.34."""

import pytest
import sipmessage
from hypothesis import given, settings
from hypothesis import strategies as st

from sip.errors import ParseError
from sip.message.address import NameAddr
from sip.message.uri import SipUri


@pytest.mark.parametrize(
    ("text", "display", "uri", "params"),
    [
        (
            '"A. G. Bell" <sip:agb@bell-telephone.com> ;tag=a48s',
            "A. G. Bell",
            "sip:agb@bell-telephone.com",
            ";tag=a48s",
        ),
        ("sip:+12125551212@server.phone2net.com;tag=887s", "", "sip:+12125551212@server.phone2net.com", ";tag=887s"),
        ("Anonymous <sip:c8oqz84zk7z@privacy.org>;tag=hyh8", "Anonymous", "sip:c8oqz84zk7z@privacy.org", ";tag=hyh8"),
        ("<sip:a@b;lr>", "", "sip:a@b;lr", ""),
        ("caller<sip:caller@example.com>;tag=323", "caller", "sip:caller@example.com", ";tag=323"),
        ('"J Rosenberg \\\\\\""   <sip:j@e.com>\t; tag = 98', 'J Rosenberg \\"', "sip:j@e.com", ";tag=98"),
        ("token1~` token2'+_ token3*%!.- <sip:a@b>", "token1~` token2'+_ token3*%!.-", "sip:a@b", ""),
        ('"a, <b>" <sip:a@b>;x="c,d;e"', "a, <b>", "sip:a@b", ';x="c,d;e"'),
        ("Bjørn Ås <sip:a@b>", "Bjørn Ås", "sip:a@b", ""),
        ('"" <sip:a@b>', "", "sip:a@b", ""),
        ("<tel:+47210>;Q=0.5", "", "tel:+47210", ";q=0.5"),
        ('<sip:a@b>;+sip.instance="<urn:uuid:0>"', "", "sip:a@b", ';+sip.instance="<urn:uuid:0>"'),
        (" sip:a@b ", "", "sip:a@b", ""),
    ],
)
def test_address_reads_as_its_parts_and_comes_back(text: str, display: str, uri: str, params: str) -> None:
    address = NameAddr.parse(text)
    assert (address.display, str(address.uri)) == (display, uri)
    assert str(address).endswith(f"<{uri}>{params}")
    assert NameAddr.parse(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "<>",
        "<sip:a@b",
        "sip:a@b>",
        '"Watson, Thomas" < sip:t.watson@example.org >',
        "Bell, Alexander <sip:a.g.bell@example.com>",
        '"Mr. J. User <sip:j.user@example.com>',
        "sip:user@example.com?Route=%3Csip:sip.example.com%3E",
        "<sip:a@b>;;",
        "<sip:a@b>;",
        "<sip:a@b>;tag=",
        "<sip:a@b> x",
        "<sip:a@b>,",
        "<sip:a@b>, <sip:c@d>",
        "<sip:a@b>\r\nX: y",
        '<sip:a@b>;x="a\0"',
        '"\x07" <sip:a@b>',
        "*",
    ],
)
def test_what_is_not_one_address_is_refused(text: str) -> None:
    with pytest.raises(ParseError) as raised:
        NameAddr.parse(text)
    assert raised.value.status == 400


def test_list_runs_over_lines_and_commas() -> None:
    lines = ['"a,b" <sip:a@b>;q=1 , sip:c@d;lr', "<sip:e@f>"]
    assert list(map(str, NameAddr.parse_list(lines))) == ['"a,b" <sip:a@b>;q=1', "<sip:c@d>;lr", "<sip:e@f>"]
    assert NameAddr.parse_list("sip:a@b,sip:c@d") == [NameAddr.parse("sip:a@b"), NameAddr.parse("sip:c@d")]
    assert NameAddr.parse_list([]) == []
    for lines in ([""], ["sip:a@b,,sip:c@d"], ["sip:a@b,"]):
        with pytest.raises(ParseError):
            NameAddr.parse_list(lines)


def test_tag_and_parameters_can_be_given() -> None:
    address = NameAddr(SipUri("a", "b"), "A B")
    assert (address.tag, address.with_tag("x").tag, str(address.with_tag("x"))) == (None, "x", "A B <sip:a@b>;tag=x")
    assert str(address.with_tag("x").with_tag("y").with_params((("q", "1"),))) == "A B <sip:a@b>;q=1"
    assert address.with_params((("q", "1"),)).param("q") == "1"


def test_long_address_reads_as_a_short_one() -> None:
    text = f'"{"n" * 300}" <sip:{"a" * 300}@b>;tag={"t" * 300}'
    assert str(NameAddr.parse(text)) == text.replace('"', "")


@pytest.mark.parametrize(
    "text", ['"A \\"B" <sip:a@b:5060;lr>;tag=x', "<sips:a@[::1]>", "Bob <sip:b@c>;q=0.5;expires=60"]
)
def test_independent_reader_agrees(text: str) -> None:
    ours, theirs = NameAddr.parse(text), sipmessage.Address.parse(str(NameAddr.parse(text)))
    assert isinstance(ours.uri, SipUri)
    assert (theirs.name or "", theirs.uri.scheme, theirs.uri.user) == (ours.display, ours.uri.scheme, ours.uri.user)
    assert str(theirs.uri) == str(ours.uri)


DISPLAY = st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", codec="utf-8"), max_size=20)
NAMES = st.text("abc-", min_size=1, max_size=5)
ADDRESSES = st.builds(
    NameAddr,
    st.builds(SipUri, st.text("abc+1", max_size=5), st.sampled_from(["h.example", "192.0.2.1", "::1"])),
    DISPLAY,
    st.lists(st.tuples(NAMES, st.none() | NAMES | st.just('"q,;"')), max_size=3).map(tuple),
)


@given(st.lists(ADDRESSES, min_size=1, max_size=3))
def test_what_is_written_reads_back_the_same(addresses: list[NameAddr]) -> None:
    assert NameAddr.parse_list(", ".join(map(str, addresses))) == addresses


@settings(max_examples=300)
@given(st.text(max_size=60) | st.text('sip:a@b<>";=, \\\0é', max_size=30))
def test_arbitrary_text_is_an_address_or_a_parse_error(text: str) -> None:
    try:
        addresses = NameAddr.parse_list(text)
    except ParseError:
        return
    assert NameAddr.parse_list(", ".join(map(str, addresses))) == addresses
    assert not any(c in str(a) for a in addresses for c in "\r\0")


def test_header_has_so_many_addresses_and_an_address_so_many_parameters() -> None:
    assert len(NameAddr.parse_list(",".join(["<sip:a@b>"] * 128))) == 128
    with pytest.raises(ParseError, match="more than 128"):
        NameAddr.parse_list(["<sip:a@b>"] * 129)
    assert len(NameAddr.parse("<sip:a@b>" + ";x" * 64).params) == 64
    with pytest.raises(ParseError):
        NameAddr.parse("<sip:a@b>" + ";x" * 65)
