"""Mistakes for those who mend them: as text with the line they stand in, as JSON, or as annotations of GitHub."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from ivr.language.problems import Problem, shown

_LONGEST_LINE = 300
_MOST_BYTES = 1024 * 1024
"""Of a file of which lines are shown."""

Style = Callable[[str, str], str]
"""Colours a text: (text, role); roles are place, error, warning, line and caret."""


def plain(text: str, role: str) -> str:
    return text


def as_text(problems: Sequence[Problem], style: Style = plain) -> Iterator[str]:
    """Each mistake with its place, the line it stands in, and a caret below the column."""
    sources = _Sources()
    for problem in problems:
        mark = style("warning: ", "warning") if problem.severity == "warning" else ""
        place = style(f"{shown(problem.path)}:{problem.line}:{problem.column}:", "place")
        yield f"{place} {mark}{style(shown(problem.message), problem.severity)}"
        source = sources.line(problem)
        if source:
            number = str(problem.line)
            yield style(f"  {number} | {source}", "line")
            yield style(f"  {' ' * len(number)} | {_below(source, problem.column)}", "caret")


def as_json(problems: Sequence[Problem]) -> str:
    """A list of objects: path, line, column, message, severity."""
    return json.dumps([asdict(problem) for problem in problems], ensure_ascii=False, indent=1)


def as_github(problems: Sequence[Problem]) -> Iterator[str]:
    """Workflow commands, which GitHub shows beside the lines of a change."""
    for problem in problems:
        place = f"file={_property(shown(problem.path))},line={problem.line},col={problem.column}"
        yield f"::{problem.severity} {place}::{_data(problem.message)}"


def _below(source: str, column: int) -> str:
    """A caret under `column`; tabs before it are kept, so that it stands where the eye sees it."""
    return "".join(sign if sign == "\t" else " " for sign in source[: column - 1]) + "^"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


class _Sources:
    """The lines of files, each read once."""

    def __init__(self) -> None:
        self._files: dict[str, list[str]] = {}

    def line(self, problem: Problem) -> str:
        lines = self._files.get(problem.path)
        if lines is None:
            lines = self._files[problem.path] = _lines(Path(problem.path))
        line = lines[problem.line - 1].rstrip() if 0 < problem.line <= len(lines) else ""
        if len(line) > _LONGEST_LINE or problem.column > _LONGEST_LINE:
            return ""
        # One sign for each that is not printed, so that the caret stands where it should.
        return line if line.isprintable() else "".join(s if s.isprintable() or s == "\t" else "\ufffd" for s in line)


def _lines(path: Path) -> list[str]:
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return []
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
