"""Texts with slots, cut into pieces."""

from ivr.prompting import Duration, Number, Spelled
from ivr.prompts.phrases import Piece, breaths, likely, literals, sentence, sentences

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
    ((whole, said),) = breaths("en", text, "k", {"case": Spelled("12"), "wait": Duration(300)})
    assert [piece.text for piece in said] == ["Sak", "one", "two", "venter", "about five minutes"]
    assert whole is not None
    assert whole.text == "Sak one two venter about five minutes."
    ((_, said),) = breaths("en", text, "k", {})
    assert [piece.text for piece in said] == ["Sak", "venter"]


def test_each_sentence_is_a_breath_of_its_own_and_parts_are_numbered_through() -> None:
    text = f"{PLACE} Ventetiden er {{wait}}. Takk!"
    assert sentences(text) == (PLACE, "Ventetiden er {wait}.", "Takk!")
    said = list(breaths("nb", text, "k", {"position": Number(2), "wait": Duration(60)}))
    assert [whole and whole.text for whole, _ in said] == [
        "Du er nummer to i køen.",
        "Ventetiden er omtrent ett minutt.",
        None,
    ]
    assert [piece.key for _, parts in said for piece in parts] == ["k.1", "", "k.3", "k.4", "", "k.7"]


def test_a_text_without_slots_stays_whole_however_many_sentences_it_has() -> None:
    assert sentences("Hei. Trykk 1.") == ("Hei. Trykk 1.",)


def test_sentences_about_the_place_in_the_queue_are_expected() -> None:
    expected = {piece.text for piece in likely("nb", PLACE)}
    assert {"Du er nummer én i køen.", "Du er nummer tretti i køen.", "nittini", "hundre"} <= expected
    assert "The wait is about five minutes." in {piece.text for piece in likely("en", "The wait is {wait}.")}


def test_a_sentence_with_two_values_has_only_its_parts_expected() -> None:
    assert all("Plass" not in piece.text for piece in likely("nb", "Plass {position}, om {wait}."))
    both = {piece.text for piece in likely("nb", f"{PLACE} Ventetiden er {{wait}}.")}
    assert {"Du er nummer tre i køen.", "Ventetiden er omtrent fem minutter."} <= both
