"""Properties: whatever stands in a request, a name or a variable, what we write says what we meant to say."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from events.catalogue import Event
from ivr.ports.call import CallInfo, ContactId
from metrics.broker import topic_level
from sip.events import InviteReceived
from sip.message.address import NameAddr
from sip.message.headers import Headers
from sip.message.message import Request, parse, respond
from sip.message.reason import Reason, read_reasons, warning
from sip.message.uri import SipUri, escape_user
from svar.reception import calling
from tests.metrics.test_prometheus import exposition
from tests.metrics.told import left, queued, started
from tests.security.strangers import STRANGER, TRUNK, server
from tests.security.test_injection import written
from tests.sip.raw import raw

PIECES = (
    "\r\n", "\n", "\r", "\0", "\t", " ", '"', "\\", "<", ">", ";", ",", ":", "@", "%0d%0a", "%00", "X-Evil: 1", "a",
    "\x0b", "\x0c", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u202e", "é", "\U0001f600", "sip:evil@e", ";tag=evil", "/",
    "+", "#", "{", "}", "=", "\r\n\r\n", "\r\n ", "SIP/2.0 200 OK", "Via: SIP/2.0/UDP e", "'", "&", "()", "\ud800",
)  # fmt: skip
NASTY = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
WIRE = NASTY.filter(lambda text: "\ud800" not in text)
KNOWN = {
    "via", "from", "to", "call-id", "cseq", "contact", "content-length", "www-authenticate", "allow", "accept",
    "server", "accept-encoding", "accept-language", "supported", "unsupported", "retry-after", "warning", "timestamp",
    "require", "min-expires", "record-route", "content-type",
}  # fmt: skip


def fields(answer: bytes) -> set[str]:
    """The names of an answer's header fields, in lower case; fails where a line could be read as two."""
    head = answer.partition(b"\r\n\r\n")[0]
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", head), answer
    return {line.partition(b":")[0].strip().decode("latin-1").lower() for line in head.split(b"\r\n")[1:]}


@settings(max_examples=150)
@given(text=WIRE, where=st.sampled_from(["via", "from_", "to", "call_id", "cseq", "uri", "line", "branch"]))
def test_no_request_makes_us_write_a_header_of_its_own_making(text: str, where: str) -> None:
    """What has an end of a line in it is two fields when it comes, so it may come back as such where we copy them."""
    plain = re.sub(r"\r\n(?![ \t])", "", text)
    for method in ("OPTIONS", "INVITE", "REGISTER", "REFER", "NOSUCH"):
        for source in (STRANGER, TRUNK):
            values = {
                "via": f"SIP/2.0/UDP 203.0.113.9;x={plain};branch=z9hG4bK1", "from_": f'"{plain}" <sip:a@a>;tag=1',
                "to": f"{plain}<sip:600@nav.example>", "call_id": f"c{plain}", "cseq": f"1{plain}",
                "uri": f"sip:{plain}@nav.example", "branch": f"z9hG4bK{plain}",
            }  # fmt: skip
            changed = {where: values[where]} if where in values else {}
            more = [f"Require: {plain}", f"Timestamp: {plain}"] if where == "line" else []
            peer = server()
            peer.core.receive(raw(method, "Contact: <sip:x@203.0.113.9>", *more, **changed), source, 1000.0)
            for event in peer.core.events():
                if isinstance(event, InviteReceived):
                    peer.core.reject(event.session, 404, 1000.0)
            for answer, destination in peer.core.datagrams():
                assert destination.host == source.host
                assert fields(answer) <= KNOWN, answer


@given(text=NASTY)
def test_a_reason_or_a_warning_is_one_parameter_of_one_header(text: str) -> None:
    for name, value in (Reason("SIP", 200, text).line, warning(399, "svar", text)):
        headers = Headers()
        try:
            headers.add(name, value)
        except ValueError:
            continue
        assert "\n" not in value
        assert "\r" not in value
        if name == "Reason":
            (read,) = read_reasons([value])
            assert (read.protocol, read.cause) == ("SIP", 200)


@given(text=NASTY)
def test_a_phrase_of_a_status_is_one_line_or_is_refused(text: str) -> None:
    request = parse(raw("INVITE", "Contact: <sip:x@203.0.113.9>"))
    assert isinstance(request, Request)
    try:
        data = bytes(respond(request, 480, text, to_tag="t", headers=[("Warning", "x")]))
    except ValueError:
        return
    assert fields(data) <= KNOWN


@given(caller=NASTY, queue=NASTY, title=NASTY)
def test_what_an_agents_phone_shows_is_one_address(caller: str, queue: str, title: str) -> None:
    """A queue's title, its name where there is none, and the caller's number, as far as it is one."""
    number = escape_user(re.sub("[\ud800-\udfff]", "", caller))
    info = CallInfo(contact=ContactId("c"), number="5000", trunk="t", pii_caller=number)
    for titles in ({queue: title}, {}):
        try:
            arrived = written(calling("nav.example", titles)(info, queue))
        except UnicodeEncodeError:
            continue
        assert isinstance(arrived.from_.uri, SipUri)
        assert (arrived.from_.uri.host, arrived.from_.tag) == ("nav.example", "1")
        assert "X-Evil" not in arrived.headers


@given(text=NASTY)
def test_a_display_name_comes_back_or_without_what_is_no_text(text: str) -> None:
    name = NameAddr(SipUri("a", "nav.example"), display=text)
    try:
        line = str(name)
        line.encode()
    except UnicodeEncodeError:
        return
    (read,) = NameAddr.parse_list([line])
    assert str(read.uri) == "sip:a@nav.example"
    assert read.params == ()


@given(text=WIRE)
def test_a_topic_has_the_levels_that_it_is_meant_to_have(text: str) -> None:
    level = topic_level(text)
    assert level
    assert not set(level) & set("/+#\0\r\n")
    assert not level.startswith("$")
    level.encode()


@settings(max_examples=40)
@given(name=WIRE)
async def test_a_metric_has_the_labels_that_it_is_meant_to_have(name: str) -> None:
    """Whatever a queue or a flow is called, no sample comes of it that nobody meant."""
    events: list[Event] = [started("c1"), queued("c1", queue=name), left("c1", 1_000, queue=name)]
    text = (await exposition(events, tenant=name).render()).decode()
    for family in text_string_to_metric_families(text):
        assert family.name.startswith(("svar_", "process_", "python_"))
        for sample in family.samples:
            assert sample.labels.get("queue", name) == sample.labels.get("tenant", name) == name


@pytest.mark.parametrize("name", ["a\r\nb", "a b", "a:b", "", "a\0", "\r\nX"])
def test_a_variable_names_no_header(name: str) -> None:
    with pytest.raises(ValueError, match="no header name"):
        Headers().add(name, "1")
