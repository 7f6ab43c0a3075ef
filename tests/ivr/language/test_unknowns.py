"""Expressions of which some values may be any, and the values that matter to them."""

import pytest

from ivr.language.expression import parse
from ivr.language.unknowns import MOST_COUNTED, CannotWorkError, result, values_of
from ivr.language.ways import UNKNOWN, Known

TYPES = {"known": int, "text": str, "any": str, "number": int, "flag": bool}
VALUES: dict[str, Known] = {"known": 3, "text": "abc", "any": UNKNOWN, "number": UNKNOWN, "flag": UNKNOWN}


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        ("known == 3", True),
        ("known + 1", 4),
        ("flag", UNKNOWN),
        ("not flag", UNKNOWN),
        ("not (flag and known == 4)", True),
        ("flag or known == 3", True),
        ("flag and known == 3", UNKNOWN),
        ("flag or number > 3", UNKNOWN),
        ('any == "x"', UNKNOWN),
        ("length(any) > 2 and known > 5", False),
        ("5000", 5000),
        ("1.5", 1.5),
        ('"nb"', "nb"),
        (f"known + {MOST_COUNTED}", UNKNOWN),
        ("known + 0.5", UNKNOWN),
    ],
)
def test_an_expression_gives_what_is_sure(text: str, gives: Known) -> None:
    assert result(parse(text), VALUES.__getitem__, TYPES) == gives


def test_an_expression_that_cannot_work_is_told_even_of_unknown_values() -> None:
    with pytest.raises(CannotWorkError, match="'any > 3' fails"):
        result(parse("any > 3"), VALUES.__getitem__, TYPES)


@pytest.mark.parametrize(
    ("texts", "answers"),
    [
        (['x == "a"', 'x == "b"'], {(True, False), (False, True), (False, False)}),
        (["length(x) == 5", 'starts_with(x, "2")'], {(a, b) for a in (True, False) for b in (True, False)}),
        (['not x == "a" or x in ("b", "c")', 'x == "a"'], {(True, False), (False, True)}),
    ],
)
def test_every_answer_is_given_by_some_value(texts: list[str], answers: set[tuple[bool, ...]]) -> None:
    expressions = [parse(text) for text in texts]
    values = values_of("x", str, expressions)
    assert UNKNOWN not in values
    given = {tuple(each.evaluate(lambda name, v=value: v) for each in expressions) for value in values}  # type: ignore[misc]  # a default argument
    assert answers <= given


def test_numbers_are_tried_on_both_sides() -> None:
    values = values_of("n", int, [parse("n >= 3"), parse("n < 10")])
    assert {(value >= 3, value < 10) for value in values if isinstance(value, int)} == {
        (False, True),
        (True, True),
        (True, False),
    }
    assert values_of("flag", bool, []) == (False, True)


@pytest.mark.parametrize("text", ["x == y", "y > 2", "n + x"])
def test_what_shows_no_values_may_be_any(text: str) -> None:
    assert values_of("x", str, [parse(text)]) == (UNKNOWN,)
