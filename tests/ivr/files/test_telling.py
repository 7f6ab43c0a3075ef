"""Mistakes as people, programs and GitHub read them."""

import json
from pathlib import Path

from ivr.files import telling
from ivr.language.problems import Problem


def test_a_mistake_shows_its_line_and_a_caret_below_its_column(tmp_path: Path) -> None:
    file = tmp_path / "main.yaml"
    file.write_text("flow: main\n\tnext: nowhere\n")
    told = list(telling.as_text([Problem(str(file), 2, 8, "there is no node 'nowhere'")]))
    assert told == [f"{file}:2:8: there is no node 'nowhere'", "  2 | \tnext: nowhere", "    | \t      ^"]


def test_a_mistake_in_a_file_that_cannot_be_read_is_told_without_its_line() -> None:
    assert list(telling.as_text([Problem("gone.yaml", 1, 1, "cannot be read")])) == ["gone.yaml:1:1: cannot be read"]


def test_a_warning_is_told_as_one() -> None:
    problem = Problem("gone.yaml", 1, 1, "six keys", "warning")
    assert list(telling.as_text([problem])) == ["gone.yaml:1:1: warning: six keys"]
    assert str(problem) == "gone.yaml:1:1: warning: six keys"
    assert list(telling.as_github([problem])) == ["::warning file=gone.yaml,line=1,col=1::six keys"]


def test_json_has_every_part_by_name() -> None:
    told = json.loads(telling.as_json([Problem("a.yaml", 3, 5, "hva er «dette»?")]))
    assert told == [{"path": "a.yaml", "line": 3, "column": 5, "message": "hva er «dette»?", "severity": "error"}]


def test_what_github_would_read_as_syntax_is_escaped() -> None:
    (line,) = telling.as_github([Problem("a,b:c.yaml", 3, 5, "100 %\nof it")])
    assert line == "::error file=a%2Cb%3Ac.yaml,line=3,col=5::100 %25%0Aof it"
