"""Numbers and lengths of time as people say them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.prompting import Duration, Number, Spelled
from ivr.prompts import english, norwegian
from ivr.prompts.spoken import LARGEST_NUMBER, rounded_minutes, spoken, vocabulary


@pytest.mark.parametrize(
    ("number", "nb", "en"),
    [
        (0, "null", "zero"),
        (1, "én", "one"),
        (3, "tre", "three"),
        (12, "tolv", "twelve"),
        (17, "sytten", "seventeen"),
        (20, "tjue", "twenty"),
        (21, "tjueén", "twenty-one"),
        (99, "nittini", "ninety-nine"),
        (100, "hundre", "one hundred"),
        (101, "hundre og én", "one hundred and one"),
        (230, "to hundre og tretti", "two hundred and thirty"),
        (1000, "tusen", "one thousand"),
        (1001, "tusen og én", "one thousand and one"),
        (1150, "tusen ett hundre og femti", "one thousand one hundred and fifty"),
        (2300, "to tusen tre hundre", "two thousand three hundred"),
        (21_000, "tjueett tusen", "twenty-one thousand"),
        (999_999, None, "nine hundred and ninety-nine thousand nine hundred and ninety-nine"),
    ],
)
def test_a_number_is_said_as_people_say_it(number: int, nb: str | None, en: str) -> None:
    assert spoken(Number(number), "en") == (en,)
    if nb is not None:
        assert spoken(Number(number), "nb") == (nb,)


@pytest.mark.parametrize("number", [-1, LARGEST_NUMBER + 1])
def test_a_number_that_has_no_words_is_left_out(number: int) -> None:
    assert spoken(Number(number), "nb") == ()


@pytest.mark.parametrize(
    ("seconds", "nb", "en"),
    [
        (0, "under ett minutt", "less than one minute"),
        (59, "under ett minutt", "less than one minute"),
        (60, "omtrent ett minutt", "about one minute"),
        (89, "omtrent ett minutt", "about one minute"),
        (150, "omtrent tre minutter", "about three minutes"),
        (600, "omtrent ti minutter", "about ten minutes"),
        (629, "omtrent ti minutter", "about ten minutes"),
        (740, "omtrent ti minutter", "about ten minutes"),
        (760, "omtrent femten minutter", "about fifteen minutes"),
        (55 * 60, "omtrent femtifem minutter", "about fifty-five minutes"),
        (58 * 60, "omtrent én time", "about one hour"),
        (90 * 60, "mer enn én time", "more than one hour"),
        (150 * 60, "mer enn to timer", "more than two hours"),
    ],
)
def test_a_wait_is_said_no_finer_than_it_is_known(seconds: int, nb: str, en: str) -> None:
    assert spoken(Duration(seconds), "nb") == (nb,)
    assert spoken(Duration(seconds), "en") == (en,)


def test_minutes_are_neuter_in_norwegian_and_hours_are_not() -> None:
    assert norwegian.minutes(1) == "ett minutt"
    assert norwegian.minutes(21) == "tjueett minutter"
    assert norwegian.hours(1) == "én time"
    assert norwegian.hours(3) == "tre timer"
    assert english.minutes(1) == "one minute"
    assert english.hours(2) == "two hours"


def test_digits_are_said_one_by_one_and_other_signs_not_at_all() -> None:
    assert spoken(Spelled("10-4a"), "nb") == ("en", "null", "fire")
    assert spoken(Spelled("10-4a"), "en") == ("one", "zero", "four")


def test_a_language_without_rules_is_said_in_english_words() -> None:
    assert spoken(Number(2), "se") == ("two",)
    assert spoken(Number(2), "nn") == ("to",)


@given(st.integers(0, 4 * 3600), st.integers(0, 4 * 3600))
def test_a_longer_wait_is_never_said_to_be_shorter(a: int, b: int) -> None:
    low, high = sorted((a, b))
    assert rounded_minutes(low) <= rounded_minutes(high)


@given(st.integers(0, LARGEST_NUMBER), st.sampled_from(["nb", "en"]))
def test_every_number_can_be_put_together_from_the_vocabulary(number: int, language: str) -> None:
    (words,) = spoken(Number(number), language)
    assert words in vocabulary(language) or set(words.split()) <= vocabulary(language)


@given(st.integers(0, 4 * 3600 + 1800), st.sampled_from(["nb", "en"]))
def test_every_wait_is_in_the_vocabulary(seconds: int, language: str) -> None:
    assert set(spoken(Duration(seconds), language)) <= vocabulary(language)
