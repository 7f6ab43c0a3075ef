"""The OpenAPI document: whole, consistent, the one in docs/, and the one that is served."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema

from console.api.openapi import document, written
from console.api.routes import WAYS
from console.tokens import Role
from tests.console.api.desks import Office, served

ROOT = Path(__file__).parents[3]


def test_the_document_in_docs_is_that_of_the_code() -> None:
    assert (ROOT / "docs" / "openapi.json").read_text() == written(), "stale: `make docs` writes it"


async def test_the_document_is_served_as_it_is() -> None:
    office = Office()
    async with served(office) as client:
        reply = await client.by(await office.token(Role.READER)).ask("GET", "/openapi.json")
    assert (reply.status, reply.json) == (200, json.loads(written()))


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    found = document()
    schemas = found["components"]["schemas"]
    named = {ref.removeprefix("#/components/schemas/") for ref in references(found)}
    assert named == set(schemas)
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_it_has_what_openapi_3_1_asks_for() -> None:
    found = document()
    assert re.fullmatch(r"3\.1\.\d+", found["openapi"])
    assert {"title", "version"} <= found["info"].keys()
    names = [operation["operationId"] for path in found["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names)) == len(WAYS) + 1
    for path, operations in found["paths"].items():
        assert path.startswith("/")
        in_path = set(re.findall(r"\{(\w+)\}", path))
        for method, operation in operations.items():
            assert method in ("get", "put", "post", "delete")
            declared = operation.get("parameters", [])
            assert {one["name"] for one in declared if one["in"] == "path"} == in_path
            assert all(one.get("required", False) is (one["in"] == "path") and one["schema"] for one in declared)
            assert "default" in operation["responses"]
            assert all(re.fullmatch(r"[1-5]\d\d|default", status) for status in operation["responses"])
            assert all("description" in answer for answer in operation["responses"].values())
            assert ("requestBody" in operation) <= (method in ("put", "post"))
    assert found["security"] == [{name: []} for name in found["components"]["securitySchemes"]]


def test_a_body_that_may_be_left_out_says_so() -> None:
    paths = document()["paths"]
    assert paths["/agents/{agent}/log-in"]["post"]["requestBody"]["required"] is False
    assert paths["/agents/{agent}/not-ready"]["post"]["requestBody"]["required"] is True
