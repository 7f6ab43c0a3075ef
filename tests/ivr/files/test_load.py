"""Flow files: every mistake at its line."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.files.load import load_flow, read_file, read_folder
from ivr.files.reference import schemas
from ivr.nodes.menu import Menu
from tests.ivr.engine import flow_of

FLOWS = Path(__file__).parents[3] / "flows"
SERVICES = sorted(FLOWS.glob("*.yaml"))
MENU = """flow: test
title: Test
numbers: [5000, "0800"]
languages: [nb, en]
variables: {demo: false}
start: main
nodes:
  main:
    type: menu
    say: {nb: Tast 1., en: Press 1.}
    keys:
      1: bye
    no_choice: bye
  bye:
    type: hangup
"""


def problems(text: str) -> list[str]:
    _, marked = load_flow("x.yaml", text)
    return [str(problem) for problem in marked.problems]


def test_a_flow_is_what_its_file_says() -> None:
    flow = flow_of(MENU)
    assert flow.numbers == ["5000", "0800"]
    menu = flow.nodes["main"]
    assert isinstance(menu, Menu)
    assert menu.keys == {"1": "bye"}
    assert menu.say.text("en") == ("en", "Press 1.")
    assert menu.say.key == "test/main.say"
    assert [said.key for said in flow.said()] == ["test/main.say"]


def test_the_version_is_of_the_content_and_not_of_the_layout() -> None:
    version = flow_of(MENU).version
    assert len(version) == 12
    assert flow_of(MENU + "# a remark\n").version == version
    assert flow_of(MENU.replace("Press 1.", "Press one.")).version != version


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("no_choice: bye", "no_chioce: bye", "x.yaml:13:5: menu 'main': there is no field 'no_chioce'; did you mean"),
        ("no_choice: bye", "attempts: 2", "x.yaml:8:3: menu 'main': 'no_choice' is missing"),
        ("type: menu", "type: meny", "x.yaml:9:5: node 'main': there is no type 'meny'; did you mean 'menu'?"),
        ("    type: menu\n", "", "x.yaml:8:3: node 'main': 'type' is missing"),
        ("1: bye", "12: bye", "x.yaml:12:7: menu 'main': 'keys.12'"),
        ("1: bye", "1: [bye]", "x.yaml:12:10: menu 'main': 'keys.1'"),
        ("no_choice: bye", "no_choice: bye\n    wait: long", "x.yaml:14:11: menu 'main': 'wait'"),
        ("no_choice: bye", "no_choice: bye\n    wait: 0s", "x.yaml:14:11: menu 'main': 'wait'"),
        ("nb: Tast 1.", "nb: ''", "x.yaml:10:10: menu 'main': 'say': the text in nb is empty"),
        ("nb: Tast 1.", "nb: 17", "x.yaml:10:10: menu 'main': 'say': the text in nb is empty or no text"),
        ("nb: Tast 1.", "nb: 'Tast {1}.'", "x.yaml:10:10: menu 'main': 'say': braces hold the name"),
        ("{nb: Tast 1., en: Press 1.}", "Tast 1.", "x.yaml:10:10: menu 'main': 'say': the text goes by language"),
        ("title: Test", "titel: Test", "x.yaml:2:1: there is no field 'titel'; did you mean 'title'?"),
        ("[nb, en]", "[norsk]", "x.yaml:4:13: 'languages.0'"),
        ("[5000", "[five", "x.yaml:3:11: 'numbers.0'"),
        ("flow: test", "flow: Test Flow", "x.yaml:1:7: 'flow'"),
        ("{demo: false}", "{demo: [1]}", "x.yaml:5:19: 'variables.demo': the first value is text, a number"),
        ("main:\n", "Main menu:\n", "x.yaml:8:3: "),
        ("start: main\n", "start: main\nstart: bye\n", "x.yaml:7:1: 'start' stands here twice (first in line 6)"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_a_hint(old: str, new: str, said: str) -> None:
    assert old in MENU
    assert said in "\n".join(problems(MENU.replace(old, new, 1)))


def test_an_expression_is_told_with_its_own_column() -> None:
    branch = MENU.replace(
        "type: hangup", "type: branch\n    cases: [{when: 'demo and (', next: bye}]\n    otherwise: bye"
    )
    assert "x.yaml:16:30: branch 'bye': not an expression: '(' was never closed" in problems(branch)


def test_a_tag_that_is_called_like_a_field_points_to_the_field() -> None:
    queue = MENU.replace("type: hangup", "type: queue\n    queue: 7\n    overflow: bye\n    unavailble: bye")
    said = "\n".join(problems(queue.replace("  bye:", "  queue:")))
    assert "x.yaml:16:12: queue 'queue': 'queue'" in said
    assert "x.yaml:18:5: queue 'queue': there is no field 'unavailble'; did you mean 'unavailable'?" in said


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (
            "type: queue\n    waiting: {positon: {nb: A.}}",
            "16:15: queue 'bye': there is no field 'positon'; did",
        ),
        (
            "type: branch\n    cases: [{wen: demo}]",
            "branch 'bye': there is no field 'wen'; did you mean 'when'?",
        ),
        ("type: branch\n    cases: demo", "x.yaml:16:12: branch 'bye': 'cases': a list is expected"),
        (
            "type: queue\n    queue: q\n    overflow: bye\n    unavailable: bye\n    waiting: soon",
            "x.yaml:19:14: queue 'bye': there is no block 'soon'",
        ),
        ("- hangup", "x.yaml:15:5: node 'bye': fields are expected here"),
    ],
)
def test_a_mistake_in_a_part_of_a_node_is_told_with_its_line(node: str, said: str) -> None:
    assert said in "\n".join(problems(MENU.replace("type: hangup", node)))


def test_a_boolean_of_yaml_1_1_is_refused_with_what_to_write() -> None:
    text = MENU.replace("type: hangup", "type: digits\n    personal: yes")
    assert "x.yaml:16:15: digits 'bye': 'personal' is true or false, not 'yes'" in problems(text)


def test_every_mistake_is_told_at_once() -> None:
    text = MENU.replace("no_choice: bye", "a: 1").replace("type: hangup", "type: hangop").replace("title", "b")
    assert len(problems(text)) == 5


@pytest.mark.parametrize("text", ["[]", "7", "flow", "null"])
def test_a_file_that_holds_no_mapping_is_refused(text: str) -> None:
    assert problems(text) == ["x.yaml:1:1: the file holds no mapping: it begins with `flow: name`"]


def test_files_that_cannot_be_read_are_problems(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("flow: gjøk".encode("latin-1"))
    (tmp_path / "folder.yaml").mkdir()
    said = [str(problem) for problem in read_folder(tmp_path).problems]
    assert any("not UTF-8" in problem for problem in said)
    assert any("cannot be read" in problem for problem in said)
    assert read_file(tmp_path / "none.yaml").problems


def test_a_folder_without_flows_is_a_problem(tmp_path: Path) -> None:
    assert "there is no flow here" in str(read_folder(tmp_path).problems[0])
    assert "there is no such folder" in str(read_folder(tmp_path / "flows").problems[0])


def test_the_schema_for_editors_knows_every_node() -> None:
    text = json.dumps(schemas()["flow"])
    assert schemas()["flow"]["properties"]["numbers"]["items"] == {"type": ["string", "integer"]}
    assert all(f'"const": "{kind}"' in text for kind in ("say", "menu", "digits", "queue", "transfer", "hangup"))


def _mutated(text: str, seed: int) -> str:
    """The text with a few lines or characters lost, doubled, exchanged or replaced."""
    chance = random.Random(seed)
    lines = text.split("\n")
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines))
        match chance.randrange(6):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, chance.choice(lines))
            case 2:
                lines[at] = "  " + lines[at]
            case 3:
                lines[at] = lines[at].replace(
                    ":", chance.choice([": [", ": {", "", ": *a", ": !!x ", ": null", ": -1"])
                )
            case 4:
                cut = chance.randint(0, len(lines[at]))
                lines[at] = lines[at][:cut] + chance.choice("{}[]:&*!%@`'\"\t#\x00é0-") + lines[at][cut:]
            case 5:
                other = chance.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
        lines = lines or [""]
    return "\n".join(lines)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SERVICES), st.integers(0, 2**32))
def test_no_mutation_of_a_flow_crashes_the_loader_and_every_problem_has_a_line(path: Path, seed: int) -> None:
    text = _mutated(path.read_text(), seed)
    flow, marked = load_flow("x.yaml", text)
    assert flow is not None or marked.problems
    last = text.count("\n") + 1
    assert all(1 <= problem.line <= last + 1 and problem.column >= 1 for problem in marked.problems)
