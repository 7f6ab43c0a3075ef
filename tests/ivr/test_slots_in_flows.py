"""Forms of values, from the flow's file to what a caller hears."""

import pytest

from ivr.files.load import load_flow
from ivr.language.prompting import Said
from ivr.ports.call import CallInfo, ContactId
from ivr.running.run import Run
from ivr.simulator.call import SimulatedCall
from tests.ivr.engine import Engine, flow_of
from tests.ivr.nodes.caller import GOODBYE, HEAD, texts

VIRTUAL_TIME = True


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Plass {count:ordinal}, {count}, {count:digits}.", "Plass tjueførste, tjueén, to en."),
        ("Timen er {moment:date} {moment:time}.", "Timen er tirsdag den tjuefjerde november klokken ni tretti."),
        ("Vent {count:duration}. Kode {code}.", "Vent under ett minutt. Kode null sju."),
    ],
)
async def test_a_variable_is_heard_in_the_form_of_its_slot(text: str, heard: str) -> None:
    head = HEAD.replace("count: 0", 'count: 21, moment: "2026-11-24T09:30", code: "07"')
    engine = Engine()
    flow = flow_of(f'{head}  first: {{type: say, say: {{nb: "{text}", en: x}}, next: bye}}\n{GOODBYE}')
    call, task = engine.dial(flow, "c1", engine.begin(flow, "c1"))
    await task
    assert texts(call)[0] == heard
    await engine.close()


async def test_what_a_flow_did_not_write_itself_falls_back_as_the_flow_does() -> None:
    head = HEAD.replace("[nb, en]", "[en, nb]").replace("start: first", "fallback: {en: nb}\nstart: first")
    engine = Engine()
    flow = flow_of(f"{head}  first: {{type: say, say: {{nb: Hei., en: Hi.}}, next: bye}}\n{GOODBYE}")
    call = SimulatedCall(CallInfo(ContactId("c1"), "5000", "test"))
    run = Run(call, engine.begin(flow, "c1"), engine.services, engine.book(flow))
    assert [clip.text for clip in run.clips(Said({"se": "Riđđu.", "nb": "Storm."}))] == ["Storm."]
    assert run.clips(Said({"se": "Riđđu.", "nb": "Storm."}).falling_back({"en": "se"}))[0].text == "Riđđu."
    await engine.close()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{count:money}", "a value has no form 'money'; there are number, ordinal, duration, date, time, digits"),
        ("{count: number}", "braces hold the name of a value"),
        ("{count:}", "braces hold the name of a value"),
    ],
)
def test_a_form_that_does_not_exist_is_refused_where_it_stands(text: str, told: str) -> None:
    nodes = f'  first: {{type: say, say: {{nb: "{text}", en: x}}, next: bye}}\n'
    _, marked = load_flow("flows/test.yaml", HEAD + nodes + GOODBYE)
    (problem,) = marked.problems
    assert told in problem.message
    assert problem.line == 9
