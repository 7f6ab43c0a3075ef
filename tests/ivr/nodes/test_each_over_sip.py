"""Nodes over SIP and RTP, one row each: what the phone hears by content, what it presses, and where the call went.

Language, message, sub-flows, menus and keys in a queue are in test_over_sip.py; voicemail, surveys, talks with agents
and web services on whole nodes in tests/svar/system.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ivr.language.calendar import Calendar
from ivr.over_sip.sip_call import Outside
from ivr.ports.lookups import Cause
from ivr.ports.texting import Sending
from ivr.web.simulated import Answer, SimulatedLookups, SimulatedTexts
from tests.ivr.engine import Engine
from tests.ivr.nodes.caller import GOODBYE, HEAD
from tests.ivr.nodes.test_over_sip import Caller, ringing
from tests.ivr.sip_lab import Lab, lab
from tests.rtp.phone import until

CALENDARS = {
    "open": Calendar("open", (((0, 1440),),) * 7, public_holidays=False),
    "shut": Calendar("shut", ((),) * 7, public_holidays=False),
}
FAILED = "  failed: {type: say, say: {nb: Det gikk ikke., en: That failed.}, next: bye}\n"


@dataclass(frozen=True, slots=True)
class Row:
    """`acts` in order: `hear TEXT`, `press KEYS` (RFC 4733), `info KEYS`. `never` are texts that must not be heard."""

    name: str
    nodes: str
    acts: tuple[str, ...]
    trace: str
    never: tuple[str, ...] = ()
    answers: tuple[tuple[str, Answer], ...] = ()
    texts: Sending = Sending.SENT
    taken: bool = False


DIGITS = """
  first:
    type: digits
    say: {nb: Tast saken., en: Key in the case.}
    variable: case
    personal: false
    expect: {least: 2, most: 6}
    attempts: 1
    wrong: {nb: Feil., en: Wrong.}
    wait: 9s
    between: 9s
    next: told
    no_entry: failed
  told:
    type: branch
    cases: [{when: case == "407", next: right}]
    otherwise: failed
  right: {type: say, say: {nb: Fire null sju., en: Four zero seven.}, next: bye}
"""
LOOKUP = """
  first:
    type: lookup
    service: cases
    path: /x
    take: {known: {field: known, type: true_or_false}}
    meanwhile: {nb: Et øyeblikk., en: One moment.}
    found: yes_
    failed: failed
  yes_: {type: say, say: {nb: Funnet., en: Found.}, next: bye}
"""
DEFLECT = """
  first:
    type: deflect
    say: {nb: Se nettet., en: See the web.}
    sms: {nb: nav.no, en: nav.no}
    offer: {nb: Tast 1 for melding., en: Press 1 for a message.}
    ask: {nb: Tast mobilnummeret., en: Key in your mobile number.}
    wait: 9s
    sent: sent
    refused: bye
    failed: failed
  sent: {type: say, say: {nb: Sendt., en: Sent.}, next: bye}
"""
TRANSFER = """
  first: {type: transfer, to: tax, say: {nb: Vi setter over., en: Connecting.}, failed: failed}
"""
CALLBACK = """
  first:
    type: callback
    queue: q
    say: {nb: "Vi ringer {caller}.", en: "We ring {caller}."}
    ask: {nb: Tast nummeret., en: Key in the number.}
    done: bye
    refused: bye
    unavailable: failed
"""
HOURS = """
  first: {type: hours, calendar: open, open: second, closed: failed}
  second: {type: hours, calendar: [open, shut], open: failed, closed: shut}
  shut: {type: say, say: {nb: Stengt., en: Closed.}, next: bye}
"""
SETS = """
  first: {type: set, values: {language: '"en"', count: count + 2, demo: not demo}, next: by}
  by: {type: branch, cases: [{when: demo and count == 2, next: in_english}], otherwise: failed}
  in_english: {type: say, say: {nb: Norsk tekst., en: English text.}, next: bye}
