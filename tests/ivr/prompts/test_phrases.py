"""Texts with slots, cut into pieces."""

from ivr.prompting import Duration, Number, Spelled
from ivr.prompts.phrases import Piece, in_turn, likely, literals, sentence

PLACE = "Du er nummer {position} i køen."


def test_a_text_without_slots_is_one_piece_under_its_own_key() -> None:
    assert literals("nb", " Hei. ", "main/hello") == [Piece("nb", "Hei.", "main/hello")]
    assert list(likely("nb", "Hei.")) == []


def test_the_parts_between_slots_are_numbered_and_a_lone_full_stop_has_no_sound() -> None:
    assert literals("nb", PLACE, "main/q") == [
        Piece("nb", "Du er nummer", "main/q.1"),
        Piece("nb", "i køen.", "main/q.3"),
    ]
    assert literals("nb", "Ventetiden er {wait}.", "main/w") == [Piece("nb", "Ventetiden er", "main/w.1")]


def test_a_sentence_holds_its_values_in_words() -> None:
    assert sentence("nb", PLACE, {"position": Number(3)}).text == "Du er nummer tre i køen."
    assert sentence("nb", "Nei{x}.", {}).text == "Nei."


def test_pieces_come_in_the_order_in_which_they_are_said() -> None:
    text = "Sak {case} venter {wait}."
    said = in_turn("en", text, "k", {"case": Spelled("12"), "wait": Duration(300)})
    assert [piece.text for piece in said] == ["Sak", "one", "two", "venter", "about five minutes"]
    assert [piece.text for piece in in_turn("en", text, "k", {})] == ["Sak", "venter"]


def test_sentences_about_the_place_in_the_queue_are_expected() -> None:
    expected = {piece.text for piece in likely("nb", PLACE)}
    assert {"Du er nummer én i køen.", "Du er nummer tretti i køen.", "nittini", "hundre"} <= expected
    assert "The wait is about five minutes." in {piece.text for piece in likely("en", "The wait is {wait}.")}


def test_a_text_with_two_values_has_only_its_parts_expected() -> None:
    assert all("Plass" not in piece.text for piece in likely("nb", "Plass {position}, om {wait}."))
