"""Reading answers."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.ports.lookups import Cause, Failed, Found, Kind, Wanted
from ivr.web.answers import MOST_DEPTH, NotJsonError, document, outcome_of

VALUE = {"value": Wanted(("value",))}
NUMBER = {"value": Wanted(("value",), Kind.NUMBER)}


def deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


def test_what_is_nested_too_deep_is_not_read() -> None:
    assert document(deep(MOST_DEPTH))
    for body in (deep(MOST_DEPTH + 1), deep(30_000), b"[" * 60_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000):
        with pytest.raises(NotJsonError):
            document(body)


def test_brackets_in_text_are_text() -> None:
    assert document(json.dumps({"a": "[" * 100 + '\\"]{'}).encode()) == {"a": "[" * 100 + '\\"]{'}


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{", b"NaN", b'{"a": Infinity}', b"\xff\xfe{", b'{"a":1}x', b"1" * 5000, b"'a'"]
)
def test_what_is_no_json_is_told(body: bytes) -> None:
    assert outcome_of(body, VALUE) == Failed(Cause.NOT_JSON)


@pytest.mark.parametrize(
    "body", [b'"\\"' * 20_000, b'"' + b'\\"' * 30_000, b'"' * 60_001, b"[]" * 30_000, b"[[]" * 20_000]
)
def test_no_answer_takes_long_to_read(body: bytes) -> None:
    began = time.process_time()
    with pytest.raises(NotJsonError):
        document(body)
    assert time.process_time() - began < 0.25


def test_nothing_is_read_where_nothing_is_wanted() -> None:
    assert outcome_of(b"", {}) == Found({})


@pytest.mark.parametrize("text", ["1e999", "9007199254740993", "-1e300", "true", '"1"', "[1]"])
def test_numbers_that_are_not_exact_or_not_numbers_fail(text: str) -> None:
    assert outcome_of(b'{"value": %s}' % text.encode(), NUMBER) == Failed(Cause.WRONG_TYPE)


def test_a_whole_number_is_one_whatever_its_spelling() -> None:
    found = outcome_of(b'{"value": 3.0}', NUMBER)
    assert found == Found({"value": 3})
    assert isinstance(found, Found)
    assert type(found.pii_values["value"]) is int
    assert outcome_of(b'{"value": 3.5}', NUMBER) == Found({"value": 3.5})


def test_text_is_set_on_one_line_and_has_no_controls() -> None:
    assert outcome_of(b'{"value": " a\\n  b "}', VALUE) == Found({"value": "a b"})
    for bad in ("a\x00b", "a\x1b[31m", "a\u202eb", "x" * 201):
        assert outcome_of(json.dumps({"value": bad}).encode(), VALUE) == Failed(Cause.WRONG_TYPE)


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_no_bytes_raise(body: bytes) -> None:
    assert isinstance(outcome_of(body, VALUE), Found | Failed)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
@settings(max_examples=200)
def test_json_within_the_bounds_is_read_as_it_is(value: object) -> None:
    assert document(json.dumps(value).encode()) == value
