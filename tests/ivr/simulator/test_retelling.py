"""A call that was, told again as a scenario that goes the same way."""

from pathlib import Path

import pytest

from ivr.book import load_book
from ivr.simulator.retelling import RetellingError, Telling, as_scenario
from ivr.simulator.scenario import run_text
from ivr.simulator.story import Story
from tests.ivr.simulator.stories import FLOW, told

PERSONAL = (
    FLOW.replace("expect: {least: 4, most: 6}", "expect: {check: national_identity_number}")
    .replace("personal: false", "personal: true")
    .replace("case_number", "identity_number")
)


def story(folder: Path, scenario: str, flow: str = FLOW) -> Story:
    (result,) = told(folder, scenario, flow)
    assert result.failures == ()
    assert result.story is not None
    return result.story


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize(
    "scenario",
    [
        "    caller: [{after: 2s, press: 1}, {at: wait, after: 30s, hang_up: true}]\n    expect: {}\n",
        "    caller: [{after: 1s, press: 3}, {at: menu, after: 1s, press: 1}]\n"
        "    agents: [{name: kari, queues: [q], does: [no_answer]}, {name: ola, queues: [q], from: 40s, talks: 90s}]\n"
        "    expect: {}\n",
        "    caller: [{after: 1s, press: 1}, {at: wait, after: 60s, hang_up: true}]\n"
        "    agents: [{name: kari, queues: [q], talks: 24h}]\n    expect: {}\n",
        "    caller: [{after: 1s, press: 1}]\n    agents: [{name: kari, queues: [q], then: transfer}]\n"
        "    expect: {}\n",
        "    caller: [{after: 1s, press: 1}]\n    expect: {}\n",
        "    caller: [{after: 1s, press: 2}, {at: case, after: 1s, press: '4711#'}]\n    expect: {}\n",
        "    caller: [{after: 1s, press: 2}]\n    expect: {path: [menu, case, sorry]}\n",
        "    expect: {path: [menu, bye]}\n",
        "    caller: [{after: 4s, hang_up: true}]\n    expect: {}\n",
        "    caller: [{after: 1s, press: 4}, {when_heard: beep, speak: 12s}]\n    expect: {voicemail: desk}\n",
        "    caller: [{after: 1s, press: 4}, {when_heard: beep, speak: 12s}, {after: 6s, hang_up: true}]\n"
        "    expect: {voicemail: desk}\n",
        "    caller: [{after: 1s, press: 5}]\n    expect: {outcome: transferred}\n",
        "    caller: [{after: 1s, press: 5}]\n    transfers: {partner: refused}\n"
        "    expect: {path: [menu, away, sorry]}\n",
        "    caller: [{after: 1s, press: 6}]\n    from: '90000001'\n    expect: {sms: [example]}\n",
        "    caller: [{after: 1s, press: 6}]\n    from: '90000001'\n    sms: capped\n    expect: {sms: []}\n",
        "    caller: [{after: 1s, press: 7}]\n    lookups: {cases: {fails: status, status: 503, after: 1s}}\n"
        "    expect: {path: [menu, look, sorry]}\n",
    ],
)
def test_a_simulated_call_told_again_goes_the_same_way(tmp_path: Path, scenario: str, timed: bool) -> None:
    was = story(tmp_path, scenario)
    text = as_scenario(was.events, load_book(tmp_path), telling=Telling(timed))
    (again,) = run_text(load_book(tmp_path), "trace.yaml", text)
    assert again.failures == (), text
    assert again.story is not None
    assert again.story.path == was.path


def test_personal_digits_are_replaced_by_an_example_that_fits(tmp_path: Path) -> None:
    pressed = "01010750160"
    was = story(tmp_path, f"    caller: [{{press: 2}}, {{at: case, press: '{pressed}'}}]\n    expect: {{}}\n", PERSONAL)
    text = as_scenario(was.events, load_book(tmp_path))
    assert pressed not in text
    (again,) = run_text(load_book(tmp_path), "trace.yaml", text)
    assert again.failures == ()
    assert again.story is not None
    assert again.story.path == ("menu", "case", "bye")


def test_the_callers_number_is_not_in_the_scenario(tmp_path: Path) -> None:
    was = story(tmp_path, "    from: '90000001'\n    caller: [{press: 6}]\n    expect: {}\n")
    assert "90000001" not in as_scenario(was.events, load_book(tmp_path))


def test_what_a_look_up_answered_is_said_to_be_a_guess(tmp_path: Path) -> None:
    was = story(
        tmp_path,
        "    caller: [{press: 7}]\n    lookups: {cases: {gives: {case: {status: shut}}}}\n    expect: {}\n",
    )
    assert "note: what cases answered is in no event" in as_scenario(was.events, load_book(tmp_path))


def test_events_that_are_not_whole_are_refused(tmp_path: Path) -> None:
    was = story(tmp_path, "    caller: [{press: 2}]\n    expect: {}\n")
    book = load_book(tmp_path)
    with pytest.raises(RetellingError, match="not in the stream"):
        as_scenario(was.events[1:], book)
    with pytest.raises(RetellingError, match="has not ended yet"):
        as_scenario(was.events[:-1], book)


def test_events_of_other_flows_are_refused(tmp_path: Path) -> None:
    was = story(tmp_path, "    caller: [{press: 2}]\n    expect: {}\n")
    (tmp_path / "flow.yaml").write_text(FLOW.replace(" case", " matter").replace("matters:", "cases:"))
    with pytest.raises(RetellingError, match=r"the flows have no step test\.case"):
        as_scenario(was.events, load_book(tmp_path))
