"""Asking for digits."""

import json
from datetime import date

import pytest
from pydantic import ValidationError

from ivr.language.checked_digits import CHECKS
from ivr.language.ways import UNKNOWN
from ivr.nodes.digits import Digits, Expected
from tests.ivr.engine import flow_of
from tests.ivr.nodes.caller import GOODBYE, HEAD, ringing, texts
from tests.ivr.nodes.moments import At

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


CONFIRMED = DIGITS.replace(
    "attempts: 2",
    'attempts: 2\n    confirm: {say: {nb: "Du tastet {digits}. Rett?", en: "{digits}. Right?"}}',
)


@pytest.mark.parametrize(
    ("presses", "trace"),
    [
        ([(5.0, "1")], ["first", "told", "bye"]),
        ([(7.0, "1")], ["first", "told", "bye"]),
        ([(5.0, "2"), (9.0, "1"), (9.1, "2"), (9.2, "3"), (9.3, "#"), (10.0, "1")], ["first", "told", "bye"]),
        ([(5.0, "2"), (9.0, "1"), (9.1, "2"), (9.2, "3"), (9.3, "#"), (10.0, "7")], ["first", "bye"]),
        ([], ["first", "bye"]),
    ],
)
async def test_digits_are_read_back_and_confirmed(presses: list[tuple[float, str]], trace: list[str]) -> None:
    keyed = [(1 + at / 10, key) for at, key in enumerate("12345")]
    async with ringing(CONFIRMED, [*keyed, *presses]) as (call, data):
        assert data.trace == trace
        assert texts(call)[1] == "Du tastet en to tre fire fem. Rett?"
        assert "12345" not in json.dumps(data.to_data())


def test_a_proof_presses_the_digits_and_then_that_they_are_right() -> None:
    move, *_, denied = flow_of(HEAD + CONFIRMED + GOODBYE).nodes["first"].moves(At())
    assert [act.detail for act in move.acts] == ["111#", "1"]
    assert len(move.said) == 2
    assert [act.detail for act in denied.acts] == ["111#", "2"] * 2


async def test_a_check_says_itself_how_many_digits_there_are() -> None:
    checked = DIGITS.replace("least: 3, most: 5", "check: organisation_number")
    keys = [(1 + at / 10, key) for at, key in enumerate("889640782")]
    async with ringing(checked, keys) as (call, data):
        assert data.trace == ["first", "told", "bye"]
        assert call.heard[1].at_s == 1.8


@pytest.mark.parametrize(("keys", "trace"), [("99123456", "told"), ("98123456", "bye")])
async def test_a_pattern_is_a_mask_of_digits(keys: str, trace: str) -> None:
    masked = DIGITS.replace("least: 3, most: 5", 'pattern: "99######"')
    async with ringing(masked, [(1 + at / 10, key) for at, key in enumerate(keys)]) as (_, data):
        assert data.trace[1] == trace


@pytest.mark.parametrize(
    "given", [{"least": 5, "most": 3}, {"pattern": "9#"}, {"least": 2}, {"check": "date", "most": 4}]
)
def test_what_is_expected_has_an_order_and_a_length(given: dict[str, object]) -> None:
    if "pattern" in given:
        assert Expected.model_validate(given).most == 2
        return
    with pytest.raises(ValidationError):
        Expected.model_validate(given)


@pytest.mark.parametrize(
    "given",
    [
        {"least": 3, "most": 5},
        {"pattern": "99######"},
        *({"check": check} for check in CHECKS),
    ],
)
def test_there_is_an_example_that_fits(given: dict[str, object]) -> None:
    expected = Expected.model_validate(given)
    assert expected.fits(expected.example(), date(2026, 11, 23))


def test_every_value_that_matters_is_a_move_with_its_keys() -> None:
    node = flow_of(HEAD + DIGITS + GOODBYE).nodes["first"]
    assert isinstance(node, Digits)
    moves = list(node.moves(At(values_of={"case_number": ("123", "12345", "no digits", "7")})))
    assert [(move.acts[0].detail, move.sets) for move in moves[:-2]] == [
        ("123#", {"case_number": "123"}),
        ("12345", {"case_number": "12345"}),
    ]
    assert [move.way.target for move in moves if move.way] == ["told", "told", "bye", "bye"]
    (any_digits, silence, wrong) = node.moves(At())
    assert {act.kind for act in silence.acts} == {"silence"}
    assert [act.detail for act in wrong.acts] == ["11#"] * node.attempts
    assert (any_digits.acts[0].detail, any_digits.sets) == ("111#", {"case_number": UNKNOWN})
