"""What callers of scenarios do, and when."""

from pathlib import Path

import pytest

from tests.ivr.simulator.stories import failures, told


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        (
            "[{at: menu, press: 1}, {at: wait, after: 5s, hang_up: true}]",
            "{path: [menu, wait], wait: {least: 5s, most: 5s}}",
        ),
        (
            "[{at: menu, press: 2}, {at: case, press: '1234#'}]",
            "{path: [menu, case, bye], variables: {case_number: '1234'}}",
        ),
        (
            "[{at: menu, press: 2}, {at: case, press: 12345}]",
            "{path: [menu, case, bye], variables: {case_number: '12345'}}",
        ),
        ("[{silence: true}, {press: 1}, {at: wait, hang_up: true}]", "{path: [menu, wait], heard: [ingenting]}"),
        ("[{silence: true}, {silence: true}, {press: 1}, {at: wait, hang_up: true}]", "{path: [menu, wait]}"),
        ("[{silence: true}, {silence: true}, {silence: true}]", "{path: [menu, bye]}"),
        ("[{at: menu, press: 9}, {when_heard: finnes ikke, press: 9}, {after: 1s, press: 9}]", "{path: [menu, bye]}"),
        ("[{press: 999}]", "{path: [menu, bye], heard: [finnes ikke], lasts: {most: 3s}}"),
        (
            "[{at: menu, press: 3}, {at: menu, press: 1}, {at: wait, hang_up: true}]",
            "{path: [menu, english, menu, wait]}",
        ),
        ("[{when_heard: velkommen, after: 2s, hang_up: true}]", "{lasts: {least: 2s, most: 2s}, outcome: menu_ended}"),
        (
            "[{press: 4}, {when_heard: beep, speak: 10s}]",
            "{voicemail: desk, outcome: voicemail, path: [menu, box, bye]}",
        ),
        (
            "[{press: 4}, {when_heard: beep, speak: 9s}, {after: 9s, press: '#'}]",
            "{voicemail: desk, silence: {most: 1s}}",
        ),
        ("[{press: 4}, {at: box, silence: true}, {silence: true}]", "{voicemail: '', path: [menu, box, sorry]}"),
    ],
)
def test_callers_act_when_it_is_time(tmp_path: Path, acts: str, expected: str) -> None:
    assert failures(tmp_path, f"    caller: {acts}\n    expect: {expected}\n") == ""


def test_keys_are_pressed_one_after_the_other(tmp_path: Path) -> None:
    (result,) = told(tmp_path, "    caller: [{press: 2}, {at: case, press: '123456'}]\n    expect: {}\n")
    assert result.story is not None
    pressed = [moment.at_s for moment in result.story.moments if getattr(moment.item, "kind", "") == "press"]
    assert pressed == pytest.approx([0, 0, 0.25, 0.5, 0.75, 1.0, 1.25])


def test_who_waits_for_a_step_that_never_comes_does_nothing_more(tmp_path: Path) -> None:
    acts = "[{at: case, press: 1}, {hang_up: true}]"
    assert failures(tmp_path, f"    caller: {acts}\n    expect: {{path: [menu, bye], cause: flow_ended}}\n") == ""
