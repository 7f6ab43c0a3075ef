"""Questions after a talk."""

import asyncio
from collections.abc import Sequence

import pytest

from events.catalogue import ContactEnded, SurveyAnswered
from ivr.checks.flows import check_flow
from ivr.files.load import load_flow
from ivr.nodes.survey import Survey
from ivr.running.run import FlowRun
from ivr.simulator.call import SimulatedCall
from tests.ivr.engine import Engine, flow_of
from tests.ivr.nodes.caller import GOODBYE, HEAD, texts

VIRTUAL_TIME = True
TALK_S = 10.0
FIRST = """
  first: {type: queue, queue: q, max_wait: 60s, next: ask, overflow: bye, unavailable: bye}
  ask:
    type: survey
    survey: care
    offer: {nb: Vil du svare?, en: Will you answer?}
    questions:
      - {id: helped, say: {nb: Fikk du hjelp?, en: Were you helped?}, keys: [1, 2], wait: 3s}
      - {id: grade, say: {nb: Fra en til fem?, en: From one to five?}, keys: 1-5}
    thanks: {nb: Takk., en: Thanks.}
    next: bye
"""


async def asked(
    presses: Sequence[tuple[float, str]], nodes: str = FIRST, hangs_up_s: float | None = None
) -> tuple[Engine, SimulatedCall, FlowRun]:
    """A caller who talked for TALK_S and then presses keys, so many seconds after the talk."""
    engine = Engine()
    engine.phones.after_s, engine.phones.talks_s = 0.0, TALK_S
    await engine.staff("kari")
    flow = flow_of(HEAD + nodes + GOODBYE)
    data = engine.begin(flow, "c1")
    call, task = engine.dial(flow, "c1", data)
    loop = asyncio.get_running_loop()
    for at_s, key in presses:
        loop.call_later(TALK_S + at_s, call.press, key)
    if hangs_up_s is not None:
        loop.call_later(TALK_S + hangs_up_s, call.hang_up)
    await task
    await engine.close()
    return engine, call, data


def answers(engine: Engine) -> list[tuple[str, int]]:
    return [(told.question, told.answer) for told in engine.told(SurveyAnswered)]


async def test_answers_are_told_with_the_queue_and_without_the_agent() -> None:
    engine, call, data = await asked([(0.3, "1"), (0.8, "2"), (1.5, "4")])
    assert answers(engine) == [("helped", 2), ("grade", 4)]
    told = engine.told(SurveyAnswered)[0]
    assert (told.survey, told.queue, told.agent, told.contact) == ("care", "q", "", "c1")
    assert texts(call)[-2:] == ["Takk.", "Ha det."]
    assert (data.trace, engine.told(ContactEnded)[0].outcome) == (["first", "ask", "bye"], "answered")


async def test_the_agent_is_named_where_the_flow_says_so() -> None:
    engine, _, _ = await asked([(0.3, "1"), (0.8, "2")], FIRST.replace("next: bye", "next: bye\n    name_agent: true"))
    assert engine.told(SurveyAnswered)[0].agent == "kari"


@pytest.mark.parametrize("presses", [[], [(0.3, "2")], [(0.3, "*")]])
async def test_who_does_not_say_yes_is_asked_nothing(presses: list[tuple[float, str]]) -> None:
    engine, call, _ = await asked(presses)
    assert answers(engine) == []
    assert texts(call)[-2:] == ["Vil du svare?", "Ha det."]


async def test_a_question_is_asked_again_and_then_no_other() -> None:
    engine, call, _ = await asked([(0.3, "1"), (0.8, "7")])
    assert answers(engine) == []
    assert texts(call)[-3:] == ["Fikk du hjelp?", "Fikk du hjelp?", "Ha det."]


async def test_who_hangs_up_has_given_the_answers_until_then() -> None:
    engine, _, _ = await asked([(0.3, "1"), (0.8, "1")], hangs_up_s=1.5)
    assert answers(engine) == [("helped", 1)]
    assert engine.told(ContactEnded)[0].outcome == "answered"


async def test_without_an_offer_everybody_is_asked() -> None:
    nodes = FIRST.replace("    offer: {nb: Vil du svare?, en: Will you answer?}\n", "")
    engine, _, _ = await asked([(0.3, "1"), (1.5, "5")], nodes)
    assert answers(engine) == [("helped", 1), ("grade", 5)]


async def test_who_talked_to_nobody_has_no_queue() -> None:
    survey = FIRST[FIRST.index("  ask:") :].replace("ask:", "first:")
    engine = Engine()
    flow = flow_of(HEAD + survey + GOODBYE)
    call, task = engine.dial(flow, "c1")
    for at_s, key in ((0.3, "1"), (0.8, "2")):
        asyncio.get_running_loop().call_later(at_s, call.press, key)
    await task
    assert [told.queue for told in engine.told(SurveyAnswered)] == [""]
    await engine.close()


@pytest.mark.parametrize(
    ("text", "wrong", "said"),
    [
        ("keys: [1, 2]", "keys: [1]", "keys"),
        ("keys: [1, 2]", "keys: [1, '*']", "keys"),
        ("keys: 1-5", "keys: 1..5", "the keys are a list, [1, 2], or a range, 1-5"),
        ("keys: 1-5", "keys: 5-1", "keys"),
        ("id: grade", "id: helped", "two questions have the same id"),
        ("next: bye\n", "next: bay\n", "there is no node 'bay'"),
    ],
)
def test_what_makes_no_sense_is_told(text: str, wrong: str, said: str) -> None:
    flow, marked = load_flow("t.yaml", HEAD + FIRST.replace(text, wrong) + GOODBYE)
    if flow is not None:
        check_flow(flow, marked)
    assert said in "\n".join(map(str, marked.problems))


def test_a_text_in_a_question_has_its_place() -> None:
    flow = flow_of(HEAD + FIRST + GOODBYE)
    node = flow.nodes["ask"]
    assert isinstance(node, Survey)
    assert node.questions[1].say.key == "test/ask.questions.1.say"
