"""Keys that an agent presses in a talk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.ports.talk import TransferTarget
from ivr.running.keypad import BETWEEN_S, ORDERS, Keypad
from ivr.running.talk_words import Ack, Blind, Command, Consult, Order

BERIT = TransferTarget("agent", "berit")
NUMBERS = {"21": BERIT, "3": TransferTarget("queue", "family"), "31": TransferTarget("queue", "debt")}
CODES = {"*1": "consult", "*2": "blind", "*3": "take_back", "*44": "complete"}


def keypad() -> Keypad:
    return Keypad(CODES, NUMBERS.get, NUMBERS)


def pressed(keys: str, pad: Keypad | None = None) -> list[Command | Ack]:
    pad = pad or keypad()
    heard = [pad.press(key, 100.0 + 0.1 * n) for n, key in enumerate(keys)]
    return [one for one in heard if one is not None]


@pytest.mark.parametrize(
    ("keys", "command"),
    [
        ("*3", Order.TAKE_BACK),
        ("*44", Order.COMPLETE),
        ("*121", Consult(BERIT)),
        ("*121#", Consult(BERIT)),
        ("*23#", Blind(NUMBERS["3"])),
        ("*231", Blind(NUMBERS["31"])),
        ("12*3", Order.TAKE_BACK),
        ("*12*3", Order.TAKE_BACK),
    ],
)
def test_a_code_is_a_command(keys: str, command: Command) -> None:
    assert pressed(keys) == [command]


@pytest.mark.parametrize("keys", ["123#", "#", "*", "*1", "*12", "A", "*A3"])
def test_keys_that_are_no_code_do_nothing(keys: str) -> None:
    assert pressed(keys) == []


@pytest.mark.parametrize("keys", ["*9", "*199#", "*1#", "*45"])
def test_who_presses_what_is_not_there_is_told(keys: str) -> None:
    assert pressed(keys) == [Ack.UNKNOWN]


def test_keys_that_come_too_late_belong_to_no_code() -> None:
    pad = keypad()
    assert pad.press("*", 1.0) is None
    assert pad.press("3", 1.0 + BETWEEN_S + 0.1) is None
    assert pad.press("*", 20.0) is None
    assert pad.press("3", 20.0 + BETWEEN_S) is Order.TAKE_BACK


@given(st.text("0123456789*#ABCD", max_size=200))
def test_whatever_is_pressed_a_code_works_afterwards(keys: str) -> None:
    pad = keypad()
    pressed(keys, pad)
    assert pad.press("*", 200.0) is None
    assert pad.press("3", 200.1) is Order.TAKE_BACK


def test_every_command_may_have_a_code() -> None:
    assert set(ORDERS) == {"consult", "blind", *(order.value for order in Order)}
