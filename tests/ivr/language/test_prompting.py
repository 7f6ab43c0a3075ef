"""What is said, and its slots."""

import pytest

from ivr.language.prompting import Number, Ordinal, Said, Slot, Spelled, Value, filled, pieces, unknown_forms


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hei.", ("Hei.",)),
        ("Du er nummer {position} i køen.", ("Du er nummer ", Slot("position"), " i køen.")),
        ("{wait}", (Slot("wait"),)),
        ("{a}{b}.", (Slot("a"), Slot("b"), ".")),
        ("Den {when:date} klokken {at:time}", ("Den ", Slot("when", "date"), " klokken ", Slot("at", "time"))),
        ("{a:} {:date}", ("{a:} {:date}",)),
        ("Ikke {Et} felt {1}", ("Ikke {Et} felt {1}",)),
        ("", ()),
    ],
)
def test_a_text_is_cut_at_its_slots(text: str, parts: tuple[str | Slot, ...]) -> None:
    assert pieces(text) == parts


def test_the_first_language_speaks_for_one_that_is_missing() -> None:
    said = Said({"nb": "Hei.", "en": "Hi."})
    assert said.text("en") == ("en", "Hi.")
    assert said.text("se") == ("nb", "Hei.")


def test_a_fallback_that_the_flow_declares_comes_before_the_first_language() -> None:
    said = Said({"en": "Hi.", "nb": "Hei.", "se": "Bures."}).falling_back({"se": "nb", "nn": "nb", "fi": "se"})
    assert said.languages("se") == ("se", "nb")
    assert said.languages("fi") == ("se", "nb")
    assert said.text("nn") == ("nb", "Hei.")
    assert said.text("pl") == ("en", "Hi.")


def test_a_fallback_in_a_circle_ends() -> None:
    assert Said({"en": "Hi."}).falling_back({"se": "nb", "nb": "se"}).languages("se") == ()


def test_a_value_takes_the_form_that_its_slot_names() -> None:
    values: dict[str, Value] = {"place": Number(3), "case": Spelled("12")}
    assert filled(Slot("place", "ordinal"), values) == Ordinal(3)
    assert filled(Slot("place"), values) == Number(3)
    assert filled(Slot("case", "number"), values) == Number(12)
    assert filled(Slot("other", "date"), values) is None


def test_forms_that_do_not_exist_are_named() -> None:
    assert unknown_forms("{a} {b:date} {c:money}") == ["money"]


def test_slots_are_those_of_all_languages() -> None:
    assert Said({"nb": "{a} og {b}", "en": "{a} and {c}"}).slots() == {"a", "b", "c"}


def test_values_and_names_are_given_to_a_copy() -> None:
    said = Said({"nb": "{a}"})
    filled = said.named("main/menu.say").with_values(a=Number(3))
    assert (filled.key, filled.values, filled.texts) == ("main/menu.say", {"a": Number(3)}, said.texts)
    assert (said.key, dict(said.values)) == ("", {})
