"""Numbers and lengths of time as people say them."""

import re
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.language.prompting import FORMS, Clock, Day, Duration, Interval, Number, Ordinal, Spelled, Value
from ivr.prompts.english import ENGLISH
from ivr.prompts.norwegian import BOKMAL
from ivr.prompts.spoken import GRAMMARS, LARGEST_NUMBER, keys, rounded_minutes, spoken, vocabulary, words


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


def test_a_number_that_has_no_words_is_spelled_and_a_negative_one_left_out() -> None:
    assert spoken(Number(-1), "nb") == ()
    assert spoken(Number(1_000_002), "en") == ("one", "zero", "zero", "zero", "zero", "zero", "two")


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


@pytest.mark.parametrize(
    ("low_s", "high_s", "nb", "nn", "en"),
    [
        (0, 120, "under to minutter", "under to minutt", "less than two minutes"),
        (300, 600, "mellom fem og ti minutter", "mellom fem og ti minutt", "between five and ten minutes"),
        (310, 590, "mellom fem og ti minutter", "mellom fem og ti minutt", "between five and ten minutes"),
        (0, 3600, "under én time", "under ein time", "less than one hour"),
        (
            *(2700, 3600, "mellom førtifem minutter og én time"),
            *("mellom førtifem minutt og ein time", "between forty-five minutes and one hour"),
        ),
        (1200, None, "over tjue minutter", "over tjue minutt", "more than twenty minutes"),
        (3600, None, "over én time", "over ein time", "more than one hour"),
        (3600, 7200, "over én time", "over ein time", "more than one hour"),
    ],
)
def test_an_interval_is_said_in_steps_that_take_it_in(low_s: int, high_s: int, nb: str, nn: str, en: str) -> None:
    assert [spoken(Interval(low_s, high_s), language) for language in ("nb", "nn", "en")] == [(nb,), (nn,), (en,)]


def test_an_interval_of_north_sami_is_written_out_and_found_by_its_value() -> None:
    said = [spoken(each, "se")[0] for each in (Interval(300, 600), Interval(0, 120), Interval(3600, None))]
    assert said == ["5–10 min", "< 2 min", "> 60 min"]
    assert [keys("se")[word] for word in said] == [
        *("values/interval/5-to-10m", "values/interval/under-2m", "values/interval/over-60m"),
    ]


def test_an_interval_of_which_nothing_is_known_is_not_said() -> None:
    assert spoken(Interval(0, None), "nb") == ()


@given(st.integers(0, 9000), st.one_of(st.none(), st.integers(1, 9000)), st.sampled_from(sorted(GRAMMARS)))
def test_every_interval_is_in_the_vocabulary(low_s: int, high_s: int | None, language: str) -> None:
    high_s = None if high_s is None else low_s + high_s
    assert set(spoken(Interval(low_s, high_s), language)) <= vocabulary(language, "interval")


def test_minutes_are_neuter_in_norwegian_and_hours_are_not() -> None:
    assert BOKMAL.minutes(1) == "ett minutt"
    assert BOKMAL.minutes(21) == "tjueett minutter"
    assert BOKMAL.hours(1) == "én time"
    assert BOKMAL.hours(3) == "tre timer"
    assert ENGLISH.minutes(1) == "one minute"
    assert ENGLISH.hours(2) == "two hours"


def test_digits_are_said_one_by_one_and_other_signs_not_at_all() -> None:
    assert spoken(Spelled("10-4a"), "nb") == ("en", "null", "fire")
    assert spoken(Spelled("10-4a"), "en") == ("one", "zero", "four")


def test_a_language_without_rules_is_said_in_english_words() -> None:
    assert spoken(Number(2), "pl") == ("two",)


@pytest.mark.parametrize(
    ("number", "nn", "se"),
    [
        (0, "null", "nolla"),
        (1, "ein", "okta"),
        (7, "sju", "čieža"),
        (10, "ti", "logi"),
        (11, "elleve", "oktanuppelohkái"),
        (19, "nitten", "ovccinuppelohkái"),
        (20, "tjue", "guoktelogi"),
        (21, "tjueein", "guoktelogiokta"),
        (99, "nittini", "ovccilogiovcci"),
        (100, "hundre", "čuođi"),
        (230, "to hundre og tretti", "guoktečuođi golbmalogi"),
        (1001, "tusen og ein", "duhát okta"),
        (1150, "tusen eitt hundre og femti", "duhát čuođi vihttalogi"),
        (21_000, "tjueeitt tusen", "guoktelogiokta duhát"),
    ],
)
def test_nynorsk_and_north_sami_have_numbers_of_their_own(number: int, nn: str, se: str) -> None:
    assert spoken(Number(number), "nn") == (nn,)
    assert spoken(Number(number), "se") == (se,)


@pytest.mark.parametrize(
    ("number", "nb", "nn", "en"),
    [
        (1, "første", "første", "first"),
        (2, "andre", "andre", "second"),
        (3, "tredje", "tredje", "third"),
        (5, "femte", "femte", "fifth"),
        (6, "sjette", "sjette", "sixth"),
        (7, "sjuende", "sjuande", "seventh"),
        (8, "åttende", "åttande", "eighth"),
        (9, "niende", "niande", "ninth"),
        (10, "tiende", "tiande", "tenth"),
        (11, "ellevte", "ellevte", "eleventh"),
        (12, "tolvte", "tolvte", "twelfth"),
        (13, "trettende", "trettande", "thirteenth"),
        (17, "syttende", "syttande", "seventeenth"),
        (20, "tjuende", "tjuande", "twentieth"),
        (21, "tjueførste", "tjueførste", "twenty-first"),
        (30, "trettiende", "trettiande", "thirtieth"),
        (88, "åttiåttende", "åttiåttande", "eighty-eighth"),
        (100, "hundre", "hundre", "one hundred"),
    ],
)
def test_a_place_in_a_row_is_an_ordinal(number: int, nb: str, nn: str, en: str) -> None:
    assert spoken(Ordinal(number), "nb") == (nb,)
    assert spoken(Ordinal(number), "nn") == (nn,)
    assert spoken(Ordinal(number), "en") == (en,)


