"""Whom agents may give callers to."""

import pytest

from ivr.ports.talk import TransferTarget
from ivr.running.directory import Directory, short_numbers

DIRECTORY = Directory(
    agents=lambda: ["kari", "berit"],
    queues=lambda: ["family"],
    destinations=lambda: ["hospital", "taxi"],
    partners=lambda: ["hospital"],
    numbers=short_numbers({"21": "agent:berit", "31": "queue:family", "41": "partner:hospital", "99": "agent:gone"}),
)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("kari", TransferTarget("agent", "kari")),
        ("21", TransferTarget("agent", "berit")),
        ("31", TransferTarget("queue", "family")),
        ("family", TransferTarget("queue", "family")),
        ("hospital", TransferTarget("partner", "hospital")),
        ("41", TransferTarget("partner", "hospital")),
        ("taxi", TransferTarget("destination", "taxi")),
    ],
)
def test_names_and_short_numbers_of_the_configuration_are_found(text: str, target: TransferTarget) -> None:
    assert DIRECTORY.find(text) == target


@pytest.mark.parametrize("text", ["", "99", "4790000000", "+4790000000", "0047900", "KARI", "kari@evil", "*1", "911"])
def test_nobody_else_is_found(text: str) -> None:
    assert DIRECTORY.find(text) is None


@pytest.mark.parametrize(
    "written", [{"x": "agent:a"}, {"123456789": "agent:a"}, {"1": "trunk:a"}, {"1": "agent:"}, {"1": "+4790"}]
)
def test_a_short_number_that_is_none_is_refused(written: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="short number"):
        short_numbers(written)
