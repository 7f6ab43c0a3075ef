"""Asking for digits."""

import json

import pytest

from ivr.nodes.digits import is_identity_number
from tests.ivr.nodes.caller import ringing, texts

VIRTUAL_TIME = True
DIGITS = """
  first:
    type: digits
    say: {nb: Tast saksnummeret., en: Key in the case number.}
    variable: case_number
    expect: {least: 3, most: 5}
    attempts: 2
    wrong: {nb: Det var feil., en: That was wrong.}
    next: told
    no_entry: bye
  told: {type: say, say: {nb: "Saken er {case_number}.", en: "The case is {case_number}."}, next: bye}
"""


async def test_digits_that_are_complete_are_kept_and_can_be_said() -> None:
    async with ringing(DIGITS, [(1, "1"), (1.5, "2"), (2, "3"), (2.5, "4"), (3, "5")]) as (call, data):
        assert data.trace == ["first", "told", "bye"]
        assert texts(call)[1] == "Saken er en to tre fire fem."


async def test_the_terminator_and_a_pause_end_them() -> None:
    for ended in ([(4.0, "#")], []):
        async with ringing(DIGITS, [(1, "1"), (2, "2"), (3, "3"), *ended]) as (_, data):
            assert data.trace == ["first", "told", "bye"]


@pytest.mark.parametrize("keys", ["12#", "#", "", "1*3#"])
async def test_too_few_digits_are_asked_for_again_and_then_no_more(keys: str) -> None:
    async with ringing(DIGITS, [(1 + at / 10, key) for at, key in enumerate(keys)]) as (call, data):
        assert data.trace == ["first", "bye"]
        assert texts(call) == ["Tast saksnummeret.", "Det var feil.", "Tast saksnummeret.", "Ha det."]


async def test_personal_digits_are_in_no_snapshot() -> None:
    async with ringing(DIGITS, [(1, "9"), (1.5, "8"), (2, "7"), (2.5, "6"), (3, "5")]) as (_, data):
        assert "98765" not in json.dumps(data.to_data())
        assert data.asked == {"case_number": "first"}


async def test_digits_that_are_not_personal_are_kept_with_the_run() -> None:
    plain = DIGITS.replace("attempts: 2", "attempts: 2\n    personal: false")
    async with ringing(plain, [(1, "9"), (1.5, "8"), (2, "7"), (2.5, "#")]) as (_, data):
        assert data.variables["case_number"] == "987"


async def test_a_single_digit_needs_no_terminator() -> None:
    one = DIGITS.replace("least: 3, most: 5", "most: 1")
    async with ringing(one, [(0.5, "7")]) as (call, data):
        assert data.trace == ["first", "told", "bye"]
        assert call.heard[1].at_s == 0.5


async def test_a_number_with_wrong_check_digits_is_refused() -> None:
    checked = DIGITS.replace("least: 3, most: 5", "most: 11, check: national_identity_number")
    wrong = [(1 + at / 10, key) for at, key in enumerate("01010000000")]
    right = [(8 + at / 10, key) for at, key in enumerate("13097248022")]
    async with ringing(checked, [*wrong, *right]) as (call, data):
        assert data.trace == ["first", "told", "bye"]
        assert "Det var feil." in texts(call)


@pytest.mark.parametrize(
    ("digits", "right"),
    [
        ("13097248022", True),
        ("13097248023", False),
        ("13097248122", False),
        ("1309724802", False),
        ("1309724802a", False),
        ("², ³", False),
    ],
)
def test_an_identity_number_is_known_by_its_check_digits(digits: str, right: bool) -> None:
    assert is_identity_number(digits) is right
