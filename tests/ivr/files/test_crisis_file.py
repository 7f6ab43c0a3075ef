"""The file of a crisis, and what is checked of it against the flows."""

from pathlib import Path

import pytest

from ivr.book import load_book
from ivr.checks.flows import check_folder

FLOW = """flow: main
title: Main
numbers: [5000]
languages: [nb, en]
variables: {urgent: false}
start: message
nodes:
  message: {type: message, crisis: true, next: wait}
  wait: {type: queue, queue: other, overflow: bye, unavailable: bye}
  bye: {type: hangup, say: {nb: Ha det., en: Goodbye.}}
"""
CRISIS = """crisis: late
title: Late
message: {nb: Forsinket., en: Late.}
flows: [main]
first:
  - {queue: other, head_start: 30m, when: urgent}
deflect:
  - queue: other
    say: {nb: "Se nav.no, tast 1 for å vente.", en: "See nav.no, press 1 to wait."}
    end: true
    stay: 1
    when: not urgent
longest: 2d
"""


def folder(tmp_path: Path, crisis: str = CRISIS) -> Path:
    (tmp_path / "crises").mkdir()
    (tmp_path / "main.yaml").write_text(FLOW)
    (tmp_path / "crises" / "late.yaml").write_text(crisis)
    return tmp_path


def test_a_crisis_is_what_its_file_says(tmp_path: Path) -> None:
    crisis = load_book(folder(tmp_path)).crises["late"]
    assert (crisis.name, crisis.title, crisis.longest_s) == ("late", "Late", 2 * 86_400)
    assert crisis.message.key == "late/crisis.message"
    assert crisis.flows == {"main"}
    assert crisis.head_start_s("other", {"urgent": True}.__getitem__) == 1800
    deflection = crisis.deflection("other", {"urgent": False}.__getitem__)
    assert deflection is not None
    assert (deflection.ends, deflection.stay, deflection.say.key) == (True, "1", "late/crisis.deflect.0.say")
    assert [said.key for said in load_book(tmp_path).said()][-2:] == [crisis.message.key, deflection.say.key]


def test_a_change_of_a_crisis_is_another_version(tmp_path: Path) -> None:
    before = load_book(folder(tmp_path)).version
    (tmp_path / "crises" / "late.yaml").write_text(CRISIS.replace("2d", "1d"))
    assert load_book(tmp_path).version != before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("flows: [main]", "flows: [mian]", "late.yaml:4:9: there is no flow 'mian'; did you mean 'main'?"),
        ("{nb: Forsinket., en: Late.}", "{nb: Forsinket.}", "late.yaml:3:1: 'message' is not said in en"),
        ("en: Late.}", 'en: "Late {number}."}', "'message' names {number}: a crisis has no values"),
        ("message: {nb: Forsinket., en: Late.}", "message: some_text", "texts are written by language here"),
        ("queue: other, head", "queue: othr, head", "late.yaml:6:13: there is no queue 'othr'; did you mean 'other'?"),
        ("queue: other, head", "queue: social, head", "none of its flows leads to the queue 'social'"),
        ("when: urgent", "when: urgnt", "late.yaml:6:43: in flow 'main': there is no variable 'urgnt'"),
        ("when: urgent", "when: number", "a condition gives true or false: number"),
        ("    end: true\n", "", "stay is of use with `end: true` only"),
        ("longest: 2d", "longest: 90d", "a length of time is 1m to 744h here"),
        ("longest: 2d", "longst: 2d", "there is no field 'longst'; did you mean 'longest'?"),
    ],
)
def test_mistakes_are_told_at_their_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in CRISIS
    path = folder(tmp_path, CRISIS.replace(old, new, 1))
    problems = check_folder(path, {"queue": ["other", "social"]})
    assert said in "\n".join(map(str, problems))


def test_a_crisis_that_nobody_would_hear_is_told(tmp_path: Path) -> None:
    path = folder(tmp_path)
    (path / "main.yaml").write_text(FLOW.replace("crisis: true", "say: {nb: A., en: A.}"))
    assert "nobody hears it" in "\n".join(map(str, check_folder(path)))


def test_a_flow_with_mistakes_is_not_blamed_on_its_crisis(tmp_path: Path) -> None:
    path = folder(tmp_path)
    (path / "main.yaml").write_text(FLOW.replace("start:", " start:", 1))
    found = list(map(str, check_folder(path)))
    assert len(found) == 1, found
    assert "main.yaml:" in found[0]


def test_two_files_of_one_crisis_are_a_mistake(tmp_path: Path) -> None:
    path = folder(tmp_path)
    (path / "crises" / "more.yaml").write_text(CRISIS)
    (problem,) = check_folder(path)
    assert "more.yaml:1:9: the crisis 'late' is in " in str(problem)
