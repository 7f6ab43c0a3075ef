"""What is said, and its slots."""

import pytest

from ivr.prompting import Number, Said, Slot, pieces


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hei.", ("Hei.",)),
        ("Du er nummer {position} i køen.", ("Du er nummer ", Slot("position"), " i køen.")),
        ("{wait}", (Slot("wait"),)),
        ("{a}{b}.", (Slot("a"), Slot("b"), ".")),
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


def test_slots_are_those_of_all_languages() -> None:
    assert Said({"nb": "{a} og {b}", "en": "{a} and {c}"}).slots() == {"a", "b", "c"}


def test_values_and_names_are_given_to_a_copy() -> None:
    said = Said({"nb": "{a}"})
    filled = said.named("main/menu.say").with_values(a=Number(3))
    assert (filled.key, filled.values, filled.texts) == ("main/menu.say", {"a": Number(3)}, said.texts)
    assert (said.key, dict(said.values)) == ("", {})
