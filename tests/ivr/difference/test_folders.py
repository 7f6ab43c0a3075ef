"""Every change that people make is told in words that name it; what callers don't notice is said to be so."""

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.difference.changes import What
from ivr.difference.folders import Side
from ivr.difference.matching import match
from ivr.files.flow import Flow
from ivr.files.load import load_flow
from tests.ivr.difference.sides import FLOWS, NORWEGIAN, STANDING, changed, difference, side, told

MAIN, OFFICE = "main.yaml", "calendars/office.yaml"
SAID = "Vi har stengt. Åpningstiden er hverdager"
CLOSED = "  closed:\n    type: hangup"
STEP = "  closed:\n    type: say\n    next: holiday"

WRONG = "    wrong:\n      nb: Det valget finnes ikke.\n      en: That is not one of the choices.\n"
MUTATIONS = [
    (
        "key leads elsewhere",
        [(MAIN, "3: family", "3: closed")],
        [
            "Dialling 5000, when open, pressing 3 at “Menu”",
            "before → the queue Family",
            "now → “Closed” (goodbye: “We are",
        ],
    ),
    (
        "key added",
        [(MAIN, "      5: other\n", "      5: other\n      6: work\n")],
        ["new key 6 → the queue Work health"],
    ),
    (
        "key removed",
        [(MAIN, "      4: disability\n", "")],
        [
            "At “Menu”: key 4 is removed (before → the queue Disability)",
            "No caller reaches the queue disability any more",
        ],
    ),
    ("key moved", [(MAIN, "5: other", "7: other")], ["key 5 becomes key 7 (to the queue Other)"]),
    (
        "text changed",
        [(MAIN, SAID, SAID.replace("hverdager", "alle dager"))],
        ["At “Closed”: what is said (nb)", "[-hverdager-] {+alle dager+}"],
    ),
    (
        "text removed",
        [(MAIN, WRONG, "")],
        ["what is said after a wrong key (nb) is removed", "what is said after a wrong key (en) is removed"],
    ),
    (
        "hours",
        [(OFFICE, "  mon-fri: 09:00-15:00", "  mon-thu: 09:00-15:00\n  fri: 09:00-14:00")],
        ["Fridays 09-15 becomes 09-14; 24 December closed, 31 December closed as before"],
    ),
    (
        "day added",
        [(OFFICE, "  12-31: closed", "  12-31: closed\n  2026-12-28: 10:00-12:00")],
        ["28 December 2026: as usual becomes 10-12"],
    ),
    ("day removed", [(OFFICE, "  12-31: closed\n", "")], ["31 December: closed becomes as usual"]),
    ("holidays", [(OFFICE, "public_holidays: true", "public_holidays: false")], ["open as usual on public holidays"]),
    ("number added", [(MAIN, "numbers: [5000]", "numbers: [5000, 5009]")], ["New number: 5009 → main"]),
    (
        "number changed",
        [(MAIN, "numbers: [5000]", "numbers: [5009]")],
        ["The number 5000 is no longer answered", "New number: 5009"],
    ),
    ("title", [(MAIN, "title: Hovednummeret", "title: Sentralen")], ["The title", "(only inside changes)"]),
    ("first language", [(MAIN, "languages: [nb, en]", "languages: [en, nb]")], ["The language that is spoken first"]),
    ("language removed", [(MAIN, "languages: [nb, en]", "languages: [nb]")], ["The language en is removed"]),
    (
        "longer wait for a key",
        [(MAIN, "    no_choice: other_by_silence", "    wait: 9s\n    no_choice: other_by_silence")],
        ["At “Menu”: how long a key is awaited: before → 5s; now → 9s"],
    ),
    (
        "attempts",
        [(MAIN, "    no_choice: other_by_silence", "    attempts: 2\n    no_choice: other_by_silence")],
        ["At “Menu”: the number of attempts: before → 3; now → 2"],
    ),
    (
        "longest wait",
        [(MAIN, "    queue: social\n", "    queue: social\n    max_wait: 1h\n")],
        ["“after waiting 4h” becomes “after waiting 1h”"],
    ),
    (
        "another queue",
        [(MAIN, "    queue: social\n", "    queue: other\n")],
        ["At “Social”: the queue: before → social; now → other", "No caller reaches the queue social any more"],
    ),
    (
        "priority",
        [(MAIN, "    queue: social\n", "    queue: social\n    priority: 5m\n")],
        ["At “Social”: the head start in the queue: before → 0s; now → 5m"],
    ),
    (
        "start",
        [(MAIN, "start: hours", "start: menu")],
        ["Dialling 5000", "before → “Hours” (hours)", "now → “Menu” (menu"],
    ),
    (
        "step added",
        [
            (MAIN, "    open: menu\n", "    open: hello\n"),
            (
                MAIN,
                "  menu:\n    type: menu",
                "  hello: {type: say, say: {nb: Hei., en: Hello.}, next: menu}\n\n  menu:\n    type: menu",
            ),
        ],
        ["Dialling 5000, when open", "now → “Hello” (says: “Hello.”), then “Menu”", "New step: “Hello”"],
    ),
    ("kind of a step", [(MAIN, CLOSED, STEP)], ["The step “Closed” is now of another kind"]),
    ("variable", [(MAIN, "demo: false", "demo: true")], ["The variable demo begins as", "before → false; now → true"]),
    (
        "value set",
        [(MAIN, "values: {language: '\"en\"'}", "values: {language: '\"nb\"'}")],
        ['At “English”: the value of language: before → "en"; now → "nb"'],
    ),
    (
        "condition",
        [(MAIN, "always_open_when: demo", "always_open_when: not demo")],
        ["when it is always open: before → demo; now → not demo"],
    ),
    (
        "two at once",
        [(MAIN, "Du er nummer {position} i køen. Ventetiden", "Nummer {position}. Ventetiden")],
        ["“Social”, “Work”, “Family”, “Disability” and “Other”: the position in the queue with the wait (nb)"],
    ),
]


