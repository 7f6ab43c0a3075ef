"""Texts word by word."""

from hypothesis import given
from hypothesis import strategies as st

from ivr.difference.wording import marked, pieces

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=12).map(" ".join)


@given(WORDS, WORDS)
def test_the_pieces_are_both_texts(before: str, after: str) -> None:
    found = pieces(before, after)
    assert " ".join(piece.before for piece in found if piece.before) == before
    assert " ".join(piece.after for piece in found if piece.after) == after


@given(WORDS)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert all(piece.same for piece in pieces(text, text))
    assert marked(text, text) == text


def test_what_went_and_came_is_marked() -> None:
    assert marked("Ring igjen i dag.", "Ring i morgen.") == "Ring [-igjen-] i [-dag.-] {+morgen.+}"
