"""A call's moments in words."""

from pathlib import Path

import pytest

from ivr.simulator.story import lines
from tests.ivr.simulator.stories import told


def said(folder: Path, scenario: str) -> list[str]:
    (result,) = told(folder, scenario)
    assert result.story is not None
    return [line.words for line in lines(result.story)]


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        (
            "    caller: [{press: 1}]\n    agents: [{name: kari, queues: [q], does: [busy, answer], rests: 10s}]\n",
            [
                "menu",
                "presses 1",
                "wait (queue)",
                "in the queue q, number 1",
                "kari's phone rings",
                "kari: busy after 3s",
                "kari answers, after 16s in the queue q",
                "the talk with kari ends after 2m: agent_hung_up",
            ],
        ),
        ("    caller: [{press: 1}, {at: wait, after: 9s, hang_up: true}]\n", ["hangs up"]),
        ("    caller: [{press: 1}]\n", ["leaves the queue q after 10m: flowed_out, overflow"]),
        ("    caller: [{silence: true}]\n", ["says and presses nothing"]),
        (
            "    caller: [{press: 4}, {when_heard: beep, speak: 9s}]\n",
            ["speaks for 9 s", "a message of 13.6s is kept in the mailbox desk"],
        ),
        ("    caller: [{press: 6}]\n    from: '90000001'\n", ['gets a text message: "Se https://example.no"']),
        ("    caller: [{press: 6}]\n    from: '90000001'\n", ["is told of another way (sms): sent"]),
        ("    caller: [{press: 7}]\n", ["look-up cases: not_there"]),
        (
            "    caller: [{press: 7}]\n    lookups: {cases: {fails: status, status: 503}}\n",
            ["look-up cases: status 503"],
        ),
        (
            "    caller: [{press: 8}, {at: ring, press: 1}]\n    from: '90000001'\n",
            ["is promised to be rung back by the queue q"],
        ),
    ],
)
def test_what_happens_is_told_in_plain_words(tmp_path: Path, scenario: str, words: list[str]) -> None:
    told_of = said(tmp_path, scenario + "    expect: {}\n")
    assert [word for word in words if word not in told_of] == []


def test_no_number_of_a_caller_is_told(tmp_path: Path) -> None:
    told_of = said(tmp_path, "    caller: [{press: 8}, {at: ring, press: 1}]\n    from: '90000001'\n    expect: {}\n")
    assert not any("90000001" in words for words in told_of if not words.startswith('"'))