@pytest.mark.parametrize(("edits", "words"), [case[1:] for case in MUTATIONS], ids=[case[0] for case in MUTATIONS])
def test_a_change_is_told_in_words_that_name_it(
    tmp_path: Path, edits: list[tuple[str, str, str]], words: list[str]
) -> None:
    text = told(changed(tmp_path, *edits))
    for word in words:
        assert word in text, text


@pytest.mark.parametrize("edits", [case[1] for case in MUTATIONS], ids=[case[0] for case in MUTATIONS])
def test_a_change_is_told_in_norwegian_too(tmp_path: Path, edits: list[tuple[str, str, str]]) -> None:
    text = told(changed(tmp_path, *edits), phrases=NORWEGIAN)
    assert "endring" in text
    assert not re.search(r"\b(before|becomes|Dialling|is now|the queue)\b", text)


def test_a_folder_does_not_differ_from_itself() -> None:
    assert difference(STANDING).changes == ()
    assert told(STANDING) == "old → old: nothing has changed"


def test_the_shipped_flows_do_not_differ_from_themselves() -> None:
    shipped = Path(__file__).parents[3] / "flows"
    assert told(side(shipped), side(shipped)) == "new → new: nothing has changed"


def renamed(flow: Flow, text: str, names: dict[str, str]) -> Flow:
    """The flow with other names for its steps, wherever they stand as a step's name."""
    for name, other in names.items():
        text = re.sub(rf"(?m)^  {name}:$", f"  {other}:", text)
        text = re.sub(rf"(?m)^(?! *(?:type|queue|calendar|flow):)(.*: ){name}$", rf"\g<1>{other}", text)
    made, marked = load_flow(f"{flow.flow}.yaml", text)
    assert made is not None, marked.problems
    return made


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_renamed_steps_are_no_change_that_callers_notice(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(STANDING.flows)))
    text = (FLOWS / f"{name}.yaml").read_text()
    before, _ = load_flow(f"{name}.yaml", text)
    assert before is not None
    steps = data.draw(st.lists(st.sampled_from(sorted(before.nodes)), unique=True, min_size=1))
    names = {step: f"renamed_{at}" for at, step in enumerate(steps)}
    after = renamed(before, text, names)
    found = difference(Side("new", {name: after}), Side("old", {name: before}))
    assert match(before, after) == {step: names.get(step, step) for step in before.nodes}
    assert found.heard == ()
    assert {change.what for change in found.changes} <= {What.STEP_RENAMED}
    assert len(found.changes) == len(names)


