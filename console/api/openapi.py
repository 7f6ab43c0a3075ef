"""The OpenAPI 3.1 document, made from the table of routes."""

import json
import re
from typing import Any

from console.api import paging, shape
from console.api.problems import MEDIA_TYPE
from console.api.routes import WAYS, Way
from console.api.views import NAME
from console.tokens import Role

BASE = "/api/v1"
_PARAMETERS = {
    "agent": ("the agent's name", f"^(?:{NAME})$"),
    "queue": ("the queue's name", "^.{1,64}$"),
    "topics": ("the tree's name", "^.{1,64}$"),
}
_PAGE = [
    {
        "name": "limit",
        "in": "query",
        "description": "how many at most",
        "schema": {"type": "integer", "minimum": 1, "maximum": paging.MOST, "default": paging.DEFAULT},
    },
    {
        "name": "after",
        "in": "query",
        "description": "`next` of the page before; without it the first",
        "schema": {"type": "string", "maxLength": 128},
    },
]
_PROBLEM = {
    "type": "object",
    "description": "A problem (RFC 9457). `code` is its name for programs.",
    "properties": {
        "type": {"type": "string"},
        "code": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "mistakes": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
                "required": ["pointer", "detail"],
            },
        },
    },
    "required": ["type", "code", "title", "status", "detail"],
}


def document() -> dict[str, Any]:
    """The whole document. It names no server but the one that gives it."""
    defs: dict[str, Any] = {"Problem": _PROBLEM}
    paths: dict[str, dict[str, Any]] = {}
    for way in WAYS:
        paths.setdefault(way.path, {})[way.method.lower()] = _operation(way, defs)
    paths["/openapi.json"] = {"get": _own()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "svar",
            "version": "1",
            "description": "Agents, queues and contacts of an installation. Every request needs a token "
            "(`svar token add`). Callers' numbers are told nowhere.",
        },
        "servers": [{"url": BASE}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(defs.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def written() -> str:
    """The document as it stands in docs/ and is served."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def _operation(way: Way, defs: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {"operationId": way.name, "summary": way.summary, "description": _who(way)}
    names = re.findall(r"\{(\w+)\}", way.path)
    parameters = [_parameter(name) for name in names] + (_PAGE if way.paged else [])
    if parameters:
        operation["parameters"] = parameters
    if way.body is not None:
        needed = bool(shape.schema(way.body, defs)) and bool(defs[way.body.__name__]["required"])
        content = {"application/json": {"schema": shape.schema(way.body, defs)}}
        operation["requestBody"] = {"required": needed, "content": content}
    answered: dict[str, Any] = {"204": {"description": "Done"}}
    if way.answer is not None:
        content = {"application/json": {"schema": shape.schema(way.answer, defs)}}
        answered = {"200": {"description": way.summary, "content": content}}
    return operation | {"responses": answered | {"default": _problem()}}


def _own() -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}}}
    answered = {"200": {"description": "An OpenAPI 3.1 document", "content": content}, "default": _problem()}
    return {"operationId": "openapi", "summary": "This document", "description": "Every role.", "responses": answered}


def _problem() -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": "A problem", "content": content}


def _who(way: Way) -> str:
    roles = ", ".join(role for role in Role if role in way.roles)
    alone = " (an agent: itself)" if Role.AGENT in way.roles and "{agent}" in way.path else ""
    return f"Roles: {roles}{alone}."


def _parameter(name: str) -> dict[str, Any]:
    told, pattern = _PARAMETERS[name]
    schema = {"type": "string", "pattern": pattern}
    return {"name": name, "in": "path", "required": True, "description": told, "schema": schema}
