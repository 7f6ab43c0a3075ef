"""The choice of a language."""

import asyncio

import pytest

from ivr.checks.flows import check_flow
from ivr.files.load import load_flow
from ivr.nodes.language import LanguageChoice
from tests.ivr.engine import Engine, flow_of
from tests.ivr.nodes.caller import GOODBYE, HEAD, ringing, texts
from tests.ivr.nodes.moments import At

VIRTUAL_TIME = True
LANGUAGE = """
  first:
    type: language
    choices:
      - {key: 1, language: nb, say: "For norsk, tast 1."}
      - {key: 2, language: en, say: "For English, press 2."}
    default: nb
    wait: 4s
    attempts: 2
    next: hello
  hello: {type: say, say: {nb: Hei., en: Hello.}, next: bye}
"""


@pytest.mark.parametrize(
    ("presses", "language", "hello"),
    [
        ([(0.2, "2")], "en", "Hello."),
        ([(0.2, "1")], "nb", "Hei."),
        ([(5.0, "2")], "en", "Hello."),
        ([(0.2, "9"), (0.4, "2")], "en", "Hello."),
        ([(0.2, "9"), (0.4, "9")], "nb", "Hei."),
        ([], "nb", "Hei."),
    ],
)
async def test_a_key_chooses_the_language_of_what_follows(
    presses: list[tuple[float, str]], language: str, hello: str
) -> None:
    async with ringing(LANGUAGE, presses) as (call, data):
        assert data.variables["language"] == language
        assert hello in texts(call)
        assert data.trace == ["first", "hello", "bye"]


async def test_each_language_is_offered_by_its_own_voice_whatever_the_caller_speaks() -> None:
    async with ringing(LANGUAGE) as (call, _):
        offered = [(heard.language, heard.text) for heard in call.heard[:4]]
        assert offered == [("nb", "For norsk, tast 1."), ("en", "For English, press 2.")] * 2


async def test_a_language_that_cannot_be_spoken_yet_is_offered_in_another_one() -> None:
    async with ringing(LANGUAGE.replace('say: "For English, press 2."', 'say: {nb: "For engelsk, tast 2."}')) as (
        call,
        _,
    ):
        assert [(heard.language, heard.text) for heard in call.heard[1:2]] == [("nb", "For engelsk, tast 2.")]


async def test_a_run_that_was_taken_over_speaks_the_chosen_language() -> None:
    engine = Engine()
    flow = flow_of(HEAD + LANGUAGE + GOODBYE)
    data = engine.begin(flow, "c1")
    data.enter("hello")
    data.variables["language"] = "en"
    call, task = engine.dial(flow, "c1", data)
    await asyncio.wait_for(task, 10)
    assert texts(call) == ["Hello.", "Goodbye."]
    await engine.close()


def test_a_proof_sees_a_move_for_each_language_and_one_for_silence() -> None:
    node = flow_of(HEAD + LANGUAGE + GOODBYE).nodes["first"]
    assert isinstance(node, LanguageChoice)
    moves = list(node.moves(At()))
    assert [move.sets for move in moves] == [{"language": "nb"}, {"language": "en"}, {"language": "nb"}]
    assert [len(move.said) for move in moves] == [1, 2, 4]
    assert [[act.detail for act in move.acts] for move in moves] == [["1"], ["2"], ["", ""]]
    assert all(move.way is not None and move.way.target == "hello" for move in moves)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("language: en", "language: sv", "'sv' is none of the flow's languages"),
        ("default: nb", "default: se", "'se' is none of the flow's languages"),
        ("key: 2", "key: 1", "key 1 is there twice"),
        ("language: en", "language: nb", "language nb is there twice"),
        ('say: "For English, press 2."', "say: {nb: Hei., en: Hi.}", "one text is expected"),
        ("key: 2", "key: 22", "a key is one of 0 to 9"),
    ],
)
def test_mistakes_are_told_at_their_place(old: str, new: str, said: str) -> None:
    flow, marked = load_flow("x.yaml", HEAD + LANGUAGE.replace(old, new) + GOODBYE)
    if flow is not None:
        check_flow(flow, marked)
    assert said in "\n".join(map(str, marked.problems))