def test_swapped_names_are_two_renamed_steps(tmp_path: Path) -> None:
    swap = [(MAIN, "closed: closed", "closed: x1"), (MAIN, "holiday: holiday", "holiday: closed"),
            (MAIN, "closed: x1", "closed: holiday"), (MAIN, "\n  closed:\n", "\n  x2:\n"),
            (MAIN, "\n  holiday:\n", "\n  closed:\n"), (MAIN, "\n  x2:\n", "\n  holiday:\n")]  # fmt: skip
    text = told(changed(tmp_path, *swap))
    assert "(only inside changes)" in text
    assert "The step closed (goodbye) is now holiday" in text


def test_a_copy_of_a_step_is_new_and_the_step_itself_is_changed(tmp_path: Path) -> None:
    text = (FLOWS / MAIN).read_text()
    closed = text[text.index("  closed:\n    type") : text.index("  holiday:\n    type")]
    new = changed(tmp_path, (MAIN, closed, closed + closed.replace("closed:", "closed_too:")), (MAIN, SAID, "Lukket."))
    assert "(only inside changes)" not in told(new)
    only_copied = changed(tmp_path / "b", (MAIN, closed, closed + closed.replace("closed:", "closed_too:")))
    assert "(only inside changes)" in told(only_copied)


def test_steps_that_say_the_same_can_be_made_one(tmp_path: Path) -> None:
    alike = "".join((FLOWS / MAIN).read_text().partition("  holiday:\n    type")[1:])
    twice = changed(tmp_path / "a", (MAIN, alike, alike + alike.replace("holiday:", "day_off:")),
                    (MAIN, "holiday: holiday", "holiday: day_off"))  # fmt: skip
    assert "(only inside changes)" in told(twice)


def test_a_number_that_goes_to_another_flow_is_told(tmp_path: Path) -> None:
    pension = STANDING.flows["pension"].numbers[0]
    new = changed(tmp_path, (MAIN, "numbers: [5000]", f"numbers: [5000, {pension}]"),
                  ("pension.yaml", f"numbers: [{pension}]", "numbers: [5099]"))  # fmt: skip
    assert f"The number {pension} goes to another flow" in told(new)


def test_flows_are_added_removed_and_renamed(tmp_path: Path) -> None:
    new = changed(tmp_path, ("debt.yaml", "flow: debt", "flow: money"))
    (tmp_path / "eures.yaml").unlink()
    text = told(changed(tmp_path / "b", ("debt.yaml", "flow: debt", "flow: money")))
    assert "The flow is now called money" in text
    assert "(only inside changes)" in text
    without = Side("new", {name: flow for name, flow in new.flows.items() if name != "eures"}, new.calendars)
    assert "The flow eures" in told(without)
    assert "New flow eures" in told(STANDING, without)


def test_seasons_spans_and_named_days_are_told(tmp_path: Path) -> None:
    more = (
        "  12-31: closed\n  easter_wednesday: 09:00-12:00\n  12-27..12-30: 11:00-13:00\n"
        "seasons:\n  - {days: 07-01..07-31, weekly: {mon-thu: 10:00-13:00}}\n"
    )
    text = told(changed(tmp_path, (OFFICE, "  12-31: closed\n", more)))
    assert "the Wednesday before Easter: as usual becomes 09-12" in text
    assert "27 December to 30 December: as usual becomes 11-13" in text
    assert "1 July to 31 July: as usual becomes Monday to Thursday 10-13" in text


