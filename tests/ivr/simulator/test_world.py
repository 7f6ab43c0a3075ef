"""What scenarios say of the world around their callers."""

from pathlib import Path

import pytest

from tests.ivr.simulator.stories import BEGIN, FLOW, failures, run, told

QUEUES = "    caller: [{press: 1}]\n"


@pytest.mark.parametrize(
    "scenario",
    [
        QUEUES + "    queues: {q: full}\n    expect: {path: [menu, wait, sorry]}\n",
        QUEUES + "    queues: {q: away}\n    expect: {path: [menu, wait, sorry], lasts: {least: 2m, most: 3m}}\n",
        QUEUES + "    expect: {path: [menu, wait, bye], wait: {least: 10m, most: 10m}, outcome: abandoned}\n",
        QUEUES + "    agents: [{name: kari, queues: [q], then: transfer}]\n    expect: {agent: kari,"
        " events: [{event: contact_released, fields: {cause: transferred, agent: kari}}]}\n",
        QUEUES + "    agents: [{name: kari, queues: [q], talks: 10s}]\n    expect: {agent: kari,"
        " events: [{event: contact_queued}, {event: contact_released, fields: {cause: agent_hung_up}}]}\n",
        QUEUES + "    agents: [{name: kari, queues: [q], until: 0s}, {name: ola, queues: [q], from: 20s}]\n"
        "    expect: {agent: ola, wait: {least: 20s, most: 30s}}\n",
        "    caller: [{after: 30s, hang_up: true}]\n    expect: {lasts: {most: 30s}}\n",
        "    caller: [{press: 5}]\n    expect: {path: [menu, away], outcome: transferred, transferred: partner}\n",
        "    caller: [{press: 5}]\n    transfers: {partner: refused}\n    expect: {path: [menu, away, sorry]}\n",
        "    caller: [{press: 6}]\n    from: '90000001'\n    expect: {path: [menu, text, bye], sms: [example]}\n",
        "    caller: [{press: 6}]\n    from: '90000001'\n    sms: failed\n"
        "    expect: {path: [menu, text, sorry], sms: []}\n",
        "    caller: [{press: 6}]\n    expect: {path: [menu, text, sorry], sms: []}\n",
        "    caller: [{press: 7}]\n    lookups: {cases: {gives: {case: {status: open}}}}\n"
        "    expect: {path: [menu, look, told, bye], variables: {status: open}}\n",
        "    caller: [{press: 7}]\n    lookups: {cases: {gives: {case: {status: shut}}, after: 1s}}\n"
        "    expect: {path: [menu, look, told, sorry]}\n",
        "    caller: [{press: 7}]\n    lookups: {cases: {fails: timeout, after: 1s}}\n"
        "    expect: {path: [menu, look, sorry], events: [{event: lookup_done, fields: {outcome: timeout}}]}\n",
        "    caller: [{press: 7}]\n    lookups: {cases: {gives: {case: {status: open}}, after: 5s}}\n"
        "    expect: {path: [menu, look, sorry]}\n",
        "    caller: [{press: 7}]\n    expect: {path: [menu, look, sorry]}\n",
        "    caller: [{press: 4}]\n    mailboxes: {desk: full}\n"
        "    expect: {path: [menu, box, sorry], voicemail: ''}\n",
        "    caller: [{press: 4}, {when_heard: beep, speak: 5s}]\n    mailboxes: {desk: broken}\n"
        "    expect: {path: [menu, box, sorry], voicemail: ''}\n",
        "    caller: [{press: 8}, {at: ring, press: 1}]\n    from: '90000001'\n"
        "    expect: {path: [menu, ring, bye], callback: q}\n",
        "    caller: [{press: 8}, {at: ring, press: '90000002#'}]\n"
        "    expect: {path: [menu, ring, bye], callback: q}\n",
        "    caller: [{press: 8}, {at: ring, press: 1}]\n    from: '90000001'\n    callbacks: full\n"
        "    expect: {path: [menu, ring, sorry], callback: ''}\n",
        QUEUES + "    agents: [{name: kari, queues: [q], talks: 60s}]\n    callers: [{name: second, rings_after: 5s,"
        " caller: [{press: 1}], expect: {agent: kari, wait: {least: 58s, most: 63s}}}]\n"
        "    expect: {agent: kari, wait: {most: 3s}}\n",
    ],
)
def test_the_world_is_as_the_scenario_says(tmp_path: Path, scenario: str) -> None:
    assert failures(tmp_path, scenario) == ""


def test_a_long_wait_costs_no_beats_and_loses_no_place(tmp_path: Path) -> None:
    """Nothing is told to the distributor for hours, which is no reason to think that it was away."""
    scenario = QUEUES + "    agents: [{name: kari, queues: [q], from: 5h}]\n    expect: {agent: kari}\n"
    (result,) = told(tmp_path, scenario, FLOW.replace("max_wait: 10m", "max_wait: 6h"))
    assert result.failures == ()
    assert result.story is not None
    assert len(result.story.moments) < 40


def test_what_goes_wrong_with_another_caller_is_told_with_the_name(tmp_path: Path) -> None:
    said = failures(
        tmp_path,
        "    caller: [{press: 5}]\n    callers: [{name: second, caller: [{press: 2}], expect: {outcome: answered}}]\n"
        "    expect: {}\n",
    )
    assert "s.yaml:6:70: 'one': second: outcome is 'completed', expected 'answered'" in said


def test_the_second_of_two_equal_hours_can_be_meant(tmp_path: Path) -> None:
    text = BEGIN.replace("2026-11-23 10:00", "2026-10-25 02:30:00+0100") + "    expect: {path: [menu, bye]}\n"
    (result,) = run(tmp_path, text)
    assert result.failures == ()
    assert result.story is not None
    assert result.story.begins_ms == 1_792_891_800_000
