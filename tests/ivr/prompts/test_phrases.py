"""Texts with slots, cut into pieces."""

from ivr.language.prompting import Duration, Number, Spelled, Value
from ivr.prompts.phrases import Piece, breaths, example, likely, literals, sentence, sentences, value_piece, values
from ivr.prompts.spoken import words

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
    assert [piece.key for _, parts in said for piece in parts] == [
        *("k.1", "values/number/2", "k.3"),
        *("k.4", "values/wait/1m", "k.7"),
    ]


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


def test_sentences_of_every_interval_that_is_told_are_made_ready() -> None:
    likely_ = {piece.text for piece in likely("nb", "Du venter {interval}.")}
    assert {f"Du venter {said}." for said in words("nb", "interval")} <= likely_
    assert len(words("nb", "interval")) == 44


def test_only_values_of_the_forms_in_a_text_are_expected() -> None:
    dates = values("nb", "Timen er {when:date}.")
    assert dates["den tjuefjerde"] == "values/day/24"
    assert (dates["tirsdag"], dates["november"], "tolv" in dates) == ("values/weekday/2", "values/month/11", False)
    assert {"tre", "omtrent tre minutter"} <= values("nb", "{position} {wait}").keys()
    assert values("nb", "Hei.") == {}


def test_a_slot_is_said_in_its_form() -> None:
    text = "Du er {position:ordinal} i køen, {when:date} {when:time}."
    given: dict[str, Value] = {"position": Number(3), "when": Spelled("2026-11-24T09:30")}
    said = "Du er tredje i køen, tirsdag den tjuefjerde november klokken ni tretti."
    assert sentence("nb", text, given).text == said
    ((_, parts),) = breaths("nb", text, "k", given)
    assert [part.key.removeprefix("values/") for part in parts] == [
        *("k.1", "ordinal/3", "k.3", "weekday/2", "day/24", "month/11", "hour/9", "number/30"),
    ]
    expected = {piece.text for piece in likely("nb", "Du er {position:ordinal} i køen.")}
    assert "Du er tredje i køen." in expected


def test_an_example_has_a_value_for_every_form() -> None:
    text = "{when:date} {when:time}, {n}, {n:ordinal}, {n:number}, {wait}, {code:digits}"
    said = "tirsdag den tjuefjerde november klokken ni tretti, to null fire en, "
    assert example("nb", "{when:date} {when:time}, {n}, {code:digits}").startswith(said)
    assert "{" not in example("en", text)


def test_a_word_that_two_forms_share_is_recorded_once() -> None:
    assert value_piece("en", "three").key == "values/number/3"
    assert value_piece("nb", "en").key == "values/digit/1"
    assert value_piece("nb", "en million").key == ""
