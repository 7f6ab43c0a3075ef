"""YAML read as data in which every value and key knows its line and column.

Stricter than YAML 1.1, whose surprises break telephone numbers and hours: only `true`, `false`, `null`, decimal
numbers without leading zeros and text exist, so `no`, `on`, `17:00` and `0123` stay the text that they look like.
Refused: duplicate keys, anchors, aliases and tags, several documents, deep nesting and large files.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from ivr.language.problems import Problem, shown

MOST_CHARACTERS = 256 * 1024
MOST_DEPTH = 16
MOST_IN_KEY = 200
MOST_VALUES = 20_000
MOST_PROBLEMS = 100
"""Mistakes of one file, and as many warnings: who made so many mends some first, and to find more costs time."""

Path = tuple[str | int, ...]
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\Z")
_FLOAT = re.compile(r"-?[0-9]{1,15}\.[0-9]{1,15}\Z")
_UNSEEN = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ufeff\\ud800-\\udfff]")
"""Signs that control terminals or turn the direction of writing."""
_LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(slots=True)
class Marked:
    """`data`, and where its parts stand: `values` and `keys` give (line, column) by path.

    The text of a value in `quoted` begins one column after its place.
    """

    path: str
    data: Any = None
    values: dict[Path, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    quoted: set[Path] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether so many mistakes were found that no more are looked for."""
        return len(self.problems) >= MOST_PROBLEMS and self._count("error") >= MOST_PROBLEMS

    def _count(self, severity: str) -> int:
        return sum(problem.severity == severity for problem in self.problems)

    def report(self, where: Path, message: str, *, key: bool = False) -> None:
        """Note a problem at the value (or key) at `where`, or at the nearest part around it."""
        line, column = self.place(where, key=key)
        self.note(line, column, message)

    def report_within(self, where: Path, column: int, message: str) -> None:
        """Note a problem at a column of the text at `where`, counted from 0."""
        line, begin = self.place(where)
        self.note(line, begin + column + (1 if where in self.quoted else 0), message)

    def note(self, line: int, column: int, message: str, severity: Literal["error", "warning"] = "error") -> None:
        """Note a problem at a line and column, once. What would move a terminal's cursor is written as an escape."""
        problem = Problem(self.path, line, column, shown(message), severity)
        if self._count(severity) < MOST_PROBLEMS and problem not in self.problems:
            self.problems.append(problem)

    def place(self, where: Path, *, key: bool = False) -> tuple[int, int]:
        """Line and column of the value (or key), or of the nearest part around it."""
        if key and where in self.keys:
            return self.keys[where]
        for length in range(len(where), -1, -1):
            found = self.values.get(where[:length])
            if found is not None:
                # A block mapping begins at its first key: its own key says better what is meant.
                return self.keys.get(where[:length], found) if length < len(where) or key else found
        return 1, 1


class _Refused(Exception):
    def __init__(self, mark: Any, message: str) -> None:
        super().__init__(message)
        self.mark = mark


def read(path: str, text: str) -> Marked:
    """The one document in `text`. What is wrong is in `problems`; nothing is raised."""
    marked = Marked(path)
    if len(text) > MOST_CHARACTERS:
        marked.note(1, 1, f"the file is longer than {MOST_CHARACTERS} characters")
        return marked
    lines = _LINE_END.sub("\n", text.removesuffix("\n")).count("\n") + 1
    try:
        _Composer(marked, text).document()
    except _Refused as error:
        marked.note(min(error.mark.line + 1, lines), error.mark.column + 1, str(error))
    except yaml.MarkedYAMLError as error:
        mark, said = _no_yaml(error)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        marked.note(min(line, lines), column, said)
    except yaml.reader.ReaderError as error:
        before = text.encode(errors="replace")[: error.position].decode(errors="ignore")
        line = _LINE_END.sub("\n", before).count("\n") + 1
        marked.note(min(line, lines), 1, f"a character that YAML forbids: {error.reason}")
    return marked


