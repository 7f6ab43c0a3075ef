"""The flows that are shipped."""

from itertools import chain
from pathlib import Path

import pytest

from events.catalogue import StepEntered
from ivr.book import FlowBook, load_book
from ivr.checks.flows import check_folder
from ivr.nodes.menu import Menu
from ivr.nodes.queue import Queue
from ivr.simulator.prompts import WrittenPrompts
from ivr.simulator.report import lines
from ivr.simulator.scenario import Result, run_folder

FLOWS = Path(__file__).parents[2] / "flows"
LONGEST_PROMPT_S = 25.0
AGENCY = [str(number) for number in range(5000, 5008)]
MUNICIPALITIES = [str(number) for number in range(5101, 5105)]


@pytest.fixture(scope="module")
def book() -> FlowBook:
    return load_book(FLOWS)


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return run_folder(FLOWS)


def test_they_have_no_mistakes_and_no_warnings() -> None:
    assert check_folder(FLOWS) == []


def test_every_scenario_goes_as_expected(results: list[Result]) -> None:
    assert len(results) >= 250
    assert [result.name for result in results if result.failures] == [], "\n".join(lines(results))


def test_every_step_of_every_flow_is_visited_by_a_scenario(book: FlowBook, results: list[Result]) -> None:
    stories = chain.from_iterable((result.story, *result.story.further) for result in results if result.story)
    events = chain.from_iterable(story.events for story in stories)
    visited = {(event.flow, event.step) for event in events if isinstance(event, StepEntered)}
    assert {(flow.flow, step) for flow in book.by_name.values() for step in flow.nodes} - visited == set()


def test_every_service_that_can_be_dialled_has_scenarios(book: FlowBook) -> None:
    services = {flow.flow for flow in book.by_name.values() if flow.numbers}
    assert services <= {path.stem for path in (FLOWS / "scenarios").glob("*.yaml")}


def test_numbers_are_easy_to_dial(book: FlowBook) -> None:
    assert sorted(book.by_number) == AGENCY + MUNICIPALITIES
    assert book.by_number["5000"].flow == "main"


def test_the_main_number_has_the_five_keys(book: FlowBook) -> None:
    flow = book.by_name["main"]
    menu = flow.nodes["menu"]
    assert isinstance(menu, Menu)
    assert [first_queue(flow.flow, menu.keys[key], book) for key in "123450"] == [
        "social", "work_health", "family", "disability", "other", "other",
    ]  # fmt: skip
    assert first_queue(flow.flow, menu.no_choice, book) == "other"


def first_queue(flow: str, step: str, book: FlowBook) -> str:
    """Where a caller comes who presses nothing more."""
    while not isinstance(node := book.by_name[flow].nodes[step], Queue):
        (step,) = set(node.silent_targets())
    return node.queue


def test_no_prompt_is_longer_than_people_listen(book: FlowBook) -> None:
    prompts = WrittenPrompts()
    for flow in book.by_name.values():
        for said in flow.said():
            for language in flow.languages:
                assert sum(clip.duration_s for clip in prompts.clips(said, language)) < LONGEST_PROMPT_S, said.key


def test_every_text_is_there_in_bokmaal_nynorsk_and_english(book: FlowBook) -> None:
    for flow in book.by_name.values():
        assert {"nb", "nn", "en"} <= set(flow.languages)
        assert all({"nb", "nn", "en"} <= set(said.texts) for said in flow.said() if len(said.texts) > 1)


def test_north_sami_is_offered_with_an_open_fallback(book: FlowBook) -> None:
    for number in AGENCY:
        assert book.by_number[number].fallback == {"se": "nb"}


def test_a_municipality_is_one_small_file(book: FlowBook) -> None:
    for number in MUNICIPALITIES:
        flow = book.by_number[number]
        assert len((FLOWS / f"{flow.flow}.yaml").read_text().splitlines()) <= 25
        assert ("mailbox", flow.flow) in flow.nodes["message"].needs().values()
