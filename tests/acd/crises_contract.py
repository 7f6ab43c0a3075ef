"""What every store of crises does; run against each in `test_crises` and `test_crises_redis`."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from acd.crises import (
    AUTHOR,
    KEY_MS,
    MOST_ON,
    By,
    Change,
    CrisisError,
    CrisisStore,
    Running,
    Standing,
    make,
    swept,
    switch_off,
    switch_on,
)
from events.catalogue import CrisisChanged

KARI, OLA = By("kari", "nav", "cli", "the bank called"), By("ola", "nav", "cli")
Told = Callable[[], Awaitable[list[CrisisChanged]]]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def wish(crisis: str = "flood", for_ms: int = 60_000) -> Running:
    return Running(crisis, 0, now_ms() + for_ms, "", version="abc")


async def on(store: CrisisStore, running: Running, by: By = KARI, key: str = "key") -> Standing:
    return await make(store, lambda standing: switch_on(standing, running, by, key))


class CrisesContract:
    """Subclasses have a fixture `store`, one `other` on the same place, and `told`, which gives the events."""

    async def test_at_first_nothing_is_on(self, store: CrisisStore) -> None:
        assert await store.standing() == Standing()

    async def test_a_crisis_is_on_until_it_is_switched_off(
        self, store: CrisisStore, other: CrisisStore, told: Told
    ) -> None:
        flood = wish()
        begun = await on(store, flood)
        [running] = (await other.standing()).on
        assert running == replace(flood, since_ms=running.since_ms, author="kari", message="the bank called")
        assert abs(running.since_ms - now_ms()) < 5000
        assert (begun.sequence, begun.key) == (1, "key")
        ended = await make(other, lambda standing: switch_off(standing, "flood", OLA))
        assert (ended.sequence, ended.on, ended.key) == (2, (), "key")
        assert ended.key_until_ms == flood.until_ms + KEY_MS
        first, second = await told()
        assert (first.crisis, first.on, first.until_ms, first.author) == ("flood", True, flood.until_ms, "kari")
        assert (first.cause, first.message, first.flow_version) == ("switched_on", "the bank called", "abc")
        assert (second.on, second.author, second.cause) == (False, "ola", "switched_off")
        assert all(abs(event.at_ms - now_ms()) < 5000 for event in (first, second))

    async def test_a_crisis_that_is_on_gets_another_end(self, store: CrisisStore, told: Told) -> None:
        first = (await on(store, wish())).on[0]
        later = wish(for_ms=120_000)
        [running] = (await on(store, later, OLA)).on
        assert (running.since_ms, running.until_ms, running.author) == (first.since_ms, later.until_ms, "ola")
        assert [event.cause for event in await told()] == ["switched_on", "new_end"]

    async def test_the_last_one_switched_on_stands_at_the_end(self, store: CrisisStore) -> None:
        await on(store, wish("flood"))
        await on(store, wish("late"), key="other")
        standing = await on(store, wish("flood"))
        assert [one.crisis for one in standing.on] == ["late", "flood"]
        assert standing.key == "key"

    async def test_what_is_not_on_cannot_be_switched_off(self, store: CrisisStore) -> None:
        with pytest.raises(CrisisError, match="'flood' is not on"):
            await make(store, lambda standing: switch_off(standing, "flood", KARI))

    async def test_no_more_than_so_many_are_on(self, store: CrisisStore) -> None:
        for n in range(MOST_ON):
            await on(store, wish(f"c{n}"))
        with pytest.raises(CrisisError, match="8 crises are on"):
            await on(store, wish("one_more"))

    async def test_one_whose_time_has_come_is_ended_and_told_once(
        self, store: CrisisStore, other: CrisisStore, told: Told
    ) -> None:
        await on(store, wish("short", 1))
        await on(store, wish("long"))
        await asyncio.sleep(0.01)
        both = await asyncio.gather(*(swept(each, now_ms(), "nav", "n1") for each in (store, other)))
        for standing in (*both, await swept(store, now_ms(), "nav", "n2")):
            assert [one.crisis for one in standing.on] == ["long"]
        ended = [event for event in await told() if not event.on]
        assert [(event.crisis, event.cause, event.author) for event in ended] == [("short", "time_is_up", AUTHOR)]

    async def test_a_node_whose_clock_is_ahead_ends_nothing(self, store: CrisisStore, told: Told) -> None:
        await on(store, wish())
        standing = await swept(store, now_ms() + 3_600_000, "nav", "ahead")
        assert [one.crisis for one in standing.on] == ["flood"]
        assert len(await told()) == 1

    async def test_the_slower_of_two_changes_nothing(self, store: CrisisStore, told: Told) -> None:
        seen = await store.standing()
        await on(store, wish())
        assert await store.change(seen.sequence, switch_on(seen, wish("late"), OLA, "k")) is None
        assert [one.crisis for one in (await store.standing()).on] == ["flood"]
        assert len(await told()) == 1

    async def test_what_was_forgotten_can_be_given_back_without_an_event(self, store: CrisisStore, told: Told) -> None:
        known = Standing(7, (Running("flood", now_ms() - 1000, now_ms() + 60_000, "kari"),), "key", now_ms() + KEY_MS)
        assert await store.change(0, Change(known)) == replace(known, sequence=8)
        assert await told() == []

    async def test_nodes_say_what_they_follow(self, store: CrisisStore, other: CrisisStore) -> None:
        await store.say("n1", 3)
        await store.say("n2", 4)
        assert await other.said(["n2", "n1", "n3"]) == {"n2": 4, "n1": 3}
        assert await other.said([]) == {}

    async def test_a_change_wakes_who_waits(self, store: CrisisStore) -> None:
        waiting = asyncio.create_task(store.changed(0, 20))
        await on(store, wish())
        await asyncio.wait_for(waiting, 5)
        await asyncio.wait_for(store.changed(0, 20), 5)
        await store.changed(1, 0.01)
