"""Telling callers of another way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from events.catalogue import ContactEnded, Deflected
from ivr.checks.flows import check_flow
from ivr.contact import serve
from ivr.files.load import load_flow
from ivr.language.ways import Reached
from ivr.ports.call import CallInfo, ContactId
from ivr.ports.texting import Sending, TextMessage
from ivr.running.run import FlowRun
from ivr.simulator.call import SimulatedCall
from ivr.web.simulated import SimulatedTexts
from tests.ivr.engine import Engine, flow_of
from tests.ivr.nodes.caller import GOODBYE, HEAD, texts
from tests.ivr.nodes.moments import At

VIRTUAL_TIME = True
WEB = """
  first: {type: deflect, say: {nb: Se nav punktum no., en: See nav dot no.}, next: bye}
"""
SMS = """
  first:
    type: deflect
    say: {nb: Se nav punktum no., en: See nav dot no.}
    offer: {nb: Tast 1 for SMS., en: Press 1 for a text message.}
    ask: {nb: Tast nummeret., en: Key in the number.}
    sms: {nb: "Ring {number} eller se https://nav.no", en: "Call {number}"}
    sent: thanks
    refused: no
    failed: sorry
  thanks: {type: say, say: {nb: Sendt., en: Sent.}, next: bye}
  no: {type: say, say: {nb: Greit., en: All right.}, next: bye}
  sorry: {type: say, say: {nb: Det gikk ikke., en: That failed.}, next: bye}
