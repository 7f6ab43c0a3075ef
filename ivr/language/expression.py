"""Conditions and values in flows: a small part of Python's expressions, compiled to closures.

    demo or number == "5000" and language in ("nb", "nn")      length(case_number) >= 7

Text, numbers, true/false; and or not, == != < <= > >=, in, + and -, `length(text)`, `starts_with(text, text)`.
There is no `eval`, no attribute, no index: what is not in the tables below is refused with its column.
"""

import ast
import operator
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ivr.language.problems import did_you_mean

Scalar = str | int | float | bool
Values = Callable[[str], Scalar]
Closure = Callable[[Values], Any]

MOST_CHARACTERS = 500
MOST_DEPTH = 20
MOST_NUMBER = 10**15
"""Sums stop here, and at its negative: a number that a flow lets grow must not fill the memory."""

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {ast.Add: operator.add, ast.Sub: operator.sub}
_FUNCTIONS: dict[str, tuple[Callable[..., Scalar], int, type]] = {
    "length": (len, 1, int),
    "starts_with": (str.startswith, 2, bool),
}
_SIGNS = {
    "“": 'quotes are written "',
    "”": 'quotes are written "',
    "&&": "write and",
    "||": "write or",
    "=": "two values are compared by ==",
    "!": "write not",
}
"""What people who know other languages write, and editors make of quotes; the first that is there is told."""
TYPE_WORDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


