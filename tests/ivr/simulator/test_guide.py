"""The examples of docs/testing-flows.md are scenarios."""

import re
from pathlib import Path

import pytest

from ivr.files.marked_yaml import read
from ivr.files.validation import validated
from ivr.simulator.scenario_file import ScenarioFile

GUIDE = (Path(__file__).parent.parent.parent.parent / "docs" / "testing-flows.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_is_a_file_of_scenarios(text: str) -> None:
    marked = read("example", text)
    assert validated(ScenarioFile, marked) is not None, marked.problems


def test_every_expectation_and_part_of_the_world_is_explained() -> None:
    assert len(EXAMPLES) >= 3
    schema = ScenarioFile.model_json_schema()["$defs"]
    fields = [name for part in ("Scenario", "Expected", "Act", "Agent") for name in schema[part]["properties"]]
    assert [name for name in fields if not re.search(rf"\b{name}\b", GUIDE)] == []