"""
MOBILE = "+4791234567"
KEYED = [(2.0 + at / 10, key) for at, key in enumerate("41234567#")]


@asynccontextmanager
async def calling(
    nodes: str = SMS,
    presses: Sequence[tuple[float, str]] = (),
    *,
    caller: str = MOBILE,
    asserted: bool = True,
    gateway: SimulatedTexts | None = None,
    language: str = "nb",
) -> AsyncIterator[tuple[SimulatedCall, FlowRun, Engine]]:
    engine, flow = Engine(), flow_of(HEAD + nodes + GOODBYE)
    engine.services = replace(engine.services, texts=gateway)
    call = SimulatedCall(CallInfo(ContactId("c1"), "5000", "test", caller, asserted=asserted))
    data = engine.begin(flow, "c1")
    data.variables["language"] = language
    task = engine.spawn(serve(call, engine.book(flow), flow, engine.services, data))
    for at_s, key in presses:
        task.get_loop().call_later(at_s, call.press, key)
    await task
    yield call, data, engine
    await engine.close()


def outcomes(engine: Engine) -> list[tuple[str, str]]:
    return [(told.to, told.outcome) for told in engine.told(Deflected)]


async def test_an_address_is_said_and_the_caller_goes_on() -> None:
    async with calling(WEB) as (call, data, engine):
        assert texts(call) == ["Se nav punktum no.", "Ha det."]
        assert data.trace == ["first", "bye"]
        assert outcomes(engine) == [("web", "said")]


@pytest.mark.parametrize(("language", "text"), [("nb", "Ring 5000 eller se https://nav.no"), ("en", "Call 5000")])
async def test_who_says_yes_gets_a_message_in_their_language(language: str, text: str) -> None:
    gateway = SimulatedTexts()
    async with calling(presses=[(0.5, "1")], gateway=gateway, language=language) as (_, data, engine):
        assert data.trace == ["first", "thanks", "bye"]
        assert outcomes(engine) == [("sms", "sent")]
        assert MOBILE not in repr(engine.sink.events[1:])
    assert [(sent.pii_to, sent.text, sent.pii_caller) for sent in gateway.sent] == [(MOBILE, text, MOBILE)]


@pytest.mark.parametrize("presses", [[], [(0.5, "2")], [(3.0, "#")]])
async def test_who_says_no_or_nothing_gets_none(presses: list[tuple[float, str]]) -> None:
    gateway = SimulatedTexts()
    async with calling(presses=presses, gateway=gateway) as (_, data, engine):
        assert data.trace == ["first", "no", "bye"]
        assert outcomes(engine) == [("sms", "refused")]
    assert gateway.sent == []


async def test_without_an_offer_the_message_goes_at_once() -> None:
    gateway = SimulatedTexts()
    plain = "\n".join(line for line in SMS.split("\n") if "offer" not in line and "refused" not in line)
    async with calling(
        plain.replace("  no:", "  no2:")
        .replace("  no2: {type: say", "  no: {type: say")
        .replace("next: bye}\n  no", "next: no}\n  no"),
        gateway=gateway,
    ) as (_, data, _):
        assert data.trace == ["first", "thanks", "no", "bye"]
    assert len(gateway.sent) == 1


@pytest.mark.parametrize(
    ("caller", "asserted"), [("+4722334455", True), ("", True), (MOBILE, False), ("anonymous", True)]
)
async def test_who_has_no_mobile_that_a_trunk_vouches_for_is_asked_for_one(caller: str, asserted: bool) -> None:
    gateway = SimulatedTexts()
    async with calling(presses=[(0.5, "1"), *KEYED], caller=caller, asserted=asserted, gateway=gateway) as (_, data, _):
        assert data.trace == ["first", "thanks", "bye"]
    assert [sent.pii_to for sent in gateway.sent] == ["41234567"]


@pytest.mark.parametrize("keys", ["", "#", "22334455#", "1#"])
async def test_a_number_that_will_not_do_is_asked_for_again_and_then_no_more(keys: str) -> None:
    gateway = SimulatedTexts()
    presses = [(0.5, "1"), *((2.0 + at / 10, key) for at, key in enumerate(keys))]
    async with calling(presses=presses, caller="", gateway=gateway) as (call, data, engine):
        assert texts(call).count("Tast nummeret.") == 2
        assert data.trace == ["first", "sorry", "bye"]
        assert outcomes(engine) == [("sms", "no_number")]


async def test_without_asking_a_caller_without_mobile_goes_on_at_failed() -> None:
    silent = "\n".join(line for line in SMS.split("\n") if "    ask" not in line)
    async with calling(silent, [(0.5, "1")], caller="", gateway=SimulatedTexts()) as (_, data, _):
        assert data.trace == ["first", "sorry", "bye"]


@pytest.mark.parametrize("outcome", [Sending.CAPPED, Sending.FAILED])
async def test_a_message_that_is_not_taken_is_told(outcome: Sending) -> None:
    async with calling(presses=[(0.5, "1")], gateway=SimulatedTexts(outcome)) as (_, data, engine):
        assert data.trace == ["first", "sorry", "bye"]
        assert outcomes(engine) == [("sms", outcome.value)]


class Slow(SimulatedTexts):
    async def send(self, message: TextMessage) -> Sending:
        await asyncio.sleep(10)
        return await super().send(message)


async def test_who_says_yes_and_hangs_up_at_once_gets_the_message_all_the_same() -> None:
    engine, flow, gateway = Engine(), flow_of(HEAD + SMS + GOODBYE), Slow()
    engine.services = replace(engine.services, texts=gateway)
    call = SimulatedCall(CallInfo(ContactId("c1"), "5000", "test", MOBILE, asserted=True))
    task = engine.spawn(serve(call, engine.book(flow), flow, engine.services))
    task.get_loop().call_later(0.5, call.press, "1")
    task.get_loop().call_later(4.0, call.hang_up)
    await task
    assert [told.cause for told in engine.told(ContactEnded)] == ["caller_hung_up"]
    assert gateway.sent == []
    await asyncio.sleep(10)
    assert len(gateway.sent) == 1
    assert outcomes(engine) == [("sms", "sent")]
    await engine.close()


async def test_a_language_without_a_text_of_its_own_gets_the_declared_one() -> None:
    head = HEAD.replace("languages: [nb, en]", "languages: [nb, en, se]\nfallback: {se: nb}")
    engine, gateway = Engine(), SimulatedTexts()
    flow = flow_of(head + SMS.replace('sms: {nb: "Ring {number} eller se https://nav.no", en: "Call {number}"}',
                                      'sms: {en: "Call {number}", nb: "Ring {number}"}') + GOODBYE)  # fmt: skip
    engine.services = replace(engine.services, texts=gateway)
    call = SimulatedCall(CallInfo(ContactId("c1"), "5000", "test", MOBILE, asserted=True))
    data = engine.begin(flow, "c1")
    data.variables["language"] = "se"
    task = engine.spawn(serve(call, engine.book(flow), flow, engine.services, data))
    task.get_loop().call_later(0.5, call.press, "1")
    await task
    assert [sent.text for sent in gateway.sent] == ["Ring 5000"]
    await engine.close()


async def test_without_a_gateway_a_caller_goes_on_at_failed() -> None:
    async with calling(presses=[(0.5, "1")]) as (_, data, engine):
        assert data.trace == ["first", "sorry", "bye"]
        assert outcomes(engine) == [("sms", "failed")]


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        (SMS.replace("    sent: thanks\n", ""), "sent is missing here"),
        (SMS.replace("    refused: no\n", ""), "refused is missing here"),
        (SMS.replace("    failed: sorry\n", "").replace("    sent: thanks\n", ""), "failed and sent is missing here"),
        (WEB.replace(", next: bye", ""), "next is missing here"),
        (WEB.replace("next: bye", "next: bye, sent: bye, failed: bye"), "failed, sent means nothing without sms"),
        (SMS.replace(', en: "Call {number}"', ""), "'sms' is not written in en"),
        (SMS.replace(', en: "Call {number}"', ', en: x, de: "x"'), "'de' is none of the flow's languages"),
        (SMS.replace("{number}", "{numer}"), "there is no value {numer}; did you mean 'number'?"),
        (SMS.replace("{number}", "{Number}"), "braces hold the name of a variable"),
        (SMS.replace("Call {number}", "x" * 321), "longer than 320 characters"),
        (SMS.replace("sms: {", "sms: {se: ' ', "), "the text in se is empty"),
        (
            SMS.replace("    sms: {", "    sms: text\n    note: x{").split("    note")[0] + "    sent: bye\n",
            "goes by language",
        ),
    ],
)
def test_mistakes_are_told(nodes: str, said: str) -> None:
    flow, marked = load_flow("test.yaml", HEAD + nodes + GOODBYE)
    if flow is not None:
        check_flow(flow, marked)
    told = "\n".join(map(str, marked.problems))
    assert told.startswith("test.yaml:")
    assert said in told


def test_every_way_is_there_and_may_be_taken() -> None:
    node = flow_of(HEAD + SMS + GOODBYE).nodes["first"]
    assert [(way.target, way.kind.value) for way in node.ways()] == [
        ("thanks", "done"),
        ("no", "refused"),
        ("sorry", "failed"),
    ]
    assert node.silent_targets() == ["no"]
    assert node.needs() == {("sms",): ("sms", "sms")}


def test_who_is_sent_a_message_without_being_asked_may_turn_in_a_circle() -> None:
    nodes = """
  first: {type: deflect, say: {nb: a, en: a}, sms: {nb: a, en: a}, sent: first, failed: bye}
