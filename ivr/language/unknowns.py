"""Expressions over values of which some may be any, and the values that matter to them."""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

from ivr.language.expression import Expression, Scalar, parse
from ivr.language.ways import UNKNOWN, Known

MOST_COUNTED = 50
"""Numbers that a flow computes are followed as far as this; beyond it they may be any."""

_MOST_VALUES = 24
_SAMPLES: Mapping[type, Scalar] = {str: "", int: 0, float: 0.0, bool: False}
Ask = Callable[[str], Known]


class CannotWorkError(Exception):
    """An expression fails for this caller."""

    def __init__(self, expression: Expression, error: Exception) -> None:
        super().__init__(f"{expression.text!r} fails: {error}")


def result(expression: Expression, ask: Ask, types: Mapping[str, type]) -> Known:
    """What it gives. Raises CannotWorkError where it would fail, whatever the unknown values are."""

    def sample(name: str) -> Scalar:
        value = ask(name)
        return _SAMPLES[types.get(name, str)] if value is UNKNOWN else value  # type: ignore[return-value]

    try:
        first = expression.evaluate(sample)
    except Exception as error:  # noqa: BLE001 - whatever it raises, it would raise while a caller waits
        raise CannotWorkError(expression, error) from None
    if expression.constant() is not None:
        return first  # type: ignore[no-any-return]  # a scalar, as every expression gives
    if not any(ask(name) is UNKNOWN for name in names(expression)):
        return _bounded(first)
    return _partly(expression.tree, ask)


def _bounded(value: Scalar) -> Known:
    """A number that was counted too far may be any: the states stay finite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return value if isinstance(value, int) and abs(value) <= MOST_COUNTED else UNKNOWN


@lru_cache(maxsize=4096)
def names(expression: Expression) -> frozenset[str]:
    """The variables that it asks for."""
    return expression.names()


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Expression:
    return parse(text)


def _partly(tree: ast.expr, ask: Ask) -> Known:
    """True or false where that is sure whatever the unknown values are."""
    if isinstance(tree, ast.BoolOp):
        decides = isinstance(tree.op, ast.Or)
        parts = [_partly(value, ask) for value in tree.values]
        if decides in parts:
            return decides
        return UNKNOWN if UNKNOWN in parts else not decides
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        inner = _partly(tree.operand, ask)
        return inner if inner is UNKNOWN else not inner
    part = _parsed(ast.unparse(tree))
    if any(ask(name) is UNKNOWN for name in names(part)):
        return UNKNOWN
    return bool(part.evaluate(ask))  # type: ignore[arg-type]  # every value that it asks for is known


def values_of(variable: str, kind: type, expressions: Iterable[Expression]) -> tuple[Known, ...]:
    """Values of a variable, one for each answer that the expressions can give of it together.

    UNKNOWN alone where nothing asks for it, or something asks in a way that shows no values.
    """
    if kind is bool:
        return (False, True)
    atoms: list[Expression] = []
    for expression in expressions:
        if variable in names(expression):
            found = list(_atoms(expression.tree, variable))
            if not found or any(names(atom) != {variable} for atom in found):
                return (UNKNOWN,)
            atoms += found
    values: dict[tuple[object, ...], Known] = {}
    for value in _tried(atoms, kind):
        try:
            values.setdefault(tuple(_of(atom, value) for atom in atoms), value)
        except TypeError:
            return (UNKNOWN,)
    return tuple(values.values())[:_MOST_VALUES] if atoms else (UNKNOWN,)


def _of(atom: Expression, value: Scalar) -> object:
    return atom.evaluate(lambda name: value)


def _atoms(tree: ast.expr, variable: str) -> Iterator[Expression]:
    """The comparisons in an expression that ask for the variable."""
    if isinstance(tree, ast.BoolOp):
        for value in tree.values:
            yield from _atoms(value, variable)
    elif isinstance(tree, ast.UnaryOp):
        yield from _atoms(tree.operand, variable)
    else:
        atom = _parsed(ast.unparse(tree))
        if variable in names(atom):
            yield atom


def _tried(atoms: list[Expression], kind: type) -> Iterator[Scalar]:
    nodes = [node for atom in atoms for node in ast.walk(atom.tree)]
    constants = [node.value for node in nodes if isinstance(node, ast.Constant)]
    numbers = sorted({int(value) for value in constants if isinstance(value, int | float)} | {0})
    if kind is not str:
        for number in numbers:
            yield from (kind(number), kind(number - 1), kind(number + 1))
        return
    texts = [value for value in constants if isinstance(value, str)]
    lengths = sorted({max(number + by, 0) for number in numbers for by in (-1, 0, 1)} | {8})
    for prefix in ["", *texts]:
        for filler in "70":
            yield from (prefix.ljust(length, filler) for length in lengths if length <= 32)
    yield from texts
