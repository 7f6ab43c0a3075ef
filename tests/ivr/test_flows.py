"""The flows that are shipped."""

from pathlib import Path

import pytest

from ivr.book import FlowBook, load_book
from ivr.check import check_folder
from ivr.nodes.menu import Menu
from ivr.nodes.queue import Queue
from ivr.simulator.prompts import WrittenPrompts
from ivr.simulator.report import lines
from ivr.simulator.scenario import run_folder

FLOWS = Path(__file__).parents[2] / "flows"
LONGEST_PROMPT_S = 25.0


@pytest.fixture(scope="module")
def book() -> FlowBook:
    return load_book(FLOWS)


def test_they_have_no_mistakes() -> None:
    assert check_folder(FLOWS) == []


def test_every_scenario_goes_as_expected() -> None:
    results = run_folder(FLOWS)
    assert len(results) >= 50
    assert [result.name for result in results if result.failures] == [], "\n".join(lines(results))


def test_every_service_has_scenarios() -> None:
    services = {path.name for path in FLOWS.glob("*.yaml")}
    assert services == {path.name for path in (FLOWS / "scenarios").glob("*.yaml")}


def test_numbers_are_easy_to_dial(book: FlowBook) -> None:
    assert sorted(book.by_number) == [str(number) for number in range(5000, 5008)]
    assert book.by_number["5000"].flow == "main"


def test_the_main_number_has_the_five_keys(book: FlowBook) -> None:
    menu = book.by_name["main"].nodes["menu"]
    assert isinstance(menu, Menu)
    queues = [book.by_name["main"].nodes[menu.keys[key]] for key in "12345"]
    assert [node.queue for node in queues if isinstance(node, Queue)] == [
        "social",
        "work_health",
        "family",
        "disability",
        "other",
    ]


def test_no_prompt_is_longer_than_people_listen(book: FlowBook) -> None:
    prompts = WrittenPrompts()
    for flow in book.by_name.values():
        for said in flow.said():
            for language in flow.languages:
                assert sum(clip.duration_s for clip in prompts.clips(said, language)) < LONGEST_PROMPT_S, said.key


def test_every_text_is_there_in_norwegian_and_english(book: FlowBook) -> None:
    for flow in book.by_name.values():
        assert flow.languages == ["nb", "en"]
        assert all(set(said.texts) == {"nb", "en"} for said in flow.said())