"""
    flow, marked = load_flow("test.yaml", HEAD + nodes + GOODBYE)
    assert flow is not None
    check_flow(flow, marked)
    assert "turns in a circle: first > first" in marked.problems[0].message


def test_the_moves_say_what_is_heard_and_done() -> None:
    node = flow_of(HEAD + SMS + GOODBYE).nodes["first"]
    told = [
        (move.way.detail, len(move.said), [(act.kind, act.detail) for act in move.acts], move.reached)
        for move in node.moves(At())
        if move.way is not None
    ]
    assert told == [
        ("sent", 2, [("press", "1"), ("sends", "sent")], Reached.MESSAGE),
        ("sent", 3, [("press", "1"), ("press", "99999999#"), ("sends", "sent")], Reached.MESSAGE),
        ("refused", 2, [("silence", "")], Reached.MESSAGE),
        ("failed", 2, [("press", "1"), ("sends", "failed")], Reached.MESSAGE),
        ("failed", 3, [("press", "1"), ("press", "99999999#"), ("sends", "failed")], Reached.MESSAGE),
        ("failed", 4, [("press", "1"), ("silence", ""), ("silence", "")], Reached.MESSAGE),
    ]
    plain = flow_of(HEAD + WEB + GOODBYE).nodes["first"]
    assert [(len(move.said), move.reached, list(move.acts)) for move in plain.moves(At())] == [(1, Reached.MESSAGE, [])]
