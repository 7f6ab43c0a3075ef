import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sip.identity import Identity, identify
from sip.message.address import NameAddr
from sip.message.uri import SipUri
from tests.sip.raw import raw, request

FROM = "<sip:+4722000000@a.example>;tag=p"
WITHHELD = Identity("", withheld=True)


def who(*headers: str, trusted: bool = True, from_: str = FROM) -> Identity:
    return identify(request(raw("INVITE", *headers, from_=from_)), trusted=trusted)


@pytest.mark.parametrize(
    ("headers", "caller"),
    [
        ((), "+4722000000"),
        (("P-Asserted-Identity: <sip:+4790000001@carrier.example;user=phone>",), "+4790000001"),
        (("P-Asserted-Identity: <sips:+4790000001@carrier.example>",), "+4790000001"),
        (("P-Asserted-Identity: <tel:+47-900-00-001>",), "+4790000001"),
        (("P-Asserted-Identity: <sip:anna@a.example>, <tel:+4790000001>",), "+4790000001"),
        (("P-Asserted-Identity: <tel:+4790000001>", "P-Asserted-Identity: <sip:anna@a.example>"), "+4790000001"),
        (("P-Asserted-Identity: <sip:+4790000001;phone-context=x@a.example>",), "+4790000001"),
        # Nobody knows which of them is meant: From, which is no worse than what there was.
        (("P-Asserted-Identity: <sip:+4790000001@a.example>, <sip:+4790000002@a.example>",), "+4722000000"),
        (("P-Asserted-Identity: <tel:+4790000001>, <tel:+4790000002>",), "+4722000000"),
        (("P-Asserted-Identity: <http://a.example>",), "+4722000000"),
        (("P-Asserted-Identity: garbage <",), "+4722000000"),
        (("P-Asserted-Identity: <sip:carrier.example>",), "+4722000000"),
        (("Remote-Party-ID: <sip:+4790000003@a.example>;party=calling;screen=yes",), "+4790000003"),
        (("Remote-Party-ID: <sip:+4790000003@a.example>",), "+4790000003"),
        (("Remote-Party-ID: <sip:+4790000003@a.example>;screen=no",), "+4722000000"),
        (("Remote-Party-ID: <sip:+4790000003@a.example>;party=called",), "+4722000000"),
        (("Remote-Party-ID: <sip:2@a.example>", "P-Asserted-Identity: <tel:+4790000001>"), "+4790000001"),
        (("P-Preferred-Identity: <tel:+4790000001>",), "+4722000000"),
        (("Privacy: none", "P-Asserted-Identity: <tel:+4790000001>"), "+4790000001"),
        (("Privacy: session", "P-Asserted-Identity: <tel:+4790000001>"), "+4790000001"),
    ],
)
def test_trusted_trunk_says_who_calls(headers: tuple[str, ...], caller: str) -> None:
    assert who(*headers) == Identity(caller, asserted=caller != "+4722000000")


FORGED = (
    "P-Asserted-Identity: <tel:+4790000001>",
    "Remote-Party-ID: <sip:+4790000001@a.example>;screen=yes",
    "Diversion: <tel:+4755553333>;reason=unconditional",
    "History-Info: <sip:+4755553333@a>;index=1, <sip:600@b>;index=1.1",
)


@pytest.mark.parametrize("header", FORGED)
def test_what_others_assert_is_not_read(header: str) -> None:
    assert who(header, trusted=False) == Identity("+4722000000")
    assert who(*FORGED, trusted=False) == Identity("+4722000000")


@pytest.mark.parametrize(
    "privacy",
    [
        "Privacy: id",
        "Privacy: ID;critical",
        "Privacy: user",
        "Privacy: header",
        "Privacy: session; id",
        "Privacy: a,id",
    ],
)
@pytest.mark.parametrize("trusted", [True, False])
def test_caller_who_wants_to_be_unknown_is(privacy: str, *, trusted: bool) -> None:
    assert who(privacy, "P-Asserted-Identity: <tel:+4790000001>", trusted=trusted) == WITHHELD
    assert "4790000001" not in repr(who(privacy, "P-Asserted-Identity: <tel:+4790000001>", trusted=trusted))


