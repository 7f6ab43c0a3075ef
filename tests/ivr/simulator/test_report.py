"""Results as people, programs and continuous integration read them."""

import json
from pathlib import Path
from xml.etree import ElementTree

from ivr.simulator.report import as_json, as_junit, lines
from tests.ivr.simulator.stories import FLOW, run, told

GOOD = "    caller: [{after: 1s, press: 1}, {at: wait, after: 4s, hang_up: true}]\n    expect: {path: [menu, wait]}\n"
BAD = GOOD.replace("[menu, wait]}", "[menu, case, bye], outcome: answered}")


def test_a_scenario_that_went_well_is_told_in_the_sum_alone(tmp_path: Path) -> None:
    (line,) = lines(told(tmp_path, GOOD))
    assert line.startswith("1 scenario, 0 failed, ")


def test_a_failure_shows_its_line_and_where_the_path_was_left(tmp_path: Path) -> None:
    written = list(lines(told(tmp_path, BAD)))
    assert written[0] == "FAIL one"
    assert written[1].endswith("s.yaml:6:27: 'one': path is menu > wait, expected menu > case > bye")
    assert written[2] == "    6 |     expect: {path: [menu, case, bye], outcome: answered}"
    assert written[4].endswith("'one': outcome is 'abandoned', expected 'answered'")
    listing = written[7:]
    assert listing[0] == "    clock       expected  happened"
    assert listing[1] == "    10:00:00.0  menu      menu"
    assert listing[3] == "    10:00:01.0              presses 1"
    assert listing[4] == "  > 10:00:01.0  case      wait (queue)"
    assert "    10:00:05.0              hangs up" in listing
    assert [row for row in listing if row.startswith("  >")] == [listing[4]]


def test_a_path_that_ends_too_early_shows_what_was_never_reached(tmp_path: Path) -> None:
    written = list(lines(told(tmp_path, GOOD.replace("[menu, wait]", "[menu, wait, bye]"))))
    assert "  >             bye       (never came here)" in written


def test_a_path_that_goes_on_shows_where_it_should_have_ended(tmp_path: Path) -> None:
    written = list(lines(told(tmp_path, GOOD.replace("[menu, wait]", "[menu]"))))
    assert "  > 10:00:01.0  (no more)  wait (queue)" in written


def test_no_line_is_wider_than_the_terminal(tmp_path: Path) -> None:
    longest = "Dette er en veldig lang velkomst. " * 10
    flow = FLOW.replace("Velkommen. ", longest)
    rows = list(lines(told(tmp_path, GOOD, flow), stories=True, width=60))
    assert max(map(len, rows)) == 60


def test_stories_tell_every_call(tmp_path: Path) -> None:
    written = "\n".join(lines(told(tmp_path, GOOD), stories=True))
    assert "ok   one" in written
    assert '"Du kommer i kø." [nb]' in written
    assert "ended: abandoned (caller_hung_up), after 5s" in written


def test_colours_go_by_role(tmp_path: Path) -> None:
    written = list(lines(told(tmp_path, BAD), style=lambda text, role: f"<{role}>{text}"))
    assert written[0] == "<error>FAIL one"
    assert any(row.startswith("  <error>> 10:00:01.0") for row in written)


def test_json_has_an_object_for_each_scenario(tmp_path: Path) -> None:
    (found,) = json.loads(as_json(told(tmp_path, BAD)))
    assert (found["name"], found["ok"], found["path"], found["line"]) == ("one", False, ["menu", "wait"], 3)
    assert [failure["line"] for failure in found["failures"]] == [6, 6]


def test_junit_has_a_case_for_each_scenario_whatever_it_is_called(tmp_path: Path) -> None:
    text = (
        "number: 5000\nscenarios:\n"
        "  - {name: 'good <&> \"one\"', at: 2026-11-23 10:00, caller: [{hang_up: true}], expect: {}}\n"
        '  - {name: "bad ]]>", at: 2026-11-23 10:00, caller: [{hang_up: true}], expect: {outcome: answered}}\n'
    )
    root = ElementTree.fromstring(as_junit(run(tmp_path, text)).encode())
    assert (root.tag, root.attrib["tests"], root.attrib["failures"]) == ("testsuites", "2", "1")
    good, bad = root.iter("testcase")
    assert good.attrib["name"] == 'good <&> "one"'
    assert float(good.attrib["time"]) >= 0
    assert list(good) == []
    (failure,) = bad
    assert bad.attrib["name"] == "bad ]]>"
    assert "outcome is 'menu_ended', expected 'answered'" in failure.attrib["message"]
    assert "hangs up" in (failure.text or "")
