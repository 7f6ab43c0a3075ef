"""No regular expression of the protocols takes more than linear time, whatever it is given (ReDoS).

The inputs come from the expressions themselves: up to each repetition what leads there, then 64 KiB of what it repeats,
then something that fits nothing. Twice the input may take twice the time; quadratic growth would take four times, and
at this size seconds.
"""

import ast
import importlib
import re
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parent.parent.parent
SMALL, LARGE = 32_768, 65_536
MOST_GROWTH = 3.0
LONG_MS = 1_000.0
"""What takes this long is not looked at again."""
SHORT_MS = 2.0
"""Below this nothing of LARGE was looked at twice: its square is 4,000,000,000 steps."""
_TAILS = ("\0", "", "\n", "a")
_CATEGORIES = {
    f"CATEGORY_{negation}{name}": rf"\{letter.upper() if negation else letter}"
    for name, letter in (("DIGIT", "d"), ("SPACE", "s"), ("WORD", "w"))
    for negation in ("", "NOT_")
}
_READERS = ("match", "fullmatch", "search", "sub", "split", "findall", "finditer", "subn")

parser: Any = importlib.import_module("re._parser")


class Use(NamedTuple):
    """A compiled expression of a module, and how the module uses it."""

    name: str
    pattern: re.Pattern[Any]
    method: str


def uses() -> Iterator[Use]:
    for package in ("sip", "sdp", "rtp", "ivr"):
        for path in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(path.read_text())
            if not any(isinstance(node, ast.Import) and node.names[0].name == "re" for node in tree.body):
                continue
            module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            patterns = {name: value for name, value in vars(module).items() if isinstance(value, re.Pattern)}
            methods = {
                (node.value.id, node.attr)
                for node in ast.walk(tree)
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in _READERS
            }
            for name, pattern in patterns.items():
                for method in sorted(method for used, method in methods if used == name) or ["search"]:
                    yield Use(f"{module.__name__}.{name}.{method}", pattern, method)


USES = {use.name: use for use in uses()}


def fitting(item: tuple[Any, Any]) -> str:
    """The shortest text, or nearly, that one item of a parsed expression takes."""
    kind, value = str(item[0]), item[1]
    if kind == "LITERAL":
        return chr(value)
    if kind in ("NOT_LITERAL", "ANY"):
        return "a" if value != ord("a") else "b"
    if kind == "IN":
        return next(chr(code) for code in (*b"a0 =;/-", *range(256)) if _is_in(value, code))
    if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return text_of(value[2]) * int(max(value[0], 1))
    if kind == "SUBPATTERN":
        return text_of(value[3])
    if kind == "BRANCH":
        return text_of(value[1][0])
    if kind == "ATOMIC_GROUP":
        return text_of(value)
    assert kind in ("ASSERT", "ASSERT_NOT", "AT"), kind
    return ""


def text_of(items: Any) -> str:
    return "".join(fitting(item) for item in items)


def _is_in(members: Any, code: int) -> bool:
    negated = str(members[0][0]) == "NEGATE"
    for kind, value in members:
        if (
            (str(kind) == "LITERAL" and value == code)
            or (str(kind) == "RANGE" and value[0] <= code <= value[1])
            or (str(kind) == "CATEGORY" and re.match(_CATEGORIES[str(value)], chr(code)))
        ):
            return not negated
    return negated


def repetitions(items: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """What leads to each repetition without a narrow bound, and what it repeats."""
    for item in items:
        kind, value = str(item[0]), item[1]
        if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            if value[1] > 100:
                yield before, text_of(value[2])
            yield from repetitions(value[2], before)
        elif kind == "SUBPATTERN":
            yield from repetitions(value[3], before)
        elif kind == "BRANCH":
            for branch in value[1]:
                yield from repetitions(branch, before)
        elif kind == "ATOMIC_GROUP":
            yield from repetitions(value, before)
        before += fitting(item)


@cache
def attacks(pattern: re.Pattern[Any]) -> tuple[tuple[str, str], ...]:
    """Beginnings, and what to repeat behind them."""
    source = pattern.pattern
    text = source.decode("latin-1") if isinstance(source, bytes) else source
    parsed = parser.parse(text, pattern.flags & ~re.UNICODE if isinstance(source, bytes) else pattern.flags)
    found = list(repetitions(parsed))
    units = {unit for _, unit in found} | {text_of(parsed)}
    found += [("", unit) for unit in units] + [(before, one + two) for before, one in found for two in units]
    found += [(before + unit, unit) for before, unit in found[: len(units)]]
    return tuple(sorted({(before, unit) for before, unit in found if unit}))


def read_ms(use: Use, before: str, unit: str, tail: str, size: int) -> float:
    """CPU time, of the best of three readings."""
    text = (before + unit * (size // len(unit)))[: size - len(tail)] + tail
    data: Any = text.encode("latin-1") if isinstance(use.pattern.pattern, bytes) else text
    arguments = (use.pattern.pattern[:0], data) if use.method in ("sub", "subn") else (data,)
    best = float("inf")
    for _ in range(3):
        begun_ns = time.thread_time_ns()
        read = getattr(use.pattern, use.method)(*arguments)
        if use.method == "finditer":
            list(read)
        best = min(best, (time.thread_time_ns() - begun_ns) / 1e6)
        if not SHORT_MS <= best < LONG_MS:
            break
    return best


def is_linear(use: Use, before: str, unit: str, tail: str) -> bool:
    """Looked at again where it seems not to be: on a busy machine a reading may be slow for another's sake."""
    for _ in range(5):
        large_ms = read_ms(use, before, unit, tail, LARGE)
        if large_ms < SHORT_MS or large_ms <= MOST_GROWTH * read_ms(use, before, unit, tail, SMALL):
            return True
        if large_ms >= LONG_MS:
            break
    return False


@pytest.mark.parametrize("name", sorted(USES))
def test_expression_takes_linear_time(name: str) -> None:
    use = USES[name]
    slow = [
        (before, unit, tail)
        for before, unit in attacks(use.pattern)
        for tail in _TAILS
        if not is_linear(use, before, unit, tail)
    ]
    assert slow == []


@pytest.mark.parametrize("expression", [r" *;", r"^(?:;[a-z]+)*(?:;[a-z]*)*!", r"^a*[ab]*c"])
def test_expression_in_quadratic_or_worse_time_is_found(expression: str) -> None:
    use = Use("bad", re.compile(expression), "search")

    def grows(before: str, unit: str) -> bool:
        """As above, at sizes that even these read in time."""
        text, twice = (before + unit * (size // len(unit)) + "\0" for size in (200, 400))
        short_s, long_s = _search_s(use.pattern, text), _search_s(use.pattern, twice)
        return long_s > MOST_GROWTH * short_s

    assert any(grows(before, unit) for before, unit in attacks(use.pattern))


def _search_s(pattern: re.Pattern[str], text: str) -> float:
    best = float("inf")
    for _ in range(5):
        begun_ns = time.thread_time_ns()
        for _ in range(20):
            pattern.search(text)
        best = min(best, time.thread_time_ns() - begun_ns)
    return best


def test_every_expression_of_the_protocols_is_tried() -> None:
    assert len(USES) >= 30
    assert all(attacks(use.pattern) for use in USES.values())