CRISIS = """crisis: late
title: Late payments
message: {nb: Utbetalingene er forsinket i dag., en: Payments are late today.}
first: [{queue: social, head_start: 30m}]
deflect: [{queue: other, say: {nb: "Les mer på nettet. Vil du vente, tast 1.", en: "See the web."}, end: true, stay: 1}]
"""


def test_what_is_said_in_a_crisis_is_told(tmp_path: Path) -> None:
    shutil.copytree(FLOWS, tmp_path / "old")
    (tmp_path / "old" / "crises").mkdir()
    (tmp_path / "old" / "crises" / "late.yaml").write_text(CRISIS)
    shutil.copytree(tmp_path / "old", tmp_path / "new")
    edited = CRISIS.replace("i dag", "til i morgen").replace("30m", "1h").replace("See the web.", "See our pages.")
    (tmp_path / "new" / "crises" / "late.yaml").write_text(edited)
    old, new = side(tmp_path / "old", "old"), side(tmp_path / "new")
    text = told(new, old)
    assert "While the crisis Late payments (late) is on: the message (nb)" in text
    assert "the head start (1): before → 30m; now → 1h" in text
    assert "now “See our pages.”" in text
    assert "New crisis to switch on: Late payments (late)" in told(old)
    assert "The crisis Late payments (late) is removed" in told(STANDING, old)


def test_a_calendar_that_no_flow_asks_is_not_noticed(tmp_path: Path) -> None:
    new = changed(tmp_path)
    calendars = {**new.calendars, "spare": new.calendars["office"]}
    text = told(Side("new", new.flows, calendars))
    assert "(only inside changes)" in text
    assert "New calendar spare → Monday to Friday 09-15; 24 December closed" in text


def test_steps_that_nobody_reaches_are_not_noticed(tmp_path: Path) -> None:
    new = changed(tmp_path, (MAIN, CLOSED, "  lost: {type: hangup, say: {nb: Tapt., en: Lost.}}\n" + CLOSED))
    assert "which nobody reaches" in told(new)
    assert "(only inside changes)" in told(new)


def test_ways_through_are_counted_and_shown(tmp_path: Path) -> None:
    text = told(changed(tmp_path, (MAIN, "      5: other\n", "      5: other\n      6: work\n")))
    assert "1 new, 0 gone" in text
    assert "+ when open › pressing 6 › the queue Work health" in text


def test_texts_of_a_new_language_are_not_told_one_by_one(tmp_path: Path) -> None:
    said = "      nb: Vi hørte ikke noe valg.\n"
    new = changed(
        tmp_path,
        (MAIN, "languages: [nb, en]", "languages: [nb, en, se]"),
        (MAIN, said, said + "      se: Mii eat gullan.\n"),
    )
    text = told(new)
    assert "New language: se" in text
    assert "gullan" not in text


def test_another_calendar_is_told_with_its_hours(tmp_path: Path) -> None:
    shutil.copytree(FLOWS, tmp_path / "new")
    office = (tmp_path / "new" / OFFICE).read_text()
    late = office.replace("calendar: office", "calendar: late").replace("09:00-15:00", "10:00-18:00")
    (tmp_path / "new" / "calendars" / "late.yaml").write_text(late)
    text = told(changed(tmp_path / "new", (MAIN, "calendar: office", "calendar: late")))
    assert "before → Monday to Friday 09-15 (office)" in text
    assert "now → Monday to Friday 10-18 (late)" in text


def test_what_several_flows_share_is_told_once(tmp_path: Path) -> None:
    old = "Vi har stengt i dag. Vi svarer igjen"
    edits = [(f"{name}.yaml", old, "Vi holder stengt i dag. Vi svarer igjen") for name in ("main", "pension", "debt")]
    text = told(changed(tmp_path, *edits))
    assert text.count("[-har-] {+holder+}") == 1
    assert "In the flows debt, main, pension: what is said (nb)" in text
