"""Digits that are checked: what fits, and that one wrong digit does not."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ivr.language.checked_digits import (
    CHECKS,
    EXAMPLES,
    LENGTHS,
    fits_mask,
    is_date,
    is_identity_number,
    is_organisation_number,
    is_phone_number,
)

TODAY = date(2026, 11, 23)


def with_controls(nine: str) -> str:
    """An identity number with its control digits by the weights that the tax authority publishes; "" where none."""
    first = 11 - sum(a * int(b) for a, b in zip((3, 7, 6, 1, 8, 9, 4, 5, 2), nine, strict=True)) % 11
    ten = f"{nine}{first % 11}"
    if first == 10:
        return ""
    second = 11 - sum(a * int(b) for a, b in zip((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), ten, strict=True)) % 11
    return "" if second == 10 else f"{ten}{second % 11}"


@pytest.mark.parametrize(
    ("nine", "right"),
    [
        ("130972480", True),  # an identity number
        ("530972480", True),  # a D-number: day + 40
        ("138972480", True),  # Tenor: month + 80
        ("538972480", True),  # a D-number of Tenor
        ("137472481", True),  # Dolly: month + 65
        ("134972480", True),  # month + 40
        ("130972500", True),  # 1872
        ("010154600", True),  # 1854
        ("010126998", True),  # 2026
        ("241126997", False),  # born tomorrow
        ("310272480", False),  # no such day
        ("290200500", True),  # 2000 was a leap year
        ("290200480", False),  # 1900 was none
        ("001372480", False),
        ("720972480", False),
        ("139972480", False),
    ],
)
def test_an_identity_number_has_its_control_digits_and_a_day_of_birth(nine: str, right: bool) -> None:
    digits = with_controls(nine)
    assert digits
    assert is_identity_number(digits, TODAY) is right


@pytest.mark.parametrize("digits", ["", "1309724802", "130972480220", "1309724802a", "\u00b2" * 11, "00000000000"])
def test_what_is_no_identity_number(digits: str) -> None:
    assert not is_identity_number(digits, TODAY)


@settings(max_examples=200, deadline=None)
@given(
    st.dates(date(1940, 1, 1), date(1999, 12, 31)),
    st.integers(0, 499),
    st.sampled_from([0, 40, 65, 80]),
    st.booleans(),
    st.integers(0, 10),
    st.integers(1, 9),
)
def test_one_wrong_digit_is_always_seen(
    born: date, individual: int, synthetic: int, is_d_number: bool, at: int, by: int
) -> None:
    day = born.day + (40 if is_d_number else 0)
    digits = with_controls(f"{day:02}{born.month + synthetic:02}{born.year % 100:02}{individual:03}")
    assume(digits)
    assert is_identity_number(digits, TODAY)
    wrong = digits[:at] + str((int(digits[at]) + by) % 10) + digits[at + 1 :]
    assert not is_identity_number(wrong, TODAY)


@pytest.mark.parametrize(
    ("digits", "right"),
    [
        ("889640782", True),
        ("974760673", True),
        ("974760674", False),
        ("88964078", False),
        ("774760673", False),
        ("8896407a2", False),
    ],
)
def test_an_organisation_number(digits: str, right: bool) -> None:
    assert is_organisation_number(digits, TODAY) is right


@settings(max_examples=100, deadline=None)
@given(st.integers(80_000_000, 99_999_999), st.integers(0, 9))
def test_an_organisation_number_has_at_most_one_control_digit(eight: int, control: int) -> None:
    fits = [digit for digit in range(10) if is_organisation_number(f"{eight}{digit}", TODAY)]
    assert len(fits) <= 1
    assert is_organisation_number(f"{eight}{control}", TODAY) is (control in fits)


@pytest.mark.parametrize(
    ("digits", "right"),
    [
        ("99999999", True),
        ("22334455", True),
        ("55553333", True),
        ("80080000", True),
        ("02800", True),
        ("116117", True),
        ("1881", True),
        ("0046701234567", True),
        ("004722334455", True),
        ("112", False),
        ("113", False),
        ("12345", False),
        ("999999999", False),
        ("00", False),
        ("", False),
        ("2233445a", False),
    ],
)
def test_a_phone_number_could_be_rung_and_is_no_emergency_number(digits: str, right: bool) -> None:
    assert is_phone_number(digits, TODAY) is right


@pytest.mark.parametrize(
    ("digits", "right"),
    [
        ("24121990", True),
        ("29022024", True),
        ("29022023", False),
        ("31042026", False),
        ("00012026", False),
        ("01011905", False),
        ("01012037", False),
        ("2412199", False),
        ("2412199a", False),
    ],
)
def test_a_date_is_a_day_that_can_be_meant(digits: str, right: bool) -> None:
    assert is_date(digits, TODAY) is right


@given(st.dates(TODAY - timedelta(days=365 * 119), TODAY + timedelta(days=365 * 9)))
def test_every_day_of_a_life_is_one(day: date) -> None:
    assert is_date(day.strftime("%d%m%Y"), TODAY)


@pytest.mark.parametrize(
    ("digits", "mask", "fits"),
    [
        ("99123456", "99######", True),
        ("98123456", "99######", False),
        ("9912345", "99######", False),
        ("1*", "1#", False),
    ],
)
def test_a_mask(digits: str, mask: str, fits: bool) -> None:
    assert fits_mask(digits, mask) is fits


@settings(max_examples=200)
@given(st.text(max_size=20), st.sampled_from(sorted(CHECKS)))
def test_no_text_breaks_a_check(text: str, check: str) -> None:
    assert CHECKS[check](text, TODAY) in (True, False)


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_examples_fit_and_have_the_length(check: str) -> None:
    least, most = LENGTHS[check]
    assert CHECKS[check](EXAMPLES[check], TODAY)
    assert least <= len(EXAMPLES[check]) <= most
