"""Whom an INVITE is for, who sent it, and who is turned away. Real user agents on loopback."""

from dataclasses import replace
from pathlib import Path
from secrets import token_hex

import pytest

from acd.versions import VersionId
from ivr.book import book_of
from ivr.files.flow import Flow
from ivr.files.load import load_flow
from ivr.ports.call import CallInfo, ContactId
from sip.config import Address
from sip.events import InviteReceived, Origin, SessionId
from sip.message.message import Request, parse
from sip.message.uri import SipUri
from svar.calls import CallTasks
from svar.edition import Edition
from svar.reception import Reception, calling, dialled, identity
from tests.ivr.engine import Engine
from tests.ivr.sip_lab import Handset, Lab, lab
from tests.rtp.phone import until
from tests.svar.editions import Silent


def invite(
    uri: str = "sip:5000@svar.example",
    from_: str = "<sip:4799999999@op.example>",
    headers: tuple[str, ...] = (),
    to: str = "<sip:x@svar.example>",
) -> InviteReceived:
    further = "".join(f"{line}\r\n" for line in headers)
    text = (
        f"INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: {from_};tag=1\r\n"
        f"To: {to}\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
        f"{further}Content-Length: 0\r\n\r\n"
    )
    request = parse(text.encode())
    assert isinstance(request, Request)
    return InviteReceived(SessionId("s"), request, Address("192.0.2.1", 5060), Origin("trunk", "op"))


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("sip:5000@svar.example", "5000"),
        ("sip:%35000@svar.example", "5000"),
        ("sip:%2A1@svar.example", "*1"),
        ("sip:+4755553333@svar.example;user=phone", "+4755553333"),
        ("tel:+47-55.55(33)33", "+4755553333"),
        ("sip:svar.example", ""),
    ],
)
def test_the_number_dialled_is_read_without_escapes(uri: str, number: str) -> None:
    assert dialled(invite(uri), {}) == number


@pytest.mark.parametrize(
    ("from_", "number"),
    [
        ("<sip:4799999999@op.example>", "4799999999"),
        ("<tel:+47-999-99-999>", "+4799999999"),
        ('"Anonymous" <sip:Anonymous@anonymous.invalid>', ""),
        ("<sip:op.example>", ""),
        ("<mailto:kari@op.example>", ""),
    ],
)
def test_a_trunk_says_who_rings(from_: str, number: str) -> None:
    assert identity(invite(from_=from_), ()).pii_caller == number


def test_whatever_a_caller_is_called_can_stand_in_the_call_to_an_agent() -> None:
    name = identity(invite(from_="<sip:%22%0D%0AX@op.example>"), ()).pii_caller
    assert str(SipUri(user=name, host="svar.example")) == "sip:%22%0D%0AX@svar.example"


def test_an_agent_is_who_proved_it_and_not_whom_from_names() -> None:
    proven = replace(invite(from_="<sip:nestesjef@svar.example>"), origin=Origin("agent", "kari b"))
    assert identity(proven, ()).pii_caller == "kari%20b"


async def rung(made: Lab, reception: Reception) -> Handset:
    """A caller who has rung 5000."""
    made.user_agent.on_invite = reception.on_invite
    handset = Handset(made.phones_agent)
    made.handsets.append(handset)
    address = made.user_agent.address
    handset.dial(SipUri("5000", address.host, address.port), address, handset.rtp.sdp())
    return handset


def flow() -> Flow:
    text = (
        "flow: f\ntitle: F\nnumbers: [5000]\nlanguages: [nb]\nstart: bye\n"
        "nodes:\n  bye: {type: hangup, say: {nb: Ha det.}}\n"
    )
    found, _ = load_flow("f.yaml", text)
    assert found is not None
    return found


async def test_a_caller_beyond_the_bound_on_calls_is_told_to_try_again_later(tmp_path: Path) -> None:
    async with lab(tmp_path) as made:
        engine, calls = Engine(), CallTasks(60)
        reception = Reception(made.line, made.outside, engine.services, calls, token_hex, most_calls=0)
        edition = Edition(VersionId(""), book_of(flow()), Silent())
        reception.choose = lambda number, caller, contact: edition
        handset = await rung(made, reception)
        await until(lambda: handset.ended, "refusal")
        assert handset.status == 503
        assert calls.refused == 1
        assert len(calls) == 0
        await made.nothing_left()


async def test_a_number_that_nobody_serves_is_not_found(tmp_path: Path) -> None:
    async with lab(tmp_path) as made:
        reception = Reception(made.line, made.outside, Engine().services, CallTasks(60), token_hex, most_calls=9)
        handset = await rung(made, reception)
        await until(lambda: handset.ended, "refusal")
        assert handset.status == 404


def test_number_that_a_trunk_asserts_counts_where_it_is_trusted() -> None:
    said = (
        "P-Asserted-Identity: <tel:+4790000001>",
        "Diversion: <tel:+4755553333>;reason=unconditional",
    )
    rung = invite(from_="<sip:4799999999@op.example>", headers=said)
    trusted = identity(rung, ("op",))
    assert (trusted.pii_caller, trusted.pii_diverted_from) == ("+4790000001", "+4755553333")
    for origin in (Origin("trunk", "another"), Origin("stranger", ""), Origin("stranger", "op")):
        forged = identity(replace(rung, origin=origin), ("op",))
        assert (forged.pii_caller, forged.pii_diverted_from) == ("4799999999", "")


def test_caller_who_wants_to_be_unknown_is_shown_to_nobody() -> None:
    said = ("P-Asserted-Identity: <tel:+4790000001>", "Privacy: id")
    who = identity(invite(from_="<sip:4799999999@op.example>", headers=said), ("op",))
    assert (who.pii_caller, who.withheld) == ("", True)


def test_number_is_in_to_where_a_trunk_asks_for_the_user_that_registered_there() -> None:
    asked = invite("sip:nav-4711@192.0.2.1:5060", to="<sip:+4755553333@op.example>")
    assert dialled(asked, {"op": "nav-4711"}) == "+4755553333"
    assert dialled(invite("sip:nav-4711@192.0.2.1", to="<sip:op.example>"), {"op": "nav-4711"}) == "nav-4711"
    assert dialled(asked, {"op": "another"}) == "nav-4711"
    assert dialled(asked, {"another": "nav-4711"}) == "nav-4711"
    assert dialled(replace(asked, origin=Origin("stranger", "op")), {"op": "nav-4711"}) == "nav-4711"


def test_a_phone_shows_the_queue_and_the_caller_or_who_asks() -> None:
    shows = calling("svar.example", {"family": "Familie"})
    info = CallInfo(ContactId("c"), "5000", "op", "4799999999")
    assert str(shows(info, "family")) == "Familie <sip:4799999999@svar.example>"
    asked = replace(info, asked_by="kari")
    assert str(shows(asked, "family")) == '"kari: Familie" <sip:kari@svar.example>'
