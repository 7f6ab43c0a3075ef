"""What the check of expressions lets through cannot fail when a caller is on the line."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.checks.flows import check_folder
from ivr.language.expression import MOST_NUMBER, ExpressionError, Scalar, parse
from ivr.simulator.virtual_time import run
from tests.ivr.engine import Engine, flow_of

TYPES: Mapping[str, type] = {"text": str, "other": str, "count": int, "ratio": float, "flag": bool}
VALUES: Mapping[type, st.SearchStrategy[Scalar]] = {
    str: st.text(max_size=300) | st.sampled_from(["", "5000", "true", "x" * 100_000]),
    int: st.integers(-(2**63), 2**63),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
}
ATOMS = st.sampled_from(
    (
        *(*TYPES, "true", "false", "0", "1", "2.5", "-3", "999999999999999", '""', '"nb"', "'å'", "nobody", "None"),
        *("1j", "b'x'", "...", "True"),
    )
)


def _joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = ["==", "!=", "<", "<=", ">", ">=", "+", "-", "and", "or", "in", "not in", "is", "*", "**", "%", "if"]
    members = st.lists(ATOMS, max_size=4).map(lambda some: f"({', '.join(some)},)" if some else "()")
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(signs), inner | members),
        st.builds("{} {}".format, st.sampled_from(["not", "-", "+", "~"]), inner),
        st.builds("{}({})".format, st.sampled_from(["length", "starts_with", "str", "eval"]), inner),
        st.builds("starts_with({}, {})".format, inner, inner),
        st.builds("{}.upper() {}[0]".format, inner, inner),
    )


EXPRESSIONS = st.recursive(ATOMS, _joined, max_leaves=12)


@given(text=EXPRESSIONS, data=st.data())
def test_what_the_check_lets_through_gives_a_value_of_the_type_that_it_said(text: str, data: st.DataObject) -> None:
    try:
        expression = parse(text)
        said = expression.type_in(TYPES)
    except ExpressionError:
        return
    values = {name: data.draw(VALUES[kind]) for name, kind in TYPES.items()}
    unset: dict[str, Scalar] = {name: kind() for name, kind in TYPES.items()}
    for given_ in (values, unset):
        found = expression.evaluate(given_.__getitem__)
        assert isinstance(found, bool) is (said is bool)
        assert isinstance(found, str) is (said is str)


def test_a_number_that_grows_stops() -> None:
    value: Scalar = 1
    grow, shrink = parse("n + n + n"), parse("0 - n - n")
    for _ in range(100):
        value = grow.evaluate({"n": value}.__getitem__)
    assert value == MOST_NUMBER
    assert shrink.evaluate({"n": value}.__getitem__) == -MOST_NUMBER
    with pytest.raises(ExpressionError, match="a number is at most"):
        parse("9" * 400)
    with pytest.raises(ExpressionError, match="a number is at most"):
        parse("1e400 - 1e400")


FLOW = """
flow: main
title: T
numbers: [5000]
languages: [nb]
{more}
start: bye
nodes:
  bye: {{type: hangup}}
"""


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ("variables: {crisis: 5}", "'crisis' is known to every flow"),
        ("parameters: {number: 5}", "'number' is known to every flow"),
        ("parameters: {language: ''}", "'language' is known to every flow"),
        ("variables: {a: 1}\nparameters: {a: ''}", "'a' stands under variables too"),
        (f"variables: {{a: {'x' * 201}}}", "at most 200 characters"),
        ("variables: {" + ", ".join(f"v{n}: 1" for n in range(201)) + "}", "at most 200 items"),
    ],
)
def test_a_name_has_one_type_and_values_are_few_and_short(more: str, wanted: str, tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(FLOW.format(more=more))
    (problem,) = check_folder(tmp_path)
    assert wanted in problem.message
    assert problem.line == 6 + more.count("\n")


def test_a_crisis_is_checked_against_the_flows_that_its_flows_call(tmp_path: Path) -> None:
    """Its condition holds in them too, and there a variable of the same name may be of another type."""
    queue = "{type: queue, queue: q, overflow: bye, unavailable: bye}"
    (tmp_path / "main.yaml").write_text(f"""
flow: main
title: T
numbers: [5000]
languages: [nb]
variables: {{tries: 0}}
start: told
nodes:
  told: {{type: message, crisis: true, next: wait}}
  wait: {queue}
  bye: {{type: subflow, flow: sub, returns: {{done: end}}}}
  end: {{type: hangup}}
""")
    (tmp_path / "sub.yaml").write_text(f"""
flow: sub
title: T
languages: [nb]
variables: {{tries: ""}}
start: wait
nodes:
  wait: {queue}
  bye: {{type: return}}
""")
    (tmp_path / "crises").mkdir()
    (tmp_path / "crises" / "storm.yaml").write_text(
        "crisis: storm\ntitle: S\nmessage: {nb: Storm.}\nflows: [main]\n"
        "first: [{queue: q, head_start: 5m, when: tries > 1}]\n"
    )
    (problem,) = check_folder(tmp_path)
    assert "in flow 'sub'" in problem.message


def test_a_variable_that_was_never_set_is_empty_and_not_an_error() -> None:
    """A caller who gave no digits comes to conditions on them."""
    flow = flow_of("""
flow: test
title: Test
numbers: [5000]
languages: [nb]
start: by_digits
nodes:
  by_digits:
    type: branch
    cases: [{when: 'length(case) > 3 or starts_with(case, "9")', next: ask}]
    otherwise: bye
  ask: {type: digits, say: {nb: Tast.}, variable: case, expect: {most: 6}, next: bye, no_entry: bye}
  bye: {type: hangup}
""")

    async def story() -> None:
        engine = Engine()
        _, task = engine.dial(flow)
        assert (await task).trace == ["by_digits", "bye"]
        await engine.close()

    run(story())