@pytest.mark.parametrize(
    ("seconds", "nn"),
    [
        (30, "under eitt minutt"),
        (60, "omtrent eitt minutt"),
        (120, "omtrent to minutt"),
        (3600, "omtrent ein time"),
        (9000, "meir enn to timar"),
        (30_000, "meir enn fire timar"),
    ],
)
def test_a_wait_in_nynorsk(seconds: int, nn: str) -> None:
    assert spoken(Duration(seconds), "nn") == (nn,)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nb", "tirsdag den tjuefjerde november"),
        ("nn", "tysdag den tjuefjerde november"),
        ("en", "Tuesday the twenty-fourth of November"),
        ("se", "maŋŋebárga skábmamánu 24. beaivi"),
    ],
)
def test_a_date_has_its_weekday_and_the_order_of_its_language(language: str, said: str) -> None:
    assert " ".join(spoken(Day(date(2026, 11, 24)), language)) == said


@pytest.mark.parametrize(
    ("hour", "minute", "nb", "nn", "en"),
    [
        (9, 0, "klokken ni", "klokka ni", "nine a.m."),
        (9, 30, "klokken ni tretti", "klokka ni tretti", "nine thirty a.m."),
        (9, 5, "klokken ni null fem", "klokka ni null fem", "nine oh five a.m."),
        (13, 1, "klokken tretten null én", "klokka tretten null ein", "one oh one p.m."),
        (15, 0, "klokken femten", "klokka femten", "three p.m."),
        (12, 0, "klokken tolv", "klokka tolv", "noon"),
        (12, 15, "klokken tolv femten", "klokka tolv femten", "twelve fifteen p.m."),
        (0, 0, "midnatt", "midnatt", "midnight"),
        (0, 30, "klokken null null tretti", "klokka null null tretti", "twelve thirty a.m."),
        (23, 59, "klokken tjuetre femtini", "klokka tjuetre femtini", "eleven fifty-nine p.m."),
    ],
)
def test_a_time_of_day_cannot_be_taken_for_another(hour: int, minute: int, nb: str, nn: str, en: str) -> None:
    for language, said in (("nb", nb), ("nn", nn), ("en", en)):
        assert " ".join(spoken(Clock(hour, minute), language)) == said


def test_what_is_not_known_of_north_sami_is_written_out_for_the_speaker_and_found_by_its_value() -> None:
    said: list[Value] = [Ordinal(24), Duration(300), Duration(20), Duration(5400), Clock(9, 5), Clock(9, 0)]
    words_ = [word for value in said for word in spoken(value, "se")]
    assert words_ == ["24.", "5 min", "< 1 min", "> 1 h", "9:", ":05", "9:00"]
    assert [keys("se")[word].removeprefix("values/") for word in words_] == [
        *("ordinal/24", "wait/5m", "wait/under-1m", "wait/over-1h", "hour/9-and", "minute/5", "hour/9"),
    ]


@given(st.datetimes(), st.sampled_from(sorted(GRAMMARS)))
def test_every_date_and_time_is_put_together_from_what_can_be_recorded(moment: datetime, language: str) -> None:
    for value, form in ((Day(moment.date()), "date"), (Clock(moment.hour, moment.minute), "time")):
        assert set(spoken(value, language)) <= vocabulary(language, form)


@given(st.integers(1, 200), st.sampled_from(sorted(GRAMMARS)))
def test_every_place_is_put_together_from_what_can_be_recorded(number: int, language: str) -> None:
    assert {word for said in spoken(Ordinal(number), language) for word in [said, *said.split()]} & vocabulary(language)


@pytest.mark.parametrize("language", sorted(GRAMMARS))
def test_no_two_values_of_a_form_share_a_recording(language: str) -> None:
    for form in FORMS:
        assert len(set(words(language, form).values())) == len(words(language, form))
    times = {spoken(Clock(hour, minute), language) for hour in range(24) for minute in range(60)}
    assert len(times) == 24 * 60
    assert len({spoken(Ordinal(number), language) for number in range(1, 100)}) == 99
    assert all(re.fullmatch(r"values/[a-z]+/[a-z0-9-]+", key) for key in keys(language).values())


@given(st.integers(0, 4 * 3600), st.integers(0, 4 * 3600))
def test_a_longer_wait_is_never_said_to_be_shorter(a: int, b: int) -> None:
    low, high = sorted((a, b))
    assert rounded_minutes(low) <= rounded_minutes(high)


@given(st.integers(0, LARGEST_NUMBER), st.sampled_from(sorted(GRAMMARS)))
def test_every_number_can_be_put_together_from_the_vocabulary(number: int, language: str) -> None:
    (words,) = spoken(Number(number), language)
    assert words in vocabulary(language) or set(words.split()) <= vocabulary(language)


@given(st.integers(0, 100_000), st.sampled_from(sorted(GRAMMARS)))
def test_every_wait_is_in_the_vocabulary(seconds: int, language: str) -> None:
    assert set(spoken(Duration(seconds), language)) <= vocabulary(language)
