"""Refer-To, Replaces and status lines, as they are read and written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.errors import ParseError
from sip.message.headers import Headers
from sip.message.transfer import ReferTo, Replaces, read_refer_to, read_replaces, read_sipfrag, sipfrag
from sip.message.uri import SipUri

DIALOG = Replaces("98732@sip.example", "r33th4x0r", "ff87ff")


def headers(*lines: tuple[str, str]) -> Headers:
    return Headers(list(lines))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("98732@sip.example ;from-tag=ff87ff ;to-tag=r33th4x0r", DIALOG),
        ("98732@sip.example;to-tag=r33th4x0r;from-tag=ff87ff;x=1", DIALOG),
        ("a;to-tag=1;from-tag=2;early-only", Replaces("a", "1", "2", early_only=True)),
    ],
)
def test_replaces_names_a_dialog(text: str, expected: Replaces) -> None:
    assert Replaces.parse(text) == expected
    assert Replaces.parse(str(expected)) == expected


@pytest.mark.parametrize(
    "text", ["", "a", "a;to-tag=1", "a;from-tag=1", "a;to-tag=;from-tag=2", "a b;to-tag=1;from-tag=2",
             "a;to-tag=1;from-tag=2, b;to-tag=1;from-tag=2", "a;to-tag=\"x y\";from-tag=2",
             "\r\nEvil: 1;to-tag=1;from-tag=2"],
)  # fmt: skip
def test_replaces_that_names_none_is_malformed(text: str) -> None:
    with pytest.raises(ParseError):
        Replaces.parse(text)


@pytest.mark.parametrize("lines", [(), (("Replaces", str(DIALOG)),) * 2, (("Replaces", str(DIALOG)), ("Join", "x"))])
def test_replaces_is_one_and_not_beside_join(lines: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(ParseError):
        read_replaces(headers(*lines))


def test_replaces_of_ours_is_required_of_the_peer() -> None:
    assert read_replaces(headers(*DIALOG.lines)) == DIALOG
    assert ("Require", "replaces") in DIALOG.lines


@pytest.mark.parametrize(
    "to", [ReferTo(SipUri("bob", "biloxi.example", 5070)), ReferTo(SipUri("bob", "biloxi.example"), DIALOG)]
)
def test_refer_to_of_ours_reads_back(to: ReferTo) -> None:
    assert read_refer_to(headers(("Refer-To", str(to)))) == to


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([], 400),
        (["<sip:a@b>", "<sip:c@d>"], 400),
        (["<sip:a@b>, <sip:c@d>"], 400),
        (["nonsense"], 400),
        (["<tel:+4790000000>"], 416),
        (["<http://evil.example/>"], 416),
        (["<sip:a@b;method=BYE>"], 403),
        (["<sip:a@b?Route=%3Csip%3Aevil%3E>"], 403),
        (["<sip:a@b?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2&Replaces=y>"], 400),
        (["<sip:a@b?Replaces=x>"], 400),
        (["<sip:a@b?Replaces=x%0D%0AEvil%3A1%3Bto-tag%3D1%3Bfrom-tag%3D2>"], 400),
    ],
)
def test_refer_to_that_is_not_one_call_is_refused(lines: list[str], status: int) -> None:
    with pytest.raises(ParseError) as refused:
        read_refer_to(headers(*[("Refer-To", line) for line in lines]))
    assert refused.value.status == status


def test_method_in_a_refer_to_is_none_of_the_target() -> None:
    assert read_refer_to(headers(("Refer-To", "<sip:a@b;method=INVITE;x=1>"))).target == SipUri(
        "a", "b", params=(("x", "1"),)
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"SIP/2.0 200 OK\r\n", 200), (b"SIP/2.0 180", 180), (b"SIP/2.0 700 X", None), (b"INVITE sip:a SIP/2.0", None)],
)
def test_status_line_of_a_notify(body: bytes, status: int | None) -> None:
    assert read_sipfrag(body) == status


def test_status_line_of_ours_reads_back() -> None:
    assert sipfrag(603, "Decline") == b"SIP/2.0 603 Decline\r\n"
    assert read_sipfrag(sipfrag(180, "Ringing")) == 180


@given(st.text(alphabet='a;=to-tagfrm %0D\r\n<>"@?&Replcs', max_size=60))
def test_anything_is_a_dialog_or_malformed(text: str) -> None:
    try:
        found = Replaces.parse(text)
    except ParseError:
        return
    assert "\r" not in str(found)
    assert "\n" not in str(found)


def test_a_dialog_has_its_tags_the_other_way_about_at_its_other_end() -> None:
    here = Replaces("c", "theirs", "ours", early_only=True)
    assert here.seen_there() == Replaces("c", "ours", "theirs")
