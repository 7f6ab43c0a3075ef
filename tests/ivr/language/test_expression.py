"""Expressions in flows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.language.expression import ExpressionError, Scalar, parse

VALUES: dict[str, Scalar] = {"demo": True, "number": "5000", "language": "nb", "count": 3, "rate": 0.5}
TYPES = {name: type(value) for name, value in VALUES.items()}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("demo", True),
        ("not demo", False),
        ("true", True),
        ("false or demo", True),
        ('number == "5000"', True),
        ('number != "5000"', False),
        ('demo and language in ("nb", "nn")', True),
        ('language not in ["nb"]', False),
        ("count >= 3", True),
        ("count < 3", False),
        ("count <= 2", False),
        ("count > -1", True),
        ("count + 1 - 2", 2),
        ("rate + 1", 1.5),
        ("length(number)", 4),
        ('starts_with(number, "50")', True),
        ('"ø" == "ø"', True),
        ("-count", -3),
        ("1.5", 1.5),
    ],
)
def test_it_gives_its_value_and_its_type(text: str, value: Scalar) -> None:
    expression = parse(text)
    assert expression.evaluate(VALUES.__getitem__) == value
    assert expression.type_in(TYPES) is type(value)


def test_only_what_is_needed_is_asked_for() -> None:
    asked: list[str] = []

    def values(name: str) -> Scalar:
        asked.append(name)
        return VALUES[name]

    assert parse('demo or number == "1"').evaluate(values)
    assert asked == ["demo"]


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("demo and (", 9, "never closed"),
        ("__import__('os')", 0, "there is no function '__import__'"),
        ("lenght(number)", 0, "did you mean 'length'"),
        ("length()", 0, "takes 1 value"),
        ("length(number, number)", 0, "takes 1 value"),
        ("starts_with(number)", 0, "takes 2 values"),
        ("number.upper()", 0, "there is no function"),
        ("number.upper", 0, "Attribute is not allowed"),
        ("number[0]", 0, "Subscript is not allowed"),
        ("demo and [1]", 9, "List is not allowed"),
        ("lambda: 1", 0, "Lambda is not allowed"),
        ("[x for x in y]", 0, "ListComp is not allowed"),
        ("f'{x}'", 0, "not allowed"),
        ("2 ** 99", 0, "only + and -"),
        ("~count", 0, "this sign"),
        ("1 < count < 3", 0, "two values at a time"),
        ("number is 1", 0, "use =="),
        ("language in number", 12, "comes a list"),
        ("language in (number,)", 13, "texts and numbers only"),
        ("None", 0, "use text, a number"),
        ("b'x'", 0, "use text, a number"),
        ("1j", 0, "use text, a number"),
        ("", 0, "not an expression"),
        ("a\nb", 1, "on one line"),
        ("x" * 501, 500, "at most 500"),
        ("(" * 300 + ")" * 300, 500, "at most 500"),
        ("\x00", 0, "not an expression"),
        ("-" * 490 + "1", 0, "nested this deeply"),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_column(text: str, column: int, said: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse(text)
    assert said in str(refused.value)
    assert refused.value.column == column


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("demmo", 0, "there is no variable 'demmo'; did you mean 'demo'?"),
        ("demo and count", 9, "true or false is expected, this is a number"),
        ('count == "3"', 9, "a number is expected, this is text"),
        ("not count", 4, "true or false is expected"),
        ("demo < true", 0, "have no order"),
        ("number + 1", 0, "a number is expected, this is text"),
        ("length(count)", 7, "text is expected"),
        ('count in ("a",)', 10, "a number is expected"),
        ('"ø" == demmo', 7, "there is no variable"),
        ("-number", 1, "a number is expected"),
    ],
)
def test_types_that_do_not_fit_are_refused_with_their_column(text: str, column: int, said: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse(text).type_in(TYPES)
    assert said in str(refused.value)
    assert refused.value.column == column


def test_a_constant_is_known_as_one() -> None:
    assert parse('"en"').constant() == "en"
    assert parse("number").constant() is None


@settings(max_examples=400, deadline=None)
@given(st.text(st.sampled_from("demo number count()+-<=>!,.'\"[]{}:ø1 \\"), max_size=40))
def test_whatever_is_well_typed_evaluates_and_all_else_is_refused(text: str) -> None:
    try:
        expression = parse(text)
        kind = expression.type_in(TYPES)
    except ExpressionError:
        return
    assert isinstance(expression.evaluate(VALUES.__getitem__), kind)
