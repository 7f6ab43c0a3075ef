"""Scenarios: a story is told, and what is not as expected is named with its line."""

from pathlib import Path

import pytest

from ivr.language.problems import FlowFileError
from ivr.simulator.scenario import Result, run_folder

FLOW = """flow: test
title: Test
numbers: [5000]
languages: [nb]
start: menu
nodes:
  menu: {type: menu, say: {nb: Tast 1.}, keys: {1: wait}, wait: 5s, attempts: 1, no_choice: bye}
  wait: {type: queue, queue: q, waiting: {position: {nb: "Nummer {position}."}}, overflow: bye, unavailable: bye}
  bye: {type: hangup, say: {nb: Ha det.}}
"""
STORY = """number: 5000
scenarios:
  - name: one
    at: 2026-11-23 10:00
    caller: [{after: 0.2s, press: 1}]
    agents: [{name: kari, queues: [q], answers_after: 5s, talks: 60s}]
    expect:
      path: [menu, wait]
      heard: [Tast 1, Nummer]
      not_heard: [Ha det]
      queue: q
      outcome: answered
      cause: flow_ended
      agent: kari
      rung: [kari]
      wait: {least: 5s, most: 5s}
      lasts: {least: 65s, most: 66s}
"""


def told(folder: Path, scenarios: str = STORY, flow: str = FLOW) -> list[Result]:
    (folder / "scenarios").mkdir(exist_ok=True)
    (folder / "flow.yaml").write_text(flow)
    (folder / "scenarios" / "s.yaml").write_text(scenarios)
    return run_folder(folder)


def test_a_story_that_goes_as_expected_has_no_failures(tmp_path: Path) -> None:
    (result,) = told(tmp_path)
    assert result.failures == ()
    assert result.story is not None
    assert result.story.run.trace == ["menu", "wait"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[menu, wait]", "[menu, bye]", "s.yaml:8:20: 'one': path is menu > wait, expected menu > bye"),
        ("[Tast 1, Nummer]", "[Nummer, Tast 1]", "s.yaml:9:23: 'one': 'Tast 1' was not heard after what comes before"),
        ("[Ha det]", "[tast]", "s.yaml:10:19: 'one': 'tast' was heard"),
        ("queue: q\n", "queue: ''\n", "s.yaml:11:14: 'one': queue is 'q', expected ''"),
        ("outcome: answered", "outcome: abandoned", "s.yaml:12:16: 'one': outcome is 'answered', expected 'abandoned'"),
        ("agent: kari", "agent: ola", "s.yaml:14:14: 'one': agent is 'kari', expected 'ola'"),
        ("rung: [kari]", "rung: []", "s.yaml:15:13: 'one': rung is kari, expected "),
        ("most: 5s}", "most: 5s}", ""),
        ("{least: 5s, most: 5s}", "{least: 6s}", "s.yaml:16:13: 'one': wait is 5s, expected 6s to 24h"),
        ("{least: 65s, most: 66s}", "{most: 5s}", "s.yaml:17:14: 'one': lasts is 1m5"),
    ],
)
def test_what_is_not_as_expected_is_told_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in STORY
    (result,) = told(tmp_path, STORY.replace(old, new, 1))
    failures = "\n".join(map(str, result.failures))
    assert said in failures if said else failures == ""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("press: 1", "pres: 1", "there is no field 'pres'"),
        ("press: 1", "press: 1, hang_up: true", "an act is one of"),
        ("2026-11-23 10:00", "i morgen", "s.yaml:4:9: 'one': 'at': a moment is written"),
        ("number: 5000", "number: 5001", "s.yaml:1:9: no flow has the number 5001; did you mean '5000'?"),
        ("path: [menu, wait]", "path: [menu, wiat]", "s.yaml:8:20: there is no node 'wiat'; did you mean 'wait'?"),
        ("number: 5000\n", "", "'number' is missing"),
        ("outcome: answered", "outcome: [", "stands in quotes here"),
    ],
)
def test_a_mistake_in_a_scenario_is_told_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in STORY
    with pytest.raises(FlowFileError) as refused:
        told(tmp_path, STORY.replace(old, new, 1))
    assert said in str(refused.value)


def test_flows_with_mistakes_are_not_tried(tmp_path: Path) -> None:
    with pytest.raises(FlowFileError, match="there is no node 'wiat'"):
        told(tmp_path, flow=FLOW.replace("1: wait", "1: wiat"))


def test_an_agent_who_comes_later_and_other_callers_make_the_caller_wait(tmp_path: Path) -> None:
    story = (
        STORY[: STORY.index("    agents:")]
        + """    others: [{queue: q, waiting: 2, talk: 100s}]
    agents: [{name: kari, queues: [q], from: 30s, answers_after: 5s}]
    expect: {heard: [Nummer tre], outcome: answered, wait: {least: 230s, most: 240s}}
"""
    )
    (result,) = told(tmp_path, story)
    assert result.failures == ()


def test_what_a_caller_does_when_words_are_heard_comes_after_them(tmp_path: Path) -> None:
    story = STORY.replace(
        "[{after: 0.2s, press: 1}]", "[{when_heard: tast, press: 1}, {when_heard: nummer, hang_up: true}]"
    )
    story = story[: story.index("    agents:")] + "    expect: {outcome: abandoned, wait: {least: 2s, most: 3s}}\n"
    (result,) = told(tmp_path, story)
    assert result.failures == ()


def test_a_call_that_lasts_a_day_is_ended(tmp_path: Path) -> None:
    forever = FLOW.replace("overflow: bye", "overflow: wait, max_wait: 86400s")
    story = STORY[: STORY.index("    agents:")] + "    expect: {cause: time_limit, outcome: abandoned}\n"
    (result,) = told(tmp_path, story, forever)
    assert result.failures == ()
