"""docs/rfc.md tells the truth: what it names exists, and every module of the protocols is named."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMED = sorted(
    set(re.findall(r"`((?:sip|sdp|rtp|tests)/[\w/]+\.py)(?:::([\w.]+))?`", (ROOT / "docs/rfc.md").read_text()))
)
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for package in ("sip", "sdp", "rtp")
    for path in (ROOT / package).rglob("*.py")
    if path.name != "__init__.py" and "aio" not in path.relative_to(ROOT).parts
)


@cache
def defined(file: str) -> frozenset[str]:
    """The names of a file, and those inside its classes with a dot."""
    found: set[str] = set()

    def look(body: list[ast.stmt], prefix: str) -> None:
        for statement in body:
            if isinstance(statement, ast.ClassDef):
                found.add(prefix + statement.name)
                look(statement.body, f"{prefix}{statement.name}.")
            elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(prefix + statement.name)
            elif isinstance(statement, ast.Assign | ast.AnnAssign):
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                found.update(prefix + target.id for target in targets if isinstance(target, ast.Name))

    look(ast.parse((ROOT / file).read_text(encoding="utf-8")).body, "")
    return frozenset(found)


@pytest.mark.parametrize(("file", "name"), NAMED, ids=lambda part: part or "whole")
def test_what_the_map_names_exists(file: str, name: str) -> None:
    assert (ROOT / file).is_file(), f"docs/rfc.md names {file}, which does not exist"
    assert not name or name in defined(file), f"docs/rfc.md names {file}::{name}, which does not exist"


@pytest.mark.parametrize("module", MODULES)
def test_every_protocol_module_is_in_the_map(module: str) -> None:
    assert module in {file for file, _ in NAMED}, f"{module} is in no row of docs/rfc.md"


def test_every_row_of_the_map_names_a_module_and_a_test() -> None:
    told = (ROOT / "docs/rfc.md").read_text(encoding="utf-8").partition("## Next")[0]
    rows = [line for line in told.splitlines() if line.startswith("| ") and not re.match(r"\| (section|RFC)\b", line)]
    assert len(rows) > 50
    for row in rows:
        where, test = row.strip("| ").split(" | ")[2:]
        assert ".py" in where, row
        assert "tests/" not in where, row
        assert "`tests/" in test, row
