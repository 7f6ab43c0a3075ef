"""Runs scenarios against the flows of a folder, each in its own virtual time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from time import perf_counter

from ivr.book import FlowBook, load_book
from ivr.files.marked_yaml import Path
from ivr.language.problems import Problem
from ivr.language.prompting import Prompts
from ivr.simulator.cases import Case, cases_in, cases_of
from ivr.simulator.differences import differences
from ivr.simulator.expected import Expected
from ivr.simulator.prompts import prompts_of
from ivr.simulator.scenario_file import Scenario
from ivr.simulator.story import Story
from ivr.simulator.virtual_time import StandstillError, run
from ivr.simulator.world import World


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that was not as expected: the expectation's place, and the call that it is about.

    `left_at` says how many steps of the path were as expected; -1: the failure is not about the path.
    """

    problem: Problem
    story: Story | None = None
    expected: Expected | None = None
    left_at: int = -1


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one scenario; it is as it should be when there are no `failures`, which name their lines."""

    path: str
    line: int
    name: str
    failed: tuple[Failure, ...]
    took_ms: float
    story: Story | None

    @property
    def failures(self) -> tuple[Problem, ...]:
        return tuple(failure.problem for failure in self.failed)


def run_folder(path: FilePath) -> list[Result]:
    """Every scenario in `path`/scenarios, against the flows in `path`.

    Raises FlowFileError with the mistakes in flows and scenario files.
    """
    book, prompts = load_book(path), prompts_of(path)
    return [run_case(book, case, prompts) for case in cases_in(path, book)]


def run_text(book: FlowBook, path: str, text: str) -> list[Result]:
    """The scenarios in `text`, which would stand in a file `path`. Raises FlowFileError."""
    return [run_case(book, case) for case in cases_of(path, text, book)]


def run_case(book: FlowBook, case: Case, prompts: Prompts | None = None) -> Result:
    """One scenario; without `prompts` every language has a voice."""
    began = perf_counter()

    async def tell() -> Story:
        return await World(book, case.scenario, prompts).tell(case.number)

    try:
        story: Story | None = run(tell())
    except StandstillError:
        story = None
    line, _ = case.place(("name",))
    took_ms = (perf_counter() - began) * 1000
    return Result(case.path, line, case.name, tuple(_failures(case, story)), took_ms, story)


def _failures(case: Case, story: Story | None) -> Iterator[Failure]:
    if story is None:
        yield Failure(case.problem(("expect",), "the call never ends: nobody does anything any more"))
        return
    told: list[tuple[Path, Expected, Story, str]] = [((), case.scenario.expect, story, "")]
    for at, (caller, theirs) in enumerate(zip(case.scenario.callers, story.further, strict=True)):
        told.append((("callers", at), caller.expect, theirs, f"{caller.name}: "))
    for where, expected, each, who in told:
        for found in differences(expected, each):
            problem = case.problem((*where, "expect", *found.where), who + found.message)
            yield Failure(problem, each, expected, found.left_at)


def failed(results: Sequence[Result]) -> int:
    """How many of them are not as they should be."""
    return sum(bool(result.failed) for result in results)


__all__ = ["Case", "Failure", "Result", "Scenario", "failed", "run_case", "run_folder", "run_text"]
