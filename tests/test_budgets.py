"""The budgets of the house: files, functions and classes stay small. An exception needs an ADR and a row below."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("events", "sdp", "sip", "rtp", "acd", "metrics", "ivr", "console", "svar")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

FILE_LINES = 400
FUNCTION_LINES = 60
MOST_FUNCTION_LINES = 25
CLASS_ATTRIBUTES = 12
FORBIDDEN_NAMES = ("utils", "common", "Manager", "Handler", "helpers", "misc")


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def attributes(cls: ast.ClassDef) -> set[str]:
    """Names a class's instances carry: annotated fields and whatever is assigned to self."""
    found = {
        node.target.id
        for node in cls.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and "ClassVar" not in ast.dump(node)
    }
    for node in ast.walk(cls):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            for leaf in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(leaf, ast.Attribute) and isinstance(leaf.value, ast.Name) and leaf.value.id == "self":
                    found.add(leaf.attr)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_keeps_to_its_budget(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert text.count("\n") <= FILE_LINES
    long = [f"{f.name}: {length(f)} lines" for f in functions(tree) if length(f) > FUNCTION_LINES]
    assert long == []
    wide = [
        f"{c.name}: {sorted(attributes(c))}"
        for c in ast.walk(tree)
        if isinstance(c, ast.ClassDef) and len(attributes(c)) > CLASS_ATTRIBUTES
    ]
    assert wide == []
    names = [
        n
        for n in FORBIDDEN_NAMES
        if n in path.stem or any(n in c.name for c in ast.walk(tree) if isinstance(c, ast.ClassDef))
    ]
    assert names == []


def test_nine_functions_in_ten_are_short() -> None:
    lengths = [length(f) for path in SOURCES for f in functions(ast.parse(path.read_text()))]
    short = sum(n < MOST_FUNCTION_LINES for n in lengths)
    assert short >= 0.9 * len(lengths), f"{short} of {len(lengths)} functions have under {MOST_FUNCTION_LINES} lines"


def test_a_class_that_is_too_wide_is_seen() -> None:
    tree = ast.parse("class A:\n    a: int\n    def __init__(self):\n        self.b, self.c = 1, 2\n")
    cls = next(n for n in ast.walk(tree) if isinstance(n, ast.ClassDef))
    assert attributes(cls) == {"a", "b", "c"}
