"""Text from outside in places where it could end a line, a topic or a tag: it stays text."""

import pytest

from ivr.ports.call import CallInfo, ContactId
from metrics.broker import topic_level
from sip.message.address import NameAddr
from sip.message.headers import Headers
from sip.message.message import MessageError, Request, parse
from sip.message.uri import SipUri, escape_user
from svar.reception import calling
from tests.console.house import House

EVIL = (
    "a\r\nX-Evil: 1",
    "a\nX-Evil: 1",
    "a\rX-Evil: 1",
    "a\0b",
    "a\r\n\r\nbody",
    '"a" <sip:evil@a>',
    'a"\r\nX-Evil: 1\r\nX: "',
    "a\\",
    'a\\"',
    "<sip:evil@a>",
    "a>;tag=evil",
    "a\u2028X-Evil: 1",
    "a\x85X-Evil: 1",
    "a\x0bX-Evil: 1",
    "a%0d%0aX-Evil: 1",
    "a@evil.example",
    "a:b@evil.example",
    "a;b=c",
    "a?X-Evil=1",
    "+/#",
    "../..",
    "<script>alert(1)</script>",
)


def written(address: NameAddr) -> Request:
    """A request with it as From, after the way over the network."""
    request = Request("INVITE", SipUri("a", "a.example"), Headers())
    lines = {"Via": "SIP/2.0/UDP a;branch=z9hG4bK1", "To": "<sip:a@a>", "Call-ID": "1", "CSeq": "1 INVITE"}
    for name, value in lines.items():
        request.headers.add(name, value)
    request.headers.add("From", f"{address};tag=1")
    arrived = parse(bytes(request))
    assert isinstance(arrived, Request)
    return arrived


@pytest.mark.parametrize("evil", EVIL)
def test_a_queues_title_cannot_leave_its_place_in_from(evil: str) -> None:
    info = CallInfo(contact=ContactId("c"), number="5000", trunk="t", pii_caller="4799999999")
    arrived = written(calling("nav.example", {"work": evil})(info, "work"))
    assert isinstance(arrived.from_.uri, SipUri)
    assert (arrived.from_.uri.user, arrived.from_.uri.host) == ("4799999999", "nav.example")
    assert arrived.from_.tag == "1"
    assert {name for name, _ in arrived.headers.items()} <= {"Via", "To", "From", "Call-ID", "CSeq", "Content-Length"}


@pytest.mark.parametrize("evil", EVIL)
def test_a_callers_number_cannot_leave_its_place_in_from(evil: str) -> None:
    """A user part with what is no user part is refused, one that is escaped stays one."""
    info = CallInfo(contact=ContactId("c"), number="5000", trunk="t", pii_caller=evil)
    try:
        address = calling("nav.example", {"work": "Work"})(info, "work")
    except ValueError:
        return
    arrived = written(address)
    assert isinstance(arrived.from_.uri, SipUri)
    assert arrived.from_.uri.host == "nav.example"
    assert arrived.from_.uri.user == evil
    assert "X-Evil" not in arrived.headers


@pytest.mark.parametrize("evil", EVIL)
def test_an_agents_name_is_escaped_as_a_user(evil: str) -> None:
    if evil.isprintable() and evil.isascii():
        assert SipUri.parse(f"sip:{escape_user(evil)}@a").user_text == evil


@pytest.mark.parametrize("name", ["X-Svar-Contact", "X-Svar-Queue", "Reason", "User-Agent", "Subject"])
@pytest.mark.parametrize("evil", [one for one in EVIL if any(c in one for c in "\r\n\0")])
def test_no_header_is_written_with_the_end_of_a_line_in_it(name: str, evil: str) -> None:
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        Headers().add(name, evil)


@pytest.mark.parametrize("name", ["X\r\nX-Evil", "X: 1\r\nX-Evil", "", "X Y", "X\0"])
def test_no_header_has_a_name_with_the_end_of_a_line_in_it(name: str) -> None:
    with pytest.raises(ValueError, match="no header name"):
        Headers().add(name, "1")


@pytest.mark.parametrize("evil", ["a%0d%0aX-Evil: 1", "a\r\n X-Evil: 1", 'a"\\\r\nX-Evil: 1"', "a\rX-Evil: 1"])
def test_what_came_in_one_header_goes_out_in_one(evil: str) -> None:
    data = (
        f'INVITE sip:a@a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: "{evil}" <sip:a@a>;tag=1\r\n'
        "To: <sip:a@a>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n"
    ).encode()
    try:
        arrived = parse(data)
    except MessageError:
        return
    assert isinstance(arrived, Request)
    assert "X-Evil" not in written(arrived.from_.with_params(())).headers


@pytest.mark.parametrize("evil", EVIL)
def test_a_name_is_one_level_of_a_topic(evil: str) -> None:
    level = topic_level(evil)
    assert level
    assert not set(level) & set("/+#\0\r\n")
    level.encode()


@pytest.mark.parametrize("evil", EVIL)
async def test_a_queues_title_is_text_on_the_page(evil: str) -> None:
    async with House(titles=evil).visited("kari") as visitor:
        page = await visitor.page("/")
    cell = page.partition("<tbody>")[2].partition('<th scope="row">')[2].partition("</th>")[0]
    assert cell
    assert "<" not in cell
    assert '"' not in cell