class ExpressionError(ValueError):
    """`column` counts from 0 within the expression's text."""

    def __init__(self, column: int, message: str) -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A compiled expression. `evaluate(values)` asks `values(name)` for the variables it needs, and for no others."""

    text: str
    evaluate: Closure
    tree: ast.expr

    def names(self) -> frozenset[str]:
        """The variables that it asks for."""
        called = {id(node.func) for node in ast.walk(self.tree) if isinstance(node, ast.Call)}
        named = [node for node in ast.walk(self.tree) if isinstance(node, ast.Name) and id(node) not in called]
        return frozenset(node.id for node in named) - {"true", "false"}

    def constant(self) -> Scalar | None:
        """The value, where the expression is nothing but one."""
        value = self.tree.value if isinstance(self.tree, ast.Constant) else None
        return value if isinstance(value, str | int | float) else None

    def type_in(self, types: Mapping[str, type]) -> type:
        """What it gives (str, int, float or bool), with variables of these types. Raises ExpressionError."""
        return _Types(self.text, types).of(self.tree)


def parse(text: str) -> Expression:
    """Compile `text`. `true` and `false` are written as in YAML. Raises ExpressionError with the column."""
    if len(text) > MOST_CHARACTERS:
        raise ExpressionError(MOST_CHARACTERS, f"an expression has at most {MOST_CHARACTERS} characters")
    if "\n" in text.strip("\n"):
        raise ExpressionError(text.index("\n"), "an expression stands on one line")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip("\n"), mode="eval").body
    except SyntaxError as error:
        hint = next((f"; {hint}" for sign, hint in _SIGNS.items() if sign in text), "")
        raise ExpressionError(max((error.offset or 1) - 1, 0), f"not an expression: {error.msg}{hint}") from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError(0, "not an expression") from None
    _check_depth(tree)
    return Expression(text, _compile(text, tree), tree)


def _check_depth(tree: ast.expr) -> None:
    level: list[ast.AST] = [tree]
    for _ in range(MOST_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return
    raise ExpressionError(0, "an expression is not nested this deeply: take it apart")


def _column(text: str, node: ast.expr) -> int:
    return len(text.encode()[: node.col_offset].decode(errors="ignore"))


def _compile(text: str, node: ast.expr) -> Closure:
    compiler = _COMPILERS.get(type(node))
    if compiler is None:
        kind = type(node).__name__
        raise ExpressionError(_column(text, node), f"{kind} is not allowed in a flow's expressions")
    return compiler(text, node)


def _constant(text: str, node: ast.Constant) -> Closure:
    value = node.value
    if not isinstance(value, str | int | float):
        raise ExpressionError(_column(text, node), f"{value!r} is not allowed: use text, a number, true or false")
    if not isinstance(value, str) and not -MOST_NUMBER <= value <= MOST_NUMBER:
        raise ExpressionError(_column(text, node), f"a number is at most {MOST_NUMBER}")
    return lambda values: value


def _name(text: str, node: ast.Name) -> Closure:
    name = node.id
    if name in ("true", "false"):
        return lambda values: name == "true"
    return lambda values: values(name)


def _bool_op(text: str, node: ast.BoolOp) -> Closure:
    parts = [_compile(text, value) for value in node.values]
    if isinstance(node.op, ast.And):
        return lambda values: all(part(values) for part in parts)
    return lambda values: any(part(values) for part in parts)


def _unary(text: str, node: ast.UnaryOp) -> Closure:
    inner = _compile(text, node.operand)
    if isinstance(node.op, ast.Not):
        return lambda values: not inner(values)
    if isinstance(node.op, ast.USub):
        return lambda values: -inner(values)
    raise ExpressionError(_column(text, node), "this sign is not allowed")


def _compare(text: str, node: ast.Compare) -> Closure:
    if len(node.ops) > 1:
        raise ExpressionError(_column(text, node), "compare two values at a time, and join comparisons by 'and'")
    left, right = _compile(text, node.left), node.comparators[0]
    operation = node.ops[0]
    if isinstance(operation, ast.In | ast.NotIn):
        among = frozenset(_members(text, right))
        if isinstance(operation, ast.In):
            return lambda values: left(values) in among
        return lambda values: left(values) not in among
    compare = _COMPARE.get(type(operation))
    if compare is None:
        raise ExpressionError(_column(text, node), "'is' is not allowed: use ==")
    second = _compile(text, right)
    return lambda values: compare(left(values), second(values))


def _members(text: str, node: ast.expr) -> list[Any]:
    if not isinstance(node, ast.Tuple | ast.List | ast.Set):
        raise ExpressionError(_column(text, node), 'after \'in\' comes a list of values: ("nb", "nn")')
    for part in node.elts:
        if not isinstance(part, ast.Constant) or not isinstance(part.value, str | int | float):
            raise ExpressionError(_column(text, part), "the list has texts and numbers only")
    return [part.value for part in node.elts if isinstance(part, ast.Constant)]


def _binary(text: str, node: ast.BinOp) -> Closure:
    operation = _ARITHMETIC.get(type(node.op))
    if operation is None:
        raise ExpressionError(_column(text, node), "only + and - are allowed")
    left, right = _compile(text, node.left), _compile(text, node.right)
    return lambda values: max(-MOST_NUMBER, min(MOST_NUMBER, operation(left(values), right(values))))


def _call(text: str, node: ast.Call) -> Closure:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in _FUNCTIONS:
        hint = did_you_mean(name, _FUNCTIONS) or f"; there are {', '.join(_FUNCTIONS)}"
        raise ExpressionError(_column(text, node), f"there is no function {name!r}{hint}")
    function, count, _ = _FUNCTIONS[name]
    if len(node.args) != count or node.keywords:
        raise ExpressionError(_column(text, node), f"{name} takes {count} value{'s' if count > 1 else ''}")
    arguments = [_compile(text, argument) for argument in node.args]
    return lambda values: function(*[argument(values) for argument in arguments])


_COMPILERS: dict[type[ast.expr], Callable[[str, Any], Closure]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.BoolOp: _bool_op,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.BinOp: _binary,
    ast.Call: _call,
}


class _Types:
    """Finds the type of each part, so that nothing can go wrong when a caller is on the line."""

    def __init__(self, text: str, types: Mapping[str, type]) -> None:
        self._text = text
        self._types = types

    def of(self, node: ast.expr) -> type:
        if isinstance(node, ast.Constant):
            return type(node.value)
        if isinstance(node, ast.Name):
            return self._variable(node)
        if isinstance(node, ast.BoolOp):
            for value in node.values:
                self._want(value, bool)
            return bool
        if isinstance(node, ast.UnaryOp):
            return self._want(node.operand, bool if isinstance(node.op, ast.Not) else float)
        if isinstance(node, ast.Compare):
            return self._comparison(node)
        if isinstance(node, ast.Call):
            _, _, result = _FUNCTIONS[node.func.id]  # type: ignore[attr-defined]  # _call let names only through
            for argument in node.args:
                self._want(argument, str)
            return result
        assert isinstance(node, ast.BinOp)
        kinds = {self._want(node.left, float), self._want(node.right, float)}
        return float if float in kinds else int

    def _variable(self, node: ast.Name) -> type:
        if node.id in ("true", "false"):
            return bool
        found = self._types.get(node.id)
        if found is None:
            near = did_you_mean(node.id, [*self._types, "true", "false"])
            hint = near or f"; text has quotes of its own, '\"{node.id}\"'"
            raise ExpressionError(_column(self._text, node), f"there is no variable {node.id!r}{hint}")
        return found

    def _want(self, node: ast.expr, wanted: type) -> type:
        found = self.of(node)
        if _kind(found) is not _kind(wanted):
            raise ExpressionError(
                _column(self._text, node),
                f"{TYPE_WORDS[_kind(wanted)]} is expected, this is {TYPE_WORDS[_kind(found)]}",
            )
        return found

    def _comparison(self, node: ast.Compare) -> type:
        left, right = self.of(node.left), node.comparators[0]
        if isinstance(right, ast.Tuple | ast.List | ast.Set):
            for part in right.elts:
                self._want(part, left)
            return bool
        self._want(right, left)
        if left is bool and not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            raise ExpressionError(_column(self._text, node), "true and false have no order")
        return bool


def _kind(type_: type) -> type:
    return float if type_ is int else type_