"""
ROWS = [
    Row(
        "digits by RTP, ended by a key",
        DIGITS,
        ("hear Tast saken.", "press 407#", "hear Ha det."),
        "first told right bye",
    ),
    Row("digits by INFO", DIGITS, ("hear Tast saken.", "info 407#", "hear Ha det."), "first told right bye"),
    Row(
        "wrong digits",
        DIGITS,
        ("hear Tast saken.", "press 4#", "hear Ha det."),
        "first failed bye",
        ("Fire null sju.",),
    ),
    Row("hours", HOURS, ("hear Stengt.", "hear Ha det."), "first second shut bye", ("Det gikk ikke.",)),
    Row("set and branch", SETS, ("hear English text.", "hear Goodbye."), "first by in_english bye", ("Norsk tekst.",)),
    Row(
        "a look-up that finds",
        LOOKUP,
        ("hear Funnet.", "hear Ha det."),
        "first yes_ bye",
        ("Et øyeblikk.",),
        (("cases", Answer({"known": True})),),
    ),
    Row(
        "a look-up that takes its time and fails",
        LOOKUP,
        ("hear Et øyeblikk.", "hear Det gikk ikke.", "hear Ha det."),
        "first failed bye",
        ("Funnet.",),
        (("cases", Answer(None, Cause.TIMEOUT, delay_s=1.5)),),
    ),
    Row(
        "a message that was wanted",
        DEFLECT,
        (
            "hear Se nettet.",
            "hear Tast 1 for melding.",
            "press 1",
            "hear Tast mobilnummeret.",
            "press 91234567#",
            "hear Ha det.",
        ),
        "first sent bye",
    ),
    Row(
        "a message that cannot go",
        DEFLECT,
        ("hear Tast 1 for melding.", "press 1", "hear Tast mobilnummeret.", "press 91234567#", "hear Ha det."),
        "first failed bye",
        ("Sendt.",),
        texts=Sending.FAILED,
    ),
    Row("a message that was not wanted", DEFLECT, ("hear Tast 1 for melding.", "press 7", "hear Ha det."), "first bye"),
    Row(
        "a transfer that nobody takes",
        TRANSFER,
        ("hear Vi setter over.", "hear Det gikk ikke.", "hear Ha det."),
        "first failed bye",
    ),
    Row("a transfer that is taken", TRANSFER, ("hear Vi setter over.",), "first", ("Det gikk ikke.",), taken=True),
    Row("nobody rings back", CALLBACK, ("hear Det gikk ikke.", "hear Ha det."), "first failed bye"),
]


@pytest.fixture
async def phones(tmp_path: Path) -> AsyncIterator[Lab]:
    async with lab(tmp_path) as made:
        yield made


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_phone_hears_what_the_node_says_and_leads_on_by_what_it_presses(row: Row, phones: Lab) -> None:
    engine = Engine(CALENDARS)
    texts = SimulatedTexts(row.texts)
    engine.services = replace(engine.services, lookups=SimulatedLookups(dict(row.answers)), texts=texts)
    if row.taken:
        phones.outside = Outside(phones.phones, {"tax": (phones.target("tax"), 5)})
    nodes = row.nodes + (FAILED if "failed" in row.nodes else "")
    by_info = any(act.startswith("info") for act in row.acts)
    async with ringing(phones, HEAD + nodes + GOODBYE, engine, events=not by_info) as caller:
        for act in row.acts:
            await _do(caller, act)
        if row.taken:
            await until(lambda: len(phones.rung) == 1, "the destination's phone")
            await phones.rung[0].connected()
            phones.rung[0].hang_up()
        run = await caller.ends()
        assert run.trace == row.trace.split()
        assert not [text for text in row.never if caller.heard(text)]
        assert len(texts.sent) == ("sent" in row.trace.split())
        assert run.elsewhere.transferred == ("tax" if row.taken else "")


async def _do(caller: Caller, act: str) -> None:
    kind, _, what = act.partition(" ")
    if kind == "hear":
        await caller.hears(what)
        return
    for key in what:
        await (caller.press(key) if kind == "press" else caller.inform(key))
