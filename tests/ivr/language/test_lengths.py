"""Lengths of time are read as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.language.lengths import LONGEST_S, length_text, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45s", 45.0),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("1h0m5s", 3605.0),
        ("500ms", 0.5),
        ("1.5s", 1.5),
        ("0s", 0.0),
        ("", None),
        ("5", None),
        ("5 m", None),
        ("m", None),
        ("-5s", None),
        ("5s5m", None),
        ("1e3s", None),
        ("5w", None),
    ],
)
def test_a_length_is_read_with_its_units_or_not_at_all(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


@given(st.integers(0, int(LONGEST_S) * 1000))
def test_what_is_written_is_read_as_the_same(thousandths: int) -> None:
    assert seconds_of(length_text(thousandths / 1000)) == pytest.approx(thousandths / 1000)


@pytest.mark.parametrize(("seconds", "text"), [(5400, "1h30m"), (86_400, "24h"), (0.25, "250ms"), (65.5, "1m5.5s")])
def test_it_is_written_as_people_do(seconds: float, text: str) -> None:
    assert length_text(seconds) == text
