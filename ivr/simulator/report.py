"""Results of scenarios for people, as JSON, and as JUnit's XML."""

import json
import re
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

from events.catalogue import StepEntered
from ivr.book import FlowBook
from ivr.files.telling import Style, as_text, plain
from ivr.simulator.listing import listing
from ivr.simulator.scenario import Failure, Result, failed
from ivr.simulator.story import Story

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def lines(results: Sequence[Result], *, stories: bool = False, width: int = 100, style: Style = plain) -> Iterator[str]:
    """Each failure with its line and the call that it is about, then one line in all; with `stories` every call."""
    for result in results:
        if result.failed:
            yield style(f"FAIL {result.name}", "error")
            yield from (f"  {line}" for line in failure_lines(result, width - 2, style))
            yield ""
        elif stories and result.story is not None:
            yield f"ok   {result.name}"
            for story in (result.story, *result.story.further):
                yield from (f"  {line}" for line in listing(story, width=width - 2, style=style))
            yield ""
    took_s = sum(result.took_ms for result in results) / 1000
    count = failed(results)
    summary = f"{len(results)} scenario{'' if len(results) == 1 else 's'}, {count} failed, {took_s:.2f} s"
    yield style(summary, "error" if count else "good")


def failure_lines(result: Result, width: int = 100, style: Style = plain) -> Iterator[str]:
    """What was not as expected, each with its line in the file, and then the call as it went."""
    yield from as_text(result.failures, style)
    told: list[Story] = []
    for failure in sorted(result.failed, key=lambda each: each.left_at < 0):
        if failure.story is not None and not any(failure.story is story for story in told):
            told.append(failure.story)
            yield from _call(failure, failure.story, width, style)


def _call(failure: Failure, story: Story, width: int, style: Style) -> Iterator[str]:
    wanted = failure.expected.path if failure.expected is not None else None
    yield from listing(story, wanted=wanted, left_at=failure.left_at, width=width, style=style)


def untested(book: FlowBook, results: Sequence[Result], *, entered: bool = False) -> Iterator[str]:
    """The steps that no scenario comes to, a line for each flow that has some; `entered`: of flows that one enters."""
    stories = [story for result in results if result.story for story in (result.story, *result.story.further)]
    visited = {
        (event.flow, event.step) for story in stories for event in story.events if isinstance(event, StepEntered)
    }
    seen = {flow for flow, _ in visited}
    for flow in book.by_name.values():
        if entered and flow.flow not in seen:
            continue
        never = [step for step in flow.nodes if (flow.flow, step) not in visited]
        if never:
            yield f"{flow.flow}: no scenario comes to {', '.join(never)}"


def as_json(results: Sequence[Result]) -> str:
    """A list of objects, one a scenario."""
    return json.dumps([_object(result) for result in results], ensure_ascii=False, indent=1)


def _object(result: Result) -> dict[str, object]:
    story = result.story
    return {
        "name": result.name,
        "file": result.path,
        "line": result.line,
        "ok": not result.failed,
        "took_ms": round(result.took_ms, 1),
        "failures": [{"line": one.line, "column": one.column, "message": one.message} for one in result.failures],
        "path": list(story.path) if story else [],
        "outcome": story.outcome if story else "",
        "cause": story.cause if story else "",
    }


def as_junit(results: Sequence[Result]) -> str:
    """One test suite a file, one test case a scenario, as continuous integration reads it."""
    root = ElementTree.Element("testsuites", _counts(results))
    for path in dict.fromkeys(result.path for result in results):
        own = [result for result in results if result.path == path]
        suite = ElementTree.SubElement(root, "testsuite", {"name": _clean(path), **_counts(own)})
        for result in own:
            _test_case(suite, result)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _test_case(suite: ElementTree.Element, result: Result) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        {
            "name": _clean(result.name),
            "classname": _clean(result.path.removesuffix(".yaml").replace("/", ".").lstrip(".")),
            "file": _clean(result.path),
            "line": str(result.line),
            "time": f"{result.took_ms / 1000:.3f}",
        },
    )
    if result.failed:
        message = "; ".join(failure.message for failure in result.failures)
        failure = ElementTree.SubElement(case, "failure", {"message": _clean(message), "type": "expectation"})
        failure.text = _clean("\n".join(failure_lines(result)))


def _counts(results: Sequence[Result]) -> dict[str, str]:
    took_s = sum(result.took_ms for result in results) / 1000
    return {"tests": str(len(results)), "failures": str(failed(results)), "errors": "0", "time": f"{took_s:.3f}"}


def _clean(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
