"""Absences by command, and the record of duty in memory and in Redis: the same for every node, told once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from acd.call_ins import Rule, Seen, step
from acd.connection import blocking_client, command_client
from acd.distributor import Unavailable
from acd.duty import (
    LONGEST_AWAY_MS,
    Asked,
    Away,
    By,
    CallIn,
    Came,
    Change,
    DutyError,
    DutyInOneProcess,
    DutyStore,
    Standing,
    come_back,
    go_away,
    make,
    standing_of,
    swept,
)
from acd.duty_redis import RedisDuty
from acd.model import AgentId, NodeId, QueueId, QueueSpec
from acd.relay import START, Relay
from acd.store import RedisDistributor
from events.catalogue import AgentAway, AgentBack, Event, ReserveCalled
from events.sink import MemorySink

KARI = By("kari", "nav", "cli")
NOW = 1_700_000_000_000
CALL = CallIn("desk/1", "desk", NOW, "anna", 7, "n1", NOW, NOW + 1, (Came("dag", NOW),), (Asked("eva", "no", NOW),))


@dataclass
class Stores:
    """Two ways to one place, and what it has told."""

    one: DutyStore
    other: DutyStore
    sink: MemorySink
    url: str = ""

    async def told(self) -> list[Event]:
        if not self.url:
            return self.sink.events
        found: list[Event] = []
        client = blocking_client(self.url)
        relay = Relay(client, "nav")

        async def sink(batch: Any) -> None:
            found.extend(event for _, event in batch)

        relay.add("test", sink, after=START)
        await relay.drain()
        await client.aclose()
        return found


@pytest.fixture(params=["memory", "redis"])
async def stores(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Stores]:
    sink = MemorySink()
    if request.param == "memory":
        store = DutyInOneProcess(sink)
        yield Stores(store, store, sink)
        return
    commands, watching = command_client(redis_url), blocking_client(redis_url)
    yield Stores(RedisDuty(commands, "nav", watching=watching), RedisDuty(commands, "nav"), sink, redis_url)
    await commands.aclose()
    await watching.aclose()


async def away(store: DutyStore, agent: str = "anna", until_ms: int = NOW + 60_000, instead: str = "") -> Standing:
    return await make(store, lambda seen: go_away(seen, Away(agent, until_ms, instead), NOW, KARI))


async def test_who_goes_away_is_away_for_every_node_until_coming_back(stores: Stores) -> None:
    assert await stores.one.standing() == Standing()
    made = await away(stores.one, instead="bjorn")
    assert made.away == (Away("anna", NOW + 60_000, "bjorn", "kari"),)
    assert await stores.other.standing() == made
    assert made.absent(NOW) == {"anna": "bjorn"}
    assert made.absent(NOW + 60_000) == {}
    await make(stores.other, lambda seen: come_back(seen, "anna", NOW, KARI))
    assert (await stores.one.standing()).away == ()
    told = await stores.told()
    assert [type(event) for event in told] == [AgentAway, AgentBack]
    gone = told[0]
    assert isinstance(gone, AgentAway)
    assert (gone.agent, gone.instead, gone.author, gone.until_ms) == ("anna", "bjorn", "kari", NOW + 60_000)


async def test_an_absence_ends_by_itself_and_is_told_once(stores: Stores) -> None:
    await away(stores.one)
    await away(stores.one, "bjorn", NOW + 120_000)
    by = By("svar", "nav", "n1")
    assert swept(await stores.one.standing(), NOW + 59_999, by) is None
    seen = await stores.one.standing()
    change = swept(seen, NOW + 60_000, by)
    assert change is not None
    first = await stores.one.change(seen.sequence, change)
    assert first is not None
    assert [one.agent for one in first.away] == ["bjorn"]
    assert await stores.other.change(seen.sequence, change) is None, "the other node was slower"
    told = [event for event in await stores.told() if isinstance(event, AgentBack)]
    assert [(event.agent, event.cause) for event in told] == [("anna", "time_is_up")]


async def test_a_call_in_is_read_as_it_was_written(stores: Stores) -> None:
    seen = await stores.one.standing()
    made = await stores.one.change(seen.sequence, Change(seen.with_call("desk/1", CALL)))
    assert made is not None
    assert (await stores.other.standing()).calls == (CALL,)
    empty = await stores.one.change(made.sequence, Change(made.with_call("desk/1", None)))
    assert empty is not None
    assert (await stores.other.standing()).calls == ()


async def test_whoever_waits_is_woken_by_a_change(stores: Stores) -> None:
    async with asyncio.timeout(5):
        waiting = asyncio.create_task(stores.one.changed(0, 60))
        await asyncio.sleep(0)
        await away(stores.other)
        await waiting
        await stores.one.changed(0, 60)
        await stores.one.changed(1, 0.01)


async def test_somebody_who_is_always_slower_is_told_so(stores: Stores) -> None:
    def decide(seen: Standing) -> Change:
        return Change(Standing(99))

    class Overtaken(DutyInOneProcess):
        async def change(self, expected: int, change: Change) -> Standing | None:
            return None

    with pytest.raises(Unavailable, match="svar roster today"):
        await make(Overtaken(MemorySink()), decide)


@pytest.mark.parametrize(
    ("wish", "hint"),
    [
        (Away("anna", NOW), "ahead"),
        (Away("anna", NOW + LONGEST_AWAY_MS + 1), "within 400 days"),
        (Away("anna", NOW + 1, "anna"), "cannot stand in"),
    ],
)
def test_an_absence_that_cannot_be_is_refused(wish: Away, hint: str) -> None:
    with pytest.raises(DutyError, match=hint):
        go_away(Standing(), wish, NOW, KARI)


def test_who_is_not_away_by_command_cannot_come_back_by_it() -> None:
    with pytest.raises(DutyError, match="not away by command"):
        come_back(Standing(), "anna", NOW, KARI)


def test_a_record_of_a_newer_svar_is_read_and_nonsense_is_told() -> None:
    record = orjson.loads(orjson.dumps(asdict(Standing(3, (), (CALL,)))))
    record["calls"][0]["colour"] = "blue"
    assert standing_of(record | {"away": {}}) == Standing(3, (), (CALL,))
    with pytest.raises(DutyError):
        standing_of({"sequence": "x"})


async def test_a_damaged_record_is_told(redis_url: str) -> None:
    client = command_client(redis_url)
    raw: Any = client
    await raw.set("svar:{nav}:roster", "nonsense")
    with pytest.raises(DutyError, match="cannot be read"):
        await RedisDuty(client, "nav").standing()
    with pytest.raises(ValueError, match="no client to wait with"):
        await RedisDuty(client, "nav").changed(0, 1)
    await client.aclose()


async def test_a_store_that_is_away_is_unavailable() -> None:
    client: Redis = command_client("redis://127.0.0.1:1/0")
    with pytest.raises(Unavailable):
        await RedisDuty(client, "nav").standing()
    await client.aclose()


async def test_one_node_that_reaches_a_partner_is_enough(redis_url: str) -> None:
    client = command_client(redis_url)
    duty, other = RedisDuty(client, "nav"), RedisDuty(client, "nav")
    assert not await other.is_up("agency")
    await duty.say_up("agency")
    assert await other.is_up("agency")
    assert not await RedisDuty(client, "else").is_up("agency")
    await client.aclose()


async def test_of_many_nodes_that_see_a_rule_hold_one_calls_and_the_call_is_told_once(stores: Stores) -> None:
    rule = Rule("desk/1", "desk", "waiting > 2", ("anna", "bjorn"), 30_000, 60_000)
    seen = Seen(holds=True, now_ms=NOW, callable_now=rule.agents)

    async def node(number: int, store: DutyStore) -> None:
        by = By("svar", "nav", f"n{number}")
        await make(store, lambda standing: step(standing, rule, seen, by))

    await asyncio.gather(*(node(number, (stores.one, stores.other)[number % 2]) for number in range(16)))
    called = [event for event in await stores.told() if isinstance(event, ReserveCalled)]
    standing = await stores.one.standing()
    assert len(called) == 1
    assert (standing.calls[0].calling, standing.calls[0].node) == ("anna", called[0].node)


async def test_who_is_on_duty_is_known_as_the_distributor_was_told(redis_url: str) -> None:
    client = command_client(redis_url)
    distributor, duty = RedisDistributor(client, "nav", NodeId("n1")), RedisDuty(client, "nav")
    await distributor.configure([QueueSpec(QueueId("desk"), rostered=True)], [])
    assert await duty.duty_told("desk") is None
    await distributor.on_duty(QueueId("desk"), [AgentId("anna"), AgentId("bjorn")])
    assert await duty.duty_told("desk") == frozenset({"anna", "bjorn"})
    await make(duty, lambda seen: go_away(seen, Away("anna", NOW + 1), NOW, KARI))
    assert await duty.duty_told("desk") == frozenset({"anna", "bjorn"}), "both are kept side by side"
    await client.aclose()
