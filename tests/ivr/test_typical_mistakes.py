"""Mistakes that people make when they write flows, and what they are told: where it is, and what to do.

Each row changes a folder that is right: what stood there, what is written instead, and each line that is said of it
(... stands for the rest).
"""

from pathlib import Path

import pytest

from ivr.checks.flows import check_folder

MAIN = """\
flow: main
title: Hovednummeret
numbers: [5000]
languages: [nb, en]
variables: {demo: false, tries: 0}
prompts:
  closed_today: {nb: Vi har stengt i dag., en: We are closed today.}
waiting:
  standard:
    position: {nb: "Nummer {position}.", en: "Number {position}."}
start: hours
nodes:
  hours:
    type: hours
    calendar: office
    open: by_number
    closed: closed
  by_number:
    type: branch
    cases:
      - when: number == "5001"
        next: wait
    otherwise: menu
  menu:
    type: menu
    say: {nb: "Familie, tast 1. English, press 2.", en: "Family, press 1. Norwegian, press 2."}
    keys: {1: wait, 2: english}
    wait: 5s
    no_choice: wait
  english:
    type: set
    values: {language: '"en"'}
    next: menu
  wait:
    type: queue
    queue: family
    waiting: standard
    max_wait: 1h
    overflow: who
    unavailable: closed
  who:
    type: subflow
    flow: identify
    with: {purpose: '"x"'}
    returns: {known: closed, unknown: closed}
  closed:
    type: hangup
    say: closed_today
"""
IDENTIFY = """\
flow: identify
title: Identify
languages: [nb, en]
parameters: {purpose: ""}
start: case
nodes:
  case:
    type: digits
    say: {nb: Tast saksnummeret., en: Key in the case number.}
    variable: case_number
    expect: {least: 3, most: 5}
    next: known
    no_entry: unknown
  known: {type: return, result: known}
  unknown: {type: return, result: unknown}
"""
OFFICE = """\
calendar: office
weekly: {mon-fri: 09:00-15:00}
days: {12-24: closed}
"""
MISTAKES = [
    (
        "    calendar: office\n",
        "   calendar: office\n",
        ["main.yaml:15:4: this fits nothing above it: a line is indented otherwise than its neighbours, or ..."],
    ),
    (
        "    calendar: office\n",
        "      calendar: office\n",
        ["main.yaml:15:15: a colon too many, or a line that is indented too far: a text with ': ' in it ..."],
    ),
    (
        "    calendar: office\n",
        "    calendar office\n",
        ["main.yaml:15:5: ': ' is missing in this line: a name, a colon, a space, a value"],
    ),
    (
        "wait: 5s",
        "wait: 5",
        ["main.yaml:28:11: menu 'menu': 'wait': a length of time has a unit: write 5s (or m, h, ms)"],
    ),
    (
        "wait: 5s",
        "wait: 5 sec",
        ["main.yaml:28:11: menu 'menu': 'wait': a length of time is written 45s, 5m, 1h30m or 500ms"],
    ),
    (
        "no_choice: wait",
        "nochoice: wait",
        [
            "main.yaml:24:3: menu 'menu': 'no_choice' is missing",
            "main.yaml:29:5: menu 'menu': there is no field 'nochoice'; did you mean 'no_choice'?",
        ],
    ),
    ("type: menu", "type: meny", ["main.yaml:25:5: node 'menu': there is no type 'meny'; did you mean 'menu'?"]),
    (
        "    type: hours\n",
        "",
        ["main.yaml:13:3: node 'hours': 'type' is missing: one of say, menu, digits, branch, set, hours, ..."],
    ),
    (
        "  closed:\n    type: hangup\n    say: closed_today\n",
        "closed:\n  type: hangup\n  say: closed_today\n",
        ["main.yaml:46:1: there is no field 'closed'; a node stands under `nodes`, and is indented like ..."],
    ),
    (
        "  closed:\n    type: hangup\n    say: closed_today\n",
        "    closed:\n      type: hangup\n      say: closed_today\n",
        [
            "main.yaml:17:13: hours 'hours': there is no node 'closed'",
            "main.yaml:40:18: queue 'wait': there is no node 'closed'",
            "main.yaml:46:5: subflow 'who': there is no field 'closed'; a node stands under `nodes`, and is ...",
        ],
    ),
    (
        'say: {nb: "Familie, tast 1. English, press 2.", en: "Family, press 1. Norwegian, press 2."}',
        "say: Velkommen til NAV.",
        ["main.yaml:26:10: menu 'menu': 'say': the text goes by language, {nb: ..., en: ...}, or is a name ..."],
    ),
    (
        "  closed_today: {nb: Vi har stengt i dag., en: We are closed today.}",
        "  closed_today:\n    nb: Obs: vi har stengt\n    en: We are closed",
        ["main.yaml:8:12: a colon too many, or a line that is indented too far: a text with ': ' in it ..."],
    ),
    (
        "keys: {1: wait, 2: english}",
        "keys: [1: wait, 2: english]",
        ["main.yaml:27:11: menu 'menu': 'keys': fields are expected here, `name: value`"],
    ),
    (
        "keys: {1: wait, 2: english}",
        "keys: {1:wait, 2:english}",
        [
            "main.yaml:27:12: '1:wait' has no value; a space belongs after the colon",
            "main.yaml:27:20: '2:english' has no value; a space belongs after the colon",
        ],
    ),
    (
        "keys: {1: wait, 2: english}",
        "keys: {1: wait, 1: english}",
        ["main.yaml:27:21: '1' stands here twice (first in line 27)"],
    ),
    (
        "keys: {1: wait, 2: english}",
        "keys: {1: wait, 2: english, *: english}",
        ["main.yaml:27:34: a star is quoted: '*': name"],
    ),
    (
        "keys: {1: wait, 2: english}",
        "keys: {1: wait, 2: english, #: english}",
        ["main.yaml:29:14: '}' or ',' is expected here; what has a comma, a quote, a brace or '#' in it ..."],
    ),
    (
        '      - when: number == "5001"\n        next: wait\n',
        '      - {when: "number" == "5001", next: wait}\n',
        ["main.yaml:21:25: '}' or ',' is expected here; what has a comma, a quote, a brace or '#' in it ..."],
    ),
    (
        'when: number == "5001"',
        'when: "5001" == number',
        ["main.yaml:21:22: this fits nothing above it: a line is indented otherwise than its neighbours, ..."],
    ),
    (
        '      - when: number == "5001"\n        next: wait\n',
        '      - {when: number in ("5001", "5002"), next: wait}\n',
        [
            "main.yaml:21:35: '5002' has no value",
            "main.yaml:21:41: '}' or ',' is expected here; what has a comma, a quote, a brace or '#' in it ...",
        ],
    ),
    (
        'number == "5001"',
        'number = "5001"',
        ["main.yaml:21:22: branch 'by_number': not an expression: invalid syntax; two values are compared ..."],
    ),
    ('number == "5001"', "number == 5001", ["main.yaml:21:25: branch 'by_number': text is expected, this is a number"]),
    (
        'number == "5001"',
        "language == nb",
        ["main.yaml:21:27: branch 'by_number': there is no variable 'nb'; text has quotes of its own, '\"nb\"'"],
    ),
    (
        'number == "5001"',
        'demo && number == "5001"',
        ["main.yaml:21:21: branch 'by_number': not an expression: invalid syntax; write and"],
    ),
    (
        'when: number == "5001"',
        "when: !demo",
        ["main.yaml:21:15: tags (!) are not used here: quote a text that begins with '!', and write 'not' ..."],
    ),
    (
        '      - when: number == "5001"\n        next: wait\n',
        '      when: number == "5001"\n      next: wait\n',
        ["main.yaml:21:7: branch 'by_number': 'cases': a list is expected, [one, two]"],
    ),
    (
        "    calendar: office\n",
        "\tcalendar: office\n",
        ["main.yaml:15:1: a tab: lines are indented by spaces (what ends wrongly here begins in line 14)"],
    ),
    (
        'number == "5001"',
        "number == “5001”",
        ["main.yaml:21:25: branch 'by_number': not an expression: invalid character '“' (U+201C); quotes ..."],
    ),
    (
        "keys: {1: wait, 2: english}",
        "keys: {1: wait, 2: english",
        ["main.yaml:28:9: '}' or ',' is expected here; what has a comma, a quote, a brace or '#' in it ..."],
    ),
    (
        "{language: '\"en\"'}",
        "{language: en}",
        ["main.yaml:32:24: set 'english': there is no variable 'en'; text has quotes of its own, '\"en\"'"],
    ),
    (
        "values: {language: '\"en\"'}",
        "values: {tries: '\"one\"'}",
        ["main.yaml:32:21: set 'english': 'tries' is a whole number, and this gives text"],
    ),
    (
        "    values: {language: '\"en\"'}\n    next: menu\n",
        "    values: {language: '\"en\"'}\n",
        ["main.yaml:30:3: set 'english': 'next' is missing"],
    ),
    (
        "closed_today: {nb: Vi har stengt i dag., en: We are closed today.}",
        "closed_today: {nb: Vi har stengt i dag.}",
        ["main.yaml:7:3: 'prompts.closed_today' is not said in en"],
    ),
    (
        "closed_today: {nb: Vi har stengt i dag., en:",
        "closed_today: {no: Vi har stengt i dag., en:",
        [
            "main.yaml:7:3: 'prompts.closed_today' is not said in nb",
            "main.yaml:7:18: 'prompts.closed_today': 'no' is none of the flow's languages",
        ],
    ),
    ("languages: [nb, en]", "languages: nb, en", ["main.yaml:4:12: 'languages': a list is expected, [nb, en]"]),
    (
        "numbers: [5000]",
        "numbers: [50 00 11]",
        ["main.yaml:3:11: 'numbers.0': a number is digits without spaces, 5000 or +4722334455"],
    ),
    (
        "returns: {known: closed, unknown: closed}",
        "returns: {known: closed}",
        ["main.yaml:45:5: subflow 'who': the flow 'identify' may return 'unknown': say where it leads"],
    ),
    (
        "with: {purpose: '\"x\"'}",
        "with: {purpose: x}",
        ["main.yaml:44:21: subflow 'who': there is no variable 'x'; text has quotes of its own, '\"x\"'"],
    ),
    (
        "calendar: office",
        "calendar: ofice",
        ["main.yaml:15:15: hours 'hours': there is no calendar 'ofice'; did you mean 'office'?"],
    ),
    (
        "Nummer {position}.",
        "Nummer {posisjon}.",
        ["main.yaml:10:5: 'waiting.standard.position': there is no value {posisjon}; did you mean 'position'?"],
    ),
    (
        '{nb: "Nummer {position}.", en: "Number {position}."}',
        '{nb: {position} er nummeret., en: "x"}',
        [
            "main.yaml:10:21: 'position' has no value",
            "main.yaml:10:31: '}' or ',' is expected here; what has a comma, a quote, a brace or '#' in it ...",
        ],
    ),
    (
        "  english:\n",
        "  English:\n",
        ["main.yaml:30:3: set 'English': a name begins with a small letter a to z, and has these, digits ..."],
    ),
    (
        "  english:\n",
        "  på_engelsk:\n",
        ["main.yaml:30:3: set 'på_engelsk': a name begins with a small letter a to z, and has these, ..."],
    ),
    (
        "  closed:\n    type: hangup",
        "  menu:\n    type: hangup",
        ["main.yaml:46:3: 'menu' stands here twice (first in line 24)"],
    ),
    (
        "wait: 5s",
        'attempts: "3"',
        ["main.yaml:28:15: menu 'menu': 'attempts': a whole number is expected, without quotes"],
    ),
    ("    say: closed_today\n", "    say:\n", ["main.yaml:48:5: 'say' has no value"]),
    ("  closed:\n    type: hangup\n    say: closed_today\n", "  closed:\n", ["main.yaml:46:3: 'closed' has no value"]),
    (
        "  closed:\n    type: hangup\n    say: closed_today\n",
        "  - closed:\n    type: hangup\n    say: closed_today\n",
        ["main.yaml:46:3: this fits nothing above it: a line is indented otherwise than its neighbours, or ..."],
    ),
    (
        "    expect: {least: 3, most: 5}\n",
        "    least: 3\n    most: 5\n",
        [
            "identify.yaml:7:3: digits 'case': 'expect' is missing",
            "identify.yaml:11:5: digits 'case': there is no field 'least'; it stands under 'expect'",
            "identify.yaml:12:5: digits 'case': there is no field 'most'; it stands under 'expect'",
        ],
    ),
    (
        "09:00-15:00",
        "9-15",
        ["calendars/office.yaml:2:19: 'weekly.mon-fri': hours are written 09:00-15:00, several with ..."],
    ),
    (
        "mon-fri",
        "man-fre",
        ["calendars/office.yaml:2:10: 'weekly.man-fre': weekdays are written mon-fri or sat, of mon, tue, ..."],
    ),
    (
        "title: Identify",
        "titel: Identify",
        [
            "identify.yaml:1:1: 'title' is missing",
            "identify.yaml:2:1: there is no field 'titel'; did you mean 'title'?",
        ],
    ),
    (
        '    position: {nb: "Nummer',
        '    postion: {nb: "Nummer',
        ["main.yaml:10:5: there is no field 'postion'; did you mean 'position'?"],
    ),
]


def told(folder: Path, old: str = "flow: main", new: str = "flow: main") -> list[str]:
    (folder / "calendars").mkdir()
    changed = False
    for path, text in (("main.yaml", MAIN), ("identify.yaml", IDENTIFY), ("calendars/office.yaml", OFFICE)):
        here, changed = old in text and not changed, changed or old in text
        (folder / path).write_text(text.replace(old, new, 1) if here else text)
    assert changed
    return [str(problem).removeprefix(f"{folder}/") for problem in check_folder(folder, {"queue": ["family"]})]


def test_what_is_right_is_told_nothing(tmp_path: Path) -> None:
    assert told(tmp_path) == []


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES)
def test_a_mistake_is_told_at_its_place_with_what_to_do(tmp_path: Path, old: str, new: str, said: list[str]) -> None:
    heard = told(tmp_path, old, new)
    assert len(heard) == len(said)
    for line, begins in zip(heard, said, strict=True):
        assert line == begins or line.startswith(begins.removesuffix("..."))