def test_privacy_in_several_lines_counts() -> None:
    assert who("Privacy: session", "Privacy: id") == WITHHELD


@pytest.mark.parametrize("level", ["full", "uri"])
def test_old_way_to_be_unknown_counts(level: str) -> None:
    assert who(f"Remote-Party-ID: <sip:+4790000003@a.example>;privacy={level}") == WITHHELD


@pytest.mark.parametrize(
    "from_",
    [
        '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=p',
        "<sip:Anonymous@a.example>;tag=p",
        "<sip:x@anonymous.invalid>;tag=p",
        "<sip:a.example>;tag=p",
        "<urn:x:y>;tag=p",
    ],
)
def test_from_of_nobody_is_nobody_unless_the_trunk_knows(from_: str) -> None:
    assert who(from_=from_) == Identity()
    assert who("P-Asserted-Identity: <tel:+4790000001>", from_=from_) == Identity("+4790000001", asserted=True)


@pytest.mark.parametrize(
    ("headers", "number"),
    [
        (("Diversion: <sip:+4755553333@a.example>;reason=no-answer",), "+4755553333"),
        (("Diversion: <tel:+47-5555-3333>;reason=user-busy;counter=2",), "+4755553333"),
        # The latest stands first: the caller dialled what stands last.
        (("Diversion: <sip:2@a.example>, <sip:1@a.example>",), "1"),
        (("Diversion: <sip:2@a.example>", "Diversion: <sip:1@a.example>"), "1"),
        (("Diversion: <sip:+4755553333@a.example>;privacy=full",), ""),
        (("Diversion: <sip:+4755553333@a.example>;privacy=off",), "+4755553333"),
        (("Diversion: nonsense <",), ""),
        (("Diversion: <sip:1%0d%0aX:%20y@a.example>",), ""),
        (("Diversion: <sip:%2B47@a.example>",), "+47"),
        (("Diversion: <urn:x:y>",), ""),
        (("History-Info: <sip:1@a>;index=1, <sip:2@a?Reason=SIP%3Bcause%3D302>;index=1.1, <sip:3@b>;index=1.2",), "1"),
        (("History-Info: <sip:9@a>;index=1.10, <sip:3@b>;index=1.2, <sip:1@a>;index=1",), "1"),
        (("History-Info: <sip:1@a>;index=1",), ""),
        (("History-Info: <sip:1@a>;index=x, <sip:2@a>",), ""),
        (("History-Info: <sip:1@a?Privacy=history>;index=1, <sip:2@a>;index=1.1",), ""),
        (("Privacy: history", "History-Info: <sip:1@a>;index=1, <sip:2@a>;index=1.1"), ""),
        (("Diversion: <sip:7@a>", "History-Info: <sip:1@a>;index=1, <sip:2@a>;index=1.1"), "7"),
    ],
)
def test_number_that_was_dialled_first_is_known(headers: tuple[str, ...], number: str) -> None:
    assert who(*headers) == Identity("+4722000000", pii_diverted_from=number)


def test_number_dialled_first_is_known_of_whoever_is_unknown() -> None:
    assert who("Privacy: id", "Diversion: <sip:1@a>") == Identity("", withheld=True, pii_diverted_from="1")


def test_many_values_cost_no_more_than_the_first() -> None:
    many = ", ".join(f"<sip:{n}@a>" for n in range(50))
    assert who(f"Diversion: {many}").pii_diverted_from == "19"


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["P-Asserted-Identity", "Diversion", "History-Info", "Remote-Party-ID", "Privacy"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"), max_size=60),
)
def test_nothing_that_is_asserted_can_break_a_header_of_ours(name: str, value: str) -> None:
    found = who(f"{name}: {value}")
    shown = str(NameAddr(SipUri(found.pii_caller or "anonymous", "nav.example"), display=found.pii_diverted_from))
    assert "\r" not in shown
    assert "\n" not in shown
    assert NameAddr.parse(shown).uri == SipUri(found.pii_caller or "anonymous", "nav.example")


@pytest.mark.parametrize("user", ["1%0d%0aVia%3a%20x", "1%00", "%3Cscript%3E"])
def test_escapes_stay_escapes(user: str) -> None:
    assert who(f"P-Asserted-Identity: <sip:{user}@a.example>") == Identity(user, asserted=True)
