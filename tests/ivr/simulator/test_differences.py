"""What is expected of a call, and is not so."""

from pathlib import Path

import pytest

from tests.ivr.simulator.stories import FLOW, failures

ENGLISH = "    caller: [{after: 1s, press: 3}, {at: menu, after: 1s, press: 2}, {at: case, press: 4711#}]\n"


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ("{path_contains: [menu, english, bye]}", ""),
        ("{path_contains: [english, menu, menu]}", "'menu' is not in it after what comes before it"),
        ("{heard: [Velkommen, {en: Welcome}, Goodbye]}", ""),
        ("{heard: [{nb: Welcome}]}", "'Welcome' in nb was not heard"),
        ("{heard: [{nb: Ha det, en: Goodbye}]}", ""),
        ("{not_heard: [{nb: Goodbye}]}", ""),
        ("{not_heard: [{en: Goodbye}]}", "'Goodbye' in en was heard"),
        ("{variables: {language: en, case_number: '4711'}}", ""),
        ("{variables: {language: nb}}", "variable 'language' is 'en', expected 'nb'"),
        ("{variables: {nothing: 1}}", "variable 'nothing' is not set at the end"),
        ("{events: [{event: contact_started, fields: {number: '5000'}}, {event: contact_ended}]}", ""),
        ("{events: [{event: contact_ended}, {event: contact_started}]}", "was not told after what comes before it"),
        (
            "{events: [{event: contact_ended, fields: {cause: x}}]}",
            "cause 'x' was not told (there was cause flow_ended)",
        ),
        ("{transferred: partner}", "transferred is '', expected 'partner'"),
        ("{sms: [x]}", "text messages are [], expected ['x']"),
        ("{callback: q}", "callback is '', expected 'q'"),
        ("{survey: {grade: 1}}", "answers of the survey are {}, expected {'grade': 1}"),
        ("{listens: {least: 1s, most: 1s}}", ""),
        ("{listens: {most: 500ms}}", "listens is 1s, expected 0s to 500ms"),
        ("{silence: {most: 0s}}", "silence is 1s, expected 0s to 0s"),
    ],
)
def test_an_expectation_holds_or_says_what_was_there(tmp_path: Path, expected: str, said: str) -> None:
    found = failures(tmp_path, ENGLISH + f"    expect: {expected}\n")
    assert said in found if said else found == ""


def test_silence_is_what_the_caller_hears_before_the_next_word(tmp_path: Path) -> None:
    assert failures(tmp_path, "    expect: {silence: {least: 5s, most: 5s}}\n") == ""


def test_music_and_talk_are_no_silence(tmp_path: Path) -> None:
    scenario = (
        "    caller: [{press: 1}, {at: wait, after: 200s, hang_up: true}]\n"
        "    agents: [{name: kari, queues: [q], from: 60s, talks: 24h}]\n    expect: {silence: {most: 1s}}\n"
    )
    assert failures(tmp_path, scenario) == ""


def test_personal_digits_cannot_be_looked_at(tmp_path: Path) -> None:
    flow = FLOW.replace("personal: false", "personal: true")
    found = failures(tmp_path, ENGLISH + "    expect: {variables: {case_number: '4711'}}\n", flow)
    assert "variable 'case_number' is personal and cannot be looked at" in found
