"""Bodies to dataclasses and back: any JSON gives a value of the right shape or a problem, never a fault."""

import json
from dataclasses import asdict
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.api import shape
from console.api.deeds import DEEDS
from console.api.problems import Problem
from console.api.views import EndWrapUp, NewAgent, Skills

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["site", "skills", "groups", "rest_s", "rests", "log_out_after", "topic", "concluded", "reason"]
)
BODIES = [deed.body for deed in DEEDS.values()]


def validator(kind: type[Any]) -> jsonschema.Draft202012Validator:
    defs: dict[str, Any] = {}
    return jsonschema.Draft202012Validator(shape.schema(kind, defs) | {"components": {"schemas": defs}})


def outcome(kind: type[Any], raw: object) -> Any:
    try:
        return shape.read(kind, raw)
    except Problem as problem:
        return problem


@given(st.sampled_from(BODIES), JSON | st.dictionaries(NAMES, JSON, max_size=5))
def test_any_json_is_read_or_refused_with_what_is_wrong(kind: type[Any], raw: object) -> None:
    found = outcome(kind, raw)
    if isinstance(found, Problem):
        assert found.code == "malformed"
        assert found.mistakes
        assert len(json.dumps(found.members())) < 10_000
    else:
        assert isinstance(found, kind)


@given(st.sampled_from(BODIES), st.dictionaries(NAMES, JSON, max_size=5))
def test_whatever_is_read_fits_the_schema(kind: type[Any], raw: object) -> None:
    try:
        shape.read(kind, raw)
    except Problem:
        return
    validator(kind).validate(raw)


LEVELS = st.dictionaries(st.text("abc_", min_size=1, max_size=8), st.integers(1, 9), max_size=5)


@given(st.builds(Skills, LEVELS) | st.builds(EndWrapUp, st.from_regex(r"[a-z]{1,8}", fullmatch=True)))
def test_what_is_written_is_read_again(value: Any) -> None:
    assert shape.read(type(value), json.loads(json.dumps(shape.plain(value)))) == value
    assert shape.plain(value) == asdict(value)


@pytest.mark.parametrize(
    ("kind", "raw", "pointer", "detail"),
    [
        (Skills, {"skills": {"a/b~c": 0}}, "/skills/a~1b~0c", "expected 1 to 9"),
        (Skills, {"skills": {"a": True}}, "/skills/a", "expected a whole number"),
        (Skills, {"skills": {"a": 1.0}}, "/skills/a", "expected a whole number"),
        (Skills, {"skills": {"": 1}}, "/skills", "a name in it is empty"),
        (Skills, {"skills": [1]}, "/skills", "expected an object of at most 200 members"),
        (Skills, {"skills": {str(n): 1 for n in range(201)}}, "/skills", "expected an object of at most 200 members"),
        (Skills, {}, "/skills", "is needed"),
        (NewAgent, {"site": "", "skills": {}}, "/site", "expected 1 to 64 characters"),
        (NewAgent, {"site": "o", "skills": {}, "groups": "x"}, "/groups", "expected a list of at most 200"),
        (NewAgent, {"site": "o", "skills": {}, "groups": [1]}, "/groups/0", "expected text"),
        (NewAgent, {"site": "o\n", "skills": {}}, "/site", "expected printable characters"),
        (EndWrapUp, {"concluded": "yes"}, "/concluded", "expected true or false"),
        (EndWrapUp, {"topic": "Old Age"}, "/topic", "expected what fits"),
        (EndWrapUp, None, "", "expected an object"),
    ],
)
def test_a_mistake_is_told_at_its_place(kind: type[Any], raw: object, pointer: str, detail: str) -> None:
    with pytest.raises(Problem) as refused:
        shape.read(kind, raw)
    [mistake] = refused.value.mistakes
    assert mistake.pointer == pointer
    assert detail in mistake.detail


def test_null_is_not_said() -> None:
    assert shape.read(EndWrapUp, {"concluded": None}) == EndWrapUp("", None)
    assert shape.read(EndWrapUp, {"concluded": False}).concluded is False
