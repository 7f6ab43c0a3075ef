"""The reference of the language says what the code does."""

import inspect
from pathlib import Path

import jsonschema
import pytest
from pydantic import BaseModel

from ivr.files import reference
from ivr.files.calendar_file import CalendarFile
from ivr.files.crisis_file import CrisisFile
from ivr.files.load import load_flow, read_file
from ivr.files.marked_yaml import read
from ivr.files.routing_file import RoutingFile
from ivr.files.routing_rows import AgentRow, QueueRow
from ivr.files.validation import validated
from ivr.language.ways import Kind
from ivr.nodes import NODE_TYPES
from ivr.running.announcing import Waiting

FLOWS = Path(__file__).parents[3] / "flows"
EXAMPLES = reference.examples()


def test_every_node_has_an_example_and_explains_each_field() -> None:
    assert set(EXAMPLES) == set(NODE_TYPES)
    told = reference.flows()
    silent = [
        line
        for line in told.splitlines()
        if line.startswith("| `") and line.split("|")[2].strip(" *.") in ("", "needed")
    ]
    assert silent == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_a_node_is_right(name: str) -> None:
    indented = "".join(f"  {line}\n" for line in EXAMPLES[name].splitlines())
    head = "flow: example\ntitle: Example\nnumbers: [5000]\nlanguages: [nb, en]\nstart: x\nnodes:\n"
    flow, marked = load_flow("example.yaml", head + indented)
    problems = [problem for problem in marked.problems if "there is no block" not in problem.message]
    problems = [problem for problem in problems if "there is no text" not in problem.message]
    assert problems == []
    assert flow is not None
    assert name in [node.type for node in flow.nodes.values()]
    (node,) = [node for node in flow.nodes.values() if node.type == name]
    assert all(isinstance(way.kind, Kind) for way in node.ways())


@pytest.mark.parametrize("model", [CalendarFile, CrisisFile])
def test_the_example_of_a_file_is_right(model: type[BaseModel]) -> None:
    doc = inspect.getdoc(model) or ""
    marked = read("x.yaml", doc.split("```yaml\n")[1].split("```")[0])
    assert validated(model, marked) is not None, marked.problems
    schema = model.model_json_schema()
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(marked.data)) == []


@pytest.mark.parametrize("row", [QueueRow, AgentRow])
def test_the_example_of_a_row_of_routing_is_right(row: type[BaseModel]) -> None:
    marked = read("x.yaml", (inspect.getdoc(row) or "").split("```yaml\n")[1].split("```")[0])
    assert validated(RoutingFile, marked) is not None, marked.problems
    schema = reference.schemas()["routing"]
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(marked.data)) == []


def test_every_field_of_routing_is_explained() -> None:
    told = [line for line in reference.routing().splitlines() if line.startswith("| `")]
    assert len(told) > 30
    assert [line for line in told if line.split("|")[2].strip(" *.") in ("", "needed")] == []


def test_the_example_of_a_block_of_waiting_is_right() -> None:
    marked = read("x.yaml", (inspect.getdoc(Waiting) or "").split("```yaml\n")[1].split("```")[0])
    block = marked.data["waiting"]["standard"]
    assert list(Waiting.model_validate(block).keys) == ["1"]
    flow = reference.schemas()["flow"]
    schema = {"$ref": "#/$defs/Waiting", "$defs": flow["$defs"]}
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(block)) == []


def test_editors_are_told_of_every_kind_of_file() -> None:
    schemas = reference.schemas()
    assert {"flow", "shared", "calendar", "crisis"} <= set(schemas)
    assert all(schema["type"] == "object" for schema in schemas.values())


def test_the_schema_takes_what_the_loader_takes_and_no_more() -> None:
    schema = jsonschema.Draft202012Validator(reference.schemas()["flow"])
    for file in sorted(FLOWS.glob("*.yaml")):
        marked = read_file(file)
        assert list(schema.iter_errors(marked.data)) == []
    data = read_file(FLOWS / "main.yaml").data
    data["nodes"]["menu"]["no_choise"] = "other"
    assert list(schema.iter_errors(data))
