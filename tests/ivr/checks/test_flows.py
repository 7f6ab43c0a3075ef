"""Checks across nodes and files."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.book import load_book
from ivr.checks.flows import check_flow, check_folder
from ivr.files.load import load_flow
from ivr.language.problems import FlowFileError
from tests.ivr.files.test_load import MENU, SERVICES, _mutated

HOURS = """flow: other
title: Other
numbers: [5001]
languages: [nb]
variables: {demo: false, count: 0}
start: hours
nodes:
  hours: {type: hours, calendar: office, always_open_when: demo, open: ask, closed: bye}
  ask:
    type: digits
    say: {nb: Tast saksnummeret.}
    variable: case_number
    expect: {least: 3, most: 9}
    next: told
    no_entry: bye
  told: {type: say, say: {nb: "Saken er {case_number}."}, next: send}
  send: {type: transfer, to: partner, failed: wait}
  wait: {type: queue, queue: billing, overflow: bye, unavailable: bye}
  bye: {type: hangup}
"""
CALENDAR = "calendar: office\nweekly: {mon-fri: 09:00-15:00}\n"


def problems(text: str) -> list[str]:
    flow, marked = load_flow("x.yaml", text)
    if flow is not None:
        check_flow(flow, marked)
    return [str(problem) for problem in marked.problems]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "calendars").mkdir()
    (tmp_path / "calendars" / "office.yaml").write_text(CALENDAR)
    (tmp_path / "a.yaml").write_text(MENU)
    (tmp_path / "b.yaml").write_text(HOURS)
    return tmp_path


def test_flows_that_are_right_have_no_problems(folder: Path) -> None:
    assert check_folder(folder, {"queue": {"billing"}, "destination": {"partner"}}) == []
    book = load_book(folder, {"queue": {"billing"}})
    assert book.by_number["0800"] is book.by_name["test"]
    assert set(book.calendars) == {"office"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("1: bye", "1: by", "x.yaml:12:10: menu 'main': there is no node 'by'; did you mean 'bye'?"),
        ("start: main", "start: mian", "x.yaml:6:8: start: there is no node 'mian'; did you mean 'main'?"),
        ("  bye:\n", "  lost: {type: hangup}\n  bye:\n", "x.yaml:14:3: hangup 'lost': no caller ever gets here"),
        (", en: Press 1.", "", "x.yaml:10:5: menu 'main': 'say' is not said in en"),
        ("en: Press", "de: Press", "x.yaml:10:24: menu 'main': 'de' is none of the flow's languages"),
        ("Press 1.", "'Press {on}.'", "x.yaml:10:5: menu 'main': there is no value {on}"),
        ("no_choice: bye", "no_choice: main", "a caller who presses nothing turns in a circle: main > main"),
        (
            "type: hangup",
            "type: set\n    values: {demo: 3}\n    next: main",
            "x.yaml:16:20: set 'bye': 'demo' is true or false, and this gives a whole number",
        ),
        (
            "type: hangup",
            "type: set\n    values: {demmo: true}\n    next: main",
            "x.yaml:16:14: set 'bye': there is no variable 'demmo'; did you mean 'demo'?",
        ),
        (
            "type: hangup",
            "type: set\n    values: {language: '\"fr\"'}\n    next: main",
            "x.yaml:16:24: set 'bye': the language is one of the flow's: nb, en",
        ),
        (
            "type: hangup",
            "type: branch\n    cases: [{when: number, next: main}]\n    otherwise: main",
            "x.yaml:16:20: branch 'bye': a condition gives true or false: number",
        ),
        (
            "type: hangup",
            'type: branch\n    cases: [{when: "demo and tru", next: main}]\n    otherwise: main',
            "x.yaml:16:30: branch 'bye': there is no variable 'tru'; did you mean 'true'?",
        ),
    ],
)
def test_a_mistake_across_nodes_is_told_with_its_line(old: str, new: str, said: str) -> None:
    assert old in MENU
    assert said in "\n".join(problems(MENU.replace(old, new, 1)))


def test_a_variable_that_digits_keep_is_not_another_one() -> None:
    assert "x.yaml:12:15: digits 'ask': 'count' is declared already" in "\n".join(
        problems(HOURS.replace("variable: case_number", "variable: count").replace("{case_number}", "{count}"))
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("queue: billing", "queue: biling", "b.yaml:18:30: queue 'wait': there is no queue 'biling'; did you mean"),
        ("queue: billing", "queue: xyz", "there is no queue 'xyz' in the configuration: it wants a [[queue]]"),
        ("calendar: office", "calendar: ofice", "b.yaml:8:34: hours 'hours': there is no calendar 'ofice'; did you"),
        ("to: partner", "to: partners", "b.yaml:17:30: transfer 'send': there is no destination 'partners'; did you"),
        ("[5001]", "[5000]", "b.yaml:3:11: the number 5000 is in"),
        ("flow: other", "flow: test", "b.yaml:1:7: the flow 'test' is in"),
    ],
)
def test_a_mistake_across_files_is_told_with_its_line(folder: Path, old: str, new: str, said: str) -> None:
    assert old in HOURS
    (folder / "b.yaml").write_text(HOURS.replace(old, new, 1))
    assert said in "\n".join(map(str, check_folder(folder, {"queue": {"billing"}, "destination": {"partner"}})))


def test_what_is_not_known_is_not_checked(folder: Path) -> None:
    assert check_folder(folder) == []


def test_a_book_is_made_of_flows_without_mistakes_only(folder: Path) -> None:
    (folder / "calendars" / "office.yaml").write_text("calendar: office\nweekly: {man-fre: 09-15}\n")
    with pytest.raises(FlowFileError) as refused:
        load_book(folder, {"queue": {"other"}})
    assert len(refused.value.problems) == 3
    assert "office.yaml:2:10" in str(refused.value)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SERVICES), st.integers(0, 2**32))
def test_no_mutation_of_a_flow_crashes_the_checks(path: Path, seed: int) -> None:
    flow, marked = load_flow("x.yaml", _mutated(path.read_text(), seed))
    if flow is not None:
        check_flow(flow, marked)
    assert all(problem.line >= 1 for problem in marked.problems)


def test_a_mistake_in_one_node_hides_none_in_the_others(folder: Path) -> None:
    file = folder / "a.yaml"
    text = file.read_text()
    file.write_text(
        text + "  broken: {type: menu, say: {nb: Hei.}}\n  lost: {type: say, say: {nb: Hei.}, next: nowhere}\n"
    )
    told = "\n".join(map(str, check_folder(folder)))
    assert "menu 'broken': 'keys' is missing" in told
    assert "say 'lost': there is no node 'nowhere'" in told
    assert "say 'lost': 'say' is not said in en" in told
