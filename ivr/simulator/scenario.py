"""Runs scenarios against the flows of a folder, each in its own virtual time."""

from dataclasses import dataclass
from pathlib import Path as FilePath
from time import perf_counter

from ivr.book import FlowBook, load_book
from ivr.lengths import length_text
from ivr.load import read_file, validated
from ivr.marked_yaml import Marked, Path
from ivr.problems import FlowFileError, Problem, did_you_mean
from ivr.simulator.scenario_file import Expected, Scenario, ScenarioFile, Span
from ivr.simulator.virtual_time import StandstillError, run
from ivr.simulator.world import Story, World


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one scenario; it is as it should be when there are no `failures`, which name their lines."""

    path: str
    name: str
    failures: tuple[Problem, ...]
    took_ms: float
    story: Story | None


def run_folder(path: FilePath) -> list[Result]:
    """Every scenario in `path`/scenarios, against the flows in `path`.

    Raises FlowFileError with the mistakes in flows and scenario files.
    """
    book = load_book(path)
    problems: list[Problem] = []
    files: list[tuple[Marked, ScenarioFile]] = []
    for file in sorted((path / "scenarios").glob("*.yaml")):
        marked = read_file(file)
        scenarios = validated(ScenarioFile, marked)
        if scenarios is not None:
            _check_names(marked, scenarios, book)
            files.append((marked, scenarios))
        problems += marked.problems
    if problems:
        raise FlowFileError(problems)
    return [
        run_scenario(book, marked, scenarios, index)
        for marked, scenarios in files
        for index in range(len(scenarios.scenarios))
    ]


def run_scenario(book: FlowBook, marked: Marked, scenarios: ScenarioFile, index: int) -> Result:
    """One scenario of a file."""
    scenario = scenarios.scenarios[index]
    began = perf_counter()

    async def tell() -> Story:
        return await World(book, scenario).tell(scenario.number or scenarios.number)

    def failure(where: str, message: str) -> Problem:
        line, column = marked.place(("scenarios", index, "expect", where))
        return Problem(marked.path, line, column, f"{scenario.name!r}: {message}")

    try:
        story = run(tell())
    except StandstillError:
        problem = failure("", "the call never ends: nobody does anything any more")
        return Result(marked.path, scenario.name, (problem,), _since(began), None)
    failures = tuple(failure(where, message) for where, message in _differences(scenario.expect, story))
    return Result(marked.path, scenario.name, failures, _since(began), story)


def _since(began: float) -> float:
    return (perf_counter() - began) * 1000


def _check_names(marked: Marked, scenarios: ScenarioFile, book: FlowBook) -> None:
    for index, scenario in enumerate(scenarios.scenarios):
        number = scenario.number or scenarios.number
        if number not in book.by_number:
            where: Path = ("scenarios", index, "number") if scenario.number else ("number",)
            marked.report(where, f"no flow has the number {number}{did_you_mean(number, book.by_number)}")
            continue
        nodes = book.by_number[number].nodes
        for at, step in enumerate(scenario.expect.path or ()):
            if step not in nodes:
                where = ("scenarios", index, "expect", "path", at)
                marked.report(where, f"there is no node {step!r}{did_you_mean(step, nodes)}")


def _differences(expected: Expected, story: Story) -> list[tuple[str, str]]:
    """What is not as expected: the field, and what was found."""
    last = story.run.journey[-1] if story.run.journey else None
    found: list[tuple[str, str]] = []
    for field, given in (
        ("path", story.run.trace),
        ("outcome", story.outcome),
        ("cause", story.cause),
        ("rung", list(story.rung)),
        ("queue", last.queue if last else ""),
        ("agent", last.agent if last else ""),
    ):
        wanted = getattr(expected, field)
        if wanted is not None and wanted != given:
            found.append((field, f"{field} is {_said(given)}, expected {_said(wanted)}"))
    found += _span("wait", expected.wait_s, last.waited_ms / 1000 if last else 0.0)
    found += _span("lasts", expected.lasts_s, story.lasted_s)
    found += _words(expected, story)
    return found


def _said(value: object) -> str:
    return " > ".join(map(str, value)) if isinstance(value, list) else repr(value)


def _span(field: str, span: Span | None, given_s: float) -> list[tuple[str, str]]:
    if span is None or span.least <= given_s <= span.most:
        return []
    return [
        (field, f"{field} is {length_text(given_s)}, expected {length_text(span.least)} to {length_text(span.most)}")
    ]


def _words(expected: Expected, story: Story) -> list[tuple[str, str]]:
    texts = [heard.text.casefold() for heard in story.heard]
    found = []
    at = 0
    for words in expected.heard:
        place = next((index for index in range(at, len(texts)) if words.casefold() in texts[index]), None)
        if place is None:
            found.append(("heard", f"{words!r} was not heard{' after what came before it' if at else ''}"))
        else:
            at = place
    unwanted = [words for words in expected.not_heard if any(words.casefold() in text for text in texts)]
    return found + [("not_heard", f"{words!r} was heard") for words in unwanted]


__all__ = ["Result", "Scenario", "run_folder", "run_scenario"]
