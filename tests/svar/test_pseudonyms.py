"""Pseudonyms: the same caller has the same one within a period, and nobody can go back to the number."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from acd.connection import command_client
from acd.pseudonym_keys import PseudonymKeys
from events.catalogue import ContactStarted
from events.sink import MemorySink
from svar.discretion import Discreet
from svar.pseudonyms import DAY_MS, Pseudonymous, Pseudonyms, pseudonym, pseudonyms
from tests.metrics.told import node_started, started


@pytest.fixture
async def keys(redis_url: str) -> AsyncIterator[PseudonymKeys]:
    client: Any = command_client(redis_url)
    yield PseudonymKeys(client, "nav")
    await client.aclose()


class Clock:
    """Epoch time that the test moves."""

    now_ms = 100 * DAY_MS

    def __call__(self) -> int:
        return self.now_ms


async def test_a_caller_has_one_pseudonym_a_period_however_the_number_is_written(keys: PseudonymKeys) -> None:
    clock = Clock()
    made = Pseudonyms(keys, 7, "NO", clock)
    await made.start()
    first = made.of("+4722334455")
    assert len(first) == 24
    assert {made.of("22334455"), made.of("004722334455")} == {first}
    assert made.of("22334456") != first
    assert made.of("") == ""
    assert made.of("anonymous")
    clock.now_ms += 7 * DAY_MS
    second = made.of("22334455")
    assert second
    assert second != first
    known = pseudonyms(await keys.known(), "+4722334455")
    assert {first, second} <= known
    clock.now_ms += 14 * DAY_MS
    await made.start()
    assert not {first, second} & pseudonyms(await keys.known(), "+4722334455")


async def test_nodes_agree_and_whoever_has_another_secret_does_not(keys: PseudonymKeys) -> None:
    one, other = Pseudonyms(keys, 7, "NO", Clock()), Pseudonyms(keys, 7, "NO", Clock())
    await one.start()
    await other.start()
    assert one.of("22334455") == other.of("22334455")
    assert pseudonym(b"another", "+4722334455") != one.of("22334455")


async def test_none_are_made_where_that_is_said_or_while_the_store_is_away(keys: PseudonymKeys) -> None:
    none = Pseudonyms(keys, 0, "NO", Clock())
    await none.start()
    assert none.of("22334455") == ""
    assert await keys.known() == {}
    client: Any = command_client("redis://127.0.0.1:1")
    away = Pseudonyms(PseudonymKeys(client, "nav"), 7, "NO", Clock())
    await away.start()
    assert away.of("22334455") == ""
    await client.aclose()


async def test_the_secrets_are_there_once_the_store_is(keys: PseudonymKeys) -> None:
    made = Pseudonyms(keys, 7, "NO", Clock())
    running = asyncio.create_task(made.run())
    async with asyncio.timeout(30):
        while not made.of("22334455"):  # noqa: ASYNC110 - what is looked at tells nobody
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.wait({running})


async def test_contacts_carry_it_where_the_number_goes_no_further(keys: PseudonymKeys) -> None:
    made, behind = Pseudonyms(keys, 7, "NO", Clock()), MemorySink()
    await made.start()
    sink = Pseudonymous(Discreet(behind), made)
    for event in (started("c1", caller="22334455"), started("c2", caller=""), node_started()):
        sink.emit(event)
    known, unknown, other = behind.events
    assert isinstance(known, ContactStarted)
    assert isinstance(unknown, ContactStarted)
    assert (known.pii_caller, known.pseudonym) == ("", made.of("+4722334455"))
    assert unknown.pseudonym == ""
    assert other == node_started()
