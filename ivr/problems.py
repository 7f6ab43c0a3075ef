"""Mistakes in files that people write, each with its place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal


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
        return f"{self.path}:{self.line}:{self.column}: {mark}{self.message}"


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
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
