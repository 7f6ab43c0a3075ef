"""YAML with the place of every part, and without YAML 1.1's surprises."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.files.marked_yaml import MOST_CHARACTERS, MOST_DEPTH, MOST_VALUES, read


def problems(text: str) -> list[str]:
    return [str(problem) for problem in read("x.yaml", text).problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("17:00", "17:00"),
        ("0123", "0123"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("+4755553333", "+4755553333"),
        ("2026-12-24", "2026-12-24"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("5000", 5000),
        ("-3", -3),
        ("0", 0),
        ("2.5", 2.5),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("'true'", "true"),
        ('"5000"', "5000"),
        ("|\n  5000", "5000"),
    ],
)
def test_a_scalar_is_what_it_looks_like(text: str, value: object) -> None:
    read_value = read("x.yaml", f"a: {text}").data["a"]
    assert read_value == value
    assert type(read_value) is type(value)


def test_the_key_no_stays_a_word() -> None:
    assert read("x.yaml", "no: Hei\non: Hello").data == {"no": "Hei", "on": "Hello"}


def test_every_value_and_key_has_its_place() -> None:
    marked = read("x.yaml", "a:\n  - x\n  - {b: 'ø', c: 2}\n")
    assert marked.values[("a", 0)] == (2, 5)
    assert marked.keys[("a", 1, "c")] == (3, 14)
    assert marked.values[("a", 1, "c")] == (3, 17)
    assert marked.quoted == {("a", 1, "b")}


def test_what_is_missing_is_placed_at_the_nearest_part_around_it() -> None:
    marked = read("x.yaml", "a:\n  b: 1\n")
    assert marked.place(("a", "c", "d")) == (1, 1)
    assert marked.place(("a", "b"), key=True) == (2, 3)
    assert marked.place(("a", "b")) == (2, 6)
    assert read("x.yaml", "").place(("a",)) == (1, 1)


def test_a_key_that_stands_twice_is_refused() -> None:
    assert problems("a: 1\nb: 2\na: 3\na: 4\n") == [
        "x.yaml:3:1: 'a' stands here twice (first in line 1)",
        "x.yaml:4:1: 'a' stands here twice (first in line 3)",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x 1\nb: *x\n", "x.yaml:1:4: anchors and aliases"),
        ("a: *x\n", "x.yaml:1:4: anchors and aliases"),
        ("a: !!python/object:os.system x\n", "x.yaml:1:4: tags (!) are not used"),
        ("? [a]\n: b\n", "x.yaml:1:3: a key has to be a word"),
        ("a: 1\n---\nb: 2\n", "x.yaml:2:1: a second document"),
        ("", "the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("a: [1\n", "x.yaml:1:1: ']' or ',' is expected"),
        ("a: b: c\n", "x.yaml:1:5: a colon too many"),
        ("a: 1\nb: \x07\n", "x.yaml:2:1: a character that YAML forbids"),
        ("[" * (MOST_DEPTH + 3), "nested more than"),
        ("x" * (MOST_CHARACTERS + 1), "longer than"),
        ("[" + "1," * (MOST_VALUES + 1) + "]", f"more than {MOST_VALUES} values"),
    ],
)
def test_what_is_no_plain_data_is_refused_at_its_place(text: str, said: str) -> None:
    assert said in problems(text)[0]


def test_depth_costs_neither_time_nor_stack() -> None:
    assert "nested more than" in problems("[" * 100_000)[0]


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab:-[]{}&*!|>'\"\n #,?\t%@\x00\x85\ufeff0Ø"), max_size=60))
def test_any_text_gives_data_or_a_problem_with_a_place(text: str) -> None:
    marked = read("x.yaml", text)
    assert marked.problems or marked.values
    assert all(problem.line >= 1 and problem.column >= 1 for problem in marked.problems)
