"""What the parser alone makes of the torture messages; the rest of the answer is the core's."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sip.message.fields import TypedFields
from sip.message.message import MessageError, Request, Response, parse, respond
from sip.message.uri import OpaqueUri, SipUri
from tests.sip.torture import TortureMessage, torture_messages

MESSAGES = torture_messages()
BY_NAME = {message.name: message for message in MESSAGES}

# name: reason of a known failure, which then must fail
KNOWN_FAILURES: dict[str, str] = {}


def parsed(name: str) -> Request | Response:
    return parse(BY_NAME[name].data)


def requested(name: str) -> Request:
    message = parsed(name)
    assert isinstance(message, Request)
    return message


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(
            message,
            id=message.name,
            marks=[pytest.mark.xfail(strict=True, reason=KNOWN_FAILURES[message.name])]
            if message.name in KNOWN_FAILURES
            else [],
        )
        for message in MESSAGES
    ],
)
def test_parser_decides_what_the_rfc_says(message: TortureMessage) -> None:
    try:
        read = parse(message.data)
    except MessageError as error:
        outcome = "dropped" if error.partial is None else str(error.status)
    else:
        outcome = "parsed"
        assert parse(bytes(read)).to == read.to
    assert outcome == message.parser


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
def test_parser_never_contradicts_the_answer_of_the_rfc(message: TortureMessage) -> None:
    if message.parser == "parsed":
        # RFC 4475 §3.3.4: its URIs are sound, the registrar refuses them. §3.1.2.19 and §3.3.10 are the core's to drop.
        assert message.validity == "valid" or message.answers != ("400",) or message.name == "unksm2"
    elif message.parser == "dropped":
        assert message.answers in (("none",), ("any",))
    else:
        assert message.parser in message.answers


def test_every_message_in_the_folder_is_listed() -> None:
    files = [path.stem for folder in ("rfc4475", "rfc5118") for path in (Path(__file__).parent / folder).iterdir()]
    assert sorted(files) == sorted(BY_NAME)


@pytest.mark.parametrize("message", [message for message in MESSAGES if message.parser.isdigit()], ids=lambda m: m.name)
def test_answer_to_a_malformed_request_is_itself_well_formed(message: TortureMessage) -> None:
    with pytest.raises(MessageError) as raised:
        parse(message.data)
    assert raised.value.partial is not None
    answer = bytes(respond(raised.value.partial, raised.value.status, to_tag="t"))
    assert answer.startswith(b"SIP/2.0 " + message.parser.encode())
    assert answer.endswith(b"Content-Length: 0\r\n\r\n")


def test_wsinv_reads_as_the_rfc_explains_it() -> None:
    request = requested("wsinv")
    assert [(via.transport, via.host, via.branch) for via in request.vias] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    assert (request.from_.display, request.from_.tag, request.to.tag) == ('J Rosenberg \\"', "98asjd8", "1918181833n")
    assert (request.cseq.number, request.max_forwards, request.headers.get("Subject")) == (9, 68, "")
    assert (request.contacts[0].display, request.contacts[0].param("newparam")) == ('Quoted string ""', "newvalue")
    assert request.headers.get("newfangledheader") == "newfangled value continued newfangled value"


def test_escapes_are_kept_and_resolved_where_they_count() -> None:
    request = requested("esc01")
    assert isinstance(request.uri, SipUri)
    assert (request.uri.user_text, request.uri.host) == ("sips:user@example.com", "example.net")
    assert isinstance(request.to.uri, SipUri)
    assert request.to.uri.matches(SipUri("user", "example.com"))
    contacts = requested("escnull").contacts
    assert [contact.uri.user_text for contact in contacts if isinstance(contact.uri, SipUri)] == ["\0", "\0\0"]


def test_names_are_never_unescaped() -> None:
    request = requested("esc02")
    assert (request.method, request.to.display) == ("RE%47IST%45R", "%Z%45")
    assert [str(contact.uri) for contact in request.contacts] == [
        "sip:alias1@host1.example.com",
        "sip:alias3@host3.example.com",
    ]


def test_parameters_inside_and_outside_the_brackets_are_told_apart() -> None:
    outside, inside = requested("cparam01").contacts[0], requested("cparam02").contacts[0]
    assert isinstance(outside.uri, SipUri)
    assert isinstance(inside.uri, SipUri)
    assert (outside.param("unknownparam"), outside.uri.param("unknownparam")) == ("", None)
    assert (inside.param("unknownparam"), inside.uri.param("unknownparam")) == (None, "")


def test_unknown_scheme_is_left_to_the_core() -> None:
    assert isinstance(requested("unkscm").uri, OpaqueUri)
    assert isinstance(requested("novelsc").uri, OpaqueUri)
    assert str(requested("unksm2").contacts[0].uri) == "name:John_Smith"


def test_second_request_in_a_datagram_is_no_body_of_the_first() -> None:
    assert requested("dblreq").body == b""


def test_binary_body_is_whole() -> None:
    assert len(requested("mpart01").body) == 553


def test_ipv6_addresses_are_read_without_brackets() -> None:
    ambiguous, plain = requested("port-ambiguous").uri, requested("port-unambiguous").uri
    assert isinstance(ambiguous, SipUri)
    assert isinstance(plain, SipUri)
    assert (ambiguous.host, ambiguous.port) == ("2001:db8::10:5070", None)
    assert (plain.host, plain.port) == ("2001:db8::10", 5070)
    for name in ("via-received-param-no-delim", "via-received-param-with-delim"):
        assert requested(name).via.received == "2001:db8::9:255"


PIECES = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b";",
    b",",
    b":",
    b'"',
    b"\\",
    b"<",
    b">",
    b"%",
    b"\xff",
    b"@",
    b"=",
    b"9" * 12,
    b"\r\n ",
]
PROPERTIES = [name for name, value in vars(TypedFields).items() if isinstance(value, property)]


@st.composite
def mutated_messages(draw: st.DrawFn) -> bytes:
    data = draw(st.sampled_from([message.data for message in MESSAGES]))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        data = (
            data[:at] + draw(st.sampled_from(PIECES)) * draw(st.integers(1, 3)) + data[at + draw(st.integers(0, 12)) :]
        )
    return data


@settings(max_examples=400, deadline=None)
@given(mutated_messages())
def test_mutated_message_reads_without_surprise_or_can_be_answered(data: bytes) -> None:
    partial, message = None, None
    try:
        message = parse(data)
    except MessageError as error:
        partial = error.partial
    if partial is not None:
        partial.replace_via(partial.via.with_received("192.0.2.1", 5))
        assert bytes(respond(partial, 400, to_tag="t")).count(b"\r\n\r\n") == 1
    if message is not None:
        values = [getattr(message, name) for name in PROPERTIES]
        again = parse(bytes(message))
        assert [getattr(again, name) for name in PROPERTIES] == values
        for address in (message.from_, message.to, *message.contacts, *message.route, *message.record_route):
            again.headers.add("X-Address", str(address))
