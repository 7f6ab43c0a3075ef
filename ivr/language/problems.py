"""Mistakes in files that people write, each with its place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from heapq import nlargest
from typing import Literal

MOST_SHOWN = 1_000
"""Characters of a message."""
_MOST_COMPARED = 20
_LONGEST_COMPARED = 100
_MOST_LOOKED_AT = 2_000


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake. Lines and columns count from 1. A `warning` keeps nothing from going live."""

    path: str
    line: int
    column: int
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        mark = "warning: " if self.severity == "warning" else ""
        return f"{shown(self.path)}:{self.line}:{self.column}: {mark}{shown(self.message)}"


class FlowError(Exception):
    """Base of what is wrong with flows."""


class FlowFileError(FlowError):
    """Files with mistakes; `problems` has all of them, in the order of the files' lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Those that keep flows from going live, in the order of files and lines."""
    return sorted(problem for problem in problems if problem.severity == "error")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """ "; did you mean 'billing'?" when something known is near, else nothing."""
    if len(name) > _LONGEST_COMPARED:
        return ""
    among = [each for each in known if len(each) <= _LONGEST_COMPARED]
    if len(among) > _MOST_LOOKED_AT:
        among = [each for each in among if each[:2] == name[:2] and abs(len(each) - len(name)) <= 2][:_MOST_LOOKED_AT]
    if len(among) > _MOST_COMPARED:
        pairs = _pairs(name)
        among = nlargest(_MOST_COMPARED, among, key=lambda each: 2 * len(pairs & _pairs(each)) - len(_pairs(each)))
    near = get_close_matches(name, among, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


@lru_cache(8192)
def _pairs(name: str) -> frozenset[str]:
    """Neighbouring letters: cheap to compare, unlike whole names by the thousand."""
    return frozenset(map("".join, zip(f" {name}", name, strict=False)))


def shown(text: str) -> str:
    """A text of somebody's file as it may be printed: in one line of bounded length, and nothing that moves a cursor,
    changes colours or turns the direction of writing.
    """
    text = text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
    return text if text.isprintable() else "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
