"""The studio script."""

import re
from pathlib import Path

import pytest

from ivr.prompts.inventory import VALUES, Entry, State, section, take
from ivr.prompts.spoken import GRAMMARS, keys
from ivr.prompts.studio import COLUMNS, Line, as_csv, as_html, as_text, from_csv, script
from tests.ivr.prompts.services import listing, service

PLACE = "Du er nummer {position} i køen. Ventetiden er {wait}."


def entry(key: str, text: str, whole: str = "", language: str = "nb", name: str = "main", old: str = "") -> Entry:
    state = State.STALE if old else State.MISSING
    return Entry(name, language, key, text, whole or text, state, 1.0, old)


def test_a_part_is_read_as_it_sounds_in_its_sentence() -> None:
    entries = [
        entry("main/q.1", "Du er nummer", PLACE),
        entry("main/q.3", "i køen.", PLACE),
        entry("main/q.4", "Ventetiden er", PLACE),
    ]
    assert [(line.number, line.text, line.context, line.note) for line in script(entries)] == [
        (
            *(1, "Du er nummer", "Du er nummer tre i køen."),
            "read alone, as it sounds in the sentence, a number follows and the sentence goes on",
        ),
        (
            2,
            "i køen.",
            "Du er nummer tre i køen.",
            "read alone, as it sounds in the sentence, a number stands before it",
        ),
        (
            *(3, "Ventetiden er", "Ventetiden er omtrent fem minutter."),
            "read alone, as it sounds in the sentence, a length of time follows and ends the sentence",
        ),
    ]


def test_what_is_read_alike_is_read_once_and_languages_stand_apart() -> None:
    lines = script(
        [
            entry("a/x", "Hei."),
            entry("values/number/3", "tre", name=VALUES),
            entry("a/x", "Hei.", language="nn"),
            entry("b/y", "Hei."),
            entry("c/q.1", "Hei.", "Hei. {n}"),
        ]
    )
    assert [(line.number, line.language, line.keys) for line in lines] == [
        (1, "nb", ("a/x", "b/y")),
        (2, "nb", ("c/q.1",)),
        (3, "nb", ("values/number/3",)),
        (4, "nn", ("a/x",)),
    ]


def test_the_speaker_is_told_what_was_said_before() -> None:
    (line,) = script([entry("a/x", "Hei på deg.", old="Hei.")])
    assert line.note == "was recorded as: Hei."


@pytest.mark.parametrize("language", sorted(GRAMMARS))
def test_every_value_says_what_it_means(language: str) -> None:
    lines = script([entry(key, text, language=language, name=VALUES) for text, key in keys(language).items()])
    assert len(lines) == len(keys(language))
    assert all(line.note for line in lines)
    notes = {line.keys[0].removeprefix("values/"): line.note for line in lines}
    assert notes["number/21"] == "the number 21"
    assert notes["day/24"] == "day 24 of a month, in a date"
    assert notes["wait/1m"] == "about 1 minute, of a waiting time"
    assert notes["wait/over-2h"] == "more than 2 hours, of a waiting time"


def test_the_table_is_read_again_as_it_was_written(tmp_path: Path) -> None:
    lines = script(take([section(service().flow)], listing(tmp_path)).entries)
    assert len(lines) > 100
    assert from_csv(as_csv(lines)) == lines
    assert from_csv("\ufeff" + as_csv(lines)) == lines
    plain = [Line(1, "nb", "main", ("a",), "Hei.", "", "")]
    assert from_csv(as_csv(plain).replace(",", ";")) == plain


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", ",".join(COLUMNS) + "\none,nb,main,k,t,,\n", ",".join(COLUMNS) + "\n1\n"]
)
def test_a_table_that_is_no_script_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a script as CSV|line 2 is none of a script"):
        from_csv(text)


def test_the_script_can_be_read_in_a_terminal_and_printed() -> None:
    lines = [
        Line(1, "nb", "main", ("a", "b"), "Tast <1>.", "", ""),
        Line(2, "nb", "main", ("c",), "Du er", "Du er tre.", "a number follows"),
        Line(3, "se", VALUES, ("d",), "okta", "", "the number 1"),
    ]
    text = as_text(lines, "Script")
    assert "nb: main\n--------\n\n   1  Tast <1>.\n      used in 2 places\n" in text
    assert "   2  Du er\n      in: Du er tre.\n      (a number follows)\n" in text
    page = as_html(lines, "Script & more")
    assert "<title>Script &amp; more</title>" in page
    assert '<span lang="nb">Tast &lt;1&gt;.</span>' in page
    assert len(re.findall("<table>", page)) == len(re.findall("</table>", page)) == 2
