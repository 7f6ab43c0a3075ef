"""What is told of flows that call each other."""

from pathlib import Path

import pytest

from ivr.checks.flows import check_folder
from tests.ivr.nodes.test_subflow import CALLED, CALLER


def said(tmp_path: Path, caller: str = CALLER, called: str = CALLED, **more: str) -> str:
    (tmp_path / "main.yaml").write_text(caller)
    (tmp_path / "identify.yaml").write_text(called)
    for name, text in more.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return "\n".join(str(problem).removeprefix(f"{tmp_path}/") for problem in check_folder(tmp_path))


def test_calls_that_fit_are_no_mistake(tmp_path: Path) -> None:
    assert said(tmp_path) == ""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("flow: identify", "flow: identfy", "main.yaml:11:11: subflow 'who': there is no flow 'identfy'; did you mean"),
        ("with: {purpose:", "with: {purpos:", "the flow 'identify' has no parameter 'purpos'; did you mean 'purpose'?"),
        ("most: tries + 3", "most: number", "'most' is a whole number, and this gives text"),
        ("most: tries + 3", "most: tris", "there is no variable 'tris'; did you mean 'tries'?"),
        ("most: tries + 3", "most: length(case)", "'case' is personal: let the other flow ask for it"),
        ("case: case_number", "case: case_numbr", "has no variable 'case_numbr'; did you mean 'case_number'?"),
        ("tries: asked", "trys: asked", "there is no variable 'trys'; did you mean 'tries'?"),
        ("tries: asked", "tries: found", "'tries' is a whole number, and 'found' is true or false"),
        ("    personal: [case]\n", "", "'case_number' is personal there: name 'case' under `personal`"),
        ("personal: [case]", "personal: [case, cas]", "'cas' is not taken; did you mean 'case'?"),
        ("language: language", "language: purpose", "the language is taken from the other flow's language only"),
        ("unknown: bye", "unknow: bye", "has no result 'unknow'; did you mean 'unknown'?"),
        (", unknown: bye", "", "main.yaml:15:5: subflow 'who': the flow 'identify' may return 'unknown'"),
    ],
)
def test_mistakes_of_a_call_are_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in CALLER
    assert told in said(tmp_path, CALLER.replace(old, new, 1))


def test_the_called_flow_has_to_speak_the_caller_s_languages(tmp_path: Path) -> None:
    called = CALLED.replace("[nb, en]", "[nb]").replace(", en: Case number.", "")
    assert "the flow 'identify' does not speak en" in said(tmp_path, called=called)


def test_a_flow_with_numbers_cannot_return(tmp_path: Path) -> None:
    called = CALLED.replace("title: Identify", "title: Identify\nnumbers: [5001]")
    assert "identify.yaml:23:3: return 'known': a flow that has numbers cannot return" in said(tmp_path, called=called)


def test_flows_that_call_each_other_in_a_circle_are_told_once(tmp_path: Path) -> None:
    called = CALLED.replace(
        "  unknown: {type: return",
        "  again: {type: subflow, flow: main, returns: {x: known}}\n  unknown: {type: return",
    )
    text = said(tmp_path, called=called)
    assert text.count("in a circle: ") == 1
    assert "flows call each other in a circle: identify > main > identify" in text


def test_a_flow_that_calls_itself_is_a_circle(tmp_path: Path) -> None:
    assert "in a circle: main > main" in said(tmp_path, CALLER.replace("flow: identify", "flow: main"))


def test_a_flow_that_nobody_reaches_is_a_warning(tmp_path: Path) -> None:
    lonely = CALLED.replace("flow: identify", "flow: lonely")
    assert said(tmp_path, lonely=lonely) == (
        "lonely.yaml:2:7: warning: no number leads to the flow 'lonely', and no flow calls it"
    )
    assert "warning" not in said(tmp_path, lonely=lonely, broken="flow: [")
