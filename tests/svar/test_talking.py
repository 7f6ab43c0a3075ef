"""What may be wrong with what agents may do in a talk."""

from dataclasses import replace

import pytest

from svar import talking
from svar.config import Config, Destination, Talk

GOOD = Talk(numbers={"21": "agent:berit", "31": "queue:family"})


def mistakes(talk: Talk, *destinations: Destination) -> list[str]:
    return list(talking.mistakes(Config(talk=talk, destination=list(destinations))))


def test_the_defaults_are_right() -> None:
    assert mistakes(Talk()) == mistakes(GOOD) == []


@pytest.mark.parametrize(
    ("codes", "part"),
    [
        ({"dance": "*1"}, "'dance' is nothing that is done"),
        ({"hold": "7"}, "expected * and one to five digits"),
        ({"hold": "*1234567"}, "expected * and one to five digits"),
        ({"hold": "*1", "resume": "*12"}, "begins with hold"),
        ({"hold": "*1", "resume": "*1"}, "begins with"),
    ],
)
def test_codes_that_could_not_be_heard_are_told(codes: dict[str, str], part: str) -> None:
    assert any(part in one for one in mistakes(replace(GOOD, codes=codes)))


def test_a_command_may_be_without_a_code() -> None:
    assert mistakes(replace(GOOD, codes={"hold": "", "resume": ""})) == []


def test_short_numbers_reasons_and_ways_to_answer_are_looked_at() -> None:
    assert "[talk] numbers" in mistakes(replace(GOOD, numbers={"21": "+4790000000"}))[0]
    assert "[talk] reasons" in mistakes(replace(GOOD, reasons={"x": "lunch"}))[0]
    place = Destination(name="tax", uri="sip:tax@127.0.0.1", answer="ask")
    assert "expected call or key" in mistakes(GOOD, place)[0]
