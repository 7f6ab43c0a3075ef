"""The pages of docs/ that are written from the code; a test says when they are stale."""

import inspect
import json
import typing
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any
from zoneinfo import ZoneInfo

from console.api import openapi
from events.catalogue import CATALOGUE, FIELD_TYPES, Event
from ivr.files import reference
from ivr.simulator import scenario_file
from metrics.pipeline import Folds
from metrics.prometheus import Exposition
from svar import measures_page, routing_page
from svar.commands.graph import drawn
from svar.commands.serve import EXAMPLE
from svar.config import Config
from svar.config.read import ENVIRONMENT
from svar.figures import HISTOGRAMS, MEANT, METRICS

NOTE = "<!-- Written by `make docs` from the code; change it there. -->\n"


def pages() -> dict[str, str]:
    """The text of each generated file, by its path below the project's folder."""
    return {
        "docs/configuration.md": configuration(),
        "docs/events.md": events(),
        "docs/metrics.md": metrics(),
        "docs/measures.md": measures_page.page(NOTE),
        "docs/flows.md": flows(),
        "docs/openapi.json": openapi.written(),
        "docs/routing.md": routing_page.page(NOTE),
        **{f"docs/{name}.schema.json": _json(schema) for name, schema in reference.schemas().items()},
        "docs/scenario.schema.json": _json(scenario_file.json_schema()),
        "docs/flows/main.svg": drawn("main", EXAMPLE),
    }


def _json(data: object) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def flows() -> str:
    lines = [
        "# The language of flows",
        NOTE,
        "One YAML file in `flows/` is one service. `docs/admin.md` teaches it step by step; this page has every field.",
        "",
        "- Lengths of time have a unit: `45s`, `5m`, `1h30m`, `500ms`.",
        "- A text stands in every language of the flow, `{nb: Hei., en: Hello.}`, or is the name of one in `prompts`.",
        "- `{name}` in a text speaks a value; `{when:date}`, `{at:time}`, `{count:number}`, `{code:digits}` say how.",
        "- A node is named where another one leads to it; `svar check` tells every name that leads nowhere.",
        "- Words are what they look like: `no`, `on`, `17:00` and `0123` are text. Anchors and tags are refused,",
        "  and so are keys that stand twice, or have nothing after the colon.",
        "- Conditions are a small part of Python: `and or not == != < <= > >= in + -`, `length(text)`,",
        "  `starts_with(text, text)`, `true`, `false`.",
        "",
        "",
    ]
    return "\n".join(lines) + reference.flows()


def configuration() -> str:
    lines = [
        "# Configuration",
        NOTE,
        "One TOML file, given by `--config` (`deploy/example.toml` without it). `svar check` tells every",
        "mistake, with its line or its table and key.",
        "These environment variables stand above the file. Each may be given as `NAME_FILE` too, the name of a file",
        "that holds the value: for addresses with a password in them.",
        "",
        *(f"- `{name}`: `{key}` of `[{section}]`" for name, (section, key, _) in ENVIRONMENT.items()),
    ]
    kinds = typing.get_type_hints(Config)
    for section in fields(Config):
        kind = kinds[section.name]
        inner = typing.get_args(kind)[0] if typing.get_args(kind) else kind
        title = f"`[[{section.name}]]`, any number of them" if typing.get_args(kind) else f"`[{section.name}]`"
        lines += ["", f"## {title}", "", inspect.getdoc(inner) or "", "", "| key | type | default | what |"]
        lines += ["|---|---|---|---|", *_settings(inner)]
    return "\n".join(lines) + "\n"


def _settings(section: Any) -> Iterator[str]:
    assert is_dataclass(section)
    kinds = typing.get_type_hints(section)
    for one in fields(section):
        kind = kinds[one.name]
        if is_dataclass(kind):
            yield from (line.replace("| `", f"| `{one.name}.", 1) for line in _settings(kind))
            continue
        name = kind.__name__ if isinstance(kind, type) and not typing.get_args(kind) else str(kind)
        yield f"| `{one.name}` | {name.replace('|', 'or')} | {_default(one)} | {one.metadata.get('doc', '')} |"


def _default(one: Field[Any]) -> str:
    if one.default is not MISSING:
        return f"`{json.dumps(one.default, ensure_ascii=False)}`"
    if one.default_factory is not MISSING:
        return f"`{json.dumps(one.default_factory(), ensure_ascii=False)}`"
    return "required"


def events() -> str:
    common = set(FIELD_TYPES[next(iter(CATALOGUE))]) & {field.name for field in fields(Event)}
    lines = [
        "# Events",
        NOTE,
        "Metrics, call records, the wallboard and MQTT are folds over these and nothing else. Every event carries",
        f"{', '.join(f'`{name}`' for name in sorted(common))}; times in `_ms`, `at_ms` since the epoch.",
    ]
    for kind, cls in CATALOGUE.items():
        own = [f"`{name}` {type_.__name__}" for name, type_ in FIELD_TYPES[kind].items() if name not in common]
        lines += ["", f"## `{kind}` (version {cls.version})", "", inspect.getdoc(cls) or "", "", ", ".join(own) + "."]
    return "\n".join(lines) + "\n"


def metrics() -> str:
    scrape = Exposition([Folds("tenant")], zone=ZoneInfo("UTC"), lag_s=lambda: 0.0).scrape(0)
    lines = ["# Metrics", NOTE, METRICS, "## Of the events", "", "| metric | type | what |", "|---|---|---|"]
    for family in scrape.collect():
        name = family.name + ("_total" if family.type == "counter" else "")
        lines.append(f"| `{name}` | {family.type} | {family.documentation} |")
    lines += ["", "## Of the node", "", "| metric | type | what |", "|---|---|---|"]
    for name, meaning in MEANT.items():
        kind = "counter" if name.partition("{")[0].endswith("_total") else "gauge"
        kind = "histogram" if name in HISTOGRAMS else kind
        lines.append(f"| `svar_{name}` | {kind} | {meaning} |")
    return "\n".join(lines) + "\n"
