"""Names in scenarios that nothing is known by, and other mistakes, each at its line."""

from pathlib import Path

import pytest

from ivr.book import load_book
from ivr.language.problems import FlowFileError
from ivr.simulator.cases import cases_in
from ivr.simulator.scenario_file import json_schema
from tests.ivr.simulator.stories import BEGIN, FLOW, run, told

REST = "    caller: [{press: 1}]\n    expect: {}\n"


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ("    caller: [{at: mneu, press: 1}]\n    expect: {}\n", "5:19: there is no node 'mneu'; did you mean 'menu'?"),
        ("    expect: {path_contains: [wiat]}\n", "5:30: there is no node 'wiat'; did you mean 'wait'?"),
        ("    expect: {queue: p}\n", "5:21: there is no queue 'p'"),
        ("    expect: {voicemail: dsek}\n", "5:25: there is no mailbox 'dsek'; did you mean 'desk'?"),
        ("    expect: {callback: x}\n", "there is no queue 'x'"),
        (
            "    expect: {events: [{event: contact_ended, fields: {outcom: x}}]}\n",
            "contact_ended has no field 'outcom'",
        ),
        ("    expect: {events: [{event: contact_endd}]}\n", "there is no event 'contact_endd'; did you mean"),
        ("    queues: {qq: full}\n" + REST, "5:14: no flow has the queue 'qq'"),
        ("    lookups: {case: {gives: 1}}\n" + REST, "no flow has the lookup 'case'; did you mean 'cases'?"),
        ("    lookups: {cases: {gives: 1, fails: timeout}}\n" + REST, "either `gives` something or `fails`"),
        ("    mailboxes: {dask: full}\n" + REST, "no flow has the mailbox 'dask'; did you mean 'desk'?"),
        ("    transfers: {partnr: refused}\n" + REST, "no flow has the destination 'partnr'; did you mean 'partner'?"),
        ("    crisis: flood\n" + REST, "there is no crisis 'flood'"),
        ("    settings: {dmo: true}\n" + REST, "no flow has the variable 'dmo'"),
        ("    agents: [{name: k, queues: [x]}]\n" + REST, "5:33: there is no queue 'x'"),
        ("    others: [{queue: x, waiting: 1}]\n" + REST, "there is no queue 'x'"),
        ("    callers: [{name: b, caller: [{at: x, press: 1}], expect: {}}]\n" + REST, "there is no node 'x'"),
        ("    caller: [{press: 1x}]\n    expect: {}\n", "5:22: 'one': 'caller.0.press': "),
        ("    caller: [{after: 5, press: 1}]\n    expect: {}\n", "write 5s"),
        ("    caller: [{after: 5s}]\n    expect: {}\n", "an act is one of"),
        ("    expect: {wait: {least: 5s, most: 1s}}\n", "least is more than most"),
        ("    expect: {heard: [{}]}\n", "words are text, or text by language"),
        ("    number: 6000\n    expect: {}\n", "5:13: no flow has the number 6000; did you mean '5000'?"),
        (REST + BEGIN.partition("scenarios:\n")[2] + REST, "7:11: there are two scenarios 'one' (the first in line 3)"),
    ],
)
def test_a_mistake_is_told_at_its_place(tmp_path: Path, scenario: str, said: str) -> None:
    with pytest.raises(FlowFileError) as refused:
        told(tmp_path, scenario)
    assert said in str(refused.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FlowFileError) as refused:
        told(tmp_path, "    crisis: flood\n    queues: {x: full}\n    caller: [{at: y, press: 1}]\n    expect: {}\n")
    assert len(refused.value.problems) == 3


def test_steps_of_other_flows_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "called.yaml").write_text(
        FLOW.replace("flow: test", "flow: called").replace("numbers: [5000]", "numbers: [5001]")
    )
    (result,) = told(tmp_path, "    expect: {path_contains: [called.menu]}\n")
    assert "'called.menu' is not in it" in str(result.failures[0])


def test_scenarios_of_several_flows_are_chosen_by_what_is_dialled(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(
        FLOW.replace("flow: test", "flow: other").replace("numbers: [5000]", "numbers: [5001]")
    )
    run(tmp_path, BEGIN + REST + "  - {name: two, at: 2026-11-23 10:00, number: 5001, expect: {}}\n")
    book = load_book(tmp_path)
    assert [case.name for case in cases_in(tmp_path, book, ["other"])] == ["two"]
    assert [case.name for case in cases_in(tmp_path, book)] == ["one", "two"]


def test_editors_are_told_of_every_field() -> None:
    """Every field that needs it has a description."""
    schema = json_schema()
    told_of = schema["$defs"]["Expected"]["properties"]
    assert {"path", "heard", "wait", "silence", "listens"} <= set(told_of)
    assert [name for name, field in told_of.items() if "description" not in field] == []
