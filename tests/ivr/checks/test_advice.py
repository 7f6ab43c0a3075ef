"""Warnings: what is no mistake, but what callers suffer from."""

import pytest

from ivr.checks.advice import advise
from ivr.files.load import load_flow

MENU = """
flow: test
title: Test
numbers: [5000]
languages: [nb, en]
start: menu
nodes:
  menu:
    type: menu
    say: {nb: "Familie, tast 1. Annet, tast 0.", en: "Family, press 1. Other, press 0."}
    keys: {1: bye, 0: bye}
    no_choice: bye
  english: {type: set, values: {language: '"en"'}, next: menu}
  bye: {type: hangup, say: {nb: Ha det., en: Goodbye.}}
"""


def warnings(text: str) -> list[str]:
    flow, marked = load_flow("x.yaml", text)
    assert flow is not None
    advise(flow, marked)
    return [str(problem) for problem in marked.problems if problem.severity == "warning"]


def test_a_good_menu_has_none() -> None:
    assert warnings(MENU) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "keys: {1: bye, 0",
            "keys: {1: bye, 2: bye, 3: bye, 4: bye, 5: bye, 6: bye, 0",
            "11:11: warning: menu 'menu': 6 choices",
        ),
        ('"Familie, tast 1.', '"Familie, tast 1. Uføre, tast 2.', "10:15: warning: menu 'menu': says key 2 in nb"),
        ("press 0.", "press star.", "10:54: warning: menu 'menu': says key * in en"),
        (
            "keys: {1: bye, 0",
            "keys: {1: bye, 7: bye, 0",
            "11:23: warning: menu 'menu': key 7 leads to 'bye', and no text says so",
        ),
        ("Annet, tast", f"{'Det er noe annet jeg ringer om. ' * 12} Annet, tast", "menu 'menu': about 3"),
    ],
)
def test_what_callers_suffer_from_is_told(old: str, new: str, told: str) -> None:
    assert old in MENU
    assert told in "\n".join(warnings(MENU.replace(old, new, 1)))


def test_the_choice_of_a_language_is_no_choice_to_keep_in_mind() -> None:
    keys = "keys: {1: bye, 2: bye, 3: bye, 4: bye, 5: bye, 8: languages, 9: english, 0: bye}"
    other = "  languages: {type: subflow, flow: which, take: {language: language}, returns: {done: menu}}\n"
    text = MENU.replace("keys: {1: bye, 0: bye}", keys) + other
    assert not [told for told in warnings(text) if "choices" in told]
    assert [told for told in warnings(text.replace("take: {language: language}, ", "")) if "6 choices" in told]


CLOSING = """
flow: test
title: Test
numbers: [5000]
languages: [nb]
variables: {demo: false}
start: hours
nodes:
  hours: {type: hours, calendar: office, always_open_when: demo, open: wait, closed: bye}
  wait: {type: queue, queue: q, overflow: bye, unavailable: bye, closes: office, closing: bye, always_open_when: demo}
  bye: {type: hangup, say: {nb: Ha det.}}
"""


def test_queue_that_closes_where_the_hours_are_always_open_is_warned_of() -> None:
    assert warnings(CLOSING) == []
    assert warnings(CLOSING.replace("closing: bye, always_open_when: demo", "closing: bye")) == [
        "x.yaml:10:74: warning: queue 'wait': hours 'hours' is always open when demo, and this queue closes all the "
        "same; say `always_open_when: demo`"
    ]
    assert warnings(CLOSING.replace("closes: office, closing: bye, always_open_when: demo", "priority: 1m")) == []
