"""Crises in memory: the contract."""

import pytest

from acd.crises import By, CrisesInOneProcess, CrisisError, DamagedRecord, Standing, standing_of, sweep
from events.catalogue import CrisisChanged
from events.sink import MemorySink
from tests.acd.crises_contract import CrisesContract, Told


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


@pytest.fixture
async def store(sink: MemorySink) -> CrisesInOneProcess:
    return CrisesInOneProcess(sink)


@pytest.fixture
def other(store: CrisesInOneProcess) -> CrisesInOneProcess:
    return store


@pytest.fixture
def told(sink: MemorySink) -> Told:
    async def events() -> list[CrisisChanged]:
        return [event for event in sink.events if isinstance(event, CrisisChanged)]

    return events


class TestCrisesInOneProcess(CrisesContract):
    """The contract."""


def test_a_record_of_a_newer_svar_can_be_read() -> None:
    running = {"crisis": "flood", "since_ms": 1, "until_ms": 2, "author": "kari", "colour": "red"}
    standing = standing_of({"sequence": 3, "on": [running], "key": "k", "key_until_ms": 4, "mood": "calm"})
    assert (standing.sequence, standing.on[0].crisis) == (3, "flood")
    assert standing_of({"sequence": 3, "on": {}}).on == ()


def test_a_record_that_is_none_is_told() -> None:
    with pytest.raises(DamagedRecord):
        standing_of({"on": [{"crisis": "flood"}]})


def test_callers_are_forgotten_a_day_after_the_last_end() -> None:
    standing = Standing(3, (), "key", 1000)
    assert sweep(standing, 999, "nav", "n1") is None
    change = sweep(standing, 1000, "nav", "n1")
    assert change is not None
    assert (change.to.key, change.events, change.due_ms) == ("", (), 1000)


def test_who_changes_it_has_a_name() -> None:
    for author, message in (("", ""), ("a" * 101, ""), ("a\nb", ""), ("kari", "m" * 501)):
        with pytest.raises(CrisisError):
            By(author, "nav", "n1", message)