_INSTEAD = (
    ("found a tab", "a tab: lines are indented by spaces"),
    ("mapping values are not allowed", "a colon too many, or a line that is indented too far: a text with ': ' in it "
     "stands in quotes"),
    ("did not find expected ',' or '}'", "'}' or ',' is expected here; what has a comma, a quote, a brace or '#' in it "
     "stands in quotes here"),
    ("did not find expected ',' or ']'", "']' or ',' is expected here; what has a comma, a quote or a bracket in it "
     "stands in quotes here"),
    ("found unexpected end of stream", "a quote that is never closed"),
    ("did not find expected '-' indicator", "a list goes on here, and each of its rows begins with '- ', or this "
     "line is indented too little"),
    ("while scanning an alias", "a star is quoted: '*': name"),
    ("did not find expected key", "this fits nothing above it: a line is indented otherwise than its neighbours, or "
     "there is something after a closing quote; an expression that begins with a quote stands in quotes, '\"a\" == b'"),
)  # fmt: skip
"""What people most often did, for what the parser says of it."""


def _no_yaml(error: yaml.MarkedYAMLError) -> tuple[Any, str]:
    """Where it is, and in words what was probably done."""
    said = ", ".join(part for part in (error.context, error.problem) if part)
    mark, begun = error.problem_mark or error.context_mark, error.context_mark
    if "could not find expected ':'" in said:
        # The parser sees it in the next line.
        return begun or mark, "': ' is missing in this line: a name, a colon, a space, a value"
    instead = next((instead for sign, instead in _INSTEAD if sign in said), f"this is no YAML: {said}")
    if begun and mark and begun.line != mark.line:
        instead += f" (what ends wrongly here begins in line {begun.line + 1})"
    return mark, instead


class _Composer:
    """Builds data from the parser's events, within the bounds."""

    def __init__(self, marked: Marked, text: str) -> None:
        self._marked = marked
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=_Loader)
        self._values = 0

    def document(self) -> None:
        next(self._events)
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            raise _Refused(event.start_mark, "the file is empty")
        self._marked.data = self._value(next(self._events), (), 0)
        next(self._events)
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise _Refused(event.start_mark, "a second document: put it in a file of its own")

    def _value(self, event: yaml.Event, where: Path, depth: int) -> Any:
        mark = _mark(event)
        self._values += 1
        if self._values > MOST_VALUES:
            raise _Refused(mark, f"more than {MOST_VALUES} values in one file")
        if depth > MOST_DEPTH:
            raise _Refused(mark, f"nested more than {MOST_DEPTH} deep")
        _check_plain(event, mark)
        self._marked.values[where] = (mark.line + 1, mark.column + 1)
        if isinstance(event, yaml.ScalarEvent):
            if event.style in ("'", '"'):
                self._marked.quoted.add(where)
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(where, depth)
        return self._mapping(where, depth)

    def _sequence(self, where: Path, depth: int) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            found.append(self._value(event, (*where, len(found)), depth + 1))
        return found

    def _mapping(self, where: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            mark = _mark(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise _Refused(mark, "a key has to be a word")
            _check_plain(event, mark)
            key = event.value
            if len(key) > MOST_IN_KEY:
                raise _Refused(mark, f"a key has at most {MOST_IN_KEY} characters")
            place = (mark.line + 1, mark.column + 1)
            inner = (*where, key)
            if key in found:
                first = self._marked.keys[inner][0]
                row = "; a new row begins with '- '" if where and isinstance(where[-1], int) else ""
                self._marked.note(*place, f"{key!r} stands here twice (first in line {first}){row}")
            self._marked.keys[inner] = place
            event = next(self._events)
            found[key] = self._value(event, inner, depth + 1)
            if found[key] is None and isinstance(event, yaml.ScalarEvent) and not event.value:
                self._marked.note(*place, f"{key!r} has no value{_why_none(key)}")
        return found


def _why_none(key: str) -> str:
    if ":" in key:
        return "; a space belongs after the colon"
    return "; a text with a comma stands in quotes" if " " in key else ""


def _check_plain(event: Any, mark: Any) -> None:
    """Raises _Refused for what reads as something else than it looks."""
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise _Refused(mark, "anchors and aliases (& and *) are not used here: write it out, or quote the text")
    if getattr(event, "tag", None) not in (None, "!"):
        raise _Refused(
            mark, "tags (!) are not used here: quote a text that begins with '!', and write 'not' in expressions"
        )
    if isinstance(event, yaml.ScalarEvent) and (found := _UNSEEN.search(event.value)):
        raise _Refused(mark, f"a character that nobody sees, {found[0]!a}: it may mislead whoever reads or prints it")


def _mark(event: yaml.Event) -> Any:
    return event.start_mark


def _scalar(event: yaml.ScalarEvent) -> str | int | float | bool | None:
    text: str = event.value
    if event.style is not None and event.style != "":
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text
